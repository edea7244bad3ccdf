//! What must hold, numbered and named.

use std::fmt;

/// What must hold of every commit, of every state, or of every way to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// At most one agent runs for a chat.
    OneHandler = 1,
    /// No agent passes the check of a chat that is archived, held, given up, or served by another.
    NothingBarredRuns,
    /// What a handler says or asks that is not the chat's own changes nothing, nor what is told twice.
    StaleChangesNothing,
    /// An archived chat stays archived until it is restored.
    ArchivedUntilRestored,
    /// Giving up ends by a person or a changed configuration, and by the latter at once.
    GaveUpUntilHelped,
    /// A held chat stays held until a person resumes or archives it.
    HeldUntilResumed,
    /// At most five starts without a successful turn, a person's help or a changed configuration.
    FiveTries,
    /// A message that was answered, or whose turn a person ended, is never delivered again.
    AnsweredStays,
    /// Messages are delivered in order, to a handler that is ready and at nothing else.
    InOrder,
    /// An answer and its acknowledgement are one commit; nothing else answers a message.
    AnswerIsMark,
    /// A message is set aside by its third death or by archiving, and then it is.
    AsideByThree,
    /// Drains, restarts and errors of a provider are no failures and no deaths.
    FreeIsFree,
    /// Every other end, a late start and a late turn is one failure, demand or no demand.
    FailuresCount,
    /// Nothing but a successful turn, a person's help or a changed configuration clears the count; these do.
    ClearedOnlyByHelp,
    /// Start, hold and archive raise the fence; nothing lowers it.
    FenceRises,
    /// Archive and restore keep what they are to keep, and wake nothing.
    KeptOverArchive,
    /// The pause after a failure is kept until its time has come.
    PauseIsKept,
    /// Five failures, and what another try would not mend, give up at once.
    GivesUpAtOnce,
    /// A handler starts for demand alone and after its last one is gone; it is let go only without demand.
    DemandDecides,
    /// What was said in time counts, however late it is read.
    SaidInTimeCounts,
    /// How an attempt ended is told as it was.
    EndsAreTold,
    /// A message to an archived chat is refused.
    ArchivedRefuses,
    /// Without people and faults everything comes to rest: no circle.
    ComesToRest,
    /// At rest nothing is half done, no message waits that could be answered, and no timer is set.
    RestsRight,
    /// At rest no process is there but the ready handler of a wanted chat.
    NoProcessLeft,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {self:?}", *self as u8)
    }
}
