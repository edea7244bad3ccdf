//! What the machine says is to be done.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use wg_core::time::Timestamp;

use super::Shim;
use crate::control;
use crate::files::{self, ExitRecord, FileError, OutputCount, ShimFile, Started, TalkInput};
use crate::socket::listen;
use crate::supervise::linux;
use crate::supervise::lock::AttemptLock;
use crate::supervise::output::OutputFile;
use crate::supervise::protocol::ShimAnswer;
use crate::supervise::shim::LAST_TURNS;
use crate::supervise::shim::admission::Admission;
use crate::supervise::shim::connections::Connections;
use crate::supervise::shim::desk::Desk;
use crate::supervise::shim::heard::Heard;
use crate::supervise::shim::step::{Action, Ending, Event};
use crate::supervise::shim::talk::{TalkPipes, pipe_of_ours};
use crate::supervise::shim::tree::{self, Streams};

/// How long the exit record waits for workers' requests that are being served: what a worker said before it
/// ended is in the graph before its end is.
const DOOR_PATIENCE: Duration = Duration::from_secs(10);

impl Shim {
    pub(super) fn perform(&mut self, action: Action) -> Option<Event> {
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
            Action::Farewell => {
                if let Some(talk) = &mut self.talk {
                    talk.say_farewell();
                }
                None
            }
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
                self.tell_follower();
                self.tell_stoppers();
                None
            }
            Action::Poke => {
                control::client::poke(self.folder.graph().path(), Some(self.spec.run.attempt));
                None
            }
            // The loop ends with the machine.
            Action::Leave => {
                // Nobody is there any more who could want them; what can't be removed goes with the attempt's files.
                if self.spec.sandbox.is_some() {
                    let _ = std::fs::remove_dir_all(self.folder.temporary());
                }
                None
            }
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
        let streams = match self.streams() {
            Ok(streams) => streams,
            Err((error, what)) => {
                return Event::SpawnFailed { errno: error.raw_os_error(), text: format!("{what}: {error}") };
            }
        };
        let at = self.ports.clock.now();
        let event = self.tree.spawn(&self.folder, &self.spec, streams);
        if event == Event::Spawned {
            self.started_at = Some(at);
            self.note_agent(at);
        }
        event
    }

    /// The agent's streams. One that is talked to has a pipe for each, others nothing to read and one pipe for
    /// all that they write.
    fn streams(&mut self) -> Result<Streams, (io::Error, &'static str)> {
        let (read, output) = pipe_of_ours(|ends| &ends.0).map_err(|error| (error, "a pipe"))?;
        let file = OutputFile::create(&self.folder, self.spec.output_cap);
        self.output = Some(file.map_err(|error| (error, "output.log"))?);
        self.pipe = Some(File::from(read));
        let (stdin, stdout) = match &self.spec.talk {
            Some(talk) => {
                let stdin = match talk.input {
                    TalkInput::Open => None,
                    TalkInput::Prompt => {
                        let prompt =
                            File::open(self.folder.prompt()).map_err(|error| (error, "prompt.md"))?;
                        Some(OwnedFd::from(prompt))
                    }
                };
                let (pipes, stdin, stdout) = TalkPipes::open(&self.folder.events(), talk, stdin)?;
                self.talk = Some(pipes);
                (Stdio::from(stdin), stdout)
            }
            None => (Stdio::null(), output.try_clone().map_err(|error| (error, "a pipe"))?),
        };
        Ok(Streams { stdin, stdout: stdout.into(), stderr: output.into() })
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
        self.late_report |= heard.contains(&Heard::Reported);
        for _ in 0..LAST_TURNS {
            if !self.pump() {
                break;
            }
        }
        self.pipe = None;
        // The record says that all of it can be read: it waits for a disk that has no room.
        let events = match self.talk.as_mut().map(|talk| talk.finish(Instant::now())) {
            Some(Some(events)) => events,
            Some(None) => return Event::RecordFailed,
            None => 0,
        };
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
            reported: ending.reported || self.late_report,
            events,
        };
        let written = files::write(&self.folder.exit(), &record);
        self.record = Some(record);
        if written.is_ok() { Event::Recorded } else { Event::RecordFailed }
    }

    pub(super) fn tell_stoppers(&mut self) {
        let (Some(record), Some(connections)) = (&self.record, &mut self.connections) else { return };
        for peer in std::mem::take(&mut self.stoppers) {
            connections.answer(peer, &ShimAnswer::Gone(Box::new(record.clone())));
        }
    }
}
