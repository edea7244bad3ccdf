//! Threads that serve workers' requests: a few at a time, started when there is something to do and gone when
//! there is not, so that an idle shim is one thread.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wg_core::attempt::Attempt;

use super::door::{Door, DoorReply, DoorRequest};

/// Requests that are served at once: their writes queue behind each other anyway.
const THREADS: usize = 4;
/// Answers on their way to the loop; it takes them as soon as it is woken.
const ANSWERS: usize = 16;

/// A request that was served: whose, and the answer.
pub(super) type Served = (u64, DoorReply);

/// What is to be done, and by how many it is being done.
#[derive(Default)]
struct Queue {
    jobs: VecDeque<(u64, DoorRequest)>,
    threads: usize,
}

/// Hands requests to threads, and answers back.
pub(super) struct Desk {
    door: Arc<dyn Door>,
    attempt: Arc<Attempt>,
    queue: Arc<Mutex<Queue>>,
    answers: Receiver<Served>,
    sender: SyncSender<Served>,
    wake: Arc<OwnedFd>,
    in_hand: usize,
}

impl Desk {
    /// One that writes to `wake`, an eventfd, whenever there is an answer.
    pub(super) fn new(door: Arc<dyn Door>, attempt: Attempt, wake: Arc<OwnedFd>) -> Self {
        let (sender, answers) = sync_channel(ANSWERS);
        let (attempt, queue) = (Arc::new(attempt), Arc::default());
        Self { door, attempt, queue, answers, sender, wake, in_hand: 0 }
    }

    /// Takes a request; its answer comes out of [`Desk::served`] with this number. Callers bound how many
    /// are in hand: one for each connection.
    pub(super) fn take(&mut self, number: u64, request: DoorRequest) -> Result<(), DoorReply> {
        let mut queue = lock(&self.queue);
        queue.jobs.push_back((number, request));
        if queue.threads < THREADS {
            let clerk = Clerk {
                door: Arc::clone(&self.door),
                attempt: Arc::clone(&self.attempt),
                queue: Arc::clone(&self.queue),
                answers: self.sender.clone(),
                wake: Arc::clone(&self.wake),
            };
            match thread::Builder::new().name("door".to_owned()).spawn(move || clerk.work()) {
                Ok(_) => queue.threads += 1,
                // Another thread takes it when it is done with its own.
                Err(_) if queue.threads > 0 => {}
                Err(error) => {
                    queue.jobs.pop_back();
                    return Err(DoorReply::error(75, &format!("no thread for this: {error}")));
                }
            }
        }
        drop(queue);
        self.in_hand += 1;
        Ok(())
    }

    /// The answers that are there.
    pub(super) fn served(&mut self) -> Vec<Served> {
        let served: Vec<_> = self.answers.try_iter().collect();
        self.in_hand -= served.len();
        served
    }

    /// Waits until nothing is in hand; gives what was served meanwhile.
    pub(super) fn finish(&mut self, patience: Duration) -> Vec<Served> {
        let deadline = Instant::now() + patience;
        let mut served = Vec::new();
        while self.in_hand > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(one) = self.answers.recv_timeout(left) else { break };
            self.in_hand -= 1;
            served.push(one);
        }
        served
    }
}

/// One thread at the desk.
struct Clerk {
    door: Arc<dyn Door>,
    attempt: Arc<Attempt>,
    queue: Arc<Mutex<Queue>>,
    answers: SyncSender<Served>,
    wake: Arc<OwnedFd>,
}

impl Clerk {
    fn work(self) {
        loop {
            let (number, request) = {
                let mut queue = lock(&self.queue);
                let Some(job) = queue.jobs.pop_front() else {
                    // Under the same lock as the look: a job that comes now finds one thread less.
                    queue.threads -= 1;
                    return;
                };
                job
            };
            let serve = AssertUnwindSafe(|| self.door.serve(&self.attempt, request));
            let reply = catch_unwind(serve)
                .unwrap_or_else(|_| DoorReply::error(1, "this request made the shim stumble; see shim.log"));
            if self.answers.send((number, reply)).is_err() {
                return;
            }
            // The counter can't overflow: it is taken whenever the loop wakes.
            let _ = rustix::io::write(&*self.wake, &1_u64.to_ne_bytes());
        }
    }
}

/// No thread panics while it holds the lock: nothing that could is called there.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
