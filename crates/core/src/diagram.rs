//! The state diagrams of `docs/states.md`, drawn by running the machines themselves: a transition that the
//! code does not make can't be in them, and one that it makes can't be missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::attempt::{
    Attempt, AttemptEvent, AttemptState, ExitStatus, Outcome, ProcessIdentity, Report, Stop,
};
use crate::budget::Bucket;
use crate::chat::{
    Chat, ChatEvent, ChatRun, ChatState, Drain, FAILURES, GiveUp, InboxRow, InboxState, Queued, Said,
    Serving, Situation, Turn, TurnError,
};
use crate::id::{Actor, AttemptRef, ChatNumber, Fence, TaskId};
use crate::task::{AttemptEnd, Holder, Task, TaskEvent, TaskState, Wait};
use crate::time::Timestamp;
use crate::usage::Usage;

const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000);
const ATTEMPT: AttemptRef = AttemptRef(1);

/// The whole of `docs/states.md`.
#[must_use]
pub fn states_page() -> String {
    format!(
        "# States\n\n\
         Generated from the code (`cargo xtask docs`): each arrow was made by the machine itself.\n\n\
         ## Task\n\n\
         *Ready* and *blocked* are derived from an open task and its dependencies, never stored.\n\n{}\n\
         ## Attempt\n\n{}\n\
         ## Chat\n\n\
         A failure before the fifth waits in *backoff*; the fifth gives up. *Adopting* is no state: it is how a\n\
         dispatcher finds out in which one a chat is.\n\n{}",
        mermaid(&task_arrows()),
        mermaid(&attempt_arrows()),
        mermaid(&chat_arrows())
    )
}

type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

fn mermaid(arrows: &Arrows) -> String {
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    for ((from, to), labels) in arrows {
        let labels = labels.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(text, "    {from} --> {to}: {labels}").expect("a string takes all");
    }
    text.push_str("```\n");
    text
}

/// Every state, its holder or wait told apart where the machine does.
fn task_states() -> Vec<(&'static str, TaskState)> {
    vec![
        ("open", TaskState::Open),
        ("in_progress_by_attempt", TaskState::InProgress { by: Holder::Attempt(ATTEMPT) }),
        ("in_progress_by_person", TaskState::InProgress { by: Holder::Person("ann".into()) }),
        ("waiting", TaskState::Waiting { on: Wait::Message }),
        ("needs_a_person", TaskState::Waiting { on: Wait::Person("?".into()) }),
        ("in_review", TaskState::InReview),
        ("done", TaskState::Done),
        ("failed", TaskState::Failed { reason: "?".into() }),
        ("abandoned", TaskState::Abandoned { reason: None }),
    ]
}

fn label(state: &TaskState) -> &'static str {
    match state {
        TaskState::Open => "open",
        TaskState::InProgress { by: Holder::Attempt(_) } => "in_progress_by_attempt",
        TaskState::InProgress { by: Holder::Person(_) } => "in_progress_by_person",
        TaskState::InProgress { by: Holder::Chat } => "a_chat",
        TaskState::Waiting { on: Wait::Person(_) } => "needs_a_person",
        TaskState::Waiting { .. } => "waiting",
        TaskState::InReview => "in_review",
        TaskState::Done => "done",
        TaskState::Failed { .. } => "failed",
        TaskState::Abandoned { .. } => "abandoned",
    }
}

fn outcomes() -> Vec<Outcome> {
    let text = || "?".to_owned();
    vec![
        Outcome::Done { summary: None },
        Outcome::Failed { reason: text() },
        Outcome::ExitedBadly { status: ExitStatus::Code(1) },
        Outcome::NoWork,
        Outcome::Waiting { on: Wait::Message },
        Outcome::TimedOut,
        Outcome::RateLimited { until: None },
        Outcome::Configuration { reason: text() },
        Outcome::Outage { reason: text() },
        Outcome::Budget { reason: text(), until: None },
        Outcome::Budget { reason: text(), until: Some(NOW) },
        Outcome::TaskBudget { reason: text() },
        Outcome::Cancelled { reason: text() },
        Outcome::Lost { reason: text() },
    ]
}

