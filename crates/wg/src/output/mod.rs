//! Everything that is printed: the one place that has standard output and standard error. Verbs write to an
//! [`Output`], which goes to the process's streams, through a pager, or (for a worker's door) into memory.

pub mod failure;
pub mod json;
pub mod progress;
pub mod sink;
pub mod style;
pub mod table;
pub mod terminal;
pub mod text;
pub mod time;

use std::io::{self, Write};

use wg_core::time::Timestamp;

pub use self::sink::Sink;
pub use self::style::Paint;
pub use self::table::{Cell, Column, Table};

/// How things are to be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// JSON instead of text for people.
    pub json: bool,
    /// With colour.
    pub color: bool,
    /// Columns of the terminal; absent: lines may be as long as they are.
    pub width: Option<usize>,
    /// Rows of the terminal; absent: there is none.
    pub height: Option<usize>,
    /// Times as RFC 3339 instead of "3m ago".
    pub exact_times: bool,
}

/// Where a verb writes.
pub struct Output {
    /// How.
    pub form: Form,
    out: Sink,
    err: Sink,
}

impl Output {
    /// An output to the process's streams.
    #[must_use]
    pub fn to_process(form: Form, pager: Option<String>) -> Self {
        Self { form, out: Sink::stdout(pager), err: Sink::stderr() }
    }

    /// An output into memory.
    #[must_use]
    pub fn to_memory(form: Form) -> Self {
        Self { form, out: Sink::memory(), err: Sink::memory() }
    }

    /// Colours, or none.
    #[must_use]
    pub fn paint(&self) -> Paint {
        Paint { on: self.form.color }
    }

    /// What follows may be longer than the screen: show it through a pager where there is one.
    pub fn page(&mut self) {
        if !self.form.json {
            self.out.hold_for_pager();
        }
    }

    /// A time: how long ago, or exactly.
    #[must_use]
    pub fn time(&self, at: Timestamp, now: Timestamp) -> String {
        if self.form.exact_times { at.to_string() } else { time::relative(at, now) }
    }

    /// Prints a table.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        let text = table.render(self.form.width, self.paint());
        self.out.write_all(text.as_bytes())
    }

    /// Prints a field: its value hangs beside its name, or stands below it where there is no room.
    pub fn field(&mut self, name: &str, wide: usize, value: &str) -> io::Result<()> {
        let paint = self.paint();
        let beside = self.form.width.map(|width| width.saturating_sub(wide + 2));
        if beside.is_some_and(|room| room < 12) {
            writeln!(self, "{}", paint.dim(name))?;
            return self.hanging("  ", "  ", value);
        }
        let label = format!("{}  ", paint.dim(&format!("{name:wide$}")));
        self.hanging(&label, &" ".repeat(wide + 2), value)
    }

    /// Prints a text that begins after `label`, in lines that fit, the later ones after `indent`.
    pub fn hanging(&mut self, label: &str, indent: &str, value: &str) -> io::Result<()> {
        let room = self.form.width.map(|width| width.saturating_sub(text::width(indent)));
        for (n, line) in text::wrap(value, room).iter().enumerate() {
            writeln!(self, "{}{line}", if n == 0 { label } else { indent })?;
        }
        Ok(())
    }

    /// Prints one JSON document, in the envelope of `docs/json.md`.
    pub fn json(&mut self, body: &impl serde::Serialize) -> io::Result<()> {
        json::write(&mut self.out, body)
    }

    /// A line beside the result, on standard error, after what was written before it; not said where JSON is
    /// asked for.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        if self.form.json {
            return Ok(());
        }
        self.out.flush()?;
        let label = Paint { on: self.form.color }.cyan("note:");
        writeln!(self.err, "{label} {}", text::block(text))
    }

    /// Standard error.
    pub fn err(&mut self) -> &mut Sink {
        &mut self.err
    }

    /// Writes out what is held back; shows it in the pager where it was meant for one.
    pub fn finish(&mut self) -> io::Result<()> {
        self.out.finish()?;
        self.err.finish()
    }

    /// What was written into memory: output and errors.
    #[must_use]
    pub fn into_bytes(self) -> (Vec<u8>, Vec<u8>) {
        (self.out.into_bytes(), self.err.into_bytes())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
