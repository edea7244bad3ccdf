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
use signal_hook::consts::{SIGCHLD, SIGTERM};
use wg_core::time::Timestamp;

use super::OUTPUT_TURN;
use super::admission::{ShimError, ShimPorts};
use super::connections::Connections;
use super::step::{Action, Event, Limits, Machine, State};
use super::talk::{Side, TalkPipes};
use super::tree::Tree;
use crate::files::{self, AttemptFolder, ExitRecord, LaunchSpec};
use crate::supervise::linux;
use crate::supervise::lock::AttemptLock;
use crate::supervise::output::OutputFile;

mod answers;
mod perform;

/// How long the shim stays for those who still have to read that it is over.
const FAREWELL: Duration = Duration::from_millis(500);
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
        talk: None,
        started_at: None,
        stoppers: Vec::new(),
        late_report: false,
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
    /// The reading end of the agent's output (of what it complains of, where it is talked to), until its end is reached.
    pipe: Option<File>,
    output: Option<OutputFile>,
    talk: Option<TalkPipes>,
    started_at: Option<Timestamp>,
    /// Supervisors that wait for the end.
    stoppers: Vec<u64>,
    /// A worker's report was served while the exit record was being written.
    late_report: bool,
    record: Option<ExitRecord>,
}

/// What `poll` was asked about.
#[derive(Debug, Clone, Copy)]
enum Source {
    Wake,
    Ends,
    Asked,
    Output,
    Talk(Side),
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

    /// Waits for something, and handles it.
    fn turn(&mut self) -> Result<(), ShimError> {
        for (source, flags) in self.wait()? {
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
                Source::Talk(side) => {
                    if let Some(talk) = &mut self.talk {
                        talk.attend(side, flags, Instant::now());
                    }
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
        if let Some(talk) = &mut self.talk {
            talk.look_at_time(Instant::now());
        }
        self.look_at_company();
        if self.machine.wake_at().is_some_and(|at| at <= self.began.elapsed()) {
            self.tell(Event::Time);
        }
        Ok(())
    }

    /// What became ready and how, or nothing when it is time for something.
    fn wait(&self) -> io::Result<Vec<(Source, PollFlags)>> {
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
        for (side, fd) in self.talk.iter().flat_map(TalkPipes::interest) {
            sources.push(Source::Talk(side));
            fds.push(fd);
        }
        for (peer, fd) in self.connections.iter().flat_map(Connections::interest) {
            sources.push(peer.map_or(Source::Listener, Source::Peer));
            fds.push(fd);
        }
        match poll(&mut fds, self.timeout().as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = sources.into_iter().zip(fds.iter().map(PollFd::revents));
        Ok(ready.filter(|(_, flags)| !flags.is_empty()).collect())
    }

    fn timeout(&self) -> Option<Timespec> {
        let machine = self.machine.wake_at().map(|at| at.saturating_sub(self.began.elapsed()));
        let peers = self.connections.as_ref().and_then(Connections::wake_at);
        let peers = peers.map(|at| at.saturating_duration_since(Instant::now()));
        let talk = self.talk.as_ref().and_then(TalkPipes::wake_at);
        let talk = talk.map(|at| at.saturating_duration_since(Instant::now()));
        let soonest = [machine, peers, talk].into_iter().flatten().min()?;
        // A moment more, so that it is not too early by less than the kernel counts; a timeout beyond what it
        // counts at all is none.
        Timespec::try_from(soonest + Duration::from_micros(1)).ok()
    }

    fn attend(&mut self, number: u64) {
        let Some(connections) = &mut self.connections else { return };
        let heard = connections.attend(number, PollFlags::IN | PollFlags::OUT);
        self.listen_to(heard);
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
