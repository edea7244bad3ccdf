//! The pipes of an agent that is talked to: inputs go in, what it prints goes to `events.jsonl`. No byte of
//! either is understood here.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};
use rustix::pipe::{PipeFlags, pipe_with};

use super::company::Company;
use super::events::EventsFile;
use super::input::{Input, TooMuch, Unfinished};
use super::{LAST_TURNS, OUTPUT_TURN};
use crate::files::Talk;
use crate::supervise::protocol::{INPUT_MAX, TalkStatus};

/// Which of the two pipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Its standard input.
    Input,
    /// Its standard output.
    Events,
}

/// The shim's ends of an agent's pipes, and what goes through them.
#[derive(Debug)]
pub(super) struct TalkPipes {
    farewell: String,
    input: Input,
    unfinished: Unfinished,
    /// The reading end of what it prints, until its end is reached.
    stdout: Option<File>,
    events: EventsFile,
}

/// A pipe whose end that stays here (the one that is asked for) does not block.
pub(super) fn pipe_of_ours(ours: impl Fn(&(OwnedFd, OwnedFd)) -> &OwnedFd) -> io::Result<(OwnedFd, OwnedFd)> {
    let ends = pipe_with(PipeFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(ours(&ends).as_fd(), true)?;
    Ok(ends)
}

impl TalkPipes {
    /// New ones, and the agent's ends: its standard input, which is `stdin` where it is to read nothing else, and
    /// its standard output.
    ///
    /// # Errors
    /// What could not be made.
    pub(super) fn open(
        path: &Path,
        talk: &Talk,
        stdin: Option<OwnedFd>,
    ) -> Result<(Self, OwnedFd, OwnedFd), (io::Error, &'static str)> {
        let (stdin, input) = match stdin {
            Some(stdin) => (stdin, Input::closed()),
            None => {
                let (stdin, write) = pipe_of_ours(|ends| &ends.1).map_err(|error| (error, "a pipe"))?;
                (stdin, Input::new(write))
            }
        };
        let (read, stdout) = pipe_of_ours(|ends| &ends.0).map_err(|error| (error, "a pipe"))?;
        let events = EventsFile::create(path).map_err(|error| (error, "events.jsonl"))?;
        let pipes = Self {
            farewell: talk.farewell.clone(),
            input,
            unfinished: Unfinished::default(),
            stdout: Some(File::from(read)),
            events,
        };
        Ok((pipes, stdin, stdout))
    }

    /// What to wait for. While nobody keeps up with it, it is not listened to.
    pub(super) fn interest(&self) -> impl Iterator<Item = (Side, PollFd<'_>)> {
        let stdout = self.stdout.as_ref().filter(|_| self.events.has_room());
        let stdout = stdout.map(|pipe| (Side::Events, PollFd::new(pipe, PollFlags::IN)));
        self.input.interest().map(|fd| (Side::Input, fd)).into_iter().chain(stdout)
    }

    /// When something is to be done though nothing moves.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.events.wake_at()
    }

    /// Tries again what a full disk did not take.
    pub(super) fn look_at_time(&mut self, now: Instant) {
        if self.events.wake_at().is_some_and(|at| at <= now) {
            self.events.retry(now);
        }
    }

    /// Does what `poll` said of a side.
    pub(super) fn attend(&mut self, side: Side, flags: PollFlags, now: Instant) {
        match side {
            Side::Input if flags.contains(PollFlags::ERR) => self.input.close(),
            Side::Input => self.input.write(),
            Side::Events => {
                self.pump(EventsFile::has_room, now);
            }
        }
    }

    /// Takes what is there, as long as the file `takes` it; whether there may be more at once.
    fn pump(&mut self, takes: impl Fn(&EventsFile) -> bool, now: Instant) -> bool {
        let mut piece = [0; 64 * 1024];
        let mut taken = 0;
        while taken < OUTPUT_TURN {
            let Some(stdout) = self.stdout.as_mut().filter(|_| takes(&self.events)) else { return false };
            match stdout.read(&mut piece) {
                Ok(n) if n > 0 => {
                    self.events.write(&piece[..n], now);
                    taken += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // Everybody who could write to it is gone.
                Ok(_) | Err(_) => {
                    self.stdout = None;
                    return false;
                }
            }
        }
        true
    }

    /// Takes the last that the agent printed, whether somebody keeps up with it or not; gives how much it was in
    /// all, or nothing where the disk has no room for it: that is to be tried again.
    pub(super) fn finish(&mut self, now: Instant) -> Option<u64> {
        self.input.close();
        self.events.retry(now);
        for _ in 0..LAST_TURNS {
            if !self.pump(|events| !events.holds_back(), now) {
                break;
            }
        }
        if self.events.holds_back() {
            return None;
        }
        self.stdout = None;
        Some(self.events.written())
    }

    /// Somebody goes on reading from here; gives how much there is.
    ///
    /// # Errors
    /// Why that can't be.
    pub(super) fn follow(&mut self, from: u64) -> Result<u64, String> {
        self.events.follow(from)?;
        Ok(self.events.written())
    }

    /// What is before this place is not needed any more.
    ///
    /// # Errors
    /// There is no such place yet.
    pub(super) fn parsed(&mut self, to: u64) -> Result<(), String> {
        self.events.parse(to)
    }

    /// Takes a part of an input; once it was the last, whether the whole was a repeat, or why the agent does
    /// not get it.
    pub(super) fn input(
        &mut self,
        peer: u64,
        id: u64,
        text: String,
        more: bool,
    ) -> Option<Result<bool, String>> {
        let whole = self.unfinished.add(peer, id, text, more)?;
        Some(match whole {
            Ok(text) => self.input.take(id, text),
            Err(TooMuch) => Err(format!("at most {INPUT_MAX} bytes of inputs are held")),
        })
    }

    /// Forgets what those began who are not there any more.
    pub(super) fn keep_of(&mut self, is_there: impl Fn(u64) -> bool) {
        self.unfinished.keep_of(is_there);
    }

    /// Tells the agent that this is the end.
    pub(super) fn say_farewell(&mut self) {
        self.input.farewell(std::mem::take(&mut self.farewell));
    }

    /// Bytes that can be read.
    pub(super) fn written(&self) -> u64 {
        self.events.written()
    }

    /// How things stand.
    pub(super) fn status(&self, company: Company) -> TalkStatus {
        TalkStatus {
            written: self.events.written(),
            parsed: self.events.parsed(),
            last_input: self.input.last(),
            followed: company.followed,
            turn: company.turn,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::io::Write;
    use std::time::Duration;

    use super::*;
    use crate::files::TalkInput;
    use crate::supervise::protocol::WINDOW;

    /// Pipes whose events go to this file, and the agent's end of what it prints.
    fn pipes(path: &Path) -> (TalkPipes, File) {
        let talk = Talk {
            farewell: "bye\n".into(),
            farewell_grace: Duration::ZERO,
            alone: Duration::ZERO,
            turn_limit: Duration::ZERO,
            input: TalkInput::Open,
        };
        let (pipes, _, stdout) = TalkPipes::open(path, &talk, None).unwrap();
        (pipes, File::from(stdout))
    }

    fn listens(pipes: &TalkPipes) -> bool {
        pipes.interest().any(|(side, _)| side == Side::Events)
    }

    #[test]
    fn a_full_disk_is_waited_for_and_nothing_more_is_read() {
        let (mut pipes, mut agent) = pipes(Path::new("/dev/full"));
        let now = Instant::now();
        agent.write_all(b"one\n").unwrap();
        pipes.attend(Side::Events, PollFlags::IN, now);
        let again = pipes.wake_at().expect("it tries again");
        assert!(!listens(&pipes) && pipes.written() == 0);
        agent.write_all(b"two\n").unwrap();
        pipes.look_at_time(now);
        assert_eq!(pipes.wake_at(), Some(again), "it is not time yet");
        pipes.look_at_time(again);
        assert!(pipes.wake_at() > Some(again));
        // No record says that all is there while it is not.
        assert_eq!(pipes.finish(again), None);
    }

    #[test]
    fn who_does_not_keep_up_is_waited_for_but_not_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let (mut pipes, mut agent) = pipes(&path);
        let now = Instant::now();
        let piece = vec![b'x'; 64 * 1024];
        while listens(&pipes) {
            agent.write_all(&piece).unwrap();
            pipes.attend(Side::Events, PollFlags::IN, now);
        }
        assert_eq!(pipes.written(), WINDOW + 64 * 1024);
        agent.write_all(b"the end").unwrap();
        pipes.attend(Side::Events, PollFlags::IN, now);
        assert_eq!(pipes.written(), WINDOW + 64 * 1024);
        drop(agent);
        assert_eq!(pipes.finish(now), Some(WINDOW + 64 * 1024 + 7));
        assert!(fs::read(path).unwrap().ends_with(b"xthe end"));
        assert!(!listens(&pipes));
    }
}
