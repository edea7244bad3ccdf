//! The search: every world that can come of the first one, the nearest first, and whether all come to rest.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::time::{Duration, Instant};

use super::invariants::Invariant;
use super::moves::{Action, By, Move, moves};
use super::mutation::ModelMutation;
use super::rules::{Rule, Rules, STALE};
use super::world::{Dispatcher, Proc, Unread, World};

/// What was searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// Worlds.
    pub states: usize,
    /// Moves between them.
    pub edges: usize,
    /// Rows that differ.
    pub rows: usize,
    /// Commits of the real rules that differ.
    pub rules: usize,
    /// The longest of the shortest ways.
    pub depth: u32,
    /// How long it took.
    pub took: Duration,
}

/// A way to what must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What it breaks.
    pub invariant: Invariant,
    /// Worlds that were seen until it was found.
    pub states: usize,
    /// From the beginning: what happened, and what came of it.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken, found after {} states:", self.invariant, self.states)?;
        self.trace.iter().enumerate().try_for_each(|(step, line)| writeln!(f, "{step:>3} {line}"))
    }
}

/// Mixes a number that is a number already.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

/// What is known of the worlds, by their place in the order they were found.
struct Search {
    rules: Rules,
    only: Option<Invariant>,
    worlds: Vec<u64>,
    places: HashMap<u64, u32, BuildHasherDefault<Mix>>,
    /// From where, and how.
    came: Vec<(u32, Action)>,
    depth: Vec<u32>,
    /// Where the moves of a world begin that the program or an agent makes.
    begins: Vec<u32>,
    leads: Vec<u32>,
    edges: usize,
    codes: HashSet<u32>,
}

/// Searches everything; with a planted bug, or looking for one invariant only.
///
/// # Errors
/// The first way that was found to what must not be; there is none that is shorter.
pub fn search(mutation: Option<ModelMutation>, only: Option<Invariant>) -> Result<Searched, Box<Violation>> {
    let begun = Instant::now();
    let mut search = Search {
        rules: Rules::new(mutation),
        only,
        worlds: Vec::new(),
        places: HashMap::default(),
        came: Vec::new(),
        depth: Vec::new(),
        begins: Vec::new(),
        leads: Vec::new(),
        edges: 0,
        codes: HashSet::new(),
    };
    let first = World::new(super::code::first());
    search.place(first, 0, Action::Nothing, 0);
    search.everything()?;
    search.no_circle()?;
    Ok(Searched {
        states: search.worlds.len(),
        edges: search.edges,
        rows: search.codes.len(),
        rules: search.rules.run(),
        depth: search.depth.last().copied().unwrap_or(0),
        took: begun.elapsed(),
    })
}

