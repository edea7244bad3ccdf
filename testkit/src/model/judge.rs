//! What one commit may do, told a second time and apart from the rules that do it.

use wg_core::chat::{ChatState, FAILURES, GiveUp, InboxRow, InboxState, KILLS, What};

use super::invariants::Invariant;
use super::rows::Rows;
use super::rules::{End, Rule, Saying};

/// What a commit means for the count of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// One more.
    Failure,
    /// A handler is gone or going, and that is no failure.
    Free,
    /// None any more.
    Clear,
    /// Another try would not mend it.
    Hopeless,
    Nothing,
}

/// What a rule means for the count, by `chats.md`.
pub(super) fn counts(before: &Rows, rule: Rule) -> Counts {
    let chat = &before.chat;
    let turn = chat.turn();
    let asked = turn.is_some_and(|turn| turn.interrupted.is_some());
    let (served, draining) = (chat.handler().is_some(), matches!(chat.state, ChatState::Draining { .. }));
    let serves = served && !draining;
    let answered = chat.serving().is_some_and(|serving| serving.answered);
    let stopped = before.attempt.as_ref().is_some_and(|attempt| attempt.stop.is_some());
    match rule {
        Rule::NotReady if matches!(chat.state, ChatState::Starting { .. }) => Counts::Failure,
        Rule::TurnTimedOut if serves && turn.is_some() => Counts::Failure,
        Rule::End(_) if !served => Counts::Nothing,
        Rule::End(_) if draining || stopped => Counts::Free,
        Rule::End(End::Unfollowed | End::Provider) => Counts::Free,
        Rule::End(End::Clean) if answered && turn.is_none() => Counts::Free,
        Rule::End(End::NoProgram) => Counts::Hopeless,
        Rule::End(End::Clean | End::Badly | End::Lost) => Counts::Failure,
        Rule::Hear(Saying::Unfit) if served => Counts::Hopeless,
        Rule::Hear(Saying::Wrong | Saying::Interrupted) if serves && !asked => Counts::Failure,
        Rule::Hear(Saying::RateLimited | Saying::Outage) if serves => Counts::Free,
        Rule::Hear(Saying::Answer) if turn.is_some() => Counts::Clear,
        Rule::Hold | Rule::Archive | Rule::Purge | Rule::Kill if served => Counts::Free,
        Rule::Resume | Rule::Restore => Counts::Clear,
        Rule::Configured => match &chat.state {
            ChatState::GaveUp { configuration, .. } if *configuration != super::code::CONFIGURED => {
                Counts::Clear
            }
            _ => Counts::Nothing,
        },
        _ => Counts::Nothing,
    }
}

/// What a commit broke.
pub(super) fn judge(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    if matches!(rule, Rule::Stale(_)) {
        let same = before.chat == after.chat
            && before.inbox == after.inbox
            && before.attempt == after.attempt
            && before.control == after.control;
        return (!same).then_some(Invariant::StaleChangesNothing);
    }
    standing(before, after, rule)
        .or_else(|| counted(before, after, rule))
        .or_else(|| messages(before, after, rule))
        .or_else(|| archive(before, after, rule))
        .or_else(|| starts(before, after, rule))
}

/// States that only some may end.
fn standing(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    let (was, is) = (&before.chat, &after.chat);
    if was.is_archived() && !is.is_archived() && rule != Rule::Restore {
        return Some(Invariant::ArchivedUntilRestored);
    }
    if was.is_archived() && rule == Rule::Send {
        return Some(Invariant::ArchivedRefuses);
    }
    let helped = matches!(rule, Rule::Resume | Rule::Configured);
    if matches!(was.state, ChatState::GaveUp { .. }) && is.may_run() && !helped {
        return Some(Invariant::GaveUpUntilHelped);
    }
    if matches!(was.state, ChatState::Held { .. }) && is.may_run() && rule != Rule::Resume {
        return Some(Invariant::HeldUntilResumed);
    }
    let raises = matches!(rule, Rule::Hold | Rule::Archive | Rule::Purge) || is.handlers > was.handlers;
    if is.fence < was.fence || raises && is.fence == was.fence {
        return Some(Invariant::FenceRises);
    }
    let told = [Rule::Resume, Rule::Restore, Rule::Configured, Rule::PauseOver, Rule::Hear(Saying::Answer)];
    if was.not_before.is_some() && is.not_before < was.not_before && !told.contains(&rule) {
        return Some(Invariant::PauseIsKept);
    }
    None
}

