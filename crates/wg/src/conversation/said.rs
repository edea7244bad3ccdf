//! What was said, as rows of a conversation.

use wg_core::chat::{Entry, What};
use wg_core::id::Actor;

use crate::output::Paint;
use crate::output::style::Tone;
use crate::output::text;
use crate::telling::questions;

/// The rows of an entry, of so many columns; answers are as they came.
#[must_use]
pub fn rows(entry: &Entry, columns: usize, paint: Paint) -> Vec<String> {
    match &entry.what {
        What::Message { from, text } => message(from, text, columns, paint),
        What::Tool { name, detail, .. } => vec![aside(&format!("· {name} {detail}"), columns, paint)],
        What::Permission { what, answer, by, .. } => {
            vec![aside(&format!("? {what}: {answer} ({})", questions::judge(by)), columns, paint)]
        }
        What::Answer { text, .. } => {
            let mut rows = text::wrap(&harmless(text), Some(columns));
            rows.push(String::new());
            rows
        }
        What::TurnEnded { why, .. } => vec![aside(&format!("— no answer: {why}"), columns, paint)],
        What::Note { text } => vec![aside(&format!("— {text}"), columns, paint)],
    }
}

/// A line that matters less, in one row.
#[must_use]
pub fn aside(text: &str, columns: usize, paint: Paint) -> String {
    paint.dim(&text::cut(&text::line(text), columns))
}

fn message(from: &Actor, said: &str, columns: usize, paint: Paint) -> Vec<String> {
    let name = match from {
        Actor::User(name) => text::line(name),
        other => other.to_string(),
    };
    let name = text::cut(&name, columns / 2);
    let indent = text::width(&name) + 2;
    let label = paint.tone(Tone::Cyan, &format!("{name}> "));
    let room = columns.saturating_sub(indent);
    // Beside a long name there is no room for words.
    if room < 8 {
        let mut rows = vec![label];
        rows.extend(text::wrap(&harmless(said), Some(columns)));
        return rows;
    }
    let lines = text::wrap(&harmless(said), Some(room)).into_iter().enumerate();
    lines
        .map(|(n, line)| if n == 0 { format!("{label}{line}") } else { format!("{:indent$}{line}", "") })
        .collect()
}

fn harmless(said: &str) -> String {
    text::block(said).replace('\t', "    ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use wg_core::time::Timestamp;
    use wg_core::usage::Usage;

    use super::*;

    fn said(what: What, columns: usize) -> Vec<String> {
        rows(&Entry { number: 1, at: Timestamp::default(), what }, columns, Paint { on: false })
    }

    #[test]
    fn every_kind_of_entry_fits_and_moves_no_cursor() {
        let text = "one two\u{1b}[2J three\tfour\n日本語日本語日本語日本語日本語".to_owned();
        let from = Actor::User("a-person-with-a-very-long-name".into());
        for columns in [8, 20, 80] {
            for what in [
                What::Message { from: from.clone(), text: text.clone() },
                What::Message { from: Actor::User("ann".into()), text: text.clone() },
                What::Tool { message: 1, name: "bash".into(), detail: text.clone() },
                What::Permission {
                    message: 1,
                    what: text.clone(),
                    answer: "Yes".into(),
                    allowed: true,
                    by: from.clone(),
                },
                What::Answer { message: None, text: text.clone(), handler: None, usage: Usage::default() },
                What::TurnEnded { message: 1, why: text.clone(), usage: Usage::default() },
                What::Note { text: text.clone() },
            ] {
                for row in said(what, columns) {
                    assert!(text::width(&row) <= columns && !row.contains(char::is_control), "{row:?}");
                }
            }
        }
        let ann = What::Message { from: Actor::User("ann".into()), text: "a\nb".into() };
        assert_eq!(said(ann, 80), ["ann> a", "     b"]);
    }
}
