//! Runs drawn along a time axis, at half a column's resolution.

use std::time::Duration;

use wg_core::time::Timestamp;

use super::scene::{Row, Stand};
use super::styled::Styled;
use crate::output::style::Tone;

/// The time axis.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Where it begins.
    pub from: Timestamp,
    /// How much time it shows.
    pub span: Duration,
    /// In how many columns.
    pub columns: usize,
}

/// What stands in half a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Nothing,
    Run(Tone),
    Pause,
}

impl Axis {
    fn halves(&self, at: Timestamp) -> usize {
        let share = at.since(self.from).as_secs_f64() / self.span.as_secs_f64().max(f64::EPSILON);
        let most = self.columns * 2;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and the columns"
        )]
        let halves = (share.clamp(0.0, 1.0) * most as f64).round() as usize;
        halves.min(most)
    }

    /// The runs of a task.
    #[must_use]
    pub fn draw(&self, row: &Row, now: Timestamp) -> Styled {
        let mut halves = vec![Half::Nothing; self.columns * 2];
        for run in &row.runs {
            let tone = match (&run.to, &run.bad) {
                (None, _) => Tone::Blue,
                (Some(_), None) => Tone::Green,
                (Some(_), Some(_)) => Tone::Red,
            };
            // However short it was, it is seen.
            let (from, to) = (self.halves(run.from), self.halves(run.to.unwrap_or(now)));
            let from = from.min(halves.len().saturating_sub(1));
            let to = to.max(from + 1).min(halves.len());
            halves[from..to].fill(Half::Run(tone));
        }
        if let (Stand::Again(_), Some(over)) = (&row.stand, row.runs.last().and_then(|run| run.to)) {
            let (from, to) = (self.halves(over), self.halves(now));
            halves[from..to.max(from)].fill(Half::Pause);
        }
        halves.chunks(2).fold(Styled::default(), |line, pair| {
            let (sign, tone) = match (pair[0], pair[1]) {
                (Half::Run(_), Half::Run(tone)) => ("━", tone),
                (Half::Run(tone), _) => ("╸", tone),
                (_, Half::Run(tone)) => ("╺", tone),
                (Half::Pause, _) | (_, Half::Pause) => ("·", Tone::Yellow),
                (Half::Nothing, Half::Nothing) => (" ", Tone::Plain),
            };
            line.and(sign, tone)
        })
    }
}

/// A bar that is filled to `part` of `whole`.
#[must_use]
pub fn progress(part: usize, whole: usize, columns: usize, tone: Tone) -> Styled {
    let filled = (columns * part).checked_div(whole).unwrap_or(0);
    Styled::of("━".repeat(filled), tone).and("─".repeat(columns - filled), Tone::Dim)
}

#[cfg(test)]
mod tests {
    use wg_core::id::AttemptRef;

    use super::super::scene::Run;
    use super::*;
    use crate::output::Paint;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    fn run(from: i64, to: Option<i64>, bad: bool) -> Run {
        Run { attempt: AttemptRef(1), from: at(from), to: to.map(at), bad: bad.then(String::new) }
    }

    fn drawn(runs: Vec<Run>, stand: Stand, now: i64) -> String {
        let row = Row { id: "a".into(), stand, runs, said: None, filed_by: None };
        let axis = Axis { from: at(0), span: Duration::from_secs(10), columns: 10 };
        axis.draw(&row, at(now)).paint(10, Paint { on: false })
    }

    #[test]
    fn runs_stand_where_they_were_in_time() {
        assert_eq!(drawn(vec![run(0, Some(5_000), false)], Stand::Done, 6_000), "━━━━━");
        assert_eq!(drawn(vec![run(2_000, None, false)], Stand::Ready, 4_500), "  ━━╸");
        let again = Stand::Again(at(9_000));
        assert_eq!(drawn(vec![run(0, Some(1_500), true)], again, 4_000), "━╸··");
        let two = vec![run(0, Some(1_500), true), run(3_500, Some(5_000), false)];
        assert_eq!(drawn(two, Stand::Done, 8_000), "━╸ ╺━");
    }

    #[test]
    fn nothing_leaves_the_axis() {
        assert_eq!(drawn(vec![run(30_000, None, false)], Stand::Ready, 40_000).chars().count(), 10);
        assert_eq!(drawn(vec![run(0, Some(1), false)], Stand::Done, 1), "╸");
        let axis = Axis { from: at(0), span: Duration::ZERO, columns: 0 };
        let row = Row {
            id: "a".into(),
            stand: Stand::Done,
            runs: vec![run(0, None, false)],
            said: None,
            filed_by: None,
        };
        assert_eq!(axis.draw(&row, at(5)).width(), 0);
    }
}
