//! How a scene looks on a terminal, at any size: pure, so that tests can look at it.

use std::time::Duration;

use wg_core::time::Timestamp;

use super::chart::{Axis, progress};
use super::scene::{Row, Scene, Stand};
use super::story;
use super::styled::Styled;
use crate::output::style::Tone;

/// The time axis while it is not known how long everything takes; it doubles when that is not enough.
const AXIS: Duration = Duration::from_secs(8);
/// From so many columns on, runs are drawn along a time axis.
const WITH_CHART: usize = 64;
/// From so many columns on, there is a note beside a task.
const WITH_NOTE: usize = 36;
/// Columns of that note that the time axis leaves it.
const NOTE: usize = 30;
/// Lines that are said below the last picture, and the one that the cursor is on then.
const SAID_BELOW: usize = 8;
const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Everything that a picture is made of, but for its size.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is seen.
    pub scene: &'a Scene,
    /// Now.
    pub now: Timestamp,
    /// The how-many-th picture it is: what spins, spins by this.
    pub turn: usize,
    /// Agents that may run at once.
    pub slots: usize,
}

/// The picture of what goes on, at most `height` lines of which none needs more than `width` columns.
#[must_use]
pub fn live(view: View<'_>, width: usize, height: usize) -> Vec<Styled> {
    let bar = status(view, width);
    // What is left out first, where it does not fit: what was said, then tasks that are done or not yet begun.
    let rows = rows(view, width, height.saturating_sub(4).max(1));
    let mut lines = Vec::with_capacity(height);
    if height > rows.len() + 3 {
        lines.extend([title(view), Styled::default()]);
    }
    lines.extend(rows);
    if height > lines.len() + 1 {
        lines.push(Styled::default());
    }
    lines.push(bar);
    let room = height.saturating_sub(lines.len() + 1).min(3);
    if room > 0 && width >= WITH_NOTE {
        lines.push(Styled::default());
        let skip = view.scene.said.len().saturating_sub(room);
        for (task, said) in &view.scene.said[skip..] {
            lines.push(Styled::of(format!("  {task}: "), Tone::Dim).and(said.clone(), Tone::Dim));
        }
    }
    lines.truncate(height);
    lines
}

/// The picture that stays: every task, and how it went. With a title where that leaves the first task on a
/// screen of this height, together with what is said below.
#[must_use]
pub fn last(view: View<'_>, width: usize, height: usize) -> Vec<Styled> {
    let mut lines = rows(view, width, usize::MAX);
    if height >= lines.len() + SAID_BELOW + 4 {
        lines.splice(0..0, [title(view), Styled::default()]);
    }
    lines.push(Styled::default());
    lines.push(status(view, width));
    lines
}

fn title(view: View<'_>) -> Styled {
    let agents = format!(" · {} agents", view.slots);
    Styled::of("  wg quickstart", Tone::Bold)
        .and("  ", Tone::Plain)
        .and(story::ABOUT, Tone::Plain)
        .and(agents, Tone::Dim)
}

fn rows(view: View<'_>, width: usize, most: usize) -> Vec<Styled> {
    let all = &view.scene.rows;
    let widest = all.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let shown = shown(all, most);
    let left_out = all.len() - shown.len();
    let mut lines: Vec<Styled> = shown.into_iter().map(|row| line(row, view, width, widest)).collect();
    if left_out > 0 && lines.len() > 1 {
        lines.pop();
        lines.push(Styled::of(format!("    and {} more", left_out + 1), Tone::Dim));
    }
    lines
}

/// The rows that are shown where there is room for `most`: those where something happens go first.
fn shown(all: &[Row], most: usize) -> Vec<&Row> {
    let weight = |row: &Row| match row.stand {
        Stand::Running(_) | Stand::Again(_) | Stand::Failed(_) => 0,
        Stand::Ready | Stand::Held => 1,
        Stand::After(_) => 2,
        Stand::Done => 3,
    };
    let mut by_weight: Vec<usize> = (0..all.len()).collect();
    by_weight.sort_by_key(|index| weight(&all[*index]));
    by_weight.truncate(most);
    by_weight.sort_unstable();
    by_weight.into_iter().map(|index| &all[index]).collect()
}

