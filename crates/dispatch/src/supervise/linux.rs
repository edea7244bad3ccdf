//! Everything that depends on Linux: who a process is, signals that can't hit another one, the children and
//! the marks in `/proc`, and the two things a shim does before it starts an agent.
//!
//! A process is known by boot, pid namespace, number and start time. It is signalled only through a pidfd
//! that was opened *before* its start time was read again, so never a later process with the same number.
//! The only `unsafe` of the program stands here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, getppid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, set_parent_process_death_signal, setsid, wait,
};
use wg_core::attempt::{ExitStatus, ProcessIdentity};
use wg_core::time::Timestamp;

#[cfg(not(target_os = "linux"))]
compile_error!("workgraph supervises processes on Linux only");

/// What is known of a recorded process.
#[derive(Debug)]
pub enum Verdict {
    /// It is there, and held.
    Alive(Process),
    /// It has ended: a pidfd says so, or its identity matches nothing any more.
    Dead,
    /// It can't be told. Never acted on as dead.
    Unknown(String),
}

/// A process that can't be taken for another one: a pidfd, and the identity that was read after it was
/// opened.
#[derive(Debug)]
pub struct Process {
    pidfd: OwnedFd,
    identity: ProcessIdentity,
}

impl Process {
    /// The process with this number just now.
    pub fn of(pid: u32) -> io::Result<Self> {
        let pidfd = pidfd_open(number(pid)?, PidfdFlags::empty())?;
        Ok(Self { pidfd, identity: identity_of(pid)? })
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &ProcessIdentity {
        &self.identity
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.identity.pid
    }

    /// A pidfd of it, readable once it has ended.
    pub fn pidfd(&self) -> io::Result<OwnedFd> {
        self.pidfd.try_clone()
    }

    /// Sends it a signal; one that has ended is left alone.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it has ended; a zombie has.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Waits for its end; false where that did not come in time.
    #[must_use]
    pub fn wait(&self, patience: Duration) -> bool {
        let timeout = Timespec::try_from(patience).ok();
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        // An interrupted wait is an early "not yet".
        poll(&mut fds, timeout.as_ref()).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// What is known of the process that was recorded as `identity`.
#[must_use]
pub fn verdict(identity: &ProcessIdentity) -> Verdict {
    let here = match whereabouts() {
        Ok(here) => here,
        Err(error) => return Verdict::Unknown(format!("/proc can't be read: {error}")),
    };
    if identity.boot != here.boot {
        return Verdict::Dead;
    }
    if identity.pid_namespace != here.pid_namespace {
        return Verdict::Unknown(format!("process {} is in another pid namespace", identity.pid));
    }
    match Process::of(identity.pid) {
        Ok(process) if process.identity != *identity || process.has_ended() => Verdict::Dead,
        Ok(process) => Verdict::Alive(process),
        Err(error) if is_gone(&error) => Verdict::Dead,
        // The number may be that of another process's thread by now, of which no pidfd can be had.
        Err(_) if identity_of(identity.pid).is_ok_and(|found| found != *identity) => Verdict::Dead,
        Err(error) => Verdict::Unknown(format!("process {} can't be looked at: {error}", identity.pid)),
    }
}

/// Who the process with this number is.
pub fn identity_of(pid: u32) -> io::Result<ProcessIdentity> {
    let here = whereabouts()?;
    Ok(ProcessIdentity {
        boot: here.boot.clone(),
        pid_namespace: here.pid_namespace,
        pid,
        start_time: Stat::of(pid)?.start_time,
    })
}

/// Who this process is.
pub fn own_identity() -> io::Result<ProcessIdentity> {
    static OWN: OnceLock<ProcessIdentity> = OnceLock::new();
    if let Some(own) = OWN.get() {
        return Ok(own.clone());
    }
    let own = identity_of(own_pid())?;
    Ok(OWN.get_or_init(|| own).clone())
}

/// This process's number.
#[must_use]
pub fn own_pid() -> u32 {
    getpid().as_raw_nonzero().get().unsigned_abs()
}

/// Boot and pid namespace of this process.
struct Whereabouts {
    boot: String,
    pid_namespace: u64,
}

fn whereabouts() -> io::Result<&'static Whereabouts> {
    static HERE: OnceLock<Whereabouts> = OnceLock::new();
    if let Some(here) = HERE.get() {
        return Ok(here);
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
    let pid_namespace = fs::metadata("/proc/self/ns/pid")?.ino();
    Ok(HERE.get_or_init(|| Whereabouts { boot, pid_namespace }))
}

/// The part of `/proc/PID/stat` that is of use here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its parent.
    pub parent: u32,
    /// Its session.
    pub session: u32,
    /// Clock ticks since boot.
    pub start_time: u64,
}

impl Stat {
    /// That of the process with this number.
    pub fn of(pid: u32) -> io::Result<Self> {
        // One line of some 50 numbers after a name of at most 64 bytes; a read gives all of it.
        let mut text = [0; 2048];
        let length = File::open(format!("/proc/{pid}/stat"))?.read(&mut text)?;
        Self::parse(&text[..length]).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// The name stands in brackets and may hold anything, brackets and spaces too; numbers follow the last.
    fn parse(text: &[u8]) -> Option<Self> {
        let after_name = text.iter().rposition(|byte| *byte == b')')? + 1;
        let rest = std::str::from_utf8(&text[after_name..]).ok()?;
        // The first of these is field 3, the state.
        let mut fields = rest.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let session = fields.nth(1)?.parse().ok()?;
        let start_time = fields.nth(15)?.parse().ok()?;
        Some(Self { parent, session, start_time })
    }
}

fn number(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Whether an error on a process's file or number says that it is no more.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

/// Numbers of the children of a process, over all of its threads; none where it is gone.
#[must_use]
pub fn children_of(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|text| text.split_ascii_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Adds the living descendants of a process that is known for sure (ourselves, or held) to `found`.
///
/// A child is taken once its pidfd is open and it is seen to be the parent's: had its number gone to another
/// process meanwhile, that one's parent would be another.
pub fn add_descendants(root: u32, found: &mut Vec<Process>) {
    let mut seen: BTreeSet<u32> = found.iter().map(Process::pid).collect();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for child in children_of(parent) {
            let Ok(process) = Process::of(child) else { continue };
            let is_child = Stat::of(child).is_ok_and(|stat| stat.parent == parent);
            if is_child && !process.has_ended() && seen.insert(child) {
                parents.push(child);
                found.push(process);
            }
        }
    }
}

/// What a look over all processes for a mark found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Processes that carry it.
    pub carriers: Vec<Process>,
    /// Processes of the same user that can't be told: they carry no mark that can be read, but are in the
    /// session that was asked about.
    pub unsure: Vec<u32>,
}

impl Scan {
    /// Whether it found nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.carriers.is_empty() && self.unsure.is_empty()
    }
}

/// Looks at every process for `WG_ATTEMPT=mark`, and for members of `session`: the agent's, where its first
/// process is known. A zombie carries nothing and is in no session here: it has ended.
///
/// # Errors
/// When `/proc` can't be read, or not all of it, so that nothing is known.
pub fn scan(mark: &str, session: Option<&ProcessIdentity>) -> io::Result<Scan> {
    let mut scan = Scan::default();
    let needle = format!("WG_ATTEMPT={mark}");
    let own = own_pid();
    let session = session.filter(|agent| {
        whereabouts().is_ok_and(|here| here.boot == agent.boot && here.pid_namespace == agent.pid_namespace)
    });
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        if pid == own {
            continue;
        }
        if carries(pid, &needle)? {
            // Again, with the pidfd open: the number may have changed hands between.
            if let Some(process) = if_there(Process::of(pid))?
                && carries(pid, &needle)?
                && !process.has_ended()
            {
                scan.carriers.push(process);
            }
        } else if let Some(agent) = session
            && in_session(pid, agent)?
        {
            scan.unsure.push(pid);
        }
    }
    Ok(scan)
}

fn carries(pid: u32, needle: &str) -> io::Result<bool> {
    let environ = environ_of(pid)?.unwrap_or_default();
    Ok(environ.split(|byte| *byte == 0).any(|entry| entry == needle.as_bytes()))
}

/// The environment of a process; none where it is gone, or is not ours to read. Any other error (no descriptor
/// is left) says nothing of the process, and must not be taken for its absence.
fn environ_of(pid: u32) -> io::Result<Option<Vec<u8>>> {
    match fs::read(format!("/proc/{pid}/environ")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
        read => if_there(read),
    }
}

/// What was found of a process, or none where it is gone.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All living processes with a mark of any attempt, by mark.
///
/// # Errors
/// When `/proc` can't be read, so that nothing is known.
pub fn marked() -> io::Result<BTreeMap<String, Vec<ProcessIdentity>>> {
    let mut marked: BTreeMap<String, Vec<ProcessIdentity>> = BTreeMap::new();
    let own = own_pid();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Some(mark) = mark_of(pid)?.filter(|_| pid != own) else { continue };
        // Again, with the pidfd open: the number may have changed hands between.
        if let Some(process) = if_there(Process::of(pid))?
            && mark_of(pid)?.as_ref() == Some(&mark)
            && !process.has_ended()
        {
            marked.entry(mark).or_default().push(process.identity);
        }
    }
    Ok(marked)
}

