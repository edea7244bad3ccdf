//! The simulated world: one host with its dispatcher, shims, agents and commands over one graph, moved one
//! step at a time in an order that a seed decides.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wg_core::attempt::ExitStatus;
use wg_core::command::Command;
use wg_core::id::{Actor, AttemptRef, ChatNumber, OpSeq};
use wg_core::port::Store;
use wg_core::submit::submit;
use wg_core::time::Timestamp;
use wg_dispatch::config::DispatchConfig;
use wg_dispatch::dispatcher::Event;
use wg_store::memory::MemoryStore;

use super::agents::Act;
use super::bent::Port;
use super::chat_oracle::Written;
use super::daemon::Daemon;
use super::days::{some_beginning, some_budgets};
use super::ends::EndRun;
use super::faults::Faults;
use super::host::{Host, INIT, Role};
use super::mutation::Mutation;
use super::oracle::Oracle;
use super::people::Running;
use super::shims::ShimRun;
use super::speech::PAID;
use super::trace::Trace;
use crate::random::Random;

/// The host's name.
pub(super) const HOST: &str = "box";

/// What people do in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Work on tasks.
    Tasks,
    /// Talk in chats.
    Chats,
    /// Both.
    Both,
}

/// Everything there is.
pub(super) struct World {
    pub(super) random: Random,
    pub(super) faults: Faults,
    pub(super) mutation: Option<Mutation>,
    pub(super) config: DispatchConfig,
    /// The truth; the program sees it through [`Port`].
    pub(super) store: MemoryStore,
    /// The clock that is shown, and may be set.
    pub(super) wall: Timestamp,
    /// Time that only goes forward.
    pub(super) mono: Duration,
    /// When the machine started, on it.
    booted: Duration,
    pub(super) host: Host,
    pub(super) daemon: Option<Daemon>,
    pub(super) shims: BTreeMap<u32, ShimRun>,
    /// What the processes of agents still do.
    pub(super) agents: BTreeMap<u32, VecDeque<Act>>,
    pub(super) ends: BTreeMap<u64, EndRun>,
    pub(super) commands: BTreeMap<u64, Running>,
    pub(super) oracle: Oracle,
    pub(super) chats: ChatWorld,
    pub(super) trace: Trace,
    pub(super) mood: Mood,
    /// Transactions that began: the last operation before each.
    began: Arc<Mutex<Vec<OpSeq>>>,
    numbers: u64,
}

/// What there is of chats beside their rows.
pub(super) struct ChatWorld {
    pub(super) subject: Subject,
    /// Who is attached to chats.
    pub(super) consumers: BTreeMap<ChatNumber, usize>,
    /// The version of the programs that serve chats.
    pub(super) programs: i64,
    /// Rows of chats that were written, in order.
    written: Arc<Mutex<Vec<Written>>>,
}

/// What the world is like.
pub(super) struct Mood {
    /// Much happens in little time.
    pub(super) hasty: bool,
    /// Handlers mostly do well, and people mostly talk with them.
    pub(super) gentle: bool,
    /// So many of a thousand tasks cost money.
    pub(super) paid: u32,
    /// Nothing goes wrong any more, nobody asks for anything: everything is to come to rest.
    pub(super) settling: bool,
}

impl Mood {
    /// Whether most handlers do well.
    pub(super) fn is_kind(&self) -> bool {
        self.gentle || self.settling
    }
}

/// Something that can happen next.
#[derive(Debug, Clone, Copy)]
enum Move {
    Deliver,
    CarryOut,
    Shim(u32),
    Agent(u32),
    End(u64),
    Command(u64),
    Talk(AttemptRef),
    Consumers,
    Person,
    StartDaemon,
    Doctor,
    Time,
    Fault,
}

