//! What no output of an agent may do, wherever it is cut and whatever stands between its lines.

use proptest::prelude::*;
use wg_core::chat::Said;

use super::tests::{ALL, TURNS, ends_a_turn, fresh, taken_over};
use crate::conversation::{GARBAGE_MAX, Heard};

/// How many turns end in what is heard; what makes no sense is short and prints; what is told is lines.
fn ends(heard: &[Heard]) -> usize {
    for heard in heard {
        match heard {
            Heard::Garbage(text) => {
                assert!(
                    !text.is_empty() && text.len() <= GARBAGE_MAX && !text.contains(char::is_control),
                    "{text:?}"
                );
            }
            Heard::Kept(Said::Session { id }) => assert!((1..=1_024).contains(&id.len()), "{id:?}"),
            Heard::Reply(bytes) => assert_eq!(bytes.iter().position(|b| *b == b'\n'), Some(bytes.len() - 1)),
            Heard::Kept(_) | Heard::Delta(_) => {}
        }
    }
    heard.iter().filter(|heard| matches!(heard, Heard::Kept(said) if ends_a_turn(said))).count()
}

#[test]
fn transcripts_that_begin_anywhere_end_no_turn_twice() {
    for (text, turns) in ALL {
        let lines: Vec<&str> = text.lines().collect();
        for from in 0..=lines.len() {
            for mut talk in [fresh(), taken_over()] {
                let heard: Vec<Heard> =
                    lines[from..].iter().flat_map(|line| talk.line(line.as_bytes())).collect();
                assert!(ends(&heard) <= turns, "from line {from}: {heard:#?}");
            }
        }
    }
}

#[test]
fn every_line_may_be_cut_at_every_byte() {
    let mut talk = fresh();
    for line in TURNS.lines() {
        for at in 0..line.len() {
            let heard = talk.line(&line.as_bytes()[..at]);
            assert_eq!(ends(&heard), 0, "half a line ends nothing: {heard:?}");
        }
    }
}

proptest! {
    #[test]
    fn nonsense_between_the_lines_changes_nothing(nonsense in prop::collection::vec(any::<u8>(), 0..200)) {
        let (mut with, mut without) = (fresh(), fresh());
        for line in TURNS.lines() {
            let between = with.line(&nonsense);
            prop_assert!(between.iter().all(|heard| matches!(heard, Heard::Garbage(_))), "{:?}", between);
            prop_assert_eq!(with.line(line.as_bytes()), without.line(line.as_bytes()));
        }
    }

    #[test]
    fn a_broken_line_is_read(line in 0usize..40, at in 0usize..4_000, byte: u8) {
        let lines: Vec<&str> = TURNS.lines().collect();
        let mut broken = lines[line % lines.len()].as_bytes().to_vec();
        let length = broken.len();
        broken[at % length] = byte;
        prop_assert!(ends(&fresh().line(&broken)) <= 1);
    }
}
