//! Ending an attempt with everything it started, verified: for the dispatcher, and for a command that ends
//! what it was told to end whether a dispatcher runs or not.
//!
//! A shim that lives is asked. One that is dead, or does not answer, is replaced: its tree is killed by
//! identity and marks, and *gone* is said under its lock only.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use wg_core::attempt::ProcessIdentity;

use super::linux::{self, Process, Verdict};
use super::lock::AttemptLock;
use super::output;
use super::protocol::{ANSWER_MAX, PROTOCOL_VERSION, ShimAnswer, ShimRequest};
use super::prove::{exit_of, give_up};
use super::spawn;
use super::sweep;
use crate::files::{self, AttemptFolder, ExitRecord, LaunchSpec, Run};
use crate::socket::{Client, ClientError};

/// How long a shim may take to answer what it answers at once.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);
/// How long after SIGKILL a tree may take to be gone: memory to be freed, disks to be waited for.
const GONE_PATIENCE: Duration = Duration::from_secs(20);
/// How long a shim that starts just now may take from its lock to its socket and its file.
const BIRTH_PATIENCE: Duration = Duration::from_secs(2);

/// What is to be ended.
#[derive(Debug, Clone)]
pub struct EndRequest<'a> {
    /// Its folder.
    pub folder: &'a AttemptFolder,
    /// The run.
    pub run: Run,
    /// Its shim, where the store knows it.
    pub shim: Option<&'a ProcessIdentity>,
    /// From SIGTERM to SIGKILL. An agent that is talked to is told farewell before that.
    pub grace: Duration,
}

/// What came of it.
#[derive(Debug)]
pub enum End {
    /// Nothing is left of it, and no shim will start its agent any more.
    Gone(Option<ExitRecord>),
    /// It can't be shown that it is gone. Not to be treated as gone: to be shown, and tried again.
    Unknown(String),
}

/// Ends an attempt; blocks until it is gone, or until it can't be shown. Safe to run twice and by several at
/// once. The caller has committed before that the attempt is to end, so that a shim which starts just now
/// does not execute its agent.
#[must_use]
pub fn end_attempt(request: &EndRequest<'_>) -> End {
    let EndRequest { folder, run, .. } = *request;
    let deadline = Instant::now() + BIRTH_PATIENCE;
    loop {
        match exit_of(folder, run) {
            Ok(Some(record)) if record.tree_gone => return End::Gone(Some(record)),
            Ok(_) => {}
            Err(why) => return End::Unknown(why),
        }
        match AttemptLock::try_take(&folder.lock()) {
            Ok(Some(lock)) => return end_without_shim(request, &lock, Vec::new()),
            Ok(None) => {}
            // No folder, so no shim and nothing that one could start.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return sweep(request, None, Vec::new());
            }
            Err(error) => return End::Unknown(format!("{}: {error}", folder.lock().display())),
        }
        match ask(request) {
            Ok(record) => return End::Gone(Some(record)),
            Err(Refusal::Nobody) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            Err(why) => return end_stuck_shim(request, &why),
        }
    }
}

/// Why a shim did not end its attempt.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("nobody listens on its socket")]
    Nobody,
    #[error("{0}")]
    Socket(ClientError),
    #[error("it refused: {0}")]
    Said(String),
    #[error("it says that something of its tree is left")]
    NotGone,
}

impl From<ClientError> for Refusal {
    fn from(error: ClientError) -> Self {
        match error {
            // One that ends just now closes what it has.
            ClientError::Nobody | ClientError::Closed => Self::Nobody,
            other => Self::Socket(other),
        }
    }
}

/// Asks a living shim to end its tree, and waits until it says that it did.
fn ask(request: &EndRequest<'_>) -> Result<ExitRecord, Refusal> {
    let mut shim = Client::connect(&request.folder.door(), ANSWER_MAX)?;
    let hello = ShimRequest::Hello { version: PROTOCOL_VERSION, run: request.run };
    shim.send(&hello, ANSWER_PATIENCE)?;
    match shim.receive(ANSWER_PATIENCE)? {
        ShimAnswer::Hello { run, .. } if run == request.run => {}
        other => return Err(said(other)),
    }
    shim.send(&ShimRequest::Stop { grace: request.grace }, ANSWER_PATIENCE)?;
    match shim.receive(ANSWER_PATIENCE)? {
        ShimAnswer::Stopping => {}
        other => return Err(said(other)),
    }
    let patience = farewell_grace(request).saturating_add(request.grace).saturating_add(GONE_PATIENCE);
    match shim.receive(patience)? {
        ShimAnswer::Gone(record) if record.tree_gone => Ok(*record),
        ShimAnswer::Gone(_) => Err(Refusal::NotGone),
        other => Err(said(other)),
    }
}