impl World {
    pub(super) fn new(seed: u64, faults: Option<Faults>, mutation: Option<Mutation>, watched: bool) -> Self {
        let mut random = Random::new(seed);
        let drawn = Faults::drawn(&mut random);
        let mut config = DispatchConfig { max_agents: 1 + random.below(4), ..DispatchConfig::default() };
        let paid = if random.per_mille(300) { 0 } else { 750 };
        if paid > 0 {
            some_budgets(&mut random, &mut config);
            config.default_adapter = random.per_mille(500).then(|| PAID[random.below(2)].to_owned());
        }
        let wall = some_beginning(&mut random);
        if random.per_mille(200) {
            config.timeout = Some(Duration::from_secs(random.between(5, 100)));
        }
        let hasty = random.per_mille(300);
        if hasty {
            config.first_pause = Duration::from_millis(random.between(1, 100));
            config.max_attempts = 9;
        }
        let subject = [Subject::Tasks, Subject::Chats, Subject::Both][random.weighted(&[35, 35, 30])];
        let gentle = random.per_mille(600);
        config.chats.max_live = 1 + random.below(4);
        config.chats.linger = Duration::from_secs(random.between(1, 60));
        if random.per_mille(700) {
            config.chats.turn_timeout = Duration::from_secs(random.between(20, 300));
        }
        let mut world = Self {
            random,
            faults: faults.unwrap_or(drawn),
            mutation,
            config,
            store: MemoryStore::new(),
            wall,
            mono: Duration::ZERO,
            booted: Duration::ZERO,
            host: Host::default(),
            daemon: None,
            shims: BTreeMap::new(),
            agents: BTreeMap::new(),
            ends: BTreeMap::new(),
            commands: BTreeMap::new(),
            oracle: Oracle::default(),
            chats: ChatWorld { subject, consumers: BTreeMap::new(), programs: 0, written: Arc::default() },
            trace: Trace::new(watched),
            mood: Mood { hasty, gentle, paid, settling: false },
            began: Arc::default(),
            numbers: 0,
        };
        world.oracle.all_time_out = world.config.timeout.is_some();
        world.trace.note(|| format!("{drawn:?}"));
        world
    }

    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The store as the program sees it.
    pub(super) fn port(&self) -> Port {
        let earlier = self.daemon.as_ref().map_or(AttemptRef(0), |daemon| daemon.earlier);
        let (written, began) = (self.chats.written.clone(), self.began.clone());
        Port {
            inner: self.store.clone(),
            mutation: self.mutation,
            busy: None,
            earlier,
            words: 0,
            written,
            began,
        }
    }

    /// Submits for anybody but the dispatcher; gives the attempts that were changed.
    pub(super) fn submit(&mut self, actor: &Actor, command: Command) -> Option<Vec<AttemptRef>> {
        let about = self.trace.line(|| format!("{actor}: {command:?}"));
        let answer = submit(&mut self.port(), actor, command, self.wall);
        self.trace.add(about.map(|about| match &answer {
            Ok(receipt) => format!("{about} -> operation {}", receipt.operation),
            Err(error) => format!("{about} -> {error}"),
        }));
        self.commit_seen(false);
        answer.ok().map(|receipt| receipt.attempts)
    }

    /// Takes in what was committed, and lets the dispatcher hear of it.
    pub(super) fn commit_seen(&mut self, by_dispatcher: bool) {
        let before = self.oracle.last_operation();
        let began = std::mem::take(&mut *self.began.lock().unwrap_or_else(PoisonError::into_inner));
        self.oracle.work.began.extend(began);
        let written = std::mem::take(&mut *self.chats.written.lock().unwrap_or_else(PoisonError::into_inner));
        self.oracle.chats.note_written(written);
        let oracle = &mut self.oracle;
        self.store.read(&mut |read| oracle.follow(read, by_dispatcher)).expect("memory can be read");
        let last = self.oracle.last_operation();
        let unheard = self.mutation == Some(Mutation::ChangeUnheard) && !by_dispatcher;
        if last != before
            && !unheard
            && let Some(daemon) = &mut self.daemon
        {
            daemon.store_changed = true;
        }
    }

