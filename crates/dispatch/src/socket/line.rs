//! Bytes in, lines out, without IO and with a limit.

/// Longest line that is taken where nothing smaller is said, in bytes without its newline.
pub const LINE_MAX: usize = 1024 * 1024;

/// A line was longer than its limit: nothing more can be read from this peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line has at most {0} bytes")]
pub struct TooLong(pub usize);

/// Gathers bytes until a line is whole. Holds at most its limit and what came in the last piece.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// How much of `bytes` holds no newline for sure.
    searched: usize,
    limit: usize,
}

impl LineBuffer {
    /// An empty one for lines of at most `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), searched: 0, limit }
    }

    /// Takes what was read. A line over the limit is an error from here on, even before its end is seen.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), TooLong> {
        let unfinished = match self.bytes[self.searched..].contains(&b'\n') {
            true => 0,
            false => self.bytes.len(),
        };
        let first = piece.iter().position(|byte| *byte == b'\n').unwrap_or(piece.len());
        if unfinished + first > self.limit {
            return Err(TooLong(self.limit));
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// The next whole line, without its newline.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let Some(at) = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.bytes.len();
            return if self.searched > self.limit { Err(TooLong(self.limit)) } else { Ok(None) };
        };
        let end = self.searched + at;
        if end > self.limit {
            return Err(TooLong(self.limit));
        }
        let rest = self.bytes.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.bytes, rest);
        line.pop();
        self.searched = 0;
        Ok(Some(line))
    }

    /// Bytes that are held.
    #[must_use]
    pub fn held(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_came_in() {
        let text = b"one\n\nthree is longer\nrest";
        for size in 1..text.len() {
            let mut buffer = LineBuffer::new(16);
            let mut lines = Vec::new();
            for piece in text.chunks(size) {
                buffer.push(piece).expect("no line is longer than 16");
                while let Some(line) = buffer.next_line().expect("no line is longer than 16") {
                    lines.push(String::from_utf8(line).expect("ASCII"));
                }
            }
            assert_eq!(lines, ["one", "", "three is longer"], "pieces of {size}");
            assert_eq!(buffer.held(), 4);
        }
    }

    #[test]
    fn a_line_over_the_limit_is_refused_before_its_end_and_never_held() {
        let mut buffer = LineBuffer::new(4);
        buffer.push(b"1234").expect("as long as allowed");
        assert_eq!(buffer.next_line(), Ok(None));
        assert_eq!(buffer.push(b"5"), Err(TooLong(4)));
        assert!(buffer.held() <= 4);

        let mut second = LineBuffer::new(4);
        second.push(b"ok\n12345").expect("the first line is short");
        assert_eq!(second.next_line(), Ok(Some(b"ok".to_vec())));
        assert_eq!(second.next_line(), Err(TooLong(4)));

        let mut whole = LineBuffer::new(4);
        assert_eq!(whole.push(b"12345\n"), Err(TooLong(4)));
    }
}