fn line(row: &Row, view: View<'_>, width: usize, widest: usize) -> Styled {
    let (sign, tone) = match &row.stand {
        Stand::Done => ("✓", Tone::Green),
        Stand::Failed(_) => ("✗", Tone::Red),
        Stand::Running(_) => (SPINNER[view.turn % SPINNER.len()], Tone::Blue),
        Stand::Again(_) => ("↻", Tone::Yellow),
        Stand::Held => ("‖", Tone::Yellow),
        Stand::Ready => ("○", Tone::Plain),
        Stand::After(_) => ("○", Tone::Dim),
    };
    let dim_name = matches!(row.stand, Stand::After(_));
    let indent = if width >= 30 { "  " } else { "" };
    let taken = indent.len() + 2;
    let took = took(row, view.now);
    // `0.0s` and a gap on either side.
    let with_time = width >= taken + 8 + 7;
    let name = widest.min(width.saturating_sub(taken + if with_time { 7 } else { 0 }));
    let mut line = Styled::of(indent, Tone::Plain).and(sign, tone).and(" ", Tone::Plain);
    line = line.column(&row.id, if dim_name { Tone::Dim } else { Tone::Plain }, name);
    if width >= WITH_CHART {
        let columns = width.saturating_sub(line.width() + 2 + 9 + NOTE).min(40);
        line = line.and("  ", Tone::Plain).with(axis(view, columns).draw(row, view.now));
    }
    if with_time {
        line = line.and(format!(" {took:>6}"), Tone::Plain);
    }
    if width >= WITH_NOTE {
        let (said, tone) = note(row, view.now);
        line = line.and("  ", Tone::Plain).and(said, tone);
    }
    line
}

fn axis(view: View<'_>, columns: usize) -> Axis {
    let from = view.scene.began().unwrap_or(view.now);
    let elapsed = view.scene.until(view.now).since(from);
    let mut span = AXIS;
    while span < elapsed {
        span *= 2;
    }
    Axis { from, span: if view.scene.is_over() { elapsed } else { span }, columns }
}

/// How long the last run of a task took, or takes already.
fn took(row: &Row, now: Timestamp) -> String {
    row.runs.last().map(|run| seconds(run.to.unwrap_or(now).since(run.from))).unwrap_or_default()
}

fn note(row: &Row, now: Timestamp) -> (String, Tone) {
    let bad = row.runs.iter().rev().find_map(|run| run.bad.clone());
    match &row.stand {
        Stand::After(after) => {
            let more = after.len().saturating_sub(1);
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            (format!("after {}{more}", after.first().map_or("", String::as_str)), Tone::Dim)
        }
        Stand::Ready => {
            let by = row.filed_by.as_ref().map(|by| format!("filed by {by}"));
            (by.unwrap_or_else(|| "ready".into()), Tone::Dim)
        }
        Stand::Running(attempt) if bad.is_some() => (format!("{attempt}, second try"), Tone::Blue),
        Stand::Running(attempt) => (attempt.to_string(), Tone::Blue),
        Stand::Again(at) => {
            (format!("{}, again in {}", bad.unwrap_or_default(), seconds(at.since(now))), Tone::Yellow)
        }
        Stand::Held => ("stopped".into(), Tone::Yellow),
        Stand::Done => (row.said.clone().unwrap_or_default(), Tone::Dim),
        Stand::Failed(why) => (why.clone(), Tone::Red),
    }
}

fn status(view: View<'_>, width: usize) -> Styled {
    let scene = view.scene;
    let (done, all) = (scene.done(), scene.rows.len());
    let failed = scene.count(|stand| matches!(stand, Stand::Failed(_)));
    let elapsed = scene.began().map(|began| scene.until(view.now).since(began)).unwrap_or_default();
    let tone = if failed > 0 { Tone::Red } else { Tone::Green };
    let mut said = Styled::of(format!("{done} of {all} done"), Tone::Bold);
    if failed > 0 {
        said = said.and(format!("  {failed} failed"), Tone::Red);
    }
    if scene.running() > 0 {
        said = said.and(format!("  {} running", scene.running()), Tone::Blue);
    }
    said = said.and(format!("  {}", seconds(elapsed)), Tone::Dim);
    if width < 30 {
        return Styled::of(format!("{done}/{all} done {}", seconds(elapsed)), Tone::Bold);
    }
    if width < 50 {
        return Styled::of("  ", Tone::Plain).with(said);
    }
    let columns = (width - 36).min(44);
    Styled::of("  ", Tone::Plain).with(progress(done, all, columns, tone)).and("  ", Tone::Plain).with(said)
}