    /// Everything that can happen next, with its weight.
    fn moves(&self) -> Vec<(Move, u32)> {
        let mut moves = Vec::new();
        if self.daemon_has_events() {
            moves.push((Move::Deliver, 30));
        }
        if self.daemon_has_effects() {
            moves.push((Move::CarryOut, 40));
        }
        moves.extend(self.busy_shims().into_iter().map(|pid| (Move::Shim(pid), 20)));
        let agents = if self.mood.paid > 0 { 16 } else { 8 };
        moves.extend(self.busy_agents().into_iter().map(|pid| (Move::Agent(pid), agents)));
        moves.extend(self.busy_ends().into_iter().map(|id| (Move::End(id), 20)));
        moves.extend(self.busy_commands().into_iter().map(|id| (Move::Command(id), 20)));
        moves.extend(self.busy_talks().into_iter().map(|attempt| (Move::Talk(attempt), 20)));
        if self.consumers_unheard() {
            moves.push((Move::Consumers, 15));
        }
        if self.daemon.is_none() && !self.doctor_works() {
            moves.push((Move::StartDaemon, 10));
            moves.push((Move::Doctor, if self.mood.settling { 0 } else { 4 }));
        }
        if !self.mood.settling {
            let calm = self.talks() && self.mood.gentle;
            moves.push((Move::Person, if calm { 6 } else { 12 }));
            // An agent that is talked with has spans to keep: it is to get there now and then.
            let time = match (self.talks(), self.mood.gentle) {
                (false, _) => 14,
                (true, false) => 6,
                (true, true) => 2,
            };
            moves.push((Move::Time, time));
            moves.push((Move::Fault, if calm { 15 } else { 40 }));
        }
        moves
    }

    /// Whether there are agents that are talked with.
    pub(super) fn talks(&self) -> bool {
        self.chats.subject != Subject::Tasks || self.mood.paid > 0
    }

    /// One move; false where there is none but to wait.
    pub(super) fn step(&mut self) -> bool {
        let moves = self.moves();
        if moves.is_empty() {
            return false;
        }
        let weights: Vec<u32> = moves.iter().map(|(_, weight)| *weight).collect();
        match moves[self.random.weighted(&weights)].0 {
            Move::Deliver => self.deliver(),
            Move::CarryOut => self.carry_out(),
            Move::Shim(pid) => self.shim_acts(pid),
            Move::Agent(pid) => self.agent_acts(pid),
            Move::End(id) => self.end_acts(id),
            Move::Command(id) => self.command_acts(id),
            Move::Talk(attempt) => self.talk_acts(attempt),
            Move::Consumers => self.consumers_tell(),
            Move::Person => self.person_acts(),
            Move::StartDaemon => self.start_daemon(),
            Move::Doctor => self.doctor(),
            Move::Time => self.some_time(),
            Move::Fault => self.fault(),
        }
        self.after();
        true
    }

    fn after(&mut self) {
        self.bury();
        self.locks_released();
        self.oracle.judge(&self.host);
    }

    /// From here on nothing goes wrong, and everything is to come to rest.
    pub(super) fn calm_down(&mut self) {
        self.trace.note(|| "from here on nothing goes wrong");
        self.mood.settling = true;
        self.faults = Faults::NONE;
        self.people_let_go();
    }

    /// What could not be told is shown, and a person helps: `wg service restart`. False where nothing is
    /// shown.
    pub(super) fn person_helps(&mut self) -> bool {
        let shown = self.daemon_can_not_tell();
        if shown {
            self.trace.note(|| "the dispatcher is started anew, because something could not be told");
            self.end_daemon();
        }
        shown
    }

    /// Lets everybody hear of the ends of processes.
    pub(super) fn bury(&mut self) {
        while let Some(death) = self.host.deaths.pop() {
            let (pid, role, status) = (death.pid, death.process.role, death.status);
            self.trace.note(|| format!("process {pid} ({role:?}) ended: {status}"));
            self.buried(&death);
        }
    }

    fn pass(&mut self, span: Duration) {
        self.mono += span;
        self.wall = self.wall.plus(span);
    }

    /// When the machine was started, by the clock as it is set now, in whole seconds.
    pub(super) fn booted_at(&self) -> Timestamp {
        let up = i64::try_from((self.mono - self.booted).as_nanos()).expect("a run is short");
        let at = self.wall.as_nanos() - up;
        Timestamp::from_nanos(at - at.rem_euclid(1_000_000_000))
    }

    fn some_time(&mut self) {
        let span = match self.random.weighted(&[5, 3, 1]) {
            0 => match self.next_wake() {
                Some(wake) => wake,
                None => return,
            },
            1 => Duration::from_millis(self.random.between(1, 2_000)),
            _ if self.mood.hasty => Duration::from_millis(self.random.between(1, 10)),
            _ => Duration::from_secs(self.random.between(1, 1_200)),
        };
        self.pass(span);
    }

