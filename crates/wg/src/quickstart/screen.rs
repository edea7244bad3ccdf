//! A picture on the terminal that replaces the one before it, in place: no second screen, so that the last
//! one stays for the reader, and whatever the terminal was set to is set again.

use std::io::{self, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::styled::Styled;
use crate::output::Paint;

const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
/// Terminals that know it show what is between the two at once.
const BEGIN_FRAME: &str = "\u{1b}[?2026h";
const END_FRAME: &str = "\u{1b}[?2026l";
const CLEAR_LINE_END: &str = "\u{1b}[K";
const CLEAR_BELOW: &str = "\u{1b}[J";

/// What was painted last.
#[derive(Debug, Default)]
pub struct Screen {
    /// Columns that each painted line took.
    painted: Vec<usize>,
}

impl Screen {
    /// Replaces the picture. The cursor is left on the line below it, so it may have as many lines as the
    /// terminal, less one.
    pub fn paint(
        &mut self,
        out: &mut dyn Write,
        lines: &[Styled],
        columns: usize,
        paint: Paint,
    ) -> io::Result<()> {
        let mut frame = format!("{BEGIN_FRAME}{HIDE_CURSOR}\r");
        // A terminal that became narrower has broken the lines that are too long for it now.
        let up: usize = self.painted.iter().map(|wide| wide.div_ceil(columns.max(1)).max(1)).sum();
        if up > 0 {
            frame.push_str(&format!("\u{1b}[{up}A"));
        }
        self.painted.clear();
        for line in lines {
            frame.push_str(&line.paint(columns, paint));
            frame.push_str(CLEAR_LINE_END);
            frame.push('\n');
            self.painted.push(line.width().min(columns));
        }
        frame.push_str(CLEAR_BELOW);
        frame.push_str(SHOW_CURSOR);
        frame.push_str(END_FRAME);
        out.write_all(frame.as_bytes())?;
        out.flush()
    }
}

/// Keeps what is typed from being shown between the lines, until it is dropped.
#[derive(Debug)]
pub struct Quiet(Option<Termios>);

impl Quiet {
    /// From now on. Where there is no terminal to type at, nothing happens.
    #[must_use]
    pub fn begin() -> Self {
        let stdin = rustix::stdio::stdin();
        let Ok(before) = tcgetattr(stdin) else { return Self(None) };
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        Self(tcsetattr(stdin, OptionalActions::Now, &quiet).is_ok().then_some(before))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // A terminal that is gone needs no setting.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::style::Tone;

    fn frame(screen: &mut Screen, lines: &[&str], columns: usize) -> String {
        let lines: Vec<Styled> = lines.iter().map(|line| Styled::of(*line, Tone::Plain)).collect();
        let mut out = Vec::new();
        screen.paint(&mut out, &lines, columns, Paint { on: false }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_picture_goes_over_the_one_before_it() {
        let mut screen = Screen::default();
        assert!(!frame(&mut screen, &["one", "two"], 80).contains("\u{1b}[2A"));
        assert!(frame(&mut screen, &["one"], 80).contains("\r\u{1b}[2Aone\u{1b}[K\n\u{1b}[J"));
        assert!(frame(&mut screen, &[], 80).contains("\u{1b}[1A"));
    }

    #[test]
    fn lines_that_a_narrower_terminal_broke_are_counted_as_broken() {
        let mut screen = Screen::default();
        frame(&mut screen, &["0123456789", ""], 10);
        assert!(
            frame(&mut screen, &["0123"], 4).contains("\u{1b}[4A"),
            "three for the first, one for the second"
        );
    }
}
