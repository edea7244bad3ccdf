//! What goes to the standard input of an agent that is talked to: whole inputs, in order, each once.
//!
//! Nothing here waits for the agent; what it does not read is held, up to a bound.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags};

use crate::supervise::protocol::INPUT_MAX;

/// Bytes that are written before anybody else's turn.
const TURN: usize = 1024 * 1024;

/// Inputs of which parts are still to come, by who sends them.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    inputs: BTreeMap<u64, Parts>,
}

/// The parts of one input so far.
#[derive(Debug)]
struct Parts {
    id: u64,
    /// Nothing, where they are more than is held.
    text: Option<String>,
}

/// More than is held.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Unfinished {
    /// Takes a part; gives the whole input when this was its last one. Another number begins another input.
    pub(super) fn add(
        &mut self,
        peer: u64,
        id: u64,
        text: String,
        more: bool,
    ) -> Option<Result<String, TooMuch>> {
        let before = self.inputs.remove(&peer).filter(|parts| parts.id == id);
        let held: usize = self.inputs.values().filter_map(|parts| Some(parts.text.as_ref()?.len())).sum();
        let text = match before {
            None => Some(text),
            Some(Parts { text: Some(mut whole), .. }) => {
                whole.push_str(&text);
                Some(whole)
            }
            Some(Parts { text: None, .. }) => None,
        };
        let text = text.filter(|text| held + text.len() <= INPUT_MAX);
        if more {
            self.inputs.insert(peer, Parts { id, text });
            return None;
        }
        Some(text.ok_or(TooMuch))
    }

    /// Forgets the inputs of those who are not there any more.
    pub(super) fn keep_of(&mut self, is_there: impl Fn(u64) -> bool) {
        self.inputs.retain(|peer, _| is_there(*peer));
    }
}

/// The agent's standard input.
#[derive(Debug)]
pub(super) struct Input {
    /// Until the agent closed it, or it was closed after the farewell.
    pipe: Option<File>,
    queue: VecDeque<Vec<u8>>,
    /// Bytes of the first in the queue that are written.
    done: usize,
    /// Bytes in the queue that are not written.
    held: usize,
    /// The number of the last input that was taken.
    last: Option<u64>,
    /// The farewell was the last that goes to it.
    closing: bool,
}

impl Input {
    /// Over a pipe that does not block.
    pub(super) fn new(pipe: OwnedFd) -> Self {
        let pipe = Some(File::from(pipe));
        Self { pipe, queue: VecDeque::new(), done: 0, held: 0, last: None, closing: false }
    }

    /// Of an agent to which nothing can be said.
    pub(super) fn closed() -> Self {
        Self { pipe: None, queue: VecDeque::new(), done: 0, held: 0, last: None, closing: true }
    }

    /// The number of the last input that was taken.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// Takes an input, and writes what goes at once; whether it was a repeat, which goes nowhere.
    ///
    /// # Errors
    /// Why the agent does not get it.
    pub(super) fn take(&mut self, id: u64, text: String) -> Result<bool, String> {
        if self.last.is_some_and(|last| id <= last) {
            return Ok(true);
        }
        if self.closing {
            return Err("its end is under way".to_owned());
        }
        if self.held + text.len() > INPUT_MAX {
            return Err(format!("it has not read what it was given before, {} bytes", self.held));
        }
        self.push(text);
        self.write();
        if self.pipe.is_none() {
            return Err("it has closed its standard input".to_owned());
        }
        self.last = Some(id);
        Ok(false)
    }

    /// Queues the last that goes to it.
    pub(super) fn farewell(&mut self, text: String) {
        if !self.closing {
            self.closing = true;
            self.push(text);
            self.write();
        }
    }

    fn push(&mut self, text: String) {
        if self.pipe.is_some() && !text.is_empty() {
            self.held += text.len();
            self.queue.push_back(text.into_bytes());
        }
    }