    /// How long until somebody wants to hear of the time.
    fn next_wake(&self) -> Option<Duration> {
        let shims = self.shim_wakes().chain(self.end_wakes());
        let later = shims.filter(|at| *at > self.mono).map(|at| at - self.mono);
        let timer = self.daemon_timer().filter(|at| *at > self.wall).map(|at| at.since(self.wall));
        later.chain(timer).min()
    }

    /// Waits for whoever waits for the time; false where nobody does.
    pub(super) fn wait(&mut self) -> bool {
        let Some(span) = self.next_wake() else { return false };
        self.trace.note(|| format!("{span:?} go by"));
        self.pass(span);
        true
    }

    fn fault(&mut self) {
        let faults = self.faults;
        if self.random.per_mille(faults.dispatcher_dies * 5) && self.daemon.is_some() {
            self.trace.note(|| "the dispatcher is killed".to_owned());
            self.end_daemon();
        }
        if self.random.per_mille(faults.shim_dies * 5) {
            self.kill_some(&[Role::Shim]);
        }
        if self.random.per_mille(faults.agent_dies * 5) {
            self.kill_some(&[Role::Agent, Role::Child]);
        }
        if self.random.per_mille(faults.command_dies * 10) {
            self.command_dies();
        }
        if self.random.per_mille(faults.reboot) {
            self.reboot();
        }
        if self.random.per_mille(faults.clock_set * 3) {
            self.set_clock();
        }
        if self.random.per_mille(faults.stopped * 3) && self.daemon.is_some() {
            let kill_agents = self.random.per_mille(400);
            let keep_chats = !kill_agents && self.random.per_mille(400);
            self.trace.note(|| {
                format!(
                    "the dispatcher is to leave (with its agents: {kill_agents}, chats stay: {keep_chats})"
                )
            });
            self.tell(Event::Stop { kill_agents, by: Some("ann".into()), keep_chats });
        }
        if self.random.per_mille(faults.line_breaks * 5) {
            self.break_a_line();
        }
        self.strangers();
    }

    /// Processes of others come and go, and get numbers that were ours.
    fn strangers(&mut self) {
        let there: Vec<u32> = self
            .host
            .processes
            .iter()
            .filter(|(_, process)| process.role == Role::Stranger)
            .map(|(pid, _)| *pid)
            .collect();
        if there.len() < 8 && self.random.per_mille(100) {
            let wish = self.random.below(1_000);
            self.host.start(Role::Stranger, None, INIT, wish);
        } else if self.random.per_mille(50)
            && let Some(pid) = self.random.pick(&there).copied()
        {
            self.host.end(pid, ExitStatus::Code(0));
        }
    }

    fn kill_some(&mut self, roles: &[Role]) {
        let found: Vec<u32> = self
            .host
            .processes
            .iter()
            .filter(|(_, p)| roles.contains(&p.role))
            .map(|(pid, _)| *pid)
            .collect();
        if let Some(pid) = self.random.pick(&found).copied() {
            self.trace.note(|| format!("kill -9 {pid}"));
            self.kill(pid);
        }
    }

    fn reboot(&mut self) {
        self.trace.note(|| "the machine starts anew");
        self.end_daemon();
        self.ends.clear();
        self.commands.clear();
        self.shims.clear();
        self.agents.clear();
        // Whether an attempt is older than a power loss is told by the clock: one that was set as well can hide
        // it (`recover::may_have_started_before`).
        let power_lost = self.random.per_mille(500) && !self.oracle.clock_was_set;
        let Self { host, random, .. } = self;
        host.reboot(|| !power_lost || random.per_mille(500));
        for (attempt, folder) in &self.host.folders {
            self.oracle.chats.written_down(*attempt, folder.events.len());
            self.oracle.work.written_down(*attempt, folder.events.len());
        }
        // A machine takes more than a second to start.
        let down = Duration::from_secs(self.random.between(2, 90));
        self.pass(down);
        self.booted = self.mono;
    }

    fn set_clock(&mut self) {
        let day = 86_400_000_000_000_i64;
        let by = i64::try_from(self.random.between(0, 2 * 86_400_000_000_000)).unwrap_or(day) - day;
        self.wall = Timestamp::from_nanos(self.wall.as_nanos() + by);
        self.oracle.clock_was_set = true;
        self.trace.note(|| format!("the clock is set by {} s", by / 1_000_000_000));
        self.tell(Event::ClockJumped);
    }
}