fn mark_of(pid: u32) -> io::Result<Option<String>> {
    let environ = environ_of(pid)?.unwrap_or_default();
    let mark = environ.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(b"WG_ATTEMPT="));
    Ok(mark.and_then(|mark| String::from_utf8(mark.to_vec()).ok()))
}

/// Whether a living process is in the session that the agent opened. The number of a session is not given to
/// another process while a member lives; one that is older than the agent is in an earlier session.
fn in_session(pid: u32, agent: &ProcessIdentity) -> io::Result<bool> {
    let stat = if_there(Stat::of(pid))?;
    if !stat.is_some_and(|stat| stat.session == agent.pid && stat.start_time >= agent.start_time) {
        return Ok(false);
    }
    Ok(if_there(Process::of(pid))?.is_some_and(|process| !process.has_ended()))
}

/// When this machine was started, by the clock as it is set now, in whole seconds.
pub fn booted_at() -> io::Result<Timestamp> {
    let stat = fs::read_to_string("/proc/stat")?;
    let seconds = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<i64>().ok());
    let nanos = seconds.and_then(|seconds| seconds.checked_mul(1_000_000_000));
    nanos.map(Timestamp::from_nanos).ok_or_else(|| io::Error::other("/proc/stat has no btime"))
}

/// Makes this process the one that orphans below it are handed to.
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Leaves the session of whoever started this process. One that leads a group already stays in its session.
pub fn leave_session() {
    // The only error: this process leads a group, so whoever started it has seen to that.
    let _ = setsid();
}

