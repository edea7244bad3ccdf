//! Text in columns: how wide it is on a terminal, cut to fit, wrapped, and made harmless.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes; its colours take none.
#[must_use]
pub fn width(text: &str) -> usize {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().map_or(0, UnicodeWidthStr::width);
    first + parts.map(|part| part.split_once('m').map_or(0, |(_, shown)| shown.width())).sum::<usize>()
}

/// The text in at most `columns` columns; what was cut is marked by `…`.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push(c);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// One line of it, without control characters: what others wrote can't move the cursor of who reads it.
#[must_use]
pub fn line(text: &str) -> String {
    let first = text.trim().lines().next().unwrap_or("");
    first.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| is_harmless(*c)).collect()
}

/// All lines of it, without control characters other than line ends and tabs.
#[must_use]
pub fn block(text: &str) -> String {
    text.chars().filter(|c| is_harmless(*c) || matches!(c, '\n' | '\t')).collect()
}

/// Neither a control character nor one that turns the direction of what follows.
fn is_harmless(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Wraps words at `columns` columns; a word that is longer than a line is broken; spaces at the start of a
/// line are kept for what follows it.
#[must_use]
pub fn wrap(text: &str, columns: Option<usize>) -> Vec<String> {
    let Some(columns) = columns.map(|columns| columns.max(8)) else {
        return text.lines().map(str::to_owned).collect();
    };
    let mut lines = Vec::new();
    for source in text.lines() {
        if width(source) <= columns {
            lines.push(source.trim_end().to_owned());
        } else {
            wrap_line(source, columns, &mut lines);
        }
    }
    lines
}

fn wrap_line(source: &str, columns: usize, lines: &mut Vec<String>) {
    let indent_width = source.len() - source.trim_start_matches(' ').len();
    let indent = " ".repeat(indent_width.min(columns / 2));
    let mut current = indent.clone();
    for word in source.split_whitespace() {
        let blank = current.trim().is_empty();
        if !blank && width(&current) + 1 + width(word) > columns {
            lines.push(std::mem::replace(&mut current, indent.clone()));
        } else if !blank {
            current.push(' ');
        }
        if width(&current) + width(word) <= columns {
            current.push_str(word);
            continue;
        }
        let mut in_escape = false;
        for c in word.chars() {
            in_escape = c == '\u{1b}' || in_escape;
            if !in_escape && width(&current) + c.width().unwrap_or(0) > columns {
                lines.push(std::mem::replace(&mut current, indent.clone()));
            }
            current.push(c);
            in_escape = in_escape && c != 'm';
        }
    }
    lines.push(current);
}

/// `1 task`, `2 tasks`.
#[must_use]
pub fn count(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Bytes with three digits at most: `0`, `512`, `1.2K`, `16M`, `2.0G`; a unit is a thousand of the one before.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["K", "M", "G", "T", "P"];
    if n < 1_000 {
        return n.to_string();
    }
    let (mut tenths, mut unit) = (n / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    match tenths {
        0..100 => format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit]),
        _ => format!("{}{}", tenths / 10, UNITS[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(cut("日本語のテスト", 7), "日本語…");
        assert_eq!(cut("日本語のテスト", 6), "日本…");
        assert_eq!(cut("plain", 5), "plain");
        assert_eq!(cut("plain", 4), "pla…");
        assert_eq!(cut("plain", 0), "");
        assert_eq!(width("\u{1b}[31mred\u{1b}[0m日"), 5);
    }

    #[test]
    fn sizes_take_few_columns() {
        let said: Vec<String> =
            [0, 999, 1_000, 9_949, 10_000, 999_999, 1_000_000, 2_500_000_000].map(bytes).into();
        assert_eq!(said, ["0", "999", "1.0K", "9.9K", "10K", "999K", "1.0M", "2.5G"]);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(line("a\u{1b}[31mb\tc\nd"), "a[31mb c");
        assert_eq!(block("a\u{7}\n\tb"), "a\n\tb");
        assert_eq!(line("a\u{9b}31m\u{202e}b"), "a31mb");
    }

    #[test]
    fn words_are_wrapped_and_indents_kept() {
        let text = "one two three\n  - four five six";
        assert_eq!(wrap(text, Some(11)), ["one two", "three", "  - four", "  five six"]);
        assert_eq!(wrap("abcdefghijkl", Some(8)), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("a b", None), ["a b"]);
        assert_eq!(wrap("a \u{1b}[2mpaused\u{1b}[0m, b", Some(9)), ["a \u{1b}[2mpaused\u{1b}[0m,", "b"]);
        for line in wrap(&"wörter 日本語 ".repeat(20), Some(17)) {
            assert!(width(&line) <= 17, "{line}");
        }
    }
}