impl Search {
    /// The place of a world, and whether it is a new one.
    fn place(&mut self, world: World, from: u32, action: Action, depth: u32) -> (u32, bool) {
        let packed = world.pack();
        let next = u32::try_from(self.worlds.len()).expect("fewer than four milliards");
        match self.places.entry(packed) {
            std::collections::hash_map::Entry::Occupied(here) => (*here.get(), false),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(next);
                self.worlds.push(packed);
                self.came.push((from, action));
                self.depth.push(depth);
                (next, true)
            }
        }
    }

    fn world(&self, place: u32) -> World {
        World::unpack(self.worlds[place as usize])
    }

    fn everything(&mut self) -> Result<(), Box<Violation>> {
        let mut found = Vec::new();
        let mut place = 0;
        while (place as usize) < self.worlds.len() {
            let world = self.world(place);
            debug_assert_eq!(world.pack(), self.worlds[place as usize]);
            self.stale(place, world)?;
            found.clear();
            moves(world, &mut self.rules, &mut found);
            self.begins.push(u32::try_from(self.leads.len()).expect("fewer than four milliards"));
            let mut rests = true;
            for made in &found {
                rests &= !self.follow(place, world, made)?;
            }
            if rests && let Some(broken) = self.at_rest(world) {
                self.report(broken, place, None)?;
            }
            place += 1;
        }
        self.begins.push(u32::try_from(self.leads.len()).expect("fewer than four milliards"));
        Ok(())
    }

    /// Takes a move; gives whether it is one that is certain to come.
    fn follow(&mut self, place: u32, world: World, made: &Move) -> Result<bool, Box<Violation>> {
        if let Some(broken) = made.broken {
            self.report(broken, place, Some(made))?;
        }
        if made.to == world {
            return Ok(false);
        }
        if made.to.procs().into_iter().filter(|proc| proc.agent()).count() > 1 {
            self.report(Invariant::OneHandler, place, Some(made))?;
        }
        self.edges += 1;
        let depth = self.depth[place as usize] + 1;
        let (to, _) = self.place(made.to, place, made.action, depth);
        if made.by != By::Others {
            self.leads.push(to);
        }
        Ok(made.by == By::Program)
    }

    /// What a handler says that is not the chat's own, in every state of the rows.
    fn stale(&mut self, place: u32, world: World) -> Result<(), Box<Violation>> {
        if !self.codes.insert(world.code) {
            return Ok(());
        }
        for stale in STALE {
            let rule = Rule::Stale(stale);
            if let Some(broken) = self.rules.apply(world.code, rule).broken {
                let made = Move { action: Action::Rule(rule), by: By::Others, to: world, broken: None };
                self.report(broken, place, Some(&made))?;
            }
        }
        Ok(())
    }

    /// What is wrong with a world in which nothing is certain to come.
    fn at_rest(&mut self, world: World) -> Option<Invariant> {
        let view = self.rules.view(world.code);
        let served = view.state == "live";
        let wanted = view.wanted(world.attached);
        let processes = world.procs().into_iter().filter(|proc| proc.process()).count();
        if processes > usize::from(served && wanted) {
            return Some(Invariant::NoProcessLeft);
        }
        let right = match view.state {
            "live" => wanted && !view.next && !view.turn && world.main == Proc::Alive,
            "dormant" => !wanted && !view.live,
            "gave-up" => view.configured && !view.live,
            "held" | "archived" => !view.live,
            _ => false,
        };
        let quiet = world.dispatcher == Dispatcher::Sees && world.unread == Unread::Nothing && !view.kill;
        (!right || !quiet).then_some(Invariant::RestsRight)
    }

    /// Following the program and the agents alone never leads back.
    fn no_circle(&mut self) -> Result<(), Box<Violation>> {
        const NEW: u8 = 0;
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut colour = vec![NEW; self.worlds.len()];
        let mut way: Vec<(u32, u32)> = Vec::new();
        for root in 0..colour.len() {
            if colour[root] != NEW {
                continue;
            }
            colour[root] = OPEN;
            way.push((u32::try_from(root).expect("a place"), self.begins[root]));
            while let Some((place, next)) = way.last_mut() {
                let here = *place as usize;
                if *next == self.begins[here + 1] {
                    colour[here] = DONE;
                    way.pop();
                    continue;
                }
                let to = self.leads[*next as usize];
                *next += 1;
                match colour[to as usize] {
                    NEW => {
                        colour[to as usize] = OPEN;
                        way.push((to, self.begins[to as usize]));
                    }
                    OPEN => {
                        let begin = way.iter().position(|(place, _)| *place == to).expect("it is open");
                        let circle: Vec<u32> = way[begin..].iter().map(|(place, _)| *place).collect();
                        return self.circle(&circle);
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn circle(&mut self, circle: &[u32]) -> Result<(), Box<Violation>> {
        if self.only.is_some_and(|only| only != Invariant::ComesToRest) {
            return Ok(());
        }
        let mut trace = self.trace(circle[0]);
        trace.push("and from there in a circle:".into());
        for place in circle {
            let line = self.world(*place).show(&mut self.rules);
            trace.push(line);
        }
        let states = self.worlds.len();
        Err(Box::new(Violation { invariant: Invariant::ComesToRest, states, trace }))
    }

    fn trace(&mut self, mut place: u32) -> Vec<String> {
        let mut trace = Vec::new();
        loop {
            let (from, action) = self.came[place as usize];
            let shown = self.world(place).show(&mut self.rules);
            if place == 0 {
                trace.push(format!("in the beginning: {shown}"));
                trace.reverse();
                return trace;
            }
            trace.push(format!("{action:?}: {shown}"));
            place = from;
        }
    }

    fn report(
        &mut self,
        invariant: Invariant,
        place: u32,
        made: Option<&Move>,
    ) -> Result<(), Box<Violation>> {
        if self.only.is_some_and(|only| only != invariant) {
            return Ok(());
        }
        let mut trace = self.trace(place);
        match made {
            Some(made) => {
                let shown = made.to.show(&mut self.rules);
                trace.push(format!("{:?}: {shown}", made.action));
            }
            None => trace.push("and there it rests".into()),
        }
        Err(Box::new(Violation { invariant, states: self.worlds.len(), trace }))
    }
}
