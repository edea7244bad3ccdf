//! What happened in a run, a line each, for a person who looks for the reason of a failure.

use std::fmt::Display;

/// Lines that are kept of a run: its end is what matters.
const KEPT: usize = 600;

/// The lines. A run that is not watched writes none; the same seed writes them when it is run again.
#[derive(Debug, Default)]
pub(super) struct Trace {
    lines: Option<Vec<String>>,
    dropped: usize,
}

impl Trace {
    pub(super) fn new(watched: bool) -> Self {
        Self { lines: watched.then(Vec::new), dropped: 0 }
    }

    pub(super) fn note<D: Display>(&mut self, line: impl FnOnce() -> D) {
        if let Some(lines) = &mut self.lines {
            if lines.len() == KEPT {
                lines.remove(0);
                self.dropped += 1;
            }
            lines.push(line().to_string());
        }
    }

    /// The line, where lines are kept: for what is gone by the time that it is noted.
    pub(super) fn line(&self, line: impl FnOnce() -> String) -> Option<String> {
        self.lines.as_ref().map(|_| line())
    }

    pub(super) fn add(&mut self, line: Option<String>) {
        if let Some(line) = line {
            self.note(|| line);
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = match self.dropped {
            0 => String::new(),
            dropped => format!("... {dropped} lines before\n"),
        };
        for line in self.lines.iter().flatten() {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}
