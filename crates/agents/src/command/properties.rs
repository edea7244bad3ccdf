//! What no line of a handler may do, and what every message does.

use proptest::prelude::*;
use wg_core::chat::Said;
use wg_core::id::Actor;
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::tests::lines;
use crate::conversation::{Delivery, GARBAGE_MAX, Heard};

/// What holds for whatever a line means.
fn sound(heard: &[Heard]) -> Result<(), TestCaseError> {
    prop_assert!(heard.len() <= 2, "{heard:?}");
    for heard in heard {
        match heard {
            Heard::Garbage(text) => {
                prop_assert!(!text.is_empty() && text.len() <= GARBAGE_MAX, "{text:?}");
                prop_assert!(!text.contains(char::is_control), "{text:?}");
            }
            Heard::Kept(Said::Session { id }) => prop_assert!((1..=1_024).contains(&id.len())),
            Heard::Kept(_) | Heard::Delta(_) => {}
            Heard::Reply(_) => prop_assert!(false, "the protocol has no replies"),
        }
    }
    Ok(())
}

/// Pieces that lines are made of, so that chance gets past the first byte.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\"type\"",
        "\"ready\"",
        "\"delta\"",
        "\"tool\"",
        "\"answer\"",
        "\"error\"",
        "\"unfit\"",
        "\"session\"",
        "\"id\"",
        "\"text\"",
        "\"usage\"",
        "\"input\"",
        "\"cost_usd\"",
        "\"until\"",
        "\"class\"",
        "\"rate-limited\"",
        "\"name\"",
        "\"detail\"",
        "\"reason\"",
        "12",
        "-0",
        "1e309",
        "18446744073709551615",
        "null",
        "true",
        "\"a\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        " ",
        "{\"type\":\"answer\",\"text\":",
        "{\"type\":\"error\",\"usage\":{\"input\":",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read(line in prop::collection::vec(any::<u8>(), 0..600)) {
        sound(&lines().line(&line))?;
    }

    #[test]
    fn any_mixture_of_pieces_is_read(pieces in prop::collection::vec(piece(), 0..40)) {
        sound(&lines().line(&pieces.concat()))?;
    }

    #[test]
    fn a_broken_line_is_read(at in 0usize..200, byte: u8, cut in 0usize..200) {
        let whole = br#"{"type":"answer","id":12,"text":"yes","usage":{"input":5,"cost_usd":0.5},"until":"x"}"#;
        let mut line = whole.to_vec();
        let length = line.len();
        line[at % length] = byte;
        line.truncate(cut.max(1));
        sound(&lines().line(&line))?;
    }

    #[test]
    fn what_is_said_is_heard(text in any::<String>(), id in any::<Option<u64>>(), input in 0u64..1 << 53) {
        let line = serde_json::json!({"type": "answer", "id": id, "text": text, "usage": {"input": input}});
        let usage = Usage { input, ..Usage::default() };
        let said = Said::Answer { message: id, text, usage };
        prop_assert_eq!(lines().line(line.to_string().as_bytes()), [Heard::Kept(said)]);
    }

    #[test]
    fn a_message_is_one_line_and_keeps_its_text(text in any::<String>(), name in any::<String>(), id: u64, again: bool) {
        let from = Actor::User(name);
        let at = Timestamp::from_nanos(1);
        let bytes = lines().deliver(&Delivery { message: id, from: &from, at, text: &text, again });
        prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        let told: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
        prop_assert_eq!(&told["text"], &text);
        prop_assert_eq!(&told["id"], id);
        prop_assert_eq!(&told["again"], again);
        prop_assert_eq!(told["from"].as_str().map(str::to_owned), Some(from.to_string()));
    }
}
