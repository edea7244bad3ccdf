//! A reader that tells how far it has come.

use std::io::{self, BufRead, Read};

use crate::output::progress::Progress;

/// Reads from another one.
pub struct Counted<'a> {
    input: &'a mut dyn BufRead,
    progress: &'a mut Progress,
    read: u64,
}

impl<'a> Counted<'a> {
    /// Reads from `input`, and tells `progress` the bytes.
    pub fn new(input: &'a mut dyn BufRead, progress: &'a mut Progress) -> Self {
        Self { input, progress, read: 0 }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(to)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.progress.at(self.read);
        self.input.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes as u64;
        self.input.consume(bytes);
    }
}
