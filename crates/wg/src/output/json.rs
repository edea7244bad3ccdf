//! The envelope of everything that is printed as JSON; its fields are documented in `docs/json.md`.

use std::io::{self, Write};

use serde::Serialize;

/// The version of the form; it grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Envelope<'a, T: Serialize> {
    version: u32,
    #[serde(flatten)]
    body: &'a T,
}

/// Writes one document on a line of its own.
pub fn write(to: &mut dyn Write, body: &impl Serialize) -> io::Result<()> {
    let mut writer = to;
    serde_json::to_writer(&mut writer, &Envelope { version: VERSION, body }).map_err(broken)?;
    writer.write_all(b"\n")
}

/// A document whose one long list is written while it is read: `{"version":1,"NAME":[…],…}`.
pub struct Listing<'a> {
    to: &'a mut dyn Write,
    first: bool,
}

impl<'a> Listing<'a> {
    /// Begins it.
    pub fn begin(to: &'a mut dyn Write, name: &str) -> io::Result<Self> {
        write!(to, "{{\"version\":{VERSION},\"{name}\":[")?;
        Ok(Self { to, first: true })
    }

    /// The next member.
    pub fn item(&mut self, item: &impl Serialize) -> io::Result<()> {
        if !std::mem::take(&mut self.first) {
            self.to.write_all(b",")?;
        }
        serde_json::to_writer(&mut self.to, item).map_err(broken)
    }

    /// Ends it, and says whether there are more.
    pub fn end(self, more: bool) -> io::Result<()> {
        writeln!(self.to, "],\"more\":{more}}}")
    }
}

/// What serde_json wraps: our records have no keys or numbers that JSON lacks, so only writing can fail.
fn broken(error: serde_json::Error) -> io::Error {
    match error.io_error_kind() {
        Some(kind) => io::Error::from(kind),
        None => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_one_document() {
        let mut bytes = Vec::new();
        let mut listing = Listing::begin(&mut bytes, "tasks").unwrap();
        listing.item(&"a").unwrap();
        listing.item(&"b").unwrap();
        listing.end(true).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "{\"version\":1,\"tasks\":[\"a\",\"b\"],\"more\":true}\n");
    }
}
