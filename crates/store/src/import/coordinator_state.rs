//! `service/coordinator-state-N.json` of the other program: the settings of a chat's supervisor.
//!
//! Read where old state is taken over, never by an import: what it says concerns a process, not the graph.

use serde_json::Value;

use super::fields::Fields;
use super::problem::Unreadable;

/// The largest such file that is read, in bytes: real ones have some hundred.
pub const SIZE_MAX: usize = 1024 * 1024;

const PREFIX: &str = "coordinator-state-";
const SUFFIX: &str = ".json";

/// What such a file says, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinatorState {
    /// Of which chat; may be 0, as the first one of older programs was.
    pub number: u64,
    /// Whether its supervisor started it at all; so where the file does not say.
    pub enabled: bool,
    /// Whether a person had paused it.
    pub paused: bool,
    /// The program that served it.
    pub executor: Option<String>,
    /// Its model.
    pub model: Option<String>,
}

/// The number of the chat that a file of this name is about; `None` where it is no such file.
#[must_use]
pub fn number(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| plain)
}

/// Reads a file's bytes. Whatever they are, the answer is a state or a reason; fields that are not known here
/// are passed over.
pub fn parse(number: u64, bytes: &[u8]) -> Result<CoordinatorState, Unreadable> {
    if bytes.len() > SIZE_MAX {
        return Err(Unreadable::TooLong { bytes: bytes.len() as u64, max: SIZE_MAX });
    }
    let text = std::str::from_utf8(bytes).map_err(|e| Unreadable::Utf8 { at: e.valid_up_to() + 1 })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut fields = match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(object)) => Fields(object),
        Ok(other) => return Err(Unreadable::NotAnObject { found: super::fields::kind(&other) }),
        Err(error) => return Err(Unreadable::json(&error)),
    };
    // False says something here: it is the one that differs from what holds without a word.
    let enabled = match fields.0.remove("enabled") {
        None | Some(Value::Null) => true,
        Some(Value::Bool(enabled)) => enabled,
        Some(other) => return Err(super::fields::wrong("enabled", "true or false", &other)),
    };
    Ok(CoordinatorState {
        number,
        enabled,
        paused: fields.flag("paused")?,
        executor: fields.text("executor")?,
        model: fields.text("model")?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state(number: u64) -> CoordinatorState {
        CoordinatorState { number, enabled: true, paused: false, executor: None, model: None }
    }

    #[test]
    fn a_file_is_told_by_its_name() {
        assert_eq!(number("coordinator-state-3.json"), Some(3));
        assert_eq!(number("coordinator-state-0.json"), Some(0));
        for name in [
            "coordinator-state-.json",
            "coordinator-state-03.json",
            "coordinator-state-+3.json",
            "coordinator-state-3.json.migrated",
            "coordinator-state-99999999999999999999.json",
            "coordinator-state.json",
            "",
        ] {
            assert_eq!(number(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_not_said_is_as_it_was_without_the_file() {
        assert_eq!(parse(3, b"{}"), Ok(state(3)));
        assert_eq!(parse(3, b"{\"enabled\":null,\"model\":\"\",\"accumulated\":[1]}"), Ok(state(3)));
        let full = br#"{"enabled":false,"paused":true,"executor":"claude","model":"opus","ticks":9}"#;
        let expected = CoordinatorState {
            enabled: false,
            paused: true,
            executor: Some("claude".into()),
            model: Some("opus".into()),
            ..state(0)
        };
        assert_eq!(parse(0, full), Ok(expected));
    }

    #[test]
    fn garbage_is_told_and_nothing_else() {
        for (bytes, told) in [
            (&b""[..], "no JSON at column 0: EOF while parsing a value"),
            (b"[1]", "an object is needed, this is a list"),
            (b"\xff", "byte 1 is not UTF-8"),
            (br#"{"enabled":"yes"}"#, "enabled should be true or false, but is a text"),
            (br#"{"paused":1}"#, "paused should be true or false, but is a number"),
            (br#"{"model":{"x":1}}"#, "model should be a text, but is an object"),
        ] {
            let said = parse(1, bytes).map_err(|why| why.to_string());
            assert_eq!(said, Err(told.to_owned()));
        }
        assert!(parse(1, &vec![b' '; SIZE_MAX + 1]).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_have_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(1, &bytes);
        }

        #[test]
        fn any_fields_have_an_answer(
            enabled in "(true|false|null|0|\"\"|\\[\\]|\\{)",
            paused in "(true|false|null|3|\"x\")",
            model in "(null|\"opus\"|1|\\{\\})",
        ) {
            let text = format!("{{\"enabled\":{enabled},\"paused\":{paused},\"model\":{model}}}");
            if let Ok(state) = parse(7, text.as_bytes()) {
                prop_assert_eq!(state.number, 7);
                prop_assert_eq!(state.enabled, enabled != "false");
            }
        }
    }
}
