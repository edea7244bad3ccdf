//! What was used, in the one form that workgraph has for it.

use std::collections::BTreeMap;

use serde_json::Value;
use wg_core::usage::Usage;

/// The largest count that is taken for one (2⁵³, up to where JSON's numbers are exact everywhere).
const COUNT_MAX: u64 = 1 << 53;
/// Conversations that are told apart, the agent's helpers among them; with more all are forgotten.
const THREADS_MAX: usize = 256;

/// The counts of an object. Its input contains what a cache held, ours does not.
fn usage(counts: &Value) -> Usage {
    let of = |name: &str| counts[name].as_u64().filter(|count| *count <= COUNT_MAX).unwrap_or(0);
    let (cache_read, cache_write) = (of("cachedInputTokens"), of("cacheWriteInputTokens"));
    Usage {
        input: of("inputTokens").saturating_sub(cache_read).saturating_sub(cache_write),
        cache_read,
        cache_write,
        output: of("outputTokens"),
        reasoning: of("reasoningOutputTokens"),
        cost_micros: None,
        model: None,
    }
}

/// What the turn in flight has used. The program tells sums over whole conversations, which go on over turns
/// and handlers, and those of the agent's helpers beside its own: what is used is what they grow by.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The last sum of each conversation.
    sums: BTreeMap<String, Usage>,
    used: Usage,
    /// A conversation that nothing is known of has all of its sum in this turn.
    whole: bool,
}

impl Tally {
    /// Of what begins with this turn, and has no other.
    pub(super) fn from_the_start() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// A turn begins: what was told before is of none.
    pub(super) fn begins(&mut self) {
        self.used = Usage::default();
    }

    /// The turn is over: what it used.
    pub(super) fn ends(&mut self) -> Usage {
        std::mem::take(&mut self.used)
    }

    /// A conversation's sum is told anew; gives what the turn has used until now, where that became more. Of a
    /// conversation that nothing is known of and that may be older than the turn, the last call alone counts.
    pub(super) fn told(&mut self, thread: &str, counts: &Value) -> Option<&Usage> {
        let sum = usage(&counts["total"]);
        let more = match self.sums.get(thread) {
            Some(before) => grown(before, &sum),
            None if self.whole => sum.clone(),
            None => usage(&counts["last"]),
        };
        if self.sums.len() >= THREADS_MAX {
            self.sums.clear();
        }
        self.sums.insert(thread.to_owned(), sum);
        self.used.add(&more);
        (!more.is_empty()).then_some(&self.used)
    }
}

fn grown(before: &Usage, now: &Usage) -> Usage {
    Usage {
        input: now.input.saturating_sub(before.input),
        cache_read: now.cache_read.saturating_sub(before.cache_read),
        cache_write: now.cache_write.saturating_sub(before.cache_write),
        output: now.output.saturating_sub(before.output),
        reasoning: now.reasoning.saturating_sub(before.reasoning),
        cost_micros: None,
        model: None,
    }
}
