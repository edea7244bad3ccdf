//! How values become columns: records as JSON, lanes and effect states as small values, and a sum over every
//! text, so that a bit that the disk turned is noticed when it is read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wg_core::chat::InboxState;
use wg_core::effect::{EffectKind, EffectState};

/// A record as JSON.
pub(crate) fn encode<T: Serialize>(record: &T) -> String {
    serde_json::to_string(record).expect("records have text keys and serialise without conditions")
}

/// A record from JSON.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

/// A sum over texts and their lengths. Each step is a bijection of the state for a given word and of the
/// word for a given state, so that any change within one word of eight bytes changes the sum.
pub(crate) fn sum(parts: &[&[u8]]) -> i64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |state: u64, word: u64| (state ^ word).wrapping_mul(ODD).rotate_left(29);
    let mut state = ODD;
    for part in parts {
        state = step(state, part.len() as u64);
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            state = step(state, u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        state = step(state, u64::from_le_bytes(last));
    }
    state.cast_signed()
}

/// The sum of a row with a time, another number, a name and a text, as most have them.
pub(crate) fn row_sum(numbers: [i64; 2], name: &str, text: &str) -> i64 {
    sum(&[&numbers[0].to_le_bytes(), &numbers[1].to_le_bytes(), name.as_bytes(), text.as_bytes()])
}

/// A lane as a key of an index, which can't be absent.
pub(crate) fn lane_key(lane: Option<&str>) -> String {
    lane.map(|name| format!("+{name}")).unwrap_or_default()
}

/// The lane key of tasks that are a chat's place in the graph: no adapter's, so that nothing serves it.
pub(crate) const CHATS: &str = ".";

/// The lane of a key.
pub(crate) fn lane_of(key: &str) -> Option<String> {
    key.strip_prefix('+').map(str::to_owned)
}

/// The stored number of an effect's kind.
pub(crate) fn effect_kind(kind: EffectKind) -> i64 {
    match kind {
        EffectKind::Launch => 0,
        EffectKind::Kill => 1,
    }
}

/// The kind that a stored number means.
pub(crate) fn effect_kind_of(number: i64) -> Option<EffectKind> {
    match number {
        0 => Some(EffectKind::Launch),
        1 => Some(EffectKind::Kill),
        _ => None,
    }
}

/// The stored form of an effect's state: a number, and the host that has claimed it.
pub(crate) fn effect_state(state: &EffectState) -> (i64, Option<&str>) {
    match state {
        EffectState::Pending => (0, None),
        EffectState::Claimed(host) => (1, Some(host)),
        EffectState::Settled => (2, None),
    }
}

/// The state that a stored form means.
pub(crate) fn effect_state_of(number: i64, host: Option<String>) -> Option<EffectState> {
    match (number, host) {
        (0, None) => Some(EffectState::Pending),
        (1, Some(host)) => Some(EffectState::Claimed(host)),
        (2, None) => Some(EffectState::Settled),
        _ => None,
    }
}

/// The stored number of how a message to a chat stands.
pub(crate) fn inbox_state(state: InboxState) -> i64 {
    match state {
        InboxState::Waiting => 0,
        InboxState::SetAside => 1,
        InboxState::Answered => 2,
    }
}

/// The state that a stored number means.
pub(crate) fn inbox_state_of(number: i64) -> Option<InboxState> {
    match number {
        0 => Some(InboxState::Waiting),
        1 => Some(InboxState::SetAside),
        2 => Some(InboxState::Answered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_turned_bit_changes_the_sum() {
        let text = b"a body of thirty-five bytes, or so.".to_vec();
        let whole = sum(&[&text, b"x"]);
        for bit in 0..text.len() * 8 {
            let mut turned = text.clone();
            turned[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(sum(&[&turned, b"x"]), whole, "bit {bit}");
        }
        assert_ne!(sum(&[b"ab", b"c"]), sum(&[b"a", b"bc"]));
        assert_ne!(sum(&[b"a"]), sum(&[b"a\0"]));
    }

    #[test]
    fn a_lane_without_a_name_is_not_the_lane_without_an_adapter() {
        for lane in [None, Some(""), Some("shell")] {
            assert_eq!(lane_of(&lane_key(lane)).as_deref(), lane);
        }
    }
}
