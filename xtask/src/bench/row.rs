//! One line of the table: what was measured, its bound, whether it holds.

use std::fmt;

use super::samples::Samples;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Milliseconds,
    Seconds,
    /// 10^6 bytes.
    Megabytes,
    PerSecond,
    /// So many times as much.
    Times,
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Milliseconds if value < 10.0 => format!("{value:.2} ms"),
            Unit::Milliseconds => format!("{value:.1} ms"),
            Unit::Seconds => format!("{value:.2} s"),
            Unit::Megabytes => format!("{value:.1} MB"),
            Unit::PerSecond => format!("{value:.0}/s"),
            Unit::Times => format!("{value:.2} ×"),
            Unit::Count => format!("{value:.0}"),
        }
    }

    /// A bound is a round number: no digits that nobody asked for.
    fn show_bound(self, value: f64) -> String {
        match self {
            Unit::Milliseconds => format!("{value} ms"),
            Unit::Seconds => format!("{value} s"),
            Unit::Megabytes => format!("{value} MB"),
            Unit::PerSecond => format!("{value}/s"),
            Unit::Times => format!("{value} ×"),
            Unit::Count => format!("{value}"),
        }
    }
}

/// What is required.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Said for comparison.
    None,
}

/// One measurement.
#[derive(Debug, Clone)]
pub struct Row {
    label: String,
    unit: Unit,
    bound: Bound,
    value: f64,
    spread: Option<(f64, f64)>,
    runs: usize,
}

impl Row {
    /// The median of durations, in milliseconds or seconds.
    pub fn of_times(label: impl Into<String>, unit: Unit, bound: Bound, times: &Samples) -> Self {
        let factor = if unit == Unit::Milliseconds { 1e3 } else { 1.0 };
        Self {
            label: label.into(),
            unit,
            bound,
            value: times.median() * factor,
            spread: Some((times.min() * factor, times.max() * factor)),
            runs: times.len(),
        }
    }

    /// The median of numbers that are in `unit` already.
    pub fn of_values(label: impl Into<String>, unit: Unit, bound: Bound, values: &Samples) -> Self {
        let spread = Some((values.min(), values.max()));
        Self { label: label.into(), unit, bound, value: values.median(), spread, runs: values.len() }
    }

    /// One number with no spread.
    pub fn of_one(label: impl Into<String>, unit: Unit, bound: Bound, value: f64) -> Self {
        Self { label: label.into(), unit, bound, value, spread: None, runs: 1 }
    }

    /// What identifies the row in a stored table.
    pub fn label(&self) -> &str {
        &self.label
    }

    fn holds(&self) -> &'static str {
        let holds = match self.bound {
            Bound::AtMost(most) => self.value <= most,
            Bound::AtLeast(least) => self.value >= least,
            Bound::None => return "",
        };
        if holds { "yes" } else { "**no**" }
    }

    /// The row as a line of a Markdown table.
    pub fn markdown(&self) -> String {
        let bound = match self.bound {
            Bound::AtMost(most) => format!("≤ {}", self.unit.show_bound(most)),
            Bound::AtLeast(least) => format!("≥ {}", self.unit.show_bound(least)),
            Bound::None => String::new(),
        };
        let spread = self.spread.map_or_else(String::new, |(min, max)| {
            format!("{} – {}", self.unit.show(min), self.unit.show(max))
        });
        let measured = self.unit.show(self.value);
        format!("| {} | {bound} | {measured} | {spread} | {} | {} |", self.label, self.runs, self.holds())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match self.holds() {
            "**no**" => "  <-- does not hold",
            _ => "",
        };
        write!(out, "{}: {}{holds}", self.label, self.unit.show(self.value))
    }
}

/// The first two lines of every table.
pub const HEAD: &str =
    "| what | required | median | least – most | runs | holds |\n|---|---|---|---|---|---|";

/// The whole table.
pub fn table(rows: &[Row]) -> String {
    let lines: Vec<String> = rows.iter().map(Row::markdown).collect();
    format!("{HEAD}\n{}", lines.join("\n"))
}

/// `100000` as `100,000`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{Bound, Row, Samples, Unit, thousands};

    #[test]
    fn a_row_says_bound_median_spread_and_whether_it_holds() {
        let times = Samples::of(vec![0.004, 0.012, 0.005]);
        let row = Row::of_times("add", Unit::Milliseconds, Bound::AtMost(8.0), &times);
        assert_eq!(row.markdown(), "| add | ≤ 8 ms | 5.00 ms | 4.00 ms – 12.0 ms | 3 | yes |");
        let row = Row::of_times("add", Unit::Milliseconds, Bound::AtMost(4.9), &times);
        assert!(row.markdown().ends_with("| **no** |"));
        let row = Row::of_one("rate", Unit::PerSecond, Bound::AtLeast(150.0), 149.0);
        assert_eq!(row.markdown(), "| rate | ≥ 150/s | 149/s |  | 1 | **no** |");
    }

    #[test]
    fn a_count_of_zero_holds_its_bound() {
        let row = Row::of_one("wake-ups", Unit::Count, Bound::AtMost(0.0), 0.0);
        assert_eq!(row.markdown(), "| wake-ups | ≤ 0 | 0 |  | 1 | yes |");
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([999, 1000, 100_000, 1_234_567].map(thousands), ["999", "1,000", "100,000", "1,234,567"]);
    }
}
