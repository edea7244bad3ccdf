//! Colours: a few, each with one meaning, and none where they are not wanted.

/// Paints text, or leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    /// Whether to paint.
    pub on: bool,
}

/// A colour or weight of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it comes.
    #[default]
    Plain,
    /// Titles and headings.
    Bold,
    /// What matters less.
    Dim,
    /// Failed.
    Red,
    /// Done, ready.
    Green,
    /// Needs a look.
    Yellow,
    /// Runs.
    Blue,
    /// Names of tasks and notes.
    Cyan,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Dim => Some("2"),
            Self::Red => Some("31"),
            Self::Green => Some("32"),
            Self::Yellow => Some("33"),
            Self::Blue => Some("34"),
            Self::Cyan => Some("36"),
        }
    }
}

impl Paint {
    /// Text in a tone.
    #[must_use]
    pub fn tone(self, tone: Tone, text: &str) -> String {
        match tone.code().filter(|_| self.on && !text.is_empty()) {
            Some(code) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            None => text.to_owned(),
        }
    }

    /// Bold.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.tone(Tone::Bold, text)
    }

    /// Dim.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.tone(Tone::Dim, text)
    }

    /// As names of tasks are.
    #[must_use]
    pub fn cyan(self, text: &str) -> String {
        self.tone(Tone::Cyan, text)
    }
}
