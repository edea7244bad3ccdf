//! Values of settings: their kinds, how they are read from a file or a word, and how they are written.

use std::fmt;
use std::time::Duration;

use toml_edit::{Array, Item, Value as Toml};
use wg_core::policy::Rule;
use wg_core::time::parse_span;

use super::rules;

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A number between two bounds, both included.
    Count(u64, u64),
    /// A word.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A span of time, `90s`, `1h30m`.
    Span,
    /// A number of bytes, `16MB`.
    Size,
    /// An amount of dollars, `2.50`.
    Money,
    /// A list of words.
    Words,
    /// A list of rules.
    Rules,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(least, most) => write!(f, "number from {least} to {most}"),
            Self::Text => f.write_str("text"),
            Self::Choice(words) => write!(f, "word of these: {}", words.join(", ")),
            Self::Span => f.write_str("span of time (90s, 30m, 1h30m, 7d)"),
            Self::Size => f.write_str("size (500KB, 16MB, 2GB)"),
            Self::Money => f.write_str("amount of dollars (10, 0.50)"),
            Self::Words => f.write_str("list of words"),
            Self::Rules => f.write_str("list of rules (docs=claude:haiku, hard=:opus)"),
        }
    }
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Count`].
    Count(u64),
    /// Of [`Kind::Text`] or [`Kind::Choice`].
    Text(String),
    /// Of [`Kind::Span`].
    Span(Duration),
    /// Of [`Kind::Size`], in bytes.
    Size(u64),
    /// Of [`Kind::Money`], in millionths of a dollar.
    Money(u64),
    /// Of [`Kind::Words`].
    Words(Vec<String>),
    /// Of [`Kind::Rules`].
    Rules(Vec<Rule>),
}

/// A dollar in millionths.
const DOLLAR: u64 = 1_000_000;
const UNITS: [(&str, u64); 4] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1)];

impl Value {
    /// Reads a word, as the environment and the command line give it; the error says what is wanted.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let wanted = || format!("{text:?} is no {kind}");
        match kind {
            Kind::Count(least, most) => {
                let count = text.trim().parse().ok().filter(|n| (least..=most).contains(n));
                count.map(Self::Count).ok_or_else(wanted)
            }
            Kind::Text if text.trim().is_empty() => Err("it can't be empty".into()),
            Kind::Text => Ok(Self::Text(text.to_owned())),
            Kind::Choice(words) => match words.contains(&text.trim()) {
                true => Ok(Self::Text(text.trim().to_owned())),
                false => Err(wanted()),
            },
            Kind::Span => parse_span(text).map(Self::Span).map_err(|_| wanted()),
            Kind::Size => size(text).map(Self::Size).ok_or_else(wanted),
            Kind::Money => money(text).map(Self::Money).ok_or_else(wanted),
            Kind::Words => {
                let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
                Ok(Self::Words(words.map(str::to_owned).collect()))
            }
            Kind::Rules => rules::parse(text).map(Self::Rules),
        }
    }

    /// Reads a value of a configuration file; the error says what is wanted.
    pub fn from_toml(kind: Kind, item: &Item) -> Result<Self, String> {
        if kind == Kind::Rules {
            return rules::from_toml(item).map(Self::Rules);
        }
        match (kind, item.as_value()) {
            (Kind::Words, Some(Toml::Array(array))) => array
                .iter()
                .map(|word| word.as_str().map(str::to_owned))
                .collect::<Option<Vec<String>>>()
                .map(Self::Words)
                .ok_or_else(|| format!("it takes a {kind}")),
            (Kind::Count(..) | Kind::Size | Kind::Money, Some(Toml::Integer(number))) => {
                Self::parse(kind, &number.value().to_string())
            }
            (Kind::Money, Some(Toml::Float(number))) => Self::parse(kind, &number.value().to_string()),
            (
                Kind::Text | Kind::Choice(_) | Kind::Span | Kind::Size | Kind::Money,
                Some(Toml::String(text)),
            ) => Self::parse(kind, text.value()),
            _ => Err(format!("it takes a {kind}")),
        }
    }

    /// The value as a configuration file has it.
    #[must_use]
    pub fn to_toml(&self) -> Toml {
        match self {
            Self::Count(count) => Toml::from(i64::try_from(*count).unwrap_or(i64::MAX)),
            Self::Words(words) => Toml::Array(words.iter().map(String::as_str).collect::<Array>()),
            Self::Rules(rules) => rules::to_toml(rules),
            Self::Text(_) | Self::Span(_) | Self::Size(_) | Self::Money(_) => Toml::from(self.to_string()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Text(text) => f.write_str(text),
            Self::Span(span) => f.write_str(&whole(*span)),
            Self::Size(bytes) => {
                let whole = UNITS.iter().find(|(_, unit)| bytes % unit == 0).unwrap_or(&UNITS[3]);
                write!(f, "{}{}", bytes / whole.1, whole.0)
            }
            Self::Money(micros) => {
                let cents = format!("{}.{:06}", micros / DOLLAR, micros % DOLLAR);
                f.write_str(cents.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::Words(words) => f.write_str(&words.join(",")),
            Self::Rules(rules) => rules::write(rules, f),
        }
    }
}

impl serde::Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => to.serialize_u64(*count),
            Self::Words(words) => words.serialize(to),
            Self::Rules(rules) => rules.serialize(to),
            Self::Text(_) | Self::Span(_) | Self::Size(_) | Self::Money(_) => to.collect_str(self),
        }
    }
}

/// A span with all of its units, so that reading it gives the same: `1d2h3m`, `1s500ms`.
fn whole(span: Duration) -> String {
    const UNITS: [(&str, u128); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut left = span.as_millis();
    let mut text = String::new();
    for (name, unit) in UNITS {
        if left >= unit {
            text.push_str(&format!("{}{name}", left / unit));
            left %= unit;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (digits, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit))).unwrap_or((text, 1));
    digits.trim().parse::<u64>().ok()?.checked_mul(unit)
}

/// Millionths of a dollar; smaller parts are refused.
fn money(text: &str) -> Option<u64> {
    let text = text.trim();
    let text = text.strip_prefix('$').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || text.ends_with('.') || part.len() > 6 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(DOLLAR)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_kind_are_read_and_written() {
        for (kind, text, written) in [
            (Kind::Count(1, 9), "4", "4"),
            (Kind::Text, "shell", "shell"),
            (Kind::Choice(&["a", "b"]), "b", "b"),
            (Kind::Span, "90m", "1h30m"),
            (Kind::Span, "1500ms", "1s500ms"),
            (Kind::Span, "26h3m", "1d2h3m"),
            (Kind::Span, "0", "0s"),
            (Kind::Size, "2000MB", "2GB"),
            (Kind::Size, "1500", "1500B"),
            (Kind::Money, "$10", "10"),
            (Kind::Money, "2.50", "2.5"),
            (Kind::Money, "0", "0"),
            (Kind::Words, "A, B,,", "A,B"),
            (Kind::Rules, " docs = claude:haiku,hard=:opus,x=codex,", "docs=claude:haiku,hard=:opus,x=codex"),
        ] {
            assert_eq!(Value::parse(kind, text).map(|value| value.to_string()), Ok(written.to_owned()));
        }
        for (kind, text) in [
            (Kind::Count(1, 9), "10"),
            (Kind::Count(1, 9), "many"),
            (Kind::Text, " "),
            (Kind::Span, "soon"),
            (Kind::Size, "2TB"),
            (Kind::Rules, "docs"),
            (Kind::Rules, "=claude"),
            (Kind::Rules, "docs="),
            (Kind::Rules, "docs=:"),
            (Kind::Money, "ten"),
            (Kind::Money, "-1"),
            (Kind::Money, "1."),
            (Kind::Money, "0.0000001"),
        ] {
            assert!(Value::parse(kind, text).is_err(), "{text}");
        }
    }
}
