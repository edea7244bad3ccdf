//! The parts of a task that change independently: what an undo and a repeated import compare and copy.

use crate::task::Task;

macro_rules! aspects {
    ($($(#[doc = $doc:literal])* $name:ident: $($field:ident).+, $word:literal;)+) => {
        /// A part of a task that can be told, compared and copied by itself. The state and the counts of
        /// attempts are none: they have rules of their own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Aspect { $($(#[doc = $doc])* $name,)+ }

        impl Aspect {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// What people call it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Whether two tasks agree in it.
            #[must_use]
            pub fn same(self, a: &Task, b: &Task) -> bool {
                match self { $(Self::$name => a.$($field).+ == b.$($field).+,)+ }
            }

            /// Makes `to` like `from` in it.
            pub fn copy(self, from: &Task, to: &mut Task) {
                match self { $(Self::$name => to.$($field).+.clone_from(&from.$($field).+),)+ }
            }
        }
    };
}

aspects! {
    /// The title.
    Title: title, "title";
    /// The description.
    Description: description, "description";
    /// The priority.
    Priority: priority, "priority";
    /// The tags.
    Tags: tags, "tags";
    /// The skills.
    Skills: skills, "skills";
    /// The dependencies.
    After: after, "dependencies";
    /// The parent.
    Parent: parent, "parent";
    /// The task it was found in.
    DiscoveredFrom: discovered_from, "discovered from";
    /// The deliverables.
    Deliverables: deliverables, "deliverables";
    /// The paths.
    Paths: paths, "paths";
    /// The time before which it is not ready.
    NotBefore: times.not_before, "not before";
    /// The command.
    Exec: run.exec, "command";
    /// The adapter.
    Adapter: run.adapter, "adapter";
    /// The model.
    Model: run.model, "model";
    /// The agent's identity.
    Agent: run.agent, "agent";
    /// The timeout.
    Timeout: run.timeout, "timeout";
    /// The number of attempts.
    MaxAttempts: run.max_attempts, "attempts";
    /// The budget's tokens.
    BudgetTokens: run.budget.tokens, "budget of tokens";
    /// The budget's cost.
    BudgetCost: run.budget.cost_micros, "budget of cost";
    /// The pause.
    Paused: paused, "pause";
    /// The visibility.
    Visibility: visibility, "visibility";
    /// What an import kept.
    Notes: notes, "notes";
}
