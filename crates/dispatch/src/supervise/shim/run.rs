//! The shim's loop: does what [`super::step`] decides, and tells it what happens. One thread, one `poll`; with
//! nothing to do it sleeps without a timer.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGTERM};
use wg_core::time::Timestamp;

use super::admission::{Admission, ShimError, ShimPorts};
use super::connections::{Connections, Heard};
use super::desk::Desk;
use super::step::{Action, Ending, Event, Limits, Machine, State};
use super::tree::{self, Tree};
use crate::control;
use crate::files::{self, AttemptFolder, ExitRecord, FileError, LaunchSpec, OutputCount, ShimFile, Started};
use crate::socket::listen;
use crate::supervise::linux;
use crate::supervise::lock::AttemptLock;
use crate::supervise::output::{self, OutputFile};
use crate::supervise::protocol::{ShimAnswer, ShimPhase, ShimStatus, TAIL_MAX};

/// How long the exit record waits for workers' requests that are being served: what a worker said before it
/// ended is in the graph before its end is.
const DOOR_PATIENCE: Duration = Duration::from_secs(10);
/// How long the shim stays for those who still have to read that it is over.
const FAREWELL: Duration = Duration::from_millis(500);
/// Bytes of output that are taken before anybody else's turn.
const OUTPUT_TURN: usize = 1024 * 1024;
/// Turns that are taken once the tree is gone: a pipe holds less, and one that goes on is not the agent's.
const LAST_TURNS: usize = 4;

/// Runs the shim of the attempt in this folder, until its agent and everything it started is gone. Returns
/// when the exit record is written and everybody who waits was told.
pub fn shim_main(folder: &Path, ports: ShimPorts) -> Result<(), ShimError> {
    let began = Instant::now();
    linux::leave_session();
    // It may have been executed by a link of another name.
    let _ = rustix::thread::set_name(c"wg");
    linux::become_subreaper()?;
    let folder = AttemptFolder::new(folder);
    let spec: LaunchSpec = files::read(&folder.launch())?;
    let (machine, actions) = Machine::begin(Limits::from(&spec));
    let mut shim = Shim {
        machine,
        began,
        wake: Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from)?),
        ends: signal_stream(SIGCHLD)?,
        asked: signal_stream(SIGTERM)?,
        folder,
        spec,
        ports,
        lock: None,
        connections: None,
        tree: Tree::default(),
        pipe: None,
        output: None,
        started_at: None,
        stoppers: Vec::new(),
        record: None,
    };
    shim.act(actions);
    while *shim.machine.state() != State::Over {
        shim.turn()?;
    }
    if let Some(connections) = &mut shim.connections {
        connections.farewell(FAREWELL);
    }
    Ok(())
}

/// A stream that has a byte to read after each of these signals.
fn signal_stream(signal: i32) -> io::Result<UnixStream> {
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal, write)?;
    Ok(read)
}

/// Takes the bytes off a stream of signals; whether there were any.
fn rang(mut stream: &UnixStream) -> bool {
    let mut bytes = [0; 64];
    let mut any = false;
    while stream.read(&mut bytes).is_ok_and(|n| n > 0) {
        any = true;
    }
    any
}

/// Everything that a shim holds.
struct Shim {
    machine: Machine,
    began: Instant,
    wake: Arc<OwnedFd>,
    ends: UnixStream,
    asked: UnixStream,
    folder: AttemptFolder,
    spec: LaunchSpec,
    ports: ShimPorts,
    lock: Option<AttemptLock>,
    connections: Option<Connections>,
    tree: Tree,
    /// The reading end of the agent's output, until its end is reached.
    pipe: Option<File>,
    output: Option<OutputFile>,
    started_at: Option<Timestamp>,
    /// Supervisors that wait for the end.
    stoppers: Vec<u64>,
    record: Option<ExitRecord>,
}

/// What `poll` was asked about.
#[derive(Debug, Clone, Copy)]
enum Source {
    Wake,
    Ends,
    Asked,
    Output,
    Listener,
    Peer(u64),
}

