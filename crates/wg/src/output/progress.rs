//! How far something is that takes more than a moment: one line on the terminal, which is gone when it is over.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Nothing is said of what takes less.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at the same line.
const PAUSE: Duration = Duration::from_millis(100);

/// A line that tells how far something is.
pub struct Progress {
    label: String,
    total: u64,
    began: Instant,
    said: Option<Instant>,
    shown: bool,
}

impl Progress {
    /// Of something that has `total` units. Nothing is ever said where standard error is no terminal, or where
    /// it is not `wanted`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is one of the places that have standard error")]
    pub fn of(label: impl Into<String>, total: u64, wanted: bool) -> Self {
        let shown = wanted && io::stderr().is_terminal();
        Self { label: label.into(), total, began: Instant::now(), said: None, shown }
    }

    /// So many units are done.
    pub fn at(&mut self, done: u64) {
        let due = self.said.map_or(self.began.elapsed() >= PATIENCE, |said| said.elapsed() >= PAUSE);
        if self.shown && due {
            self.said = Some(Instant::now());
            let percent = done.saturating_mul(100).checked_div(self.total).unwrap_or(0).min(100);
            write(&format!("\r{} {percent}%\x1b[K", self.label));
        }
    }

    /// It is over with this part; what comes next is not counted.
    pub fn then(&mut self, label: &str) {
        if self.shown && self.said.is_some() {
            write(&format!("\r{label}\x1b[K"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.said.is_some() {
            write("\r\x1b[K");
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is one of the places that have standard error")]
fn write(text: &str) {
    // Progress that nobody can see hurts nobody.
    let _ = io::stderr().write_all(text.as_bytes());
}
