//! What no output of the program may do, wherever it is cut and whatever stands between its lines.

use proptest::prelude::*;
use wg_core::chat::Said;

use super::tests::{ALL, TURNS, adopted, at_work, ends_a_turn, fresh};
use crate::conversation::{Conversation, GARBAGE_MAX, Heard};

/// How many turns end in what is heard; what makes no sense is short and prints.
fn ends(heard: &[Heard]) -> usize {
    for heard in heard {
        match heard {
            Heard::Garbage(text) => {
                assert!(
                    !text.is_empty() && text.len() <= GARBAGE_MAX && !text.contains(char::is_control),
                    "{text:?}"
                );
            }
            Heard::Kept(Said::Session { id }) => assert!((1..=128).contains(&id.len()), "{id:?}"),
            Heard::Reply(bytes) => assert_eq!(bytes.last(), Some(&b'\n')),
            Heard::Kept(_) | Heard::Delta(_) => {}
        }
    }
    heard.iter().filter(|heard| matches!(heard, Heard::Kept(said) if ends_a_turn(said))).count()
}

fn hear(mut talk: Box<dyn Conversation>, lines: &[&str]) -> Vec<Heard> {
    lines.iter().flat_map(|line| talk.line(line.as_bytes())).collect()
}

#[test]
fn transcripts_that_begin_or_end_anywhere_end_no_turn_twice() {
    for (text, turns) in ALL {
        let lines: Vec<&str> = text.lines().collect();
        for from in 0..=lines.len() {
            for talk in [fresh(), adopted()] {
                let heard = hear(talk, &lines[from..]);
                assert!(ends(&heard) <= turns, "from line {from}: {heard:#?}");
            }
        }
    }
}

#[test]
fn every_line_may_be_cut_at_every_byte() {
    for (mut talk, text) in [(fresh(), TURNS), (at_work(), TURNS)] {
        // The first turn has lines of every kind.
        for line in text.lines().take(40) {
            for at in 0..line.len() {
                let heard = talk.line(&line.as_bytes()[..at]);
                assert_eq!(ends(&heard), 0, "half a line ends nothing: {heard:?}");
            }
        }
    }
}

proptest! {
    // Whole transcripts each time.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nonsense_between_the_lines_changes_nothing(nonsense in prop::collection::vec(any::<u8>(), 0..200)) {
        for (mut with, mut without, text) in [(fresh(), fresh(), TURNS), (at_work(), at_work(), TURNS)] {
            for line in text.lines() {
                let between = with.line(&nonsense);
                prop_assert!(between.iter().all(|heard| matches!(heard, Heard::Garbage(_))), "{:?}", between);
                prop_assert_eq!(with.line(line.as_bytes()), without.line(line.as_bytes()));
            }
        }
    }

    #[test]
    fn a_broken_line_is_read(line in 0usize..120, at in 0usize..4_000, byte: u8) {
        for (mut talk, text) in [(fresh(), TURNS), (at_work(), TURNS)] {
            let lines: Vec<&str> = text.lines().collect();
            let mut broken = lines[line % lines.len()].as_bytes().to_vec();
            let length = broken.len();
            broken[at % length] = byte;
            prop_assert!(ends(&talk.line(&broken)) <= 1);
        }
    }
}