fn task_arrows() -> Arrows {
    let mut events = vec![
        ("claimed".to_owned(), TaskEvent::Claimed("ann".into())),
        ("unclaimed".to_owned(), TaskEvent::Unclaimed),
        ("done by a person".to_owned(), TaskEvent::Done(None)),
        ("failed by a person".to_owned(), TaskEvent::Failed("?".into())),
        ("set aside".to_owned(), TaskEvent::Waits(Wait::Message)),
        ("abandoned".to_owned(), TaskEvent::Abandoned(None)),
        ("retry or reopen".to_owned(), TaskEvent::Reopened { resume: true }),
        ("attempt starts".to_owned(), TaskEvent::Started(ATTEMPT)),
        ("it came".to_owned(), TaskEvent::WaitOver(None)),
        ("it can't come".to_owned(), TaskEvent::WaitOver(Some("?".into()))),
    ];
    // The counts decide: a first bad end and a last one, a first loss and the third.
    for outcome in outcomes() {
        for (max_attempts, suffix) in [(9, ""), (1, " (last attempt)")] {
            let name = format!("attempt {}{}", outcome.class(), if outcome.consumes() { suffix } else { "" });
            let outcome = outcome.clone();
            let (fence, first_pause) = (Fence(1), crate::retry::FIRST);
            let end = AttemptEnd { attempt: ATTEMPT, fence, outcome, first_pause, max_attempts, jitter: 0 };
            events.push((name, TaskEvent::Ended(end)));
        }
    }
    let mut arrows = Arrows::new();
    for (from, state) in task_states() {
        for lost in [0, 2] {
            let mut task = Task::new(TaskId::slug("t"), "t", NOW);
            task.state = state.clone();
            task.history.fence = Fence(1);
            task.history.lost = lost;
            for (name, event) in &events {
                let Ok(step) = crate::task::step(task.clone(), event.clone(), NOW) else { continue };
                let third = lost == 2 && name == "attempt lost";
                if step.state.state != state {
                    let name = if third { "attempt lost (third in a row)".to_owned() } else { name.clone() };
                    arrows
                        .entry((from.to_owned(), label(&step.state.state).to_owned()))
                        .or_default()
                        .insert(name);
                }
            }
        }
    }
    arrows
}

fn attempt_arrows() -> Arrows {
    let shim = ProcessIdentity { boot: String::new(), pid_namespace: 0, pid: 0, start_time: 0 };
    let stop = Stop { by: Actor::User("ann".into()), at: NOW, why: "?".into() };
    let ended = AttemptEvent::Ended { seen: Outcome::NoWork, at: NOW };
    let events = [
        ("its agent runs", AttemptEvent::Started { shim, at: NOW }),
        ("its worker reports", AttemptEvent::Reported(Report::Done(None))),
        ("its end is asked for", AttemptEvent::StopAsked(stop)),
        ("its whole tree is gone", ended),
    ];
    let states = [
        AttemptState::Starting,
        AttemptState::Running { since: NOW },
        AttemptState::Finished { at: NOW, outcome: Outcome::NoWork },
    ];
    let mut arrows = Arrows::new();
    for state in states {
        for (name, event) in &events {
            let before = blank(state.clone());
            let Ok(step) = crate::attempt::step(before.clone(), event.clone()) else { continue };
            if step.state != before {
                let edge = (attempt_label(&before.state), attempt_label(&step.state.state));
                arrows.entry(edge).or_default().insert((*name).to_owned());
            }
        }
    }
    arrows
}

fn blank(state: AttemptState) -> Attempt {
    Attempt {
        reference: ATTEMPT,
        task: TaskId::slug("t"),
        kind: crate::attempt::AttemptKind::Work,
        number: 1,
        fence: Fence(1),
        nonce: 0,
        adapter: "shell".into(),
        model: None,
        host: String::new(),
        state,
        created_at: NOW,
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: crate::attempt::Progress::default(),
    }
}

fn attempt_label(state: &AttemptState) -> String {
    match state {
        AttemptState::Starting => "starting",
        AttemptState::Running { .. } => "running",
        AttemptState::Finished { .. } => "finished",
    }
    .to_owned()
}

/// Every state of a chat; the one with an answer in flight told apart.
fn chat_states() -> Vec<(&'static str, ChatState)> {
    let (by, at) = (Actor::User("ann".into()), NOW);
    let turn = Turn { number: 1, message: 1, since: NOW, interrupted: Some(NOW), used: Usage::default() };
    let serving = |answered, turn| Serving { answered, turn, ..Serving::new(ATTEMPT, 1) };
    let detail = String::new();
    vec![
        ("dormant", ChatState::Dormant),
        ("queued", ChatState::Queued { why: Queued::Slot }),
        ("starting", ChatState::Starting { handler: ATTEMPT, by: NOW, configuration: 1 }),
        ("live", ChatState::Live { serving: serving(true, None) }),
        ("live", ChatState::Live { serving: serving(false, Some(turn)) }),
        ("lingering", ChatState::Lingering { serving: serving(true, None), until: NOW }),
        ("draining", ChatState::Draining { serving: serving(false, None), why: Drain::Idle }),
        ("backoff", ChatState::Backoff { until: NOW }),
        ("gave-up", ChatState::GaveUp { reason: GiveUp::Failures, detail, at, configuration: 1 }),
        ("held", ChatState::Held { by: by.clone(), at }),
        ("archived", ChatState::Archived { by, at, purged_at: None, held: false }),
    ]
}

