//! Planted bugs, at least one for each rule of `chats.md`: the search has to find every one.
//!
//! Those that are about rows bend what the real rules did; the others are asked for by name where the world
//! around the rows moves.

use wg_core::chat::{ChatState, GiveUp, InboxRow, InboxState, KILLS};
use wg_core::command::{ChatCommand, Command};
use wg_core::submit::submit;

use super::code::{ANSWERED, NOW, ann};
use super::rows::{LAST, Rows};
use super::rules::{End, Rule, Saying, Stale, heard};

macro_rules! mutations {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// A bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ModelMutation {
            $($(#[$doc])+ $name,)+
        }

        impl ModelMutation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

mutations! {
    /// A pause that is over takes the count along.
    TimeClears,
    /// Somebody who attaches clears the count.
    ConsumerClears,
    /// A handler may leave with exit 0 as often as it likes.
    CleanExitIsFree,
    /// A handler that dies while nobody wants it costs nothing.
    UnwantedExitIsFree,
    /// A handler may be late as often as it likes.
    LateStartIsFree,
    /// A turn may take too long as often as it likes.
    LateTurnIsFree,
    /// What dies while it is told to leave is a failure.
    DrainCounts,
    /// What dies while it is told to leave has the message on its account.
    DrainKills,
    /// A provider that is away is a failure.
    ProviderCounts,
    /// A message is to blame for a provider that is away.
    ProviderKills,
    /// A turn that a provider ended clears the count.
    ProviderClears,
    /// A turn that ended in an error has answered its message.
    ErrorAnswers,
    /// Six failures.
    SixTries,
    /// What can't serve is tried again.
    UnfitTriesAgain,
    /// A missing program is tried again.
    NoProgramTriesAgain,
    /// A restart forgets that a chat gave up.
    GiveUpForgotten,
    /// A restart forgets what was archived.
    PurgeVolatile,
    /// A restart forgets what was held.
    HoldVolatile,
    /// A restart forgets the count.
    CountForgotten,
    /// A restart forgets a pause.
    PauseForgotten,
    /// A pause ends when nobody wants the chat any more.
    PauseDropped,
    /// A chat starts while its pause goes on.
    PauseIgnored,
    /// A message wakes a chat that gave up.
    DemandWakesGaveUp,
    /// A message wakes a held chat.
    DemandWakesHeld,
    /// Somebody who attaches wakes an archived chat.
    DemandWakesArchived,
    /// An archived chat takes messages.
    ArchivedTakesMessages,
    /// Nobody looks at the configuration of a chat that gave up.
    ConfigurationUnheard,
    /// A changed configuration leaves the count.
    ConfigurationKeepsCount,
    /// Two deaths set a message aside.
    AsideAfterTwo,
    /// No number of deaths does.
    NeverAside,
    /// A message that is sent again is still on its last try.
    ResendKeepsDeaths,
    /// Sending again takes answered messages along.
    AnsweredSentAgain,
    /// Archiving leaves messages waiting.
    RestoreWakes,
    /// A held chat is restored as a free one.
    RestoreForgetsHold,
    /// Restoring leaves the count.
    RestoreKeepsCount,
    /// A purge is not told from archiving.
    PurgeUnnamed,
    /// Hold and archive leave the fence.
    FenceKept,
    /// Archiving leaves the handler alone.
    ArchiveKillsNothing,
    /// Holding does.
    HoldKillsNothing,
    /// A drain does.
    DrainKillsNothing,
    /// A failure does.
    FailureKillsNothing,
    /// A stale handler is ready.
    StaleReadyTaken,
    /// A stale handler answers.
    StaleAnswerTaken,
    /// The end of a stale handler is the current one's.
    StaleEndTaken,
    /// What is told twice counts twice.
    OffsetIgnored,
    /// The last message is delivered first.
    OutOfOrder,
    /// An answer is written without its acknowledgement.
    AnswerUnmarked,
    /// An interrupted message is delivered again.
    InterruptForgotten,
    /// A handler starts while its last one is still leaving.
    LeavingIgnored,
    /// A handler starts although its adapter is paused.
    AdapterPauseIgnored,
    /// A shim does not look into the store before it starts its agent.
    CheckSkipped,
    /// It looks, then takes its lock.
    CheckBeforeLock,
    /// It goes on without its lock.
    LockSkipped,
    /// It starts its agent although one was started.
    MarkIgnored,
    /// What can't be told is taken for dead.
    UnknownTakenForDead,
    /// What was lost while nobody looked is no failure.
    LossAtRestartIsFree,
    /// An end is told before what was said is read.
    EndBeforeSaid,
    /// Time is judged before what was said is read.
    TimeBeforeSaid,
    /// A message in flight is taken for given after a restart.
    GivenByNobody,
    /// A lingering handler is let go although somebody came back.
    LingeringIgnoresDemand,
    /// A handler stays as long as it likes.
    LingersForEver,
    /// A dispatcher that starts starts what has no demand.
    StartIsDemand,
    /// A chat that gave up has a timer.
    GaveUpHasTimer,
    /// A pause rings though nobody wants the chat.
    BackoffWithoutDemand,
    /// Nobody rings when a pause is over.
    BackoffHasNoTimer,
    /// Recovery overlooks the ends that others asked for.
    KillOverlooked,
    /// An agent whose shim died is left alone.
    OrphanOverlooked,
    /// A wanted chat whose handler is leaving is forgotten.
    DrainedForgotten,
}

impl ModelMutation {
    /// The rule that is run instead, and what is done to the rows first.
    pub(super) fn instead(self, rows: &mut Rows, rule: Rule) -> Rule {
        match (self, rule) {
            (Self::ProviderCounts, Rule::Hear(Saying::Outage)) => Rule::Hear(Saying::Wrong),
            (Self::UnfitTriesAgain, Rule::Hear(Saying::Unfit)) => Rule::Hear(Saying::Wrong),
            (Self::NoProgramTriesAgain, Rule::End(End::NoProgram)) => Rule::End(End::Badly),
            (Self::LeavingIgnored, Rule::Start) => {
                rows.attempt = None;
                rule
            }
            (Self::AdapterPauseIgnored, Rule::Start) => {
                rows.control.adapters.clear();
                rule
            }
            (Self::PauseIgnored, Rule::Start) => {
                rows.chat.not_before = None;
                rule
            }
            _ => rule,
        }
    }

    /// The rows after a rule, as the bug leaves them; absent: refused.
    pub(super) fn bend(self, before: &Rows, rule: Rule, ruled: bool, mut rows: Rows) -> Option<Rows> {
        let taken = match self {
            Self::StaleReadyTaken | Self::StaleAnswerTaken | Self::StaleEndTaken | Self::OffsetIgnored => {
                self.stale(rule, &mut rows) || ruled
            }
            _ => ruled,
        };
        if !taken {
            return self.accept(rule, rows);
        }
        self.count(before, rule, &mut rows);
        self.state(before, rule, &mut rows);
        self.kill(before, rule, &mut rows);
        self.inbox(before, rule, &mut rows);
        Some(rows)
    }

    /// What should have been refused.
    fn accept(self, rule: Rule, mut rows: Rows) -> Option<Rows> {
        let taken = self == Self::ArchivedTakesMessages && rule == Rule::Send && rows.chat.is_archived();
        let number = rows.inbox.len() as u64 + ANSWERED;
        rows.inbox.push(InboxRow { number, kills: 0, deliveries: 0, state: InboxState::Waiting });
        taken.then_some(rows)
    }

    fn stale(self, rule: Rule, rows: &mut Rows) -> bool {
        let saying = match (self, rule) {
            (Self::StaleReadyTaken, Rule::Stale(Stale::Ready)) => Saying::Ready,
            (Self::StaleAnswerTaken, Rule::Stale(Stale::Answer)) => Saying::Answer,
            (Self::OffsetIgnored, Rule::Stale(Stale::TroubleTwice)) => Saying::Wrong,
            (Self::StaleEndTaken, Rule::Stale(Stale::Ended)) => {
                return super::rules::ended(rows, LAST, End::Badly);
            }
            _ => return false,
        };
        let command = ChatCommand::Heard(heard(LAST, rows.chat.fence, saying));
        submit(rows, &ann(), Command::Chat(command), NOW).is_ok()
    }

    fn count(self, before: &Rows, rule: Rule, rows: &mut Rows) {
        let was = &before.chat;
        let draining = matches!(was.state, ChatState::Draining { .. });
        let dies = matches!(rule, Rule::End(End::Clean | End::Badly | End::Lost)) && was.handler().is_some();
        let failures = match (self, rule) {
            (Self::TimeClears, Rule::PauseOver)
            | (Self::ConsumerClears, Rule::Attach)
            | (Self::ProviderClears, Rule::Hear(Saying::RateLimited))
            | (Self::CountForgotten, Rule::Boot) => 0,
            (Self::DrainCounts, Rule::End(_)) if draining => was.failures + 1,
            (Self::ConfigurationKeepsCount, Rule::Configured) | (Self::RestoreKeepsCount, Rule::Restore) => {
                was.failures
            }
            _ => rows.chat.failures,
        };
        rows.chat.failures = failures;
        let free = match self {
            Self::CleanExitIsFree => dies && rule == Rule::End(End::Clean),
            Self::UnwantedExitIsFree => dies && matches!(was.state, ChatState::Lingering { .. }),
            Self::LateStartIsFree => rule == Rule::NotReady,
            Self::LateTurnIsFree => rule == Rule::TurnTimedOut,
            _ => false,
        };
        if free && rows.chat.state != was.state {
            (rows.chat.failures, rows.chat.not_before) = (was.failures, was.not_before);
            rows.chat.state = ChatState::Dormant;
        }
    }

    fn state(self, before: &Rows, rule: Rule, rows: &mut Rows) {
        let was = before.chat.state.clone();
        let chat = &mut rows.chat;
        let wakes = match (self, rule) {
            (Self::GiveUpForgotten, Rule::Boot)
            | (Self::DemandWakesGaveUp, Rule::Send)
            | (Self::GaveUpHasTimer, Rule::PauseOver) => {
                matches!(was, ChatState::GaveUp { .. })
            }
            (Self::PurgeVolatile, Rule::Boot) | (Self::DemandWakesArchived, Rule::Attach) => {
                chat.is_archived()
            }
            (Self::HoldVolatile, Rule::Boot) | (Self::DemandWakesHeld, Rule::Send) => {
                matches!(was, ChatState::Held { .. })
            }
            (Self::RestoreForgetsHold, Rule::Restore) => true,
            (Self::PauseForgotten, Rule::Boot) => matches!(was, ChatState::Backoff { .. }),
            _ => false,
        };
        if wakes {
            chat.state = ChatState::Dormant;
        }
        match (self, rule, &mut chat.state) {
            (Self::PauseForgotten, Rule::Boot, _) | (Self::PauseDropped, Rule::Unwant, _) => {
                chat.not_before = None;
            }
            (Self::SixTries, _, ChatState::GaveUp { reason: GiveUp::Failures, .. })
                if before.chat.failures < 5 =>
            {
                chat.state = ChatState::Backoff { until: NOW };
            }
            (Self::ConfigurationUnheard, Rule::Configured, _) => *rows = before.clone(),
            (Self::PurgeUnnamed, Rule::Purge, ChatState::Archived { purged_at, .. }) => *purged_at = None,
            (Self::FenceKept, Rule::Hold | Rule::Archive | Rule::Purge, _) => chat.fence = before.chat.fence,
            _ => {}
        }
    }

    fn kill(self, before: &Rows, rule: Rule, rows: &mut Rows) {
        let forgets = match self {
            Self::ArchiveKillsNothing => matches!(rule, Rule::Archive | Rule::Purge),
            Self::HoldKillsNothing => rule == Rule::Hold,
            Self::DrainKillsNothing => matches!(rule, Rule::DrainIdle | Rule::DrainRoom | Rule::DrainService),
            Self::FailureKillsNothing => matches!(rule, Rule::NotReady | Rule::TurnTimedOut),
            _ => false,
        };
        if forgets {
            rows.kill = before.kill;
            rows.attempt.clone_from(&before.attempt);
        }
    }

    fn inbox(self, before: &Rows, rule: Rule, rows: &mut Rows) {
        let at = before.chat.turn().map(|turn| turn.message);
        let asked = before.chat.turn().is_some_and(|turn| turn.interrupted.is_some());
        let draining = matches!(before.chat.state, ChatState::Draining { .. });
        let rearmed = rows.chat.turn().is_none();
        let last = rows.waiting().last().map(|row| row.number);
        if self == Self::OutOfOrder
            && rule == Rule::Deliver
            && let (ChatState::Live { serving }, Some(last)) = (&mut rows.chat.state, last)
            && let Some(turn) = &mut serving.turn
        {
            turn.message = last;
        }
        for (row, was) in rows.inbox.iter_mut().zip(&before.inbox) {
            let flies = at == Some(row.number);
            match (self, rule) {
                (Self::DrainKills, Rule::End(_)) if flies && draining => row.kills += 1,
                (Self::ProviderKills, Rule::Hear(Saying::Outage)) if flies => row.kills += 1,
                (Self::ErrorAnswers, Rule::Hear(Saying::Wrong)) if flies => row.state = InboxState::Answered,
                (Self::AsideAfterTwo, Rule::End(_)) if flies && row.kills == KILLS - 1 => {
                    row.state = InboxState::SetAside;
                }
                (Self::NeverAside, Rule::End(_)) if flies && row.kills >= KILLS => {
                    row.state = InboxState::Waiting;
                }
                (Self::ResendKeepsDeaths, Rule::Resend) if was.state == InboxState::SetAside => {
                    row.kills = KILLS - 1;
                }
                (Self::AnsweredSentAgain, Rule::Resend) => row.state = InboxState::Waiting,
                (Self::RestoreWakes, Rule::Archive | Rule::Purge) => row.state = was.state,
                (Self::AnswerUnmarked, Rule::Hear(Saying::Answer)) if flies => row.state = was.state,
                (Self::InterruptForgotten, _) if flies && asked && rearmed => row.state = was.state,
                _ => {}
            }
        }
    }
}