impl Shim {
    /// Tells the machine, and does what it says, until there is nothing more to do at once.
    fn tell(&mut self, event: Event) {
        let actions = self.machine.step(event, self.began.elapsed());
        self.act(actions);
    }

    fn act(&mut self, actions: Vec<Action>) {
        let mut todo = VecDeque::from(actions);
        while let Some(action) = todo.pop_front() {
            if let Some(event) = self.perform(action) {
                todo.extend(self.machine.step(event, self.began.elapsed()));
            }
        }
    }

    fn perform(&mut self, action: Action) -> Option<Event> {
        match action {
            Action::Lock => Some(self.take_lock()),
            Action::Check => Some(self.check()),
            Action::Mark => Some(self.mark()),
            Action::Spawn => Some(self.spawn()),
            Action::Announce(line) => {
                if let Some(output) = &mut self.output {
                    output.write(format!("\n[wg: {line}]\n").as_bytes());
                }
                None
            }
            Action::Farewell => None,
            Action::TermGroup => {
                self.tree.term_group();
                None
            }
            Action::TermAll => {
                tree::signal_all(Signal::TERM);
                None
            }
            Action::KillAll => {
                tree::signal_all(Signal::KILL);
                None
            }
            Action::Verify => Some(Event::Verified { gone: self.tree.verify(&self.spec.run.mark()) }),
            Action::Record(ending) => Some(self.write_record(ending)),
            Action::Tell => {
                self.tell_stoppers();
                None
            }
            Action::Poke => {
                control::client::poke(self.folder.graph().path(), Some(self.spec.run.attempt));
                None
            }
            // The loop ends with the machine.
            Action::Leave => None,
        }
    }

    fn take_lock(&mut self) -> Event {
        match AttemptLock::try_take(&self.folder.lock()) {
            Ok(Some(lock)) => {
                self.lock = Some(lock);
                Event::Locked
            }
            Ok(None) => Event::LockBusy,
            Err(error) => Event::Refused(format!("{}: {error}", self.folder.lock().display())),
        }
    }

    /// Says who holds the lock, opens the door, and asks the store. The door is there before the agent is;
    /// nobody is served before the store has said yes.
    fn check(&mut self) -> Event {
        let run = self.spec.run;
        let listener = linux::own_identity()
            .map_err(|error| error.to_string())
            .and_then(|shim| {
                let file = ShimFile { run, shim };
                files::write(&self.folder.shim(), &file).map_err(|error| error.to_string())
            })
            .and_then(|()| listen(&self.folder.door()).map_err(|error| error.to_string()));
        let mut connections = match listener {
            Ok(listener) => Connections::new(listener, run),
            Err(why) => return Event::Refused(why),
        };
        match (self.ports.admit)(run) {
            Admission::Admitted(attempt) => {
                connections.open(Desk::new(Arc::clone(&self.ports.door), *attempt, Arc::clone(&self.wake)));
                self.connections = Some(connections);
                Event::Admitted
            }
            Admission::Refused(why) => {
                self.connections = Some(connections);
                Event::Refused(why)
            }
        }
    }

    fn mark(&mut self) -> Event {
        let at = self.ports.clock.now();
        let made = linux::own_identity()
            .map_err(|error| error.to_string())
            .map(|shim| self.folder.mark_started(&Started { run: self.spec.run, shim, agent: None, at }));
        match made {
            Ok(Ok(())) => Event::Marked,
            Ok(Err(FileError::Exists(_))) => Event::MarkThere,
            Ok(Err(error)) => Event::Refused(error.to_string()),
            Err(why) => Event::Refused(why),
        }
    }

