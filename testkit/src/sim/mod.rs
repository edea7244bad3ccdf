//! The simulator: the real dispatcher logic, the real shim machine and the real `submit` over the store in
//! memory, on a simulated host, with everything that may go wrong, in an order that a seed decides. After
//! every move, and when all has come to rest, an oracle says whether the invariants hold.
//!
//! Simulated, and so not tested here: `/proc`, signals, sockets, files, the event loops around the logic.
//! What they do is modelled in `host`, `ends` and `shims`, after `supervise::terminate` and
//! `recover::gather`, and for agents that are understood in `talks` and `pipes`, after `talk` and
//! `supervise::shim::talk`, over the real conversations of the adapters `command` (chats), `claude` (chats and
//! work, which costs money) and `opencode` (work); tests on real processes are in the binary's `tests/`.
//!
//! A failure names its seed. `SIM_SEED=… cargo test -p testkit sim_replay -- --nocapture` runs it again and
//! tells every move; `SIM_SEEDS=10000 cargo test --release -p testkit sim_many` runs many.

mod agents;
mod bent;
mod chat_oracle;
mod consumers;
mod daemon;
mod days;
mod ends;
mod faults;
mod handlers;
mod host;
mod last_words;
mod meter;
mod mutation;
mod oracle;
mod people;
mod pipes;
mod rest;
mod shims;
mod speech;
mod talks;
mod trace;
mod work_oracle;
mod workers;
mod world;

use std::fmt;
use std::ops::Range;

pub use faults::Faults;
pub use mutation::Mutation;
pub use work_oracle::Tally;
use world::World;

/// Moves in which things go wrong; with agents that are talked with more than without.
const MOVES: usize = 500;
const MOVES_OF_TALKS: usize = 1_000;
/// Moves in which all must have come to rest.
const SETTLING: usize = 20_000;

/// A run in which an invariant did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What seed makes it happen again.
    pub seed: u64,
    /// The bug that was planted.
    pub mutation: Option<Mutation>,
    /// After how many moves.
    pub moves: usize,
    /// What did not hold.
    pub what: String,
    /// What happened before, a line each, where the run was watched.
    pub trace: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, moves, what, trace, .. } = self;
        write!(f, "seed {seed}, move {moves}: {what}")?;
        if let Some(mutation) = self.mutation {
            write!(f, " (planted: {mutation:?})")?;
        }
        if !trace.is_empty() {
            write!(f, "\n{trace}")?;
        }
        Ok(())
    }
}

/// What a run was like, so that a test can see that it was not an idle one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Moves.
    pub moves: usize,
    /// Operations that were committed.
    pub operations: u64,
    /// Attempts that were made.
    pub attempts: usize,
    /// Messages to chats that were answered.
    pub answers: usize,
    /// What agents at work used and heard, and which of them budgets ended.
    pub work: Tally,
}

/// How to run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// The bug to plant.
    pub mutation: Option<Mutation>,
    /// What goes wrong, where the seed is not to decide.
    pub faults: Option<Faults>,
    /// Keep what happens, for a failure's trace.
    pub watched: bool,
}

/// Runs one seed: things go wrong for a while, then nothing does, and all must come to rest.
pub fn run(seed: u64, options: Options) -> Result<Report, Box<Failure>> {
    let mut world = World::new(seed, options.faults, options.mutation, options.watched);
    let mut moves = 0;
    let fail = |world: &World, moves: usize, what: String| {
        let trace = world.trace.text();
        Err(Box::new(Failure { seed, mutation: options.mutation, moves, what, trace }))
    };
    let until = if world.talks() { MOVES_OF_TALKS } else { MOVES };
    for _ in 0..until {
        world.step();
        moves += 1;
        if let Some(what) = world.oracle.broken() {
            return fail(&world, moves, what.to_owned());
        }
    }
    let can_be_blind = world.faults.blind > 0;
    world.calm_down();
    while world.step() || world.wait() || (can_be_blind && world.person_helps()) {
        moves += 1;
        if let Some(what) = world.oracle.broken() {
            return fail(&world, moves, what.to_owned());
        }
        if moves > until + SETTLING {
            let what = format!("it does not come to rest: {}", world.daemon_status());
            return fail(&world, moves, what);
        }
    }
    if let Some(what) = rest::not_at_rest(&mut world) {
        return fail(&world, moves, format!("at rest, {what}"));
    }
    let operations = world.oracle.last_operation().0;
    let (attempts, answers) = (world.oracle.attempts_made(), world.oracle.chats.answers());
    let work = world.oracle.work.tally;
    Ok(Report { moves, operations, attempts, answers, work })
}

/// Runs seeds until one fails; a failure comes with its trace.
pub fn run_many(seeds: Range<u64>, mutation: Option<Mutation>) -> Result<Report, Box<Failure>> {
    let mut all = Report::default();
    for seed in seeds {
        match run(seed, Options { mutation, ..Options::default() }) {
            Ok(report) => {
                all.moves += report.moves;
                all.operations += report.operations;
                all.attempts += report.attempts;
                all.answers += report.answers;
                all.work.add(&report.work);
            }
            Err(failure) => {
                let again = run(seed, Options { mutation, watched: true, ..Options::default() });
                return Err(again.err().unwrap_or(failure));
            }
        }
    }
    Ok(all)
}
