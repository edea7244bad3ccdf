//! Providers that refuse, are away, or can't be used: how long their adapter pauses, who tries it again, and what
//! ends the pause. One rule for handlers of chats and for work on tasks.

use std::time::Duration;

use crate::attempt::{Attempt, Outcome};
use crate::chat::TurnError;
use crate::control::{AdapterPause, program_of};
use crate::decide::{Draft, Refusal};
use crate::rejection::Rejection;
use crate::time::Timestamp;

/// The pause for a provider that is away, at first and at most.
const AWAY: Duration = Duration::from_secs(5);
const AWAY_MAX: Duration = Duration::from_secs(300);
/// The pause for a rate limit that names no end.
const LIMITED: Duration = Duration::from_secs(60);
/// So long after its end a pause of which nothing was heard any more is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// What is wrong with a provider, or with the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    kind: Kind,
    /// For people.
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It wants us to wait, until then where it said so.
    Limited(Option<Timestamp>),
    Away,
    /// The program is missing or not set up: of this configuration, by its hash.
    NotSetUp(u64),
}

impl Trouble {
    /// What a turn that failed tells of the provider.
    pub(super) fn of_turn(error: TurnError, text: &str) -> Option<Self> {
        let (kind, what) = match error {
            TurnError::RateLimited { until } => (Kind::Limited(until), "rate limited"),
            TurnError::Outage => (Kind::Away, "provider away"),
            TurnError::Interrupted | TurnError::Other => return None,
        };
        let reason = if text.is_empty() { what.to_owned() } else { format!("{what}: {text}") };
        Some(Self { kind, reason })
    }

    /// What the end of an attempt tells of the provider.
    pub(super) fn of_end(outcome: &Outcome, configuration: u64) -> Option<Self> {
        let (kind, reason) = match outcome {
            Outcome::RateLimited { until } => (Kind::Limited(*until), "rate limited".to_owned()),
            Outcome::Outage { .. } => (Kind::Away, outcome.to_string()),
            Outcome::Configuration { reason } => (Kind::NotSetUp(configuration), reason.clone()),
            Outcome::Done { .. }
            | Outcome::Failed { .. }
            | Outcome::ExitedBadly { .. }
            | Outcome::NoWork
            | Outcome::Waiting { .. }
            | Outcome::TimedOut
            | Outcome::Budget { .. }
            | Outcome::TaskBudget { .. }
            | Outcome::Cancelled { .. }
            | Outcome::Lost { .. } => return None,
        };
        Some(Self { kind, reason })
    }
}

/// Whether work that ended like this has spoken with its provider.
pub(super) fn was_there(attempt: &Attempt, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Done { .. }
        | Outcome::Waiting { .. }
        | Outcome::Budget { .. }
        | Outcome::TaskBudget { .. } => true,
        // By its worker, or because it could not be launched at all.
        Outcome::Failed { .. } => attempt.report.is_some(),
        Outcome::ExitedBadly { .. }
        | Outcome::NoWork
        | Outcome::TimedOut
        | Outcome::RateLimited { .. }
        | Outcome::Configuration { .. }
        | Outcome::Outage { .. }
        | Outcome::Cancelled { .. }
        | Outcome::Lost { .. } => false,
    }
}

/// Pauses what an attempt that began at `began` has had trouble with; gives until when it pauses now.
pub(super) fn pause(
    draft: &mut Draft<'_>,
    provider: &str,
    began: Timestamp,
    trouble: Trouble,
) -> Result<Option<Timestamp>, Refusal> {
    let now = draft.now;
    let mut control = draft.control()?;
    // Programs come and go: those that nobody has asked for long make no room for themselves for ever.
    control.adapters.retain(|_, pause| pause.until.is_none_or(|until| now < until.plus(FORGOTTEN)));
    let pause = paused(control.adapters.get(provider), began, trouble, now);
    let until = pause.until;
    control.adapters.insert(provider.to_owned(), pause);
    draft.put_control(control);
    Ok(until)
}

