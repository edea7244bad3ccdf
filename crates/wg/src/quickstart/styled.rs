//! A line of text in pieces of different tones, which is cut to a width before it is painted.

use crate::output::style::{Paint, Tone};
use crate::output::text;

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Styled(Vec<(String, Tone)>);

impl Styled {
    /// A line with one piece.
    #[must_use]
    pub fn of(said: impl Into<String>, tone: Tone) -> Self {
        Self::default().and(said, tone)
    }

    /// One more piece.
    #[must_use]
    pub fn and(mut self, said: impl Into<String>, tone: Tone) -> Self {
        let said = said.into();
        match self.0.last_mut().filter(|(_, last)| *last == tone) {
            Some((last, _)) => last.push_str(&said),
            None => self.0.push((said, tone)),
        }
        self
    }

    /// All pieces of another line.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        other.0.into_iter().fold(self, |line, (said, tone)| line.and(said, tone))
    }

    /// A piece that takes exactly `columns`: cut or filled up.
    #[must_use]
    pub fn column(self, said: &str, tone: Tone, columns: usize) -> Self {
        let said = text::cut(said, columns);
        let blank = " ".repeat(columns - text::width(&said));
        self.and(said, tone).and(blank, Tone::Plain)
    }

    /// Columns that it takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(|(said, _)| text::width(said)).sum()
    }

    /// At most `columns` of it, painted, without blanks at its end.
    #[must_use]
    pub fn paint(&self, columns: usize, paint: Paint) -> String {
        let mut left = columns;
        let mut pieces: Vec<(String, Tone)> = Vec::with_capacity(self.0.len());
        for (said, tone) in &self.0 {
            let kept = text::cut(said, left);
            let whole = kept == *said;
            left -= text::width(&kept);
            pieces.push((kept, *tone));
            if !whole {
                break;
            }
        }
        while let Some((said, _)) = pieces.last_mut() {
            said.truncate(said.trim_end_matches(' ').len());
            if !said.is_empty() {
                break;
            }
            pieces.pop();
        }
        pieces.iter().map(|(said, tone)| paint.tone(*tone, said)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_cut_over_its_pieces_and_keeps_their_tones() {
        let line = Styled::of("ab", Tone::Red).column("c", Tone::Plain, 3).and("defgh", Tone::Green);
        assert_eq!(line.width(), 10);
        assert_eq!(line.paint(20, Paint { on: false }), "abc  defgh");
        assert_eq!(line.paint(7, Paint { on: false }), "abc  d…");
        assert_eq!(line.paint(5, Paint { on: true }), "\u{1b}[31mab\u{1b}[0mc");
        assert_eq!(line.paint(0, Paint { on: true }), "");
    }
}