/// `0.4s`, `12.0s`.
#[must_use]
pub fn seconds(span: Duration) -> String {
    format!("{:.1}s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use wg_core::id::AttemptRef;

    use super::super::scene::Run;
    use super::*;
    use crate::output::Paint;

    const BEGAN: Timestamp = Timestamp::from_nanos(1_000_000_000_000_000_000);

    fn at(ms: u64) -> Timestamp {
        BEGAN.plus(Duration::from_millis(ms))
    }

    fn row(id: &str, stand: Stand, runs: &[(u64, Option<u64>, bool)], said: Option<&str>) -> Row {
        let run = |(from, to, bad): &(u64, Option<u64>, bool)| Run {
            attempt: AttemptRef(1),
            from: at(*from),
            to: to.map(at),
            bad: bad.then(|| "exit 1".into()),
        };
        let runs = runs.iter().map(run).collect();
        Row { id: id.into(), stand, runs, said: said.map(str::to_owned), filed_by: None }
    }

    fn scene() -> Scene {
        Scene {
            rows: vec![
                row("gather-pages", Stand::Done, &[(0, Some(600), false)], Some("4 pages to render")),
                row("render-home", Stand::Running(AttemptRef(3)), &[(700, None, false)], None),
                row(
                    "try-preview",
                    Stand::Again(at(3_000)),
                    &[(700, Some(1_400), true)],
                    Some("still starting"),
                ),
                row("publish", Stand::After(vec!["pack".into(), "write-notes".into()]), &[], None),
            ],
            said: vec![("gather-pages".into(), "4 pages to render".into())],
        }
    }

    fn text(lines: &[Styled], width: usize) -> Vec<String> {
        lines.iter().map(|line| line.paint(width, Paint { on: false })).collect()
    }

    fn view(scene: &Scene) -> View<'_> {
        View { scene, now: at(2_000), turn: 0, slots: 4 }
    }

    #[test]
    fn at_80_columns_it_shows_everything() {
        let lines = text(&live(view(&scene()), 80, 24), 80);
        assert_eq!(
            lines.join("\n"),
            "\u{20} wg quickstart  a small site, from its pages to the public · 4 agents\n\
             \n\
             \u{20} ✓ gather-pages  ━╸                        0.6s  4 pages to render\n\
             \u{20} ⠋ render-home     ━━━━                    1.3s  agent-3\n\
             \u{20} ↻ try-preview     ━━··                    0.7s  exit 1, again in 1.0s\n\
             \u{20} ○ publish                                       after pack +1\n\
             \n\
             \u{20} ━━━━━━━━━━━─────────────────────────────────  1 of 4 done  1 running  2.0s\n\
             \n\
             \u{20} gather-pages: 4 pages to render"
        );
    }

    #[test]
    fn at_40_and_20_columns_names_and_times_stay() {
        let lines = text(&live(view(&scene()), 40, 24), 40);
        assert_eq!(lines[2], "  ✓ gather-pages   0.6s  4 pages to ren…");
        assert_eq!(lines[4], "  ↻ try-preview    0.7s  exit 1, again …");
        assert_eq!(lines[7], "  1 of 4 done  1 running  2.0s");
        let lines = text(&live(view(&scene()), 20, 24), 20);
        assert_eq!(lines[2], "✓ gather-pag…   0.6s");
        assert_eq!(lines[7], "1/4 done 2.0s");
    }

    #[test]
    fn it_fits_any_terminal() {
        let scene = scene();
        for width in 1..120 {
            for height in 1..30 {
                let lines = live(view(&scene), width, height);
                assert!(lines.len() <= height, "{width}x{height}");
            }
        }
        let short = text(&live(view(&scene), 80, 5), 80).join("\n");
        assert!(short.contains("render-home") && short.contains("1 of 4"), "{short}");
    }
}
