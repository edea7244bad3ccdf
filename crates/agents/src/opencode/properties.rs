//! What no output of a run may do, wherever it is cut and whatever stands between its lines.

use proptest::prelude::*;
use wg_core::chat::Said;

use super::tests::{REFUSED, RUN, fresh};
use crate::conversation::{GARBAGE_MAX, Heard};

fn ends(heard: &[Heard]) -> usize {
    for heard in heard {
        if let Heard::Garbage(text) = heard {
            assert!(text.len() <= GARBAGE_MAX && !text.contains(char::is_control), "{text:?}");
        }
    }
    let ends = |said: &Said| matches!(said, Said::Answer { .. } | Said::Failed { .. } | Said::Unfit { .. });
    heard.iter().filter(|heard| matches!(heard, Heard::Kept(said) if ends(said))).count()
}

#[test]
fn a_run_that_is_read_from_anywhere_ends_once() {
    for text in REFUSED.into_iter().chain([RUN]) {
        let lines: Vec<&str> = text.lines().collect();
        for from in 0..lines.len() {
            let mut run = fresh();
            let heard: Vec<Heard> = lines[from..].iter().flat_map(|line| run.line(line.as_bytes())).collect();
            assert_eq!(ends(&heard), 1, "from line {from}: {heard:#?}");
        }
    }
}

#[test]
fn every_line_may_be_cut_at_every_byte() {
    let mut run = fresh();
    for line in REFUSED.into_iter().chain([RUN]).flat_map(str::lines) {
        for at in 0..line.len() {
            assert_eq!(ends(&run.line(&line.as_bytes()[..at])), 0, "half a line ends nothing");
        }
    }
}

proptest! {
    #[test]
    fn nonsense_between_the_lines_changes_nothing(nonsense in prop::collection::vec(any::<u8>(), 0..200)) {
        let (mut with, mut without) = (fresh(), fresh());
        for line in RUN.lines() {
            let between = with.line(&nonsense);
            prop_assert!(between.iter().all(|heard| matches!(heard, Heard::Garbage(_))), "{:?}", between);
            prop_assert_eq!(with.line(line.as_bytes()), without.line(line.as_bytes()));
        }
    }

    #[test]
    fn a_broken_line_is_read(line in 0usize..40, at in 0usize..4_000, byte: u8) {
        let lines: Vec<&str> = RUN.lines().collect();
        let mut broken = lines[line % lines.len()].as_bytes().to_vec();
        let length = broken.len();
        broken[at % length] = byte;
        prop_assert!(ends(&fresh().line(&broken)) <= 1);
    }
}
