//! The lines of a JSON-lines file, one at a time: owns their numbers and the bound on what is held of one.
//! Says nothing about what a line means.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use super::problem::Unreadable;

/// The longest line that is read, in bytes; a longer one is skipped and told with its number.
pub const LINE_MAX: usize = 64 * 1024 * 1024;
/// What the line buffer keeps of its room after an unusually long line.
const KEEP: usize = 1024 * 1024;

/// What a line holds.
pub(super) enum Content {
    /// Nothing but white space.
    Blank,
    /// A `#` and what follows it.
    Comment,
    /// One JSON object.
    Object(Map<String, Value>),
    /// Something else.
    Unreadable(Unreadable),
}

/// A line with its number, from 1.
pub(super) struct Line {
    pub number: u64,
    pub content: Content,
}

/// Reads lines; a byte order mark before the first and a carriage return before a line's end are no part of
/// them.
pub(super) struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    buffer: Vec<u8>,
    max: usize,
}

impl<'a> Lines<'a> {
    pub fn new(input: &'a mut dyn BufRead) -> Self {
        Self { input, number: 0, buffer: Vec::new(), max: LINE_MAX }
    }

    /// The next line; `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Line>> {
        if self.buffer.capacity() > KEEP {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        let Some(length) = self.fill()? else { return Ok(None) };
        self.number += 1;
        let content = if length > self.max as u64 {
            Content::Unreadable(Unreadable::TooLong { bytes: length, max: self.max })
        } else {
            content(self.number, &self.buffer)
        };
        Ok(Some(Line { number: self.number, content }))
    }

    /// Fills the buffer with one line, at most `max` bytes of it, and gives the line's whole length.
    fn fill(&mut self) -> io::Result<Option<u64>> {
        let mut length: u64 = 0;
        let mut any = false;
        loop {
            let chunk = match self.input.fill_buf() {
                Ok(chunk) => chunk,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if chunk.is_empty() {
                return Ok(any.then_some(length));
            }
            any = true;
            let end = chunk.iter().position(|b| *b == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            length += part.len() as u64;
            let room = self.max.saturating_sub(self.buffer.len());
            self.buffer.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                return Ok(Some(length));
            }
        }
    }
}

fn content(number: u64, bytes: &[u8]) -> Content {
    let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) if number == 1 => rest,
        _ => bytes,
    };
    let bytes = bytes.trim_ascii();
    match bytes.first() {
        None => return Content::Blank,
        Some(b'#') => return Content::Comment,
        Some(_) => {}
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => return Content::Unreadable(Unreadable::Utf8 { at: e.valid_up_to() + 1 }),
    };
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => Content::Object(object),
        Ok(other) => Content::Unreadable(Unreadable::NotAnObject { found: super::fields::kind(&other) }),
        Err(e) => Content::Unreadable(Unreadable::json(&e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(bytes: &[u8], max: usize) -> Vec<(u64, &'static str)> {
        let mut input = io::BufReader::with_capacity(3, bytes);
        let mut lines = Lines { max, ..Lines::new(&mut input) };
        let mut seen = Vec::new();
        while let Some(line) = lines.next().expect("memory can be read") {
            let what = match line.content {
                Content::Blank => "blank",
                Content::Comment => "comment",
                Content::Object(_) => "object",
                Content::Unreadable(Unreadable::TooLong { .. }) => "too long",
                Content::Unreadable(_) => "unreadable",
            };
            seen.push((line.number, what));
        }
        seen
    }

    #[test]
    fn every_line_has_its_number_and_its_kind() {
        let text = b"\xef\xbb\xbf{}\r\n\r\n# \xff\n  \t\n[]\n{\"a\":1}  \n\xef\xbb\xbf{}\n{\"a\":\xff}\n{}";
        assert_eq!(
            shape(text, LINE_MAX),
            [
                (1, "object"),
                (2, "blank"),
                (3, "comment"),
                (4, "blank"),
                (5, "unreadable"),
                (6, "object"),
                (7, "unreadable"),
                (8, "unreadable"),
                (9, "object"),
            ]
        );
        assert_eq!(shape(b"", LINE_MAX), []);
        assert_eq!(shape(b"\n", LINE_MAX), [(1, "blank")]);
    }

    #[test]
    fn a_line_over_the_bound_is_skipped_and_the_next_one_read() {
        assert_eq!(shape(b"{\"a\":\"xxxx\"}\n{}\n", 11), [(1, "too long"), (2, "object")]);
        assert_eq!(shape(b"{\"a\":\"xxx\"}\n{}\n", 11), [(1, "object"), (2, "object")]);
    }
}
