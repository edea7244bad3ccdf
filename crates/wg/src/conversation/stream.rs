//! An answer as it is being made: pieces come in, whole rows of the terminal go out.

use crate::output::text;

/// An answer that is being made.
#[derive(Debug, Default)]
pub struct Stream {
    /// All of it so far.
    said: String,
    /// The line that is not ended yet.
    line: String,
    /// How many rows of that line are out already.
    out: usize,
}

impl Stream {
    /// The next piece; gives the rows that are whole by it.
    pub fn push(&mut self, piece: &str, columns: usize) -> Vec<String> {
        let piece = harmless(piece);
        self.said.push_str(&piece);
        let mut rows = Vec::new();
        let mut lines = piece.split('\n');
        self.line.push_str(lines.next().unwrap_or_default());
        for line in lines {
            rows.extend(self.end_line(columns));
            self.line.push_str(line);
        }
        let whole = text::wrap(&self.line, Some(columns));
        let last = whole.len().saturating_sub(1);
        rows.extend(whole[..last].iter().skip(self.out).cloned());
        self.out = self.out.max(last);
        rows
    }

    /// The row that is not whole yet.
    #[must_use]
    pub fn row(&self, columns: usize) -> Option<String> {
        text::wrap(&self.line, Some(columns)).into_iter().skip(self.out).last()
    }

    /// What is committed at last; gives the rows of it that are not out yet. All of it, where something else was
    /// said before.
    pub fn end(&mut self, answer: &str, columns: usize) -> Vec<String> {
        let answer = harmless(answer);
        let (said, whole) = (self.said.trim(), answer.trim());
        let mut rows = Vec::new();
        if whole.starts_with(said) && !said.is_empty() {
            // What was said may end in blanks that the answer has not.
            let rest = answer.trim_start()[said.len()..].trim_end().to_owned();
            let blanks = self.said.len() - self.said.trim_end().len();
            let rest = if blanks > 0 { rest.trim_start().to_owned() } else { rest };
            rows.extend(self.push(&rest, columns));
            rows.extend(self.stop(columns));
        } else if said.ends_with(whole) {
            rows.extend(self.stop(columns));
        } else {
            rows.extend(self.stop(columns));
            rows.extend(text::wrap(whole, Some(columns)));
        }
        rows
    }

    /// No more comes; gives what is not out yet.
    pub fn stop(&mut self, columns: usize) -> Vec<String> {
        let rows = if self.line.is_empty() { Vec::new() } else { self.end_line(columns) };
        *self = Self::default();
        rows
    }

    /// Something stands between what was said and what comes; gives what is not out yet.
    pub fn pause(&mut self, columns: usize) -> Vec<String> {
        if self.line.is_empty() { Vec::new() } else { self.end_line(columns) }
    }

    /// The terminal has other columns now: what is out of the line stays as it is. Gives the rest of it.
    pub fn resize(&mut self, columns: usize) -> Vec<String> {
        if self.out == 0 { Vec::new() } else { self.end_line(columns) }
    }

    fn end_line(&mut self, columns: usize) -> Vec<String> {
        let rows = text::wrap(&self.line, Some(columns)).into_iter().skip(self.out);
        let rows: Vec<String> = if self.line.is_empty() { vec![String::new()] } else { rows.collect() };
        self.line.clear();
        self.out = 0;
        rows
    }
}

fn harmless(text: &str) -> String {
    text::block(text).replace('\t', "    ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of an answer that comes in these pieces.
    fn rows(pieces: &[&str], answer: &str, columns: usize) -> Vec<String> {
        let mut stream = Stream::default();
        let mut rows: Vec<String> = pieces.iter().flat_map(|piece| stream.push(piece, columns)).collect();
        rows.extend(stream.end(answer, columns));
        assert!(stream.said.is_empty());
        rows
    }

    #[test]
    fn however_it_is_cut_the_rows_are_those_of_the_whole() {
        let answer = "one two three four\n\n  - five\nsix seven 日本語 eight\nabcdefghijklmnop";
        for columns in [8, 11, 20, 80] {
            let whole = text::wrap(answer, Some(columns));
            for size in [1, 2, 3, 7, 200] {
                let characters: Vec<char> = answer.chars().collect();
                let pieces: Vec<String> =
                    characters.chunks(size).map(|piece| piece.iter().collect()).collect();
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                assert_eq!(rows(&pieces, answer, columns), whole, "{columns} columns, {size} at a time");
                assert_eq!(rows(&pieces[..pieces.len() / 2], answer, columns), whole, "half of it");
            }
            assert_eq!(rows(&[], answer, columns), whole, "nothing of it");
        }
    }

    #[test]
    fn what_was_said_is_not_said_twice() {
        assert_eq!(rows(&["hello "], "hello", 80), ["hello"]);
        assert_eq!(rows(&["hel", "lo\n"], "hello world", 80), ["hello", "world"]);
        assert_eq!(rows(&["let me look\n", "it works"], "it works", 80), ["let me look", "it works"]);
        assert_eq!(rows(&["something"], "else", 80), ["something", "else"]);
    }

    #[test]
    fn what_it_says_moves_no_cursor() {
        assert_eq!(rows(&["a\u{1b}[2J", "\rb\tc"], "a[2Jb\tc", 80), ["a[2Jb    c"]);
    }
}
