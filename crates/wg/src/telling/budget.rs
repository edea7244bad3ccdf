//! The budget of a task, as it is typed and as it is told.

use wg_core::usage::{Cap, Usage, dollars};

use crate::config::{Kind, Value};

/// A bound as it is typed; `none`, or nothing, takes it away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound(pub Option<u64>);

/// A number of tokens.
pub fn tokens(text: &str) -> Result<Bound, String> {
    bound(Kind::Count(0, u64::MAX), text)
}

/// An amount of dollars, in millionths of one.
pub fn cost(text: &str) -> Result<Bound, String> {
    bound(Kind::Money, text)
}

fn bound(kind: Kind, text: &str) -> Result<Bound, String> {
    if text.is_empty() || text == "none" {
        return Ok(Bound(None));
    }
    match Value::parse(kind, text)? {
        // As a setting it is no bound, as a bound it lets nothing start: neither is guessed at.
        Value::Count(0) | Value::Money(0) => {
            Err("`none` takes the bound away, and `wg pause` keeps a task from starting".to_owned())
        }
        Value::Count(most) | Value::Money(most) => Ok(Bound(Some(most))),
        other => Err(format!("{other} is no bound")),
    }
}

/// How much of it is used, where there is one. Of the cost only what programs told is known.
#[must_use]
pub fn told(budget: &Cap, used: &Usage) -> Option<String> {
    let tokens = budget.tokens.map(|most| format!("{} of {most} tokens used", used.tokens()));
    let cost = budget.cost_micros.map(|most| match used.cost_micros {
        None if !used.is_empty() => format!("no cost known, of at most {}", dollars(most)),
        known => format!("{} of {} used", dollars(known.unwrap_or(0)), dollars(most)),
    });
    let parts: Vec<String> = tokens.into_iter().chain(cost).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_typed_as_a_setting_is_and_none_takes_it_away() {
        assert_eq!(tokens("5000"), Ok(Bound(Some(5_000))));
        assert_eq!(cost("$2.50"), Ok(Bound(Some(2_500_000))));
        for none in ["none", ""] {
            assert_eq!((tokens(none), cost(none)), (Ok(Bound(None)), Ok(Bound(None))));
        }
        for wrong in ["0", "-1", "many", "2.5.1"] {
            assert!(tokens(wrong).is_err() && cost(wrong).is_err(), "{wrong}");
        }
        assert!(tokens("0").unwrap_err().contains("`none`"));
    }

    #[test]
    fn what_nobody_told_is_not_said_to_be_nothing() {
        let cap = |tokens, cost_micros| Cap { tokens, cost_micros };
        let used = |input, cost_micros| Usage { input, cost_micros, ..Usage::default() };
        assert_eq!(told(&Cap::default(), &used(5, None)), None);
        for (budget, used, expected) in [
            (cap(Some(9), None), used(5, None), "5 of 9 tokens used"),
            (cap(None, Some(2_000_000)), used(0, None), "$0.0000 of $2.0000 used"),
            (cap(None, Some(2_000_000)), used(5, None), "no cost known, of at most $2.0000"),
            (
                cap(Some(9), Some(2_000_000)),
                used(5, Some(10_000)),
                "5 of 9 tokens used, $0.0100 of $2.0000 used",
            ),
        ] {
            assert_eq!(told(&budget, &used).as_deref(), Some(expected));
        }
    }
}
