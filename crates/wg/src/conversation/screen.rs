//! What stands on the terminal: rows that stay, and below them an area that is drawn anew with every change. Rows
//! that stay are written once and belong to the terminal's own memory from then on.

use crate::output::text;

const BEGIN_FRAME: &str = "\u{1b}[?2026h\u{1b}[?25l";
const END_FRAME: &str = "\u{1b}[?25h\u{1b}[?2026l";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// The area that was drawn last.
#[derive(Debug, Default)]
pub struct Screen {
    /// Columns that each of its rows took, down to the cursor's.
    above: Vec<usize>,
    /// The cursor's column.
    column: usize,
}

impl Screen {
    /// What to write so that `rows` stay where the area was, and the area `area` is below them with the cursor at
    /// row and column `cursor` of it.
    pub fn frame(
        &mut self,
        rows: &[String],
        area: &[String],
        cursor: (usize, usize),
        columns: usize,
    ) -> String {
        let mut frame = format!("{BEGIN_FRAME}{}", self.to_top(columns));
        frame.push_str(CLEAR_BELOW);
        for row in rows {
            frame.push_str(row);
            frame.push_str("\r\n");
        }
        frame.push_str(&area.join("\r\n"));
        let up = area.len().saturating_sub(cursor.0 + 1);
        if up > 0 {
            frame.push_str(&format!("\u{1b}[{up}A"));
        }
        frame.push('\r');
        if cursor.1 > 0 {
            frame.push_str(&format!("\u{1b}[{}C", cursor.1));
        }
        frame.push_str(END_FRAME);
        self.above = area.iter().take(cursor.0).map(|row| text::width(row)).collect();
        self.column = cursor.1;
        frame
    }

    /// What to write so that nothing of the area is left.
    pub fn leave(&mut self, columns: usize) -> String {
        let top = self.to_top(columns);
        *self = Self::default();
        format!("{top}{CLEAR_BELOW}")
    }

    /// To the first row of the area. A terminal that became narrower has broken the rows that are too long now.
    fn to_top(&self, columns: usize) -> String {
        let columns = columns.max(1);
        let rows = self.above.iter().map(|wide| wide.div_ceil(columns).max(1)).sum::<usize>();
        match rows + self.column / columns {
            0 => "\r".to_owned(),
            up => format!("\r\u{1b}[{up}A"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(rows: &[&str]) -> Vec<String> {
        rows.iter().map(|row| (*row).to_owned()).collect()
    }

    #[test]
    fn what_stays_goes_where_the_area_was() {
        let mut screen = Screen::default();
        let first = screen.frame(&area(&["hello"]), &area(&["busy", "> a", "  b"]), (1, 3), 80);
        assert!(
            first.contains("\rhello") || first.contains("hello\r\nbusy\r\n> a\r\n  b\u{1b}[1A\r\u{1b}[3C")
        );
        let second = screen.frame(&area(&["world"]), &area(&["> "]), (0, 2), 80);
        assert!(second.contains("\r\u{1b}[1A\u{1b}[Jworld\r\n> \r\u{1b}[2C"), "{second:?}");
        assert!(screen.leave(80).contains("\r\u{1b}[J"));
    }

    #[test]
    fn rows_that_a_narrower_terminal_broke_are_counted_as_broken() {
        let mut screen = Screen::default();
        screen.frame(&[], &area(&["0123456789", "> "]), (1, 2), 10);
        assert!(screen.leave(4).contains("\u{1b}[3A"));
    }
}