fn chat_events() -> Vec<(&'static str, ChatEvent)> {
    let by = || Actor::User("ann".into());
    let (handler, message, jitter, paused_until) = (ATTEMPT, 1, 0, None);
    let said = |said| ChatEvent::Said { handler, said, paused_until, jitter };
    let failed = |error| said(Said::Failed { error, text: String::new(), usage: Usage::default() });
    let ended = |outcome| ChatEvent::Ended { handler, outcome, paused_until, jitter };
    let bad = Outcome::ExitedBadly { status: ExitStatus::Code(1) };
    let starts = Bucket::default();
    vec![
        ("a handler starts", ChatEvent::Started { handler, by: NOW, configuration: 1, starts }),
        ("has to wait", ChatEvent::Queued(Queued::Slot)),
        ("wanted", ChatEvent::Wanted),
        ("nobody wants it", ChatEvent::Unwanted { until: NOW }),
        ("told to leave", ChatEvent::Drained(Drain::Idle)),
        ("ready", said(Said::Ready)),
        ("provider away", failed(TurnError::Outage)),
        ("can't serve", said(Said::Unfit { reason: GiveUp::Auth, text: String::new() })),
        ("not ready in time", ChatEvent::NotReady { handler, jitter }),
        ("turn too long", ChatEvent::TurnTimedOut { handler, message, jitter }),
        ("interrupt ignored", ChatEvent::InterruptIgnored { handler, message }),
        ("died", ended(bad)),
        ("left", ended(Outcome::NoWork)),
        ("program missing", ended(Outcome::Configuration { reason: String::new() })),
        ("changed configuration", ChatEvent::Configured(2)),
        ("stopped", ChatEvent::Held(by())),
        ("resumed", ChatEvent::Resumed),
        ("archived or purged", ChatEvent::Archived { by: by(), purge: true }),
        ("restored", ChatEvent::Restored(by())),
    ]
}

fn chat_arrows() -> Arrows {
    let mut arrows = Arrows::new();
    for (from, state) in chat_states() {
        // The count decides: a first failure and the last one.
        for failures in [0, FAILURES - 1] {
            let mut chat = Chat::new(ChatNumber(1), "c", ChatRun::default(), NOW);
            chat.state = state.clone();
            chat.failures = failures;
            let row = InboxRow { number: 1, kills: 0, deliveries: 1, state: InboxState::Waiting };
            let message = chat.turn().map(|_| row);
            for (name, event) in chat_events() {
                let before = Situation { chat: chat.clone(), message: message.clone() };
                let Ok(step) = crate::chat::step(before, event, NOW) else { continue };
                let to = step.state.chat;
                if to.state.name() != from {
                    let fifth = failures > 0 && to.failures == FAILURES;
                    let name = if fifth { format!("{name} (fifth failure)") } else { name.to_owned() };
                    arrows.entry((from.to_owned(), to.state.name().to_owned())).or_default().insert(name);
                }
            }
        }
    }
    arrows.into_iter().map(|((from, to), names)| ((plain(&from), plain(&to)), names)).collect()
}

/// A name that the drawing takes.
fn plain(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_has_the_transitions_that_matter() {
        let page = super::states_page();
        for line in [
            "open --> in_progress_by_attempt: attempt starts",
            "needs_a_person --> open: retry or reopen",
            "waiting --> needs_a_person: it can't come",
            "starting --> running: its agent runs",
            "dormant --> starting: a handler starts",
            "live --> lingering: nobody wants it",
            "lingering --> live: wanted",
            "draining --> dormant: died, left, program missing",
            "starting --> gave_up: can't serve, died (fifth failure), left (fifth failure), not ready in time \
             (fifth failure), program missing",
            "gave_up --> dormant: changed configuration, resumed",
            "archived --> dormant: restored",
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
        assert!(!page.contains("finished -->"), "a finished attempt never changes");
        assert!(!page.contains("archived --> starting"), "an archived chat starts nothing");
    }
}
