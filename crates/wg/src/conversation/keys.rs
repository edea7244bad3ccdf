//! From the bytes of a terminal to keys. A key may come in several pieces.

/// A key, or what was pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Text that was pasted; its line ends are part of it.
    Pasted(String),
    /// End of the line.
    Enter,
    /// Take the character before the cursor away.
    Backspace,
    /// Take the character at the cursor away.
    Delete,
    /// One to the left.
    Left,
    /// One to the right.
    Right,
    /// A word to the left.
    WordLeft,
    /// A word to the right.
    WordRight,
    /// To the line before.
    Up,
    /// To the line after.
    Down,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Take everything before the cursor away.
    CutToStart,
    /// Take everything behind the cursor away.
    CutToEnd,
    /// Take the word before the cursor away.
    CutWord,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    Leave,
    /// Ctrl-L.
    Redraw,
    /// Ctrl-Z.
    Suspend,
}

/// The longest escape sequence that is waited for.
const LONGEST: usize = 32;
const PASTE: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// Gathers bytes until they are keys.
#[derive(Debug, Default)]
pub struct Keys {
    pending: Vec<u8>,
}

/// What begins a text of bytes.
enum First {
    /// A key (or nothing worth a key) of so many bytes.
    Key(Option<Key>, usize),
    /// The beginning of one.
    Part,
}

impl Keys {
    /// The keys that these bytes complete.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Key> {
        self.pending.extend_from_slice(bytes);
        let mut keys = Vec::new();
        let mut at = 0;
        while at < self.pending.len() {
            match first(&self.pending[at..]) {
                First::Key(key, long) => {
                    keys.extend(key);
                    at += long;
                }
                First::Part => break,
            }
        }
        self.pending.drain(..at);
        keys
    }
}

fn first(bytes: &[u8]) -> First {
    let control = |key| First::Key(Some(key), 1);
    match bytes[0] {
        b'\r' | b'\n' => control(Key::Enter),
        0x7f | 0x08 => control(Key::Backspace),
        0x01 => control(Key::Home),
        0x02 => control(Key::Left),
        0x03 => control(Key::Interrupt),
        0x04 => control(Key::Leave),
        0x05 => control(Key::End),
        0x06 => control(Key::Right),
        0x0b => control(Key::CutToEnd),
        0x0c => control(Key::Redraw),
        0x0e => control(Key::Down),
        0x10 => control(Key::Up),
        0x15 => control(Key::CutToStart),
        0x17 => control(Key::CutWord),
        0x1a => control(Key::Suspend),
        b'\t' => control(Key::Char(' ')),
        0x1b => escape(bytes),
        0..0x20 => First::Key(None, 1),
        _ => character(bytes),
    }
}

fn character(bytes: &[u8]) -> First {
    let long = match bytes[0] {
        0..0x80 => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return First::Key(None, 1),
    };
    match bytes.get(..long) {
        None => First::Part,
        Some(whole) => match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
            // Control characters of eight bits, and marks that turn the direction of what follows, are no text.
            Some(c) if c.is_control() => First::Key(None, long),
            Some(c) => First::Key(Some(Key::Char(c)), long),
            None => First::Key(None, 1),
        },
    }
}

fn escape(bytes: &[u8]) -> First {
    if bytes.starts_with(PASTE) {
        let body = &bytes[PASTE.len()..];
        return match body.windows(PASTE_END.len()).position(|window| window == PASTE_END) {
            Some(end) => {
                let text = String::from_utf8_lossy(&body[..end]).replace("\r\n", "\n").replace('\r', "\n");
                First::Key(Some(Key::Pasted(text)), PASTE.len() + end + PASTE_END.len())
            }
            None => First::Part,
        };
    }
    match bytes.get(1) {
        None => First::Part,
        Some(b'[' | b'O') => {
            let end = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte));
            match end {
                Some(end) => First::Key(named(&bytes[2..end + 3]), end + 3),
                None if bytes.len() > LONGEST => First::Key(None, bytes.len()),
                None => First::Part,
            }
        }
        Some(b'b') => First::Key(Some(Key::WordLeft), 2),
        Some(b'f') => First::Key(Some(Key::WordRight), 2),
        Some(0x7f) => First::Key(Some(Key::CutWord), 2),
        Some(b'\r' | b'\n') => First::Key(Some(Key::Char('\n')), 2),
        // A lone Escape means nothing here, and takes nothing along.
        Some(_) => First::Key(None, 1),
    }
}

fn named(sequence: &[u8]) -> Option<Key> {
    Some(match sequence {
        b"A" => Key::Up,
        b"B" => Key::Down,
        b"C" => Key::Right,
        b"D" => Key::Left,
        b"H" | b"1~" | b"7~" => Key::Home,
        b"F" | b"4~" | b"8~" => Key::End,
        b"3~" => Key::Delete,
        b"1;5D" | b"1;3D" | b"5D" => Key::WordLeft,
        b"1;5C" | b"1;3C" | b"5C" => Key::WordRight,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        Keys::default().take(bytes)
    }

    #[test]
    fn keys_are_known_whole_and_in_pieces() {
        let typed = "aé日\x1b[D\x1b[1;5C\x1b[3~\r\x03\x04".as_bytes();
        let whole = keys(typed);
        assert_eq!(
            whole,
            [
                Key::Char('a'),
                Key::Char('é'),
                Key::Char('日'),
                Key::Left,
                Key::WordRight,
                Key::Delete,
                Key::Enter,
                Key::Interrupt,
                Key::Leave
            ]
        );
        let mut pieces = Keys::default();
        let one_by_one: Vec<Key> = typed.iter().flat_map(|byte| pieces.take(&[*byte])).collect();
        assert_eq!(one_by_one, whole);
    }

    #[test]
    fn what_is_pasted_is_text_and_sends_nothing() {
        assert_eq!(keys(b"\x1b[200~a\r\nb\x1b[201~x"), [Key::Pasted("a\nb".into()), Key::Char('x')]);
        assert_eq!(keys(b"\x1b[200~a\r"), []);
    }

    #[test]
    fn what_is_no_key_is_passed_over() {
        assert_eq!(keys(b"\xff\x00\x1b[99;99Xa\xc3("), [Key::Char('a'), Key::Char('(')]);
        assert_eq!(keys(b"\x1bxa"), [Key::Char('x'), Key::Char('a')]);
        let mut long = Keys::default();
        long.take(&[b"\x1b[".as_slice(), &[b'1'; 64]].concat());
        assert_eq!(
            long.take(b"a"),
            [Key::Char('a')],
            "a sequence without an end does not swallow what follows"
        );
    }
}
