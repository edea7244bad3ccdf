//! The line that is being typed: what keys do to it, and how it stands on the terminal.

use unicode_width::UnicodeWidthChar;

use super::keys::Key;

/// Messages that can be called back.
const REMEMBERED: usize = 200;
/// What stands before the line, and before what goes on below it.
const PROMPT: &str = "> ";

/// What a key asks for beside changing the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// Send this.
    Send(String),
    /// Interrupt, or say how to leave.
    Interrupt,
    /// Leave.
    Leave,
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back for a while.
    Suspend,
}

/// The line that is being typed.
#[derive(Debug, Default)]
pub struct Editor {
    text: String,
    /// In bytes, always between two characters.
    cursor: usize,
    sent: Vec<String>,
    /// Which of `sent` is shown, counted from the end; absent: the line that is new.
    back: Option<usize>,
    new: String,
}

/// The line on the terminal.
#[derive(Debug, PartialEq, Eq)]
pub struct Laid {
    /// Its rows.
    pub rows: Vec<String>,
    /// Row and column of the cursor.
    pub cursor: (usize, usize),
}

impl Editor {
    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes what was typed away.
    pub fn clear(&mut self) {
        self.text.clear();
        self.cursor = 0;
        self.back = None;
    }

    /// Puts a text back that could not be sent.
    pub fn put_back(&mut self, text: String) {
        self.cursor = text.len();
        self.text = text;
    }

    /// What a key does.
    pub fn key(&mut self, key: Key) -> Wish {
        match key {
            Key::Enter => return self.enter(),
            Key::Interrupt => return Wish::Interrupt,
            Key::Leave if self.text.is_empty() => return Wish::Leave,
            Key::Redraw => return Wish::Redraw,
            Key::Suspend => return Wish::Suspend,
            Key::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            Key::Pasted(text) => {
                let harmless = crate::output::text::block(&text).replace('\t', "    ");
                self.insert(&harmless);
            }
            Key::Backspace => {
                let from = self.before(self.cursor);
                self.cut(from, self.cursor);
            }
            Key::Delete | Key::Leave => {
                let to = self.behind(self.cursor);
                self.cut(self.cursor, to);
            }
            Key::Left => self.cursor = self.before(self.cursor),
            Key::Right => self.cursor = self.behind(self.cursor),
            Key::WordLeft => self.cursor = self.word_before(),
            Key::WordRight => self.cursor = self.word_behind(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::CutToStart => self.cut(0, self.cursor),
            Key::CutToEnd => self.cut(self.cursor, self.text.len()),
            Key::CutWord => {
                let from = self.word_before();
                self.cut(from, self.cursor);
            }
            Key::Up => self.call(self.back.map_or(0, |back| back + 1)),
            Key::Down => match self.back {
                None => {}
                Some(0) => {
                    self.back = None;
                    let new = std::mem::take(&mut self.new);
                    self.put_back(new);
                }
                Some(back) => self.call(back - 1),
            },
        }
        Wish::Nothing
    }

    /// A line that ends in `\` goes on below.
    fn enter(&mut self) -> Wish {
        if self.text.ends_with('\\') && self.cursor == self.text.len() {
            self.text.pop();
            self.text.push('\n');
            self.cursor = self.text.len();
            return Wish::Nothing;
        }
        if self.text.trim().is_empty() {
            self.clear();
            return Wish::Nothing;
        }
        let text = std::mem::take(&mut self.text);
        self.clear();
        if self.sent.last() != Some(&text) {
            self.sent.push(text.clone());
            let over = self.sent.len().saturating_sub(REMEMBERED);
            self.sent.drain(..over);
        }
        Wish::Send(text)
    }

    /// Shows a message that was sent, counted from the last one.
    fn call(&mut self, back: usize) {
        let Some(at) = self.sent.len().checked_sub(back + 1) else { return };
        if self.back.is_none() {
            self.new = std::mem::take(&mut self.text);
        }
        self.back = Some(back);
        self.put_back(self.sent[at].clone());
    }

    fn insert(&mut self, text: &str) {
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.cursor = from;
    }

    /// Where the character before this place begins, with the marks that stand on it.
    fn before(&self, at: usize) -> usize {
        let mut characters = self.text[..at].char_indices().rev();
        characters.find(|(_, c)| !is_mark(*c)).map_or(0, |(begins, _)| begins)
    }

    /// Where the character at this place ends, with the marks that stand on it.
    fn behind(&self, at: usize) -> usize {
        let mut rest = self.text[at..].char_indices().skip(1);
        rest.find(|(_, c)| !is_mark(*c)).map_or(self.text.len(), |(begins, _)| at + begins)
    }

    fn word_before(&self) -> usize {
        let head = self.text[..self.cursor].trim_end();
        head.rfind(char::is_whitespace).map_or(0, |space| self.behind(space))
    }

    fn word_behind(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let skipped = rest.len() - rest.trim_start().len();
        let end = rest[skipped..].find(char::is_whitespace);
        end.map_or(self.text.len(), |end| self.cursor + skipped + end)
    }

    /// The line in rows of so many columns, at most so many of them: those around the cursor.
    #[must_use]
    pub fn lay(&self, columns: usize, most: usize) -> Laid {
        let columns = columns.max(PROMPT.len() + 2);
        let mut rows = vec![PROMPT.to_owned()];
        let mut used = PROMPT.len();
        let mut cursor = (0, used);
        let blank = " ".repeat(PROMPT.len());
        for (at, c) in self.text.char_indices() {
            let wide = c.width().unwrap_or(0);
            if c != '\n' && used + wide > columns {
                rows.push(blank.clone());
                used = blank.len();
            }
            if at == self.cursor {
                cursor = (rows.len() - 1, used);
            }
            if c == '\n' {
                rows.push(blank.clone());
                used = blank.len();
            } else if let Some(row) = rows.last_mut() {
                row.push(c);
                used += wide;
            }
        }
        if self.cursor == self.text.len() {
            if used >= columns {
                rows.push(blank.clone());
                used = blank.len();
            }
            cursor = (rows.len() - 1, used);
        }
        let most = most.max(1);
        let first = (cursor.0 + 1).saturating_sub(most).min(rows.len().saturating_sub(most));
        let rows: Vec<String> = rows.into_iter().skip(first).take(most).collect();
        Laid { rows, cursor: (cursor.0 - first, cursor.1) }
    }
}

/// A character that takes no column of its own.
fn is_mark(c: char) -> bool {
    c != '\n' && c.width() == Some(0)
}

#[cfg(test)]
mod tests {
    use super::super::keys::Keys;
    use super::*;

