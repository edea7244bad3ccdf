//! Bugs to be planted, one at a time, at the ports: so that it can be shown that the simulator finds each.
//! The program itself has no switch for any of them.

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// An attempt's end moves its task although its fence is an old one.
    FenceUnchecked,
    /// The end of an attempt that is over already is taken once more.
    EndTakenTwice,
    /// The effect that a kill is to have is not written.
    KillNotWritten,
    /// Kill effects that a dead command left are overlooked.
    KillOverlooked,
    /// Effects are never settled.
    NeverSettled,
    /// A task is tried again without its pause.
    BackOffIgnored,
    /// The bucket of a task's starts is always full.
    BucketIgnored,
    /// A task starts although its dependencies are not done.
    DependencyIgnored,
    /// Nobody looks at tasks whose time to wait for has come.
    WaitForgotten,
    /// Commits of others are not heard of.
    ChangeUnheard,
    /// The dispatcher's timer does not ring.
    TimerLost,
    /// A launch that was committed is forgotten when the dispatcher dies.
    LaunchForgotten,
    /// Recovery does not read exit records.
    RecordUnread,
    /// A shim goes on without its lock, and makes its mark although it is there.
    StartNotExclusive,
    /// A shim does not look into the store before it starts its agent.
    StoreUnchecked,
    /// An exit is told before it is written.
    ToldBeforeWritten,
    /// What can't be told is taken for dead.
    UnknownTakenForDead,
    /// Only the agent's process group is ended.
    GroupKillOnly,
    /// A process is signalled by its number alone.
    NumberAlone,
    /// What a handler says counts though its chat is held, archived or waits for another.
    WordsUnfenced,
    /// Up to where a handler's output was taken in is not committed with what came of it.
    ParsedForgotten,
    /// A message that was answered is not marked so: it is given again.
    AnsweredForgotten,
    /// The last message that waits is answered first.
    OrderIgnored,
    /// What a handler said last, before its end, is not taken in.
    LastWordsDropped,
    /// The effects that a purge is to have on handlers are not written.
    PurgeForgetsKill,
    /// After a restart nothing is known of chats that gave up.
    GiveUpForgotten,
    /// A handler whose end was asked for is kept by the next dispatcher.
    AdoptedKept,
    /// A shim gives its agent an input again that it has.
    RepeatsTaken,
    /// A message that waits is overlooked in a chat that had a handler before.
    DemandIgnored,
    /// A handler starts though the one before it is not gone.
    LeavingNotWaited,
    /// What an agent used is counted once more after its dispatcher died: up to where its output was taken in is
    /// not committed.
    UsageToldAgain,
    /// The pause that the day's budget makes is not looked at before a start.
    DayPauseIgnored,
    /// Work that the day's budget is to end is not ended.
    DayEndsNothing,
    /// An attempt that the day's budget ended is counted against its task.
    DayEndCounted,
    /// A configuration that was read again is not heard of.
    ReloadUnheard,
    /// An agent whose turn is over is not let go.
    LetGoForgotten,
    /// What an agent was told of messages is not noted.
    ToldForgotten,
    /// An attempt that reached its own budget goes on.
    CapIgnored,
}

impl Mutation {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::FenceUnchecked,
        Self::EndTakenTwice,
        Self::KillNotWritten,
        Self::KillOverlooked,
        Self::NeverSettled,
        Self::BackOffIgnored,
        Self::BucketIgnored,
        Self::DependencyIgnored,
        Self::WaitForgotten,
        Self::ChangeUnheard,
        Self::TimerLost,
        Self::LaunchForgotten,
        Self::RecordUnread,
        Self::StartNotExclusive,
        Self::StoreUnchecked,
        Self::ToldBeforeWritten,
        Self::UnknownTakenForDead,
        Self::GroupKillOnly,
        Self::NumberAlone,
        Self::WordsUnfenced,
        Self::ParsedForgotten,
        Self::AnsweredForgotten,
        Self::OrderIgnored,
        Self::LastWordsDropped,
        Self::PurgeForgetsKill,
        Self::GiveUpForgotten,
        Self::AdoptedKept,
        Self::RepeatsTaken,
        Self::DemandIgnored,
        Self::LeavingNotWaited,
        Self::UsageToldAgain,
        Self::DayPauseIgnored,
        Self::DayEndsNothing,
        Self::DayEndCounted,
        Self::ReloadUnheard,
        Self::LetGoForgotten,
        Self::ToldForgotten,
        Self::CapIgnored,
    ];
}