fn paused(before: Option<&AdapterPause>, began: Timestamp, trouble: Trouble, now: Timestamp) -> AdapterPause {
    let Trouble { kind, reason } = trouble;
    let (until, configuration, breaks) = match kind {
        Kind::NotSetUp(configuration) => (None, configuration, 0),
        // It is there, and says so. What it names may lie behind us, by its clock or by ours.
        Kind::Limited(Some(until)) if until <= now => (Some(now.plus(AWAY)), 0, 0),
        Kind::Limited(until) => (Some(until.unwrap_or(now.plus(LIMITED))), 0, 0),
        Kind::Away => {
            let breaks = match before {
                // Whoever was at work already when it was found to be away tells of the same outage.
                Some(pause) if pause.breaks > 0 && began <= pause.at => pause.breaks,
                Some(pause) => pause.breaks.saturating_add(1),
                None => 1,
            };
            (Some(now.plus(away(breaks))), 0, breaks)
        }
    };
    let lasts = |pause: &AdapterPause| match (pause.until, until) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(before), Some(until)) => until < before,
    };
    match before.filter(|pause| lasts(pause)) {
        Some(pause) => pause.clone(),
        None => AdapterPause { reason, at: now, until, configuration, breaks, budget: false },
    }
}

fn away(breaks: u32) -> Duration {
    AWAY.saturating_mul(1 << breaks.saturating_sub(1).min(10)).min(AWAY_MAX)
}

/// Somebody starts with it: of a provider that was away he tries alone, the others wait as long again.
pub(super) fn tried(draft: &mut Draft<'_>, provider: &str) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    if let Some(pause) = control.adapters.get_mut(provider).filter(|pause| pause.breaks > 0) {
        pause.until = Some(draft.now.plus(away(pause.breaks)));
        draft.put_control(control);
    }
    Ok(())
}

/// A provider that answers is not away any more.
pub(super) fn mended(draft: &mut Draft<'_>, provider: &str) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    if control.adapters.get(provider).is_some_and(|pause| pause.breaks > 0) {
        control.adapters.remove(provider);
        draft.put_control(control);
    }
    Ok(())
}

/// A person says that an adapter is to be used again: with it all programs that it runs, or just the one named.
pub(super) fn resume(draft: &mut Draft<'_>, adapter: &str) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    if let Some(pause) = control.adapter_pause(adapter, draft.now).filter(|pause| pause.budget) {
        let (adapter, why) = (adapter.to_owned(), pause.reason.clone());
        return Err(Rejection::DayBudget { adapter, why }.into());
    }
    let before = control.adapters.len();
    control
        .adapters
        .retain(|name, _| name != adapter && program_of(name).is_none_or(|(owner, _)| owner != adapter));
    if control.adapters.len() == before {
        return Err(Rejection::Nothing(format!("adapter {adapter} is not paused")).into());
    }
    draft.put_control(control);
    Ok(())
}

