//! Aligned tables that fit the terminal: flexible columns shrink first, then the least important ones go.

use super::style::{Paint, Tone};
use super::text;

/// Columns between two columns.
const GAP: usize = 2;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Columns that it keeps when room is short; `usize::MAX`: it never shrinks.
    pub least: usize,
    /// The larger, the sooner it is left out; 0: never.
    pub leave: u8,
    /// Numbers stand to the right.
    pub right: bool,
}

impl Column {
    /// A column that keeps its width and stays.
    #[must_use]
    pub const fn fixed(title: &'static str) -> Self {
        Self { title, least: usize::MAX, leave: 0, right: false }
    }

    /// A column that shrinks to `least` columns.
    #[must_use]
    pub const fn flexible(title: &'static str, least: usize) -> Self {
        Self { title, least, leave: 0, right: false }
    }

    /// It may be left out; the largest number goes first.
    #[must_use]
    pub const fn leaves(mut self, leave: u8) -> Self {
        self.leave = leave;
        self
    }

    /// To the right.
    #[must_use]
    pub const fn to_the_right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// One field of a row.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text in a tone.
    #[must_use]
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: text::line(text.as_ref()), tone }
    }
}
impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(columns: impl Into<Vec<Column>>) -> Self {
        Self { columns: columns.into(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        let cells = cells.into();
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines of it, with a heading.
    #[must_use]
    pub fn render(&self, width: Option<usize>, paint: Paint) -> String {
        let widths = self.fit(width);
        let mut text = String::new();
        let heading: Vec<Cell> =
            self.columns.iter().map(|column| Cell::new(column.title, Tone::Dim)).collect();
        for cells in std::iter::once(&heading).chain(&self.rows) {
            self.line(cells, &widths, paint, &mut text);
        }
        text
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>], paint: Paint, to: &mut String) {
        let shown: Vec<usize> = (0..cells.len()).filter(|index| widths[*index].is_some()).collect();
        let start = to.len();
        for (place, index) in shown.iter().enumerate() {
            let (cell, wide) = (&cells[*index], widths[*index].expect("only shown columns are visited"));
            let said = text::cut(&cell.text, wide);
            let blank = " ".repeat(wide - text::width(&said));
            let painted = paint.tone(cell.tone, &said);
            if place > 0 {
                to.push_str(&" ".repeat(GAP));
            }
            if self.columns[*index].right {
                to.push_str(&blank);
                to.push_str(&painted);
            } else {
                to.push_str(&painted);
                to.push_str(&blank);
            }
        }
        let end = to.trim_end_matches(' ').len().max(start);
        to.truncate(end);
        to.push('\n');
    }

    /// The width of each column; absent: left out. Columns in which nothing stands are left out at once.
    fn fit(&self, width: Option<usize>) -> Vec<Option<usize>> {
        let mut widths: Vec<Option<usize>> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let widest = self.rows.iter().map(|row| text::width(&row[index].text)).max().unwrap_or(0);
                (widest > 0 || column.leave == 0).then(|| widest.max(text::width(column.title)))
            })
            .collect();
        let Some(room) = width else { return widths };
        loop {
            let over = total(&widths).saturating_sub(room);
            if over == 0 || self.shrink(&mut widths, over) {
                return widths;
            }
            let leaving = (0..widths.len())
                .filter(|index| widths[*index].is_some() && self.columns[*index].leave > 0)
                .max_by_key(|index| self.columns[*index].leave);
            let Some(leaving) = leaving else {
                self.squeeze(&mut widths, room);
                return widths;
            };
            widths[leaving] = None;
        }
    }

    /// Takes `over` columns from the flexible ones, always from the widest; says whether they had them.
    fn shrink(&self, widths: &mut [Option<usize>], over: usize) -> bool {
        let mut tried = widths.to_vec();
        for _ in 0..over {
            let widest = (0..tried.len())
                .filter(|index| tried[*index].is_some_and(|wide| wide > self.columns[*index].least))
                .max_by_key(|index| tried[*index]);
            let Some(widest) = widest else { return false };
            tried[widest] = tried[widest].map(|wide| wide - 1);
        }
        widths.copy_from_slice(&tried);
        true
    }

    /// Where nothing can leave any more, the widest columns give way below their least.
    fn squeeze(&self, widths: &mut [Option<usize>], room: usize) {
        while total(widths) > room {
            let widest = (0..widths.len()).max_by_key(|index| widths[*index]);
            match widest.and_then(|index| widths[index].as_mut()) {
                Some(wide) if *wide > 1 => *wide -= 1,
                _ => return,
            }
        }
    }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten().count();
    widths.iter().flatten().sum::<usize>() + GAP * shown.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint { on: false };

    fn table() -> Table {
        let mut table = Table::new([
            Column::flexible("ID", 6),
            Column::fixed("STATE"),
            Column::flexible("TITLE", 10),
            Column::flexible("WHY", 8).leaves(1),
        ]);
        table.row(
            ["port-the-parser", "ready", "Port the parser to the new 日本語 lexer", "not started yet"]
                .map(Cell::from),
        );
        table.row(["b", "blocked", "Say it", "after port-the-parser"].map(Cell::from));
        table
    }

    #[test]
    fn every_line_fits_at_any_width() {
        for width in [20, 30, 40, 60, 80, 200] {
            for line in table().render(Some(width), PLAIN).lines() {
                assert!(text::width(line) <= width, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn the_least_important_column_goes_and_names_stay() {
        let narrow = table().render(Some(28), PLAIN);
        assert!(!narrow.contains("WHY") && narrow.contains("port-t…"), "{narrow}");
    }

    #[test]
    fn columns_line_up_and_lines_have_no_tail() {
        let text = table().render(None, PLAIN);
        assert_eq!(
            text,
            "ID               STATE    TITLE                                    WHY\n\
             port-the-parser  ready    Port the parser to the new 日本語 lexer  not started yet\n\
             b                blocked  Say it                                   after port-the-parser\n"
        );
    }

    #[test]
    fn a_column_that_may_leave_and_holds_nothing_is_not_shown() {
        let mut table = Table::new([Column::fixed("ID"), Column::fixed("WHY").leaves(1)]);
        table.row(["a", ""].map(Cell::from));
        assert_eq!(table.render(None, PLAIN), "ID\na\n");
    }
}