/// Closes every descriptor beyond the standard three. To be called when a process has just begun: all that is
/// open then was left open by whoever started it.
#[expect(unsafe_code, reason = "a descriptor that nobody here owns can't be closed otherwise")]
pub fn close_inherited() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else { return };
    // Collected first, so that the descriptor of the listing itself is closed by its owner.
    let open: Vec<i32> = open.filter_map(|fd| fd.ok()?.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        if fs::symlink_metadata(format!("/proc/self/fd/{fd}")).is_ok() {
            // SAFETY: the descriptor is open, and the caller has opened nothing yet, so no value of this
            // program owns it.
            unsafe { rustix::io::close(fd) };
        }
    }
}

/// Makes what `command` starts an agent's first process: in a session of its own, and killed when the thread
/// that starts it dies.
#[expect(unsafe_code, reason = "nothing else can be done between fork and exec")]
pub fn own_session_and_fate(command: &mut Command) {
    let starter = getpid();
    let before_exec = move || {
        setsid()?;
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // Had the starter died before the line above, nobody would send that signal any more.
        if getppid() != Some(starter) {
            return Err(io::Error::from_raw_os_error(Errno::SRCH.raw_os_error()));
        }
        Ok(())
    };
    // SAFETY: between fork and exec only async-signal-safe things may be done. The closure makes three raw
    // system calls (rustix's linux_raw backend calls no libc), compares two integers, and on failure makes an
    // `io::Error` of an errno, which allocates nothing. It captures one `Copy` integer.
    unsafe { command.pre_exec(before_exec) };
}

/// A child that has ended, and how.
pub type Reaped = (u32, ExitStatus);

/// What waiting for children found.
#[derive(Debug, PartialEq, Eq)]
pub enum Children {
    /// These have ended; others are there.
    Some(Vec<Reaped>),
    /// These have ended, and there is no child any more. For a subreaper that never lost a descendant to
    /// anybody else this proves that its whole tree is gone.
    None(Vec<Reaped>),
}

/// Takes the statuses of all children that have ended, without waiting.
#[must_use]
pub fn reap() -> Children {
    let mut reaped = Vec::new();
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                if let Some(status) = exit_status(status) {
                    reaped.push((pid.as_raw_nonzero().get().unsigned_abs(), status));
                }
            }
            Ok(None) => return Children::Some(reaped),
            Err(Errno::INTR) => {}
            // ECHILD is the only other error of a call without a pid.
            Err(_) => return Children::None(reaped),
        }
    }
}

