//! What may go wrong in a run, and how often.

use crate::random::Random;

/// Chances of faults, in a thousand moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// `kill -9` of the dispatcher.
    pub dispatcher_dies: u32,
    /// `kill -9` of a shim.
    pub shim_dies: u32,
    /// `kill -9` of a process of an agent's tree.
    pub agent_dies: u32,
    /// `kill -9` of a command between its commit and what it has to carry out.
    pub command_dies: u32,
    /// The machine starts anew.
    pub reboot: u32,
    /// The clock is set, by up to a day.
    pub clock_set: u32,
    /// Of events and effects: they come twice.
    pub repeated: u32,
    /// Of deliveries: in another order.
    pub reordered: u32,
    /// Of commits by the dispatcher: the store is busy.
    pub store_busy: u32,
    /// Of looks at `/proc`: it can't be read.
    pub blind: u32,
    /// Of exit records: there is no room for them.
    pub disk_full: u32,
    /// Of starts of a shim: it can't be started.
    pub no_shim: u32,
    /// The dispatcher is asked to leave, with or without its agents.
    pub stopped: u32,
    /// A connection to a handler's shim breaks.
    pub line_breaks: u32,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self {
        dispatcher_dies: 0,
        shim_dies: 0,
        agent_dies: 0,
        command_dies: 0,
        reboot: 0,
        clock_set: 0,
        repeated: 0,
        reordered: 0,
        store_busy: 0,
        blind: 0,
        disk_full: 0,
        no_shim: 0,
        stopped: 0,
        line_breaks: 0,
    };

    /// A mixture of its own for each seed: some runs see few kinds of faults, and those often.
    pub(super) fn drawn(random: &mut Random) -> Self {
        let never = if random.per_mille(350) { 800 } else { 350 };
        let mut some = |most: u64| -> u32 {
            if random.per_mille(never) { 0 } else { u32::try_from(random.between(1, most)).expect("small") }
        };
        Self {
            dispatcher_dies: some(25),
            shim_dies: some(20),
            agent_dies: some(20),
            command_dies: some(40),
            reboot: some(4),
            clock_set: some(6),
            repeated: some(150),
            reordered: some(500),
            store_busy: some(60),
            blind: some(500),
            disk_full: some(200),
            no_shim: some(60),
            stopped: some(6),
            line_breaks: some(80),
        }
    }
}