    fn typed(editor: &mut Editor, bytes: &str) -> Vec<Wish> {
        let keys = Keys::default().take(bytes.as_bytes());
        keys.into_iter().map(|key| editor.key(key)).filter(|wish| *wish != Wish::Nothing).collect()
    }

    fn after(bytes: &str) -> (String, usize) {
        let mut editor = Editor::default();
        typed(&mut editor, bytes);
        (editor.text, editor.cursor)
    }

    #[test]
    fn keys_change_the_line() {
        for (bytes, text, cursor) in [
            ("abc\x1b[D\x1b[DX", "aXbc", 2),
            ("abc\x7f\x7f", "a", 1),
            ("abc\x01\x1b[3~", "bc", 0),
            ("abc\x01\x04", "bc", 0),
            ("one two\x17", "one ", 4),
            ("one two\x1bb\x0b", "one ", 4),
            ("one two\x01\x1bfX", "oneX two", 4),
            ("one\x15two", "two", 3),
            ("日本\x1b[Dx", "日x本", 4),
            ("e\u{301}a\x1b[D\x1b[D\x1b[3~", "a", 0),
            ("e\u{301}\x7f", "", 0),
            ("a\x1b[C\x1b[C\x1b[D\x1b[D\x1b[D", "a", 0),
            ("\x1b[200~a\tb\r\nc\x1b[31m\x1b[201~", "a    b\nc[31m", 12),
        ] {
            assert_eq!(after(bytes), (text.to_owned(), cursor), "{bytes:?}");
        }
    }

    #[test]
    fn enter_sends_and_a_line_that_ends_in_a_backslash_goes_on() {
        let mut editor = Editor::default();
        assert_eq!(typed(&mut editor, "hi\r"), [Wish::Send("hi".into())]);
        assert_eq!(typed(&mut editor, "a\\\rb\r"), [Wish::Send("a\nb".into())]);
        assert_eq!(typed(&mut editor, "  \r\x03\x04"), [Wish::Interrupt, Wish::Leave]);
        assert_eq!(typed(&mut editor, "x\x04"), [], "Ctrl-D in a line leaves nothing and nobody");
    }

    #[test]
    fn what_was_sent_is_called_back_and_what_was_new_is_kept() {
        let mut editor = Editor::default();
        typed(&mut editor, "one\rtwo\rthr");
        let mut shown = |bytes: &str| {
            typed(&mut editor, bytes);
            editor.text.clone()
        };
        assert_eq!(shown("\x1b[A"), "two");
        assert_eq!(shown("\x1b[A\x1b[A\x1b[A"), "one");
        assert_eq!(shown("\x1b[B"), "two");
        assert_eq!(shown("\x1b[B"), "thr");
        assert_eq!(shown("\x1b[B"), "thr");
    }

    #[test]
    fn it_fits_any_terminal_and_shows_the_cursor() {
        let mut editor = Editor::default();
        typed(&mut editor, "日本語abc");
        assert_eq!(editor.lay(20, 9), Laid { rows: vec!["> 日本語abc".into()], cursor: (0, 11) });
        assert_eq!(
            editor.lay(7, 9),
            Laid { rows: vec!["> 日本".into(), "  語abc".into(), "  ".into()], cursor: (2, 2) }
        );
        assert_eq!(editor.lay(7, 2).rows, ["  語abc", "  "]);
        typed(&mut editor, "\x01");
        assert_eq!(editor.lay(7, 1), Laid { rows: vec!["> 日本".into()], cursor: (0, 2) });
        for columns in 1..30 {
            let laid = editor.lay(columns, 5);
            assert!(
                laid.cursor.0 < laid.rows.len() && laid.cursor.1 <= columns.max(4),
                "{columns}: {laid:?}"
            );
        }
    }
}
