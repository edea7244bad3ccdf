//! Lines of JSON that programs print, read totally: what is not there or of another kind is nothing.

use serde_json::Value;

/// The largest count that is taken for one (2⁵³, up to where JSON's numbers are exact everywhere).
const COUNT_MAX: u64 = 1 << 53;
/// Longest name of a model that is kept, in bytes; more is cut off.
const MODEL_MAX: usize = 256;
/// Longest description of a tool call, in bytes; more is cut off.
const DETAIL_MAX: usize = 4 * 1024;

/// The object that a line holds.
pub(crate) fn object(bytes: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(bytes);
    let value = serde_json::from_str::<Value>(&text).or_else(|_| serde_json::from_str(&whole_pairs(&text)));
    value.ok().filter(Value::is_object)
}

/// A line with this on it.
pub(crate) fn line(value: &Value) -> Vec<u8> {
    let mut line = value.to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Zero where it is no count.
pub(crate) fn count(value: &Value) -> u64 {
    value.as_f64().and_then(whole).unwrap_or(0)
}

/// The nearest whole number, where it is one that can be counted to.
pub(crate) fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ is exact")]
    let fits = (0.0..=COUNT_MAX as f64).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    fits.then_some(number.round() as u64)
}

/// The name of a model.
pub(crate) fn model(value: &Value) -> Option<String> {
    value.as_str().filter(|model| !model.is_empty()).map(|model| cut(model, MODEL_MAX))
}

/// What a tool was used for, in a line.
pub(crate) fn detail(text: &str) -> String {
    let line: String = cut(text, DETAIL_MAX).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// At most so many bytes of it.
pub(crate) fn cut(text: &str, max: usize) -> String {
    text[..text.floor_char_boundary(max)].to_owned()
}

/// The same with half surrogate pairs replaced: some programs write what they cut in the middle of a character
/// that way, and that is no reason to lose an answer.
fn whole_pairs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (piece, length) = match (half(escape), escape.get(6..).and_then(half)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (&escape[..12], 12),
            (Some(_), _) => ("\\ufffd", 6),
            (None, _) => {
                // The character after it belongs to it, whatever it is.
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (&escape[..length], length)
            }
        };
        out.push_str(piece);
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The half of a surrogate pair that begins here, where one does.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let unit = u32::from_str_radix(digits, 16).ok()?;
    (0xd800..=0xdfff).contains(&unit).then_some(unit)
}
