//! Texts of the graph as they may stand in a prompt: nothing invisible in them, and not too long.

use std::fmt::Write;

/// A text whose characters can be seen, at most so long, with a mark where it was cut. Newlines and tabs stay;
/// other control characters, and those that steer the direction of text or hide in it, are written out.
pub(super) fn bounded(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for (at, c) in text.char_indices() {
        let before = shown.len();
        if is_hidden(c) {
            let _ = write!(shown, "{}", c.escape_unicode());
        } else {
            shown.push(c);
        }
        if shown.len() > most {
            shown.truncate(before);
            return cut(shown, most, text.len() - at);
        }
    }
    shown
}

/// A text on one line, at most so long.
pub(super) fn line(text: &str, most: usize) -> String {
    one_line(&bounded(text.trim(), most))
}

/// With blanks for what would begin a new line, or move within one.
pub(super) fn one_line(text: &str) -> String {
    text.replace(['\n', '\t', '\r', '\u{2028}', '\u{2029}'], " ")
}

/// `shown` without so much of its end that the mark has room, and the mark.
fn cut(mut shown: String, most: usize, left: usize) -> String {
    // More than any mark is long.
    const ROOM: usize = 48;
    let keep = shown.floor_char_boundary(most.saturating_sub(ROOM));
    let left = left + (shown.len() - keep);
    shown.truncate(keep);
    let _ = write!(shown, " [about {left} bytes more were cut]");
    shown
}

/// Control characters but newline and tab, and characters of the kinds that turn the direction of text, stand
/// for nothing, or spell in tags what nobody sees.
fn is_hidden(c: char) -> bool {
    let hides = matches!(
        c,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}'
    );
    hides || (c.is_control() && !matches!(c, '\n' | '\t'))
}