fn exit_status(status: WaitStatus) -> Option<ExitStatus> {
    status.exit_status().map(ExitStatus::Code).or_else(|| status.terminating_signal().map(ExitStatus::Signal))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::process::{Child, Stdio};

    use super::*;

    #[test]
    fn the_start_of_the_machine_is_before_this_process() {
        let now = fs::metadata("/proc/self").unwrap().modified().unwrap();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        let booted = booted_at().unwrap();
        assert!(booted > Timestamp::default());
        assert!(booted.as_nanos() <= i64::try_from(now.as_nanos()).unwrap());
    }

    fn sleeper(mark: &str) -> Child {
        let mut command = Command::new("/bin/sleep");
        command.arg("600").env("WG_ATTEMPT", mark).stdin(Stdio::null());
        own_session_and_fate(&mut command);
        command.spawn().unwrap()
    }

    #[test]
    fn a_name_may_hold_anything() {
        let tail = "S 7 8 9 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 12345 1 2";
        let stat = Stat { parent: 7, session: 9, start_time: 12345 };
        for name in ["(sh)", "(a) b)", "(\n) S 1 1 1 1)"] {
            assert_eq!(Stat::parse(format!("42 {name} {tail}").as_bytes()), Some(stat), "{name}");
        }
        for bad in ["", "42 (sh", "42 (sh) S 7", "42 (sh) S x 8 9 0"] {
            assert_eq!(Stat::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn an_identity_that_matches_nothing_is_dead_and_never_signalled() {
        let mut child = sleeper("agent-1.1.a");
        let alive = identity_of(child.id()).unwrap();
        assert!(matches!(verdict(&alive), Verdict::Alive(_)));
        // The same number, but recorded of a process that was there before.
        let earlier = ProcessIdentity { start_time: alive.start_time - 1, ..alive.clone() };
        assert!(matches!(verdict(&earlier), Verdict::Dead));
        let other_boot = ProcessIdentity { boot: "another".into(), ..alive };
        assert!(matches!(verdict(&other_boot), Verdict::Dead));
        let elsewhere = ProcessIdentity { pid_namespace: 1, ..alive.clone() };
        assert!(matches!(verdict(&elsewhere), Verdict::Unknown(_)));

        let Verdict::Alive(process) = verdict(&alive) else { panic!("it sleeps") };
        process.signal(Signal::KILL).unwrap();
        assert!(process.wait(Duration::from_secs(30)));
        // A zombie has ended, though its number is still taken.
        assert!(matches!(verdict(&alive), Verdict::Dead));
        child.wait().unwrap();
        assert!(matches!(verdict(&alive), Verdict::Dead));
        process.signal(Signal::KILL).unwrap();
    }

    #[test]
    fn a_number_that_is_a_threads_now_is_nobodys() {
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tell.send(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()).unwrap();
            ended.recv().unwrap();
        });
        let pid = told.recv().unwrap();
        let before = ProcessIdentity { pid, start_time: 1, ..own_identity().unwrap() };
        assert!(matches!(verdict(&before), Verdict::Dead));
        end.send(()).unwrap();
        thread.join().unwrap();
    }

    #[test]
    fn marks_and_sessions_are_found_and_zombies_are_not() {
        let mut child = sleeper("agent-2.1.b");
        let agent = identity_of(child.id()).unwrap();
        assert!(scan("agent-2.1.bb", None).unwrap().is_empty());
        assert_eq!(marked().unwrap()["agent-2.1.b"].as_slice(), std::slice::from_ref(&agent));
        let found = scan("agent-2.1.b", None).unwrap();
        assert_eq!(found.carriers.iter().map(Process::pid).collect::<Vec<_>>(), [child.id()]);
        assert_eq!(scan("agent-9.9.z", Some(&agent)).unwrap().unsure, [child.id()]);
        let later = ProcessIdentity { start_time: agent.start_time + 1, ..agent.clone() };
        assert!(scan("agent-9.9.z", Some(&later)).unwrap().is_empty());

        found.carriers[0].signal(Signal::KILL).unwrap();
        assert!(found.carriers[0].wait(Duration::from_secs(30)));
        assert!(scan("agent-2.1.b", Some(&agent)).unwrap().is_empty(), "a zombie carries nothing");
        child.wait().unwrap();
    }

    #[test]
    fn descendants_are_found_through_their_parents() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 600 & sleep 600 & wait"]).stdin(Stdio::null());
        own_session_and_fate(&mut command);
        let mut child = command.spawn().unwrap();
        let mut found = Vec::new();
        while found.len() < 2 {
            found.clear();
            add_descendants(child.id(), &mut found);
        }
        for process in &found {
            process.signal(Signal::KILL).unwrap();
        }
        child.wait().unwrap();
    }
}