    /// What to wait for: that it takes more, where there is more; and always that it was closed, which is told
    /// unasked.
    pub(super) fn interest(&self) -> Option<PollFd<'_>> {
        let flags = if self.queue.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        self.pipe.as_ref().map(|pipe| PollFd::new(pipe, flags))
    }

    /// Writes what goes without waiting.
    pub(super) fn write(&mut self) {
        let mut written = 0;
        while written < TURN {
            let (Some(pipe), Some(first)) = (&mut self.pipe, self.queue.front()) else { break };
            match pipe.write(&first[self.done..]) {
                Ok(n) => {
                    written += n;
                    self.held -= n;
                    self.done += n;
                    if self.done == first.len() {
                        self.queue.pop_front();
                        self.done = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => self.close(),
            }
        }
        if self.closing && self.queue.is_empty() {
            self.close();
        }
    }

    /// Nobody reads it, or nothing more goes to it.
    pub(super) fn close(&mut self) {
        self.pipe = None;
        self.queue.clear();
        (self.done, self.held) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Read;
    use std::time::{Duration, Instant};

    use super::*;

    fn input() -> (Input, File) {
        let (read, write) = rustix::pipe::pipe().unwrap();
        rustix::io::ioctl_fionbio(&write, true).unwrap();
        (Input::new(write), File::from(read))
    }

    #[test]
    fn inputs_arrive_in_order_and_once() {
        let (mut input, mut agent) = input();
        assert_eq!(input.take(5, "five\n".into()), Ok(false));
        assert_eq!(input.take(5, "five\n".into()), Ok(true));
        assert_eq!(input.take(4, "four\n".into()), Ok(true));
        assert_eq!(input.take(9, "nine\n".into()), Ok(false));
        assert_eq!(input.last(), Some(9));
        input.farewell("bye\n".into());
        input.farewell("bye\n".into());
        assert!(input.take(10, "ten\n".into()).is_err());
        assert_eq!(input.take(9, "nine\n".into()), Ok(true));
        let mut read = String::new();
        agent.read_to_string(&mut read).unwrap();
        assert_eq!(read, "five\nnine\nbye\n");
    }

    #[test]
    fn the_farewell_comes_behind_what_is_still_to_be_read() {
        let (mut input, mut agent) = input();
        let text = "0123456789abcde\n".repeat(20_000);
        assert_eq!(input.take(1, text.clone()), Ok(false));
        assert!(input.held > 0);
        input.farewell("bye\n".into());
        let reader = std::thread::spawn(move || {
            let mut read = String::new();
            agent.read_to_string(&mut read).unwrap();
            read
        });
        let began = Instant::now();
        while input.pipe.is_some() {
            assert!(began.elapsed() < Duration::from_secs(60), "it is not closed");
            input.write();
        }
        assert_eq!(reader.join().unwrap(), text + "bye\n");
        assert_eq!(input.held, 0);
    }

    #[test]
    fn what_nobody_reads_is_bounded_and_what_nobody_can_read_is_refused() {
        let (mut input, agent) = input();
        let mib = "x".repeat(1024 * 1024);
        let taken = (1..).take_while(|id| input.take(*id, mib.clone()).is_ok()).count();
        assert!(taken * mib.len() >= INPUT_MAX && input.held <= INPUT_MAX);
        assert_eq!(input.last(), Some(taken as u64));
        drop(agent);
        assert!(input.take(1_000, "x".into()).is_err());
        input.write();
        assert!(input.interest().is_none() && input.held == 0);
        assert!(input.take(1_000, "x".into()).unwrap_err().contains("closed"));
        assert_eq!(input.last(), Some(taken as u64));
    }

    #[test]
    fn parts_make_a_whole_and_those_of_others_are_not_mixed_in() {
        let mut parts = Unfinished::default();
        assert_eq!(parts.add(1, 7, "a".into(), true), None);
        assert_eq!(parts.add(2, 7, "x".into(), true), None);
        assert_eq!(parts.add(1, 7, "b".into(), true), None);
        assert_eq!(parts.add(1, 7, "c".into(), false), Some(Ok("abc".into())));
        assert_eq!(parts.add(1, 7, "d".into(), false), Some(Ok("d".into())));
        // Another input of the same peer, without the end of the first.
        assert_eq!(parts.add(2, 8, "y".into(), false), Some(Ok("y".into())));
        assert_eq!(parts.add(3, 9, "z".into(), true), None);
        parts.keep_of(|peer| peer != 3);
        assert_eq!(parts.add(3, 9, "!".into(), false), Some(Ok("!".into())));
        assert!(parts.inputs.is_empty());
    }

    #[test]
    fn parts_are_bounded_over_all_peers_and_half_an_input_is_none() {
        let mut parts = Unfinished::default();
        let piece = "x".repeat(INPUT_MAX / 4);
        for n in 0..4 {
            assert_eq!(parts.add(n % 2, 1, piece.clone(), true), None);
        }
        assert_eq!(parts.add(2, 1, "a little".into(), true), None);
        assert_eq!(parts.add(0, 1, "more".into(), true), None);
        // Its bytes are let go of, so the others have room; that it began is not forgotten.
        assert_eq!(parts.add(0, 1, "the end".into(), false), Some(Err(TooMuch)));
        assert_eq!(parts.add(2, 1, "too much".into(), false), Some(Err(TooMuch)));
        assert_eq!(
            parts.add(1, 1, piece, false).map(|whole| whole.map(|text| text.len())),
            Some(Ok(INPUT_MAX / 4 * 3))
        );
    }
}