    fn spawn(&mut self) -> Event {
        let failed = |error: io::Error, what: &str| Event::SpawnFailed {
            errno: error.raw_os_error(),
            text: format!("{what}: {error}"),
        };
        let (read, write) = match rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) {
            Ok(ends) => ends,
            Err(error) => return failed(error.into(), "a pipe"),
        };
        if let Err(error) = rustix::io::ioctl_fionbio(&read, true) {
            return failed(error.into(), "a pipe");
        }
        match OutputFile::create(&self.folder, self.spec.output_cap) {
            Ok(output) => self.output = Some(output),
            Err(error) => return failed(error, "output.log"),
        }
        self.pipe = Some(File::from(read));
        let at = self.ports.clock.now();
        let event = self.tree.spawn(&self.folder, &self.spec, write);
        if event == Event::Spawned {
            self.started_at = Some(at);
            self.note_agent(at);
        }
        event
    }

    /// Writes the agent's identity into `started`, for those who come after a shim that was killed. Without
    /// it they find the tree by its marks.
    fn note_agent(&self, at: Timestamp) {
        let agent = self.tree.identity().cloned();
        if let Ok(shim) = linux::own_identity() {
            let _ = files::write(&self.folder.started(), &Started { run: self.spec.run, shim, agent, at });
        }
    }

    fn write_record(&mut self, ending: Ending) -> Event {
        let heard = self.connections.as_mut().map(|peers| peers.finish(DOOR_PATIENCE)).unwrap_or_default();
        for _ in 0..LAST_TURNS {
            if !self.pump() {
                break;
            }
        }
        self.pipe = None;
        let output = match &mut self.output {
            // On a full disk the ring stays as it is, and can be put in order later.
            Some(output) => output.finish().unwrap_or_else(|_| output.count()),
            None => OutputCount::default(),
        };
        let record = ExitRecord {
            run: self.spec.run,
            ended_by: ending.because,
            status: ending.status,
            started_at: self.started_at,
            ended_at: self.ports.clock.now(),
            tree_gone: ending.gone,
            output,
            reported: ending.reported || heard.contains(&Heard::Reported),
            events: 0,
        };
        let written = files::write(&self.folder.exit(), &record);
        self.record = Some(record);
        if written.is_ok() { Event::Recorded } else { Event::RecordFailed }
    }

    fn tell_stoppers(&mut self) {
        let (Some(record), Some(connections)) = (&self.record, &mut self.connections) else { return };
        for peer in std::mem::take(&mut self.stoppers) {
            connections.answer(peer, &ShimAnswer::Gone(Box::new(record.clone())));
        }
    }

    /// Waits for something, and handles it.
    fn turn(&mut self) -> Result<(), ShimError> {
        for source in self.wait()? {
            match source {
                Source::Wake => {
                    let mut count = [0; 8];
                    let _ = rustix::io::read(&*self.wake, &mut count);
                    let heard = self.connections.as_mut().map(Connections::serve).unwrap_or_default();
                    self.listen_to(heard);
                }
                Source::Ends => {
                    if rang(&self.ends)
                        && let Some(event) = self.tree.reap()
                    {
                        self.tell(event);
                    }
                }
                Source::Asked => {
                    if rang(&self.asked) {
                        self.tell(Event::Stop { grace: self.spec.kill_grace });
                    }
                }
                Source::Output => {
                    self.pump();
                }
                Source::Listener => {
                    let heard = self.connections.as_mut().map(Connections::accept).unwrap_or_default();
                    self.listen_to(heard);
                }
                Source::Peer(number) => self.attend(number),
            }
        }
        if let Some(connections) = &mut self.connections {
            connections.look_at_time(Instant::now());
        }
        if self.machine.wake_at().is_some_and(|at| at <= self.began.elapsed()) {
            self.tell(Event::Time);
        }
        Ok(())
    }

    /// What became ready, or nothing when it is time for something.
    fn wait(&self) -> io::Result<Vec<Source>> {
        let mut sources = vec![Source::Wake, Source::Ends, Source::Asked];
        let mut fds = vec![
            PollFd::new(&*self.wake, PollFlags::IN),
            PollFd::new(&self.ends, PollFlags::IN),
            PollFd::new(&self.asked, PollFlags::IN),
        ];
        if let Some(pipe) = &self.pipe {
            sources.push(Source::Output);
            fds.push(PollFd::new(pipe, PollFlags::IN));
        }
        for (peer, fd) in self.connections.iter().flat_map(Connections::interest) {
            sources.push(peer.map_or(Source::Listener, Source::Peer));
            fds.push(fd);
        }
        match poll(&mut fds, self.timeout().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(sources.into_iter().zip(&fds).filter(|(_, fd)| !fd.revents().is_empty()).map(|(s, _)| s).collect())
    }

    fn timeout(&self) -> Option<Timespec> {
        let machine = self.machine.wake_at().map(|at| at.saturating_sub(self.began.elapsed()));
        let peers = self.connections.as_ref().and_then(Connections::wake_at);
        let peers = peers.map(|at| at.saturating_duration_since(Instant::now()));
        let soonest = [machine, peers].into_iter().flatten().min()?;
        // A moment more, so that it is not too early by less than the kernel counts; a timeout beyond what it
        // counts at all is none.
        Timespec::try_from(soonest + Duration::from_micros(1)).ok()
    }

    fn attend(&mut self, number: u64) {
        let Some(connections) = &mut self.connections else { return };
        let heard = connections.attend(number, PollFlags::IN | PollFlags::OUT);
        self.listen_to(heard);
    }

    fn listen_to(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Reported => self.tell(Event::Reported),
                Heard::Stop { peer, grace } => {
                    self.stoppers.push(peer);
                    self.answer(peer, &ShimAnswer::Stopping);
                    self.tell(Event::Stop { grace });
                    if self.record.is_some() && *self.machine.state() == State::Over {
                        self.tell_stoppers();
                    }
                }
                Heard::Status { peer } => self.answer_status(peer),
                Heard::Tail { peer, bytes } => {
                    let answer = match output::tail(&self.folder, bytes.min(TAIL_MAX)) {
                        Ok((text, seen)) => {
                            ShimAnswer::Tail { text: String::from_utf8_lossy(&text).into_owned(), seen }
                        }
                        Err(error) => ShimAnswer::Refused { why: error.to_string() },
                    };
                    self.answer(peer, &answer);
                }
            }
        }
    }

    fn answer_status(&mut self, peer: u64) {
        let (phase, reported) = match self.machine.state() {
            State::Running { leave_by, .. } => (ShimPhase::Running, leave_by.is_some()),
            State::Ending { ending, .. } | State::Verifying(ending) | State::Recording { ending, .. } => {
                (ShimPhase::Ending { because: ending.because.clone() }, ending.reported)
            }
            State::Fresh { .. }
            | State::Locked
            | State::Checked
            | State::Refusing(_)
            | State::Marked { .. }
            | State::Over => (ShimPhase::Starting, false),
        };
        let answer = match linux::own_identity() {
            Ok(shim) => ShimAnswer::Status(Box::new(ShimStatus {
                shim,
                agent: self.tree.identity().cloned(),
                phase,
                output: self.output.as_ref().map(OutputFile::count).unwrap_or_default(),
                reported,
                talk: None,
            })),
            Err(error) => ShimAnswer::Refused { why: error.to_string() },
        };
        self.answer(peer, &answer);
    }

    fn answer(&mut self, peer: u64, answer: &ShimAnswer) {
        if let Some(connections) = &mut self.connections {
            connections.answer(peer, answer);
        }
    }

    /// Takes output that is there; whether there may be more at once.
    fn pump(&mut self) -> bool {
        let (Some(pipe), Some(output)) = (&mut self.pipe, &mut self.output) else { return false };
        let mut piece = [0; 64 * 1024];
        let mut taken = 0;
        while taken < OUTPUT_TURN {
            match pipe.read(&mut piece) {
                Ok(n) if n > 0 => {
                    output.write(&piece[..n]);
                    taken += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Everybody who could write to it is gone.
                Ok(_) | Err(_) => {
                    self.pipe = None;
                    return false;
                }
            }
        }
        true
    }
}
