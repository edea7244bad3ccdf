//! A handler's output as whole lines, each with the place behind it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Longest line that is taken, in bytes: an answer of some megabytes, with everything escaped.
const LINE_MAX: usize = 24 * 1024 * 1024;
/// Bytes that are read at a time.
const PIECE: usize = 256 * 1024;

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// Whole lines without their newlines, and the place behind each.
    pub(crate) lines: Vec<(Vec<u8>, u64)>,
    /// Lines that were too long, and the place behind each: they are passed over.
    pub(crate) too_long: Vec<u64>,
    /// The end of what there is was reached.
    pub(crate) end: bool,
}

/// Reads a file that grows.
#[derive(Debug)]
pub(crate) struct Reader {
    path: PathBuf,
    file: Option<File>,
    /// Up to where bytes were read.
    place: u64,
    /// The beginning of a line whose end was not read yet.
    held: Vec<u8>,
    /// The rest of a line that is too long is passed over.
    skipping: bool,
}

impl Reader {
    pub(crate) fn new(path: PathBuf, from: u64) -> Self {
        Self { path, file: None, place: from, held: Vec::new(), skipping: false }
    }

    /// Up to where bytes were read.
    pub(crate) fn place(&self) -> u64 {
        self.place
    }

    /// The next lines, of one piece; none where its file is not there (yet).
    pub(crate) fn next(&mut self) -> io::Result<Lines> {
        let mut found = Lines::default();
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    found.end = true;
                    return Ok(found);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &self.file else { return Ok(found) };
        let mut piece = vec![0; PIECE];
        let read = file.read_at(&mut piece, self.place)?;
        found.end = read < PIECE;
        self.take(&piece[..read], &mut found);
        Ok(found)
    }

    fn take(&mut self, mut piece: &[u8], found: &mut Lines) {
        while let Some(newline) = piece.iter().position(|byte| *byte == b'\n') {
            self.place += newline as u64 + 1;
            if self.skipping || self.held.len() + newline > LINE_MAX {
                self.skipping = false;
                self.held = Vec::new();
                found.too_long.push(self.place);
            } else {
                let mut line = std::mem::take(&mut self.held);
                line.extend_from_slice(&piece[..newline]);
                found.lines.push((line, self.place));
            }
            piece = &piece[newline + 1..];
        }
        self.place += piece.len() as u64;
        if self.skipping || self.held.len() + piece.len() > LINE_MAX {
            self.skipping = true;
            self.held = Vec::new();
        } else {
            self.held.extend_from_slice(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use std::io::Write;

    use super::*;

    #[test]
    fn lines_come_whole_with_the_place_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let mut reader = Reader::new(path.clone(), 0);
        assert!(reader.next().unwrap().end);
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\n\ntw").unwrap();
        let read = reader.next().unwrap();
        assert_eq!(read.lines, [(b"one".to_vec(), 4), (Vec::new(), 5)]);
        file.write_all(b"o\n").unwrap();
        assert_eq!(reader.next().unwrap().lines, [(b"two".to_vec(), 9)]);
        assert_eq!(Reader::new(path, 5).next().unwrap().lines, [(b"two".to_vec(), 9)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over_and_the_next_is_taken() {
        let mut reader = Reader::new(PathBuf::new(), 0);
        let mut found = Lines::default();
        let half = vec![b'x'; LINE_MAX / 2 + 1];
        reader.take(&half, &mut found);
        reader.take(&half, &mut found);
        assert!(reader.held.is_empty(), "it is not held");
        reader.take(b"xx\nnext\n", &mut found);
        assert_eq!(found.too_long, [LINE_MAX as u64 + 5]);
        assert_eq!(found.lines, [(b"next".to_vec(), LINE_MAX as u64 + 10)]);
    }
}