/// How much longer it takes with an agent that is told farewell first.
fn farewell_grace(request: &EndRequest<'_>) -> Duration {
    let launch = files::read::<LaunchSpec>(&request.folder.launch()).ok();
    let launch = launch.filter(|launch| launch.run == request.run);
    launch.and_then(|launch| launch.talk).map_or(Duration::ZERO, |talk| talk.farewell_grace)
}

fn said(answer: ShimAnswer) -> Refusal {
    Refusal::Said(match answer {
        ShimAnswer::Refused { why } => why,
        other => format!("{other:?}"),
    })
}

/// Its shim holds the lock and does not do what it is for: the shim is killed with its tree, which is
/// enumerated first, as long as it hangs together. One that died while it was asked is as good as killed.
fn end_stuck_shim(request: &EndRequest<'_>, why: &Refusal) -> End {
    let mut tree = Vec::new();
    let shim = holder(request);
    if let Some(shim) = &shim {
        linux::add_descendants(shim.pid(), &mut tree);
        if let Err(error) = spawn::kill(shim) {
            return End::Unknown(format!("its shim {} can't be killed: {error}", shim.pid()));
        }
        if !shim.wait(GONE_PATIENCE) {
            return End::Unknown(format!("its shim {} was killed, but is still there", shim.pid()));
        }
    }
    match take_soon(request.folder) {
        Ok(Some(lock)) => end_without_shim(request, &lock, tree),
        Ok(None) => End::Unknown(match shim {
            Some(_) => "its shim is gone, but its lock is held by another process".to_owned(),
            None => format!("its lock is held, but by whom is not known, and {why}"),
        }),
        Err(error) => End::Unknown(format!("{}: {error}", request.folder.lock().display())),
    }
}

/// The lock of a shim that just ended: the kernel may release it a moment after the process is gone, and
/// others may look at it too.
fn take_soon(folder: &AttemptFolder) -> io::Result<Option<AttemptLock>> {
    let deadline = Instant::now() + BIRTH_PATIENCE;
    loop {
        let lock = AttemptLock::try_take(&folder.lock())?;
        if lock.is_some() || Instant::now() >= deadline {
            return Ok(lock);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The process that holds the lock, by what it wrote of itself or by what the store knows.
fn holder(request: &EndRequest<'_>) -> Option<Process> {
    let written = request.folder.read_shim().ok().flatten().filter(|file| file.run == request.run);
    [written.as_ref().map(|file| &file.shim), request.shim].into_iter().flatten().find_map(|identity| {
        match linux::verdict(identity) {
            Verdict::Alive(process) => Some(process),
            Verdict::Dead | Verdict::Unknown(_) => None,
        }
    })
}

/// Under the lock, so with its shim dead or not born yet.
fn end_without_shim(request: &EndRequest<'_>, _lock: &AttemptLock, tree: Vec<Process>) -> End {
    // It may have ended well since it was looked at.
    if let Ok(Some(record)) = exit_of(request.folder, request.run)
        && record.tree_gone
    {
        return End::Gone(Some(record));
    }
    match give_up(request.folder, request.run) {
        Ok(None) if tree.is_empty() => End::Gone(None),
        Ok(started) => {
            let agent = started.and_then(|started| started.agent);
            let end = sweep(request, agent.as_ref(), tree);
            if matches!(end, End::Gone(_)) {
                // Readers find their way in a ring too: one that can't be put in order is left as it is.
                let _ = output::settle(request.folder);
            }
            end
        }
        Err(why) => End::Unknown(why),
    }
}

fn sweep(request: &EndRequest<'_>, agent: Option<&ProcessIdentity>, tree: Vec<Process>) -> End {
    match sweep::until_gone(&request.run.mark(), agent, tree, GONE_PATIENCE) {
        Ok(()) => End::Gone(exit_of(request.folder, request.run).ok().flatten()),
        Err(why) => End::Unknown(why),
    }
}