/// The counts of failures and deaths.
fn counted(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    let (was, is) = (before.chat.failures, after.chat.failures);
    let counts = counts(before, rule);
    let gave_up = match &after.chat.state {
        ChatState::GaveUp { reason, .. } => Some(*reason),
        _ => None,
    };
    match counts {
        Counts::Failure if is != was + 1 => return Some(Invariant::FailuresCount),
        Counts::Failure if (is >= FAILURES) != (gave_up == Some(GiveUp::Failures)) => {
            return Some(Invariant::GivesUpAtOnce);
        }
        Counts::Hopeless if gave_up.is_none() && !matches!(rule, Rule::End(_) if before.leaving()) => {
            return Some(Invariant::GivesUpAtOnce);
        }
        Counts::Clear if is != 0 => return Some(Invariant::ClearedOnlyByHelp),
        Counts::Free | Counts::Nothing | Counts::Hopeless if is > was => return Some(Invariant::FreeIsFree),
        Counts::Free | Counts::Nothing | Counts::Hopeless if is < was => {
            return Some(Invariant::ClearedOnlyByHelp);
        }
        _ => {}
    }
    if is > FAILURES {
        return Some(Invariant::GivesUpAtOnce);
    }
    let flight = before.in_flight()?;
    let now = after.inbox.iter().find(|row| row.number == flight.number)?;
    let interrupted = before.chat.turn().is_some_and(|turn| turn.interrupted.is_some());
    let death = matches!(rule, Rule::End(_)) && counts == Counts::Failure && !interrupted;
    match death {
        true if now.kills != flight.kills + 1 => Some(Invariant::FailuresCount),
        false if now.kills != flight.kills => Some(Invariant::FreeIsFree),
        _ => None,
    }
}

/// What may become of messages.
fn messages(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    let turn = before.chat.turn();
    let answers = after.appended.iter().filter(|what| matches!(what, What::Answer { .. })).count();
    let archives = matches!(rule, Rule::Archive | Rule::Purge);
    for was in &before.inbox {
        let is: &InboxRow = after.inbox.iter().find(|row| row.number == was.number)?;
        let at = turn.is_some_and(|turn| turn.message == was.number);
        let asked = at && turn.is_some_and(|turn| turn.interrupted.is_some());
        let still = after.chat.turn().is_some_and(|turn| turn.message == was.number);
        match (was.state, is.state) {
            (InboxState::Answered, InboxState::Answered) if !still => {}
            (InboxState::Answered, _) => return Some(Invariant::AnsweredStays),
            (_, InboxState::Waiting) if asked && !still => return Some(Invariant::AnsweredStays),
            (InboxState::Waiting, InboxState::Waiting) if at && answers > 0 => {
                return Some(Invariant::AnswerIsMark);
            }
            (InboxState::Waiting, InboxState::Waiting) if archives => {
                return Some(Invariant::KeptOverArchive);
            }
            (InboxState::Waiting, InboxState::Waiting) if is.kills >= KILLS => {
                return Some(Invariant::AsideByThree);
            }
            (InboxState::Waiting, InboxState::Waiting) => {}
            (InboxState::Waiting, InboxState::SetAside) if archives || at && is.kills >= KILLS => {}
            (InboxState::Waiting, InboxState::SetAside) => return Some(Invariant::AsideByThree),
            (_, InboxState::Answered) if asked || at && answers == 1 => {}
            (_, InboxState::Answered) => return Some(Invariant::AnswerIsMark),
            (InboxState::SetAside, InboxState::SetAside) => {}
            (InboxState::SetAside, InboxState::Waiting) if rule == Rule::Resend && is.kills == 0 => {}
            (InboxState::SetAside, InboxState::Waiting) if rule == Rule::Resend => {
                return Some(Invariant::AsideByThree);
            }
            (InboxState::SetAside, InboxState::Waiting) => return Some(Invariant::KeptOverArchive),
        }
    }
    if let Some(now) = after.chat.turn()
        && turn.is_none_or(|turn| turn.message != now.message)
    {
        let first = before.waiting().next().is_some_and(|row| row.number == now.message);
        let ready = matches!(before.chat.state, ChatState::Live { .. });
        if turn.is_some() || !first || !ready || rule != Rule::Deliver {
            return Some(Invariant::InOrder);
        }
    }
    None
}

/// What is kept of an archived chat.
fn archive(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    let ok = match (rule, &before.chat.state, &after.chat.state) {
        (Rule::Archive | Rule::Purge, was, ChatState::Archived { purged_at, held, .. }) => {
            let was_held = match was {
                ChatState::Archived { held, .. } => *held,
                was => matches!(was, ChatState::Held { .. }),
            };
            *held == was_held && purged_at.is_some() == (rule == Rule::Purge)
        }
        (Rule::Archive | Rule::Purge, ..) => false,
        (Rule::Restore, ChatState::Archived { held: true, .. }, is) => matches!(is, ChatState::Held { .. }),
        (Rule::Restore, _, is) => *is == ChatState::Dormant,
        _ => true,
    };
    (!ok).then_some(Invariant::KeptOverArchive)
}

/// Whether a handler came as it may.
fn starts(before: &Rows, after: &Rows, rule: Rule) -> Option<Invariant> {
    if after.chat.handlers == before.chat.handlers {
        return None;
    }
    let ready = rule == Rule::Start && before.attempt.is_none() && before.control.adapters.is_empty();
    if before.chat.not_before.is_some() {
        return Some(Invariant::PauseIsKept);
    }
    (!ready).then_some(Invariant::DemandDecides)
}
