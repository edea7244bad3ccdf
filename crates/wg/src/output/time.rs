//! Times for people: how long ago or how far off, the exact one on request; and times that people give.

use std::time::Duration;

use wg_core::time::{Timestamp, format_span, parse_span};

use crate::error::{Failure, Result};

/// From here on a date says more than a number of days.
const DATE_AFTER: Duration = Duration::from_secs(60 * 86_400);

/// `3m ago`, `in 2h`, `2026-04-27`.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let (span, past) = if at <= now { (now.since(at), true) } else { (at.since(now), false) };
    if span > DATE_AFTER {
        return at.to_string().chars().take(10).collect();
    }
    if span < Duration::from_secs(1) {
        return "just now".into();
    }
    let span = coarse(span);
    if past { format!("{span} ago") } else { format!("in {span}") }
}

/// A span as its largest unit, two below a quarter of an hour: `45s`, `3m20s`, `40m`, `5h`, `12d`.
#[must_use]
pub fn coarse(span: Duration) -> String {
    let s = span.as_secs();
    match s {
        0..900 => format_span(if s == 0 { span } else { Duration::from_secs(s) }),
        900..5_400 => format!("{}m", s / 60),
        5_400..172_800 => format!("{}h", s / 3_600),
        _ => format!("{}d", s / 86_400),
    }
}

/// Reads a time as people give it: a span from now (`90s`, `2h`, `1d`), a date, or a whole time.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Ok(span) = parse_span(text) {
        return Ok(now.plus(span));
    }
    let dated = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    dated.parse().map_err(|_| {
        Failure::usage(format!("{text:?} is no time"))
            .hint("give a span from now (90s, 2h, 1d), a date (2026-12-24) or a time (2026-12-24T18:00:00Z)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_how_long_ago() {
        let now: Timestamp = "2026-04-27T12:00:00Z".parse().unwrap();
        for (at, said) in [
            ("2026-04-27T12:00:00Z", "just now"),
            ("2026-04-27T11:59:15Z", "45s ago"),
            ("2026-04-27T11:56:40Z", "3m20s ago"),
            ("2026-04-27T11:20:00Z", "40m ago"),
            ("2026-04-27T14:00:30Z", "in 2h"),
            ("2026-04-15T12:00:00Z", "12d ago"),
            ("2025-01-02T12:00:00Z", "2025-01-02"),
        ] {
            assert_eq!(relative(at.parse().unwrap(), now), said);
        }
    }

    #[test]
    fn people_give_spans_dates_and_times() {
        let now: Timestamp = "2026-04-27T12:00:00Z".parse().unwrap();
        let parsed = |text: &str| parse(text, now).unwrap().to_string();
        assert_eq!(parsed("2h"), "2026-04-27T14:00:00.000000000+00:00");
        assert_eq!(parsed("2026-12-24"), "2026-12-24T00:00:00.000000000+00:00");
        assert_eq!(parsed("2026-12-24T18:00:00+02:00"), "2026-12-24T16:00:00.000000000+00:00");
        assert!(parse("soon", now).is_err());
    }
}