/// The configuration of an adapter is another one.
pub(super) fn changed(draft: &mut Draft<'_>, adapter: &str) -> Result<(), Refusal> {
    let mut control = draft.control()?;
    if control.adapters.remove(adapter).is_some() {
        draft.put_control(control);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{COMMAND_ADAPTER, ChatRun};
    use crate::control::{Control, program_name};

    fn at(seconds: u64) -> Timestamp {
        Timestamp::default().plus(Duration::from_secs(1_000_000 + seconds))
    }

    fn gone() -> Trouble {
        Trouble::of_turn(TurnError::Outage, "503").expect("an outage is trouble")
    }

    fn limited(until: Option<u64>) -> Trouble {
        let until = until.map(at);
        Trouble::of_turn(TurnError::RateLimited { until }, "429").expect("a limit is trouble")
    }

    fn unset() -> Trouble {
        let outcome = Outcome::Configuration { reason: "no such program".into() };
        Trouble::of_end(&outcome, 7).expect("a missing program is trouble")
    }

    /// Trouble upon trouble: when the attempt began, what it tells, when; until when it pauses then, in seconds,
    /// and how often in a row it was away.
    fn after(steps: &[(u64, Trouble, u64, Option<u64>, u32)]) {
        let mut pause = None;
        for (step, (began, trouble, now, until, breaks)) in steps.iter().enumerate() {
            let next = paused(pause.as_ref(), at(*began), trouble.clone(), at(*now));
            assert_eq!((next.until, next.breaks), (until.map(at), *breaks), "step {step} of {steps:?}");
            pause = Some(next);
        }
    }

    #[test]
    fn one_that_is_away_is_tried_ever_more_rarely() {
        let mut pauses = Vec::new();
        let (mut pause, mut now) = (None, 0);
        for _ in 0..9 {
            let next = paused(pause.as_ref(), at(now), gone(), at(now));
            let until = next.until.expect("an outage has an end");
            pauses.push(until.since(at(now)).as_secs());
            now += 1_000;
            pause = Some(next);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }

    #[test]
    fn all_who_were_at_work_tell_of_the_same_outage() {
        after(&[
            (0, gone(), 100, Some(105), 1),
            (10, gone(), 101, Some(106), 1),
            (100, gone(), 102, Some(107), 1),
            (107, gone(), 108, Some(118), 2),
            (20, gone(), 110, Some(120), 2),
        ]);
    }

    #[test]
    fn a_limit_lasts_as_long_as_it_says_or_a_minute_and_never_nothing() {
        after(&[(0, limited(None), 100, Some(160), 0)]);
        after(&[(0, limited(Some(700)), 100, Some(700), 0)]);
        after(&[(0, limited(Some(50)), 100, Some(105), 0)]);
        after(&[(0, limited(Some(101)), 100, Some(101), 0)]);
        // Who refuses is there.
        after(&[(0, gone(), 100, Some(105), 1), (106, limited(None), 107, Some(167), 0)]);
    }

    #[test]
    fn what_lasts_longer_stands() {
        after(&[(0, limited(Some(700)), 100, Some(700), 0), (0, gone(), 101, Some(700), 0)]);
        after(&[(0, limited(Some(700)), 100, Some(700), 0), (0, limited(None), 101, Some(700), 0)]);
        after(&[(0, unset(), 100, None, 0), (0, gone(), 101, None, 0), (0, limited(None), 102, None, 0)]);
        after(&[(0, limited(Some(700)), 100, Some(700), 0), (0, unset(), 101, None, 0)]);
        // What is over does not.
        after(&[(0, limited(Some(110)), 100, Some(110), 0), (120, gone(), 120, Some(125), 1)]);
    }

    #[test]
    fn what_turns_and_ends_tell_of_a_provider() {
        for error in [TurnError::Interrupted, TurnError::Other] {
            assert_eq!(Trouble::of_turn(error, "x"), None);
        }
        assert_eq!(gone().reason, "provider away: 503");
        assert_eq!(limited(None).reason, "rate limited: 429");
        let end = |outcome: Outcome| Trouble::of_end(&outcome, 7).map(|trouble| trouble.kind);
        let away = Outcome::Outage { reason: "503".into() };
        assert_eq!(end(away.clone()), Some(Kind::Away));
        assert_eq!(Trouble::of_end(&away, 7), Trouble::of_turn(TurnError::Outage, "503"));
        assert_eq!(end(Outcome::RateLimited { until: Some(at(1)) }), Some(Kind::Limited(Some(at(1)))));
        assert_eq!(end(Outcome::Configuration { reason: String::new() }), Some(Kind::NotSetUp(7)));
        for outcome in [
            Outcome::Done { summary: None },
            Outcome::NoWork,
            Outcome::TimedOut,
            Outcome::Cancelled { reason: String::new() },
        ] {
            assert_eq!(end(outcome.clone()), None, "{outcome:?}");
        }
    }

    #[test]
    fn a_program_pauses_alone_and_an_account_with_all_who_use_it() {
        let run = |adapter: &str, exec: Option<&str>| ChatRun {
            adapter: adapter.into(),
            exec: exec.map(str::to_owned),
            model: None,
        };
        let one = run(COMMAND_ADAPTER, Some("one --fast"));
        let mut control = Control::default();
        let pause = paused(None, at(0), gone(), at(0));
        control.adapters.insert(one.provider().into_owned(), pause.clone());
        let is_paused = |control: &Control, run: &ChatRun| {
            (control.adapter_pause(&run.provider(), at(1)).is_some(), control.is_tried_alone(&run.provider()))
        };
        assert_eq!(is_paused(&control, &one), (true, true));
        for other in [run(COMMAND_ADAPTER, Some("two")), run(COMMAND_ADAPTER, None), run("claude", None)] {
            assert_eq!(is_paused(&control, &other), (false, false), "{other:?}");
        }
        control.adapters.insert("claude".into(), pause);
        assert_eq!(is_paused(&control, &run("claude", None)), (true, true));
        assert_eq!(is_paused(&control, &run("claude", Some("whatever"))), (true, true));
        assert_eq!(program_name(COMMAND_ADAPTER, "one --fast"), "command: one --fast");
        assert_eq!(program_of("command: a: b"), Some(("command", "a: b")));
        assert_eq!(program_of("claude"), None);
    }
}
