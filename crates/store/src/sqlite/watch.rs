//! Hearing of changes: a thread that sleeps until somebody writes to the log file, and then looks whether the
//! database changed. The write can come before the commit is visible, so each one starts a bounded series of
//! looks, and then silence.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;
use wg_core::port::{StoreError, WatchGuard};

use super::place::Place;
use super::trouble::Trouble;

/// When to look after a write to the log.
const LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(1),
    Duration::from_millis(10),
    Duration::from_millis(100),
    Duration::from_millis(1_000),
];
/// The least time between two calls of the listener: what comes faster is told together.
const APART: Duration = Duration::from_millis(1);
const LOG: &CStr = c"wg.db-wal";

/// Ends the thread when it is dropped.
struct Guard {
    end: Arc<OwnedFd>,
}

impl WatchGuard for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        // Adding one to a counter that nobody else adds to can't fail.
        let _ = rustix::io::write(&self.end, &1_u64.to_ne_bytes());
    }
}

pub(super) fn watch(place: &Place, notify: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError> {
    let told = |what: &str, error: io::Error| StoreError::Failed(format!("{what}: {error}"));
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
        .map_err(|error| told("changes can't be watched", error.into()))?;
    let flags = WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO;
    inotify::add_watch(&events, &place.folder, flags)
        .map_err(|error| told("changes can't be watched", error.into()))?;
    let end = eventfd(0, EventfdFlags::CLOEXEC).map_err(|error| told("no event", error.into()))?;
    let end = Arc::new(end);
    // The first look is taken before anybody is told that the watch stands: nothing falls between.
    let version = Version::of(place).map_err(|error| error.tell(place))?;
    let watcher = Watcher { events, end: Arc::clone(&end), version, notify };
    thread::Builder::new()
        .name("store-watch".into())
        .stack_size(256 * 1024)
        .spawn(move || watcher.run())
        .map_err(|error| told("no thread", error))?;
    Ok(Box::new(Guard { end }))
}

/// A connection of its own, on which `data_version` tells of everybody's commits.
struct Version {
    connection: Connection,
    last: i64,
}

impl Version {
    fn of(place: &Place) -> Result<Self, Trouble> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(place.database(), flags)?;
        connection.busy_timeout(Duration::from_secs(1))?;
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -64")?;
        let mut version = Self { connection, last: 0 };
        version.last = version.read()?;
        Ok(version)
    }

    fn read(&self) -> rusqlite::Result<i64> {
        self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
    }

    /// Whether there was a commit since the last look. What can't be known is taken for one: a change is a
    /// hint, and who reads the store is told what is wrong with it.
    fn changed(&mut self) -> bool {
        match self.read() {
            Ok(version) => std::mem::replace(&mut self.last, version) != version,
            Err(_) => true,
        }
    }
}

struct Watcher {
    events: OwnedFd,
    end: Arc<OwnedFd>,
    version: Version,
    notify: Box<dyn Fn() + Send>,
}

impl Watcher {
    fn run(mut self) {
        // When the log was written last, and how many looks were taken since.
        let mut written = Instant::now();
        let mut looks = LOOKS.len();
        let mut quiet_until = written;
        loop {
            let due = LOOKS.get(looks).map(|after| (written + *after).max(quiet_until));
            match self.wait(due) {
                Woken::End => return,
                Woken::Event if self.drain() => {
                    written = Instant::now();
                    looks = 0;
                }
                Woken::Event => {}
                Woken::Time => {
                    // Looks whose times have all come are one look.
                    let now = Instant::now();
                    while LOOKS.get(looks).is_some_and(|after| written + *after <= now) {
                        looks += 1;
                    }
                    if self.version.changed() {
                        (self.notify)();
                        quiet_until = Instant::now() + APART;
                    }
                }
            }
        }
    }

    fn wait(&self, due: Option<Instant>) -> Woken {
        let left = due.map(|due| due.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            // Only a look: an end that was asked for goes first, events can wait.
            let mut ends = [PollFd::new(&*self.end, PollFlags::IN)];
            let ended =
                poll(&mut ends, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0);
            return if ended { Woken::End } else { Woken::Time };
        }
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let mut descriptors =
            [PollFd::new(&*self.end, PollFlags::IN), PollFd::new(&self.events, PollFlags::IN)];
        match poll(&mut descriptors, timeout.as_ref()) {
            Ok(_) if !descriptors[0].revents().is_empty() => Woken::End,
            Ok(_) if !descriptors[1].revents().is_empty() => Woken::Event,
            Ok(_) => Woken::Time,
            // Interrupted: look again at what there is.
            Err(Errno::INTR) => Woken::Event,
            Err(_) => Woken::End,
        }
    }

    /// Takes all events there are; whether one was about the log.
    fn drain(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut reader = Reader::new(&self.events, &mut buffer);
        let mut seen = false;
        loop {
            match reader.next() {
                // An event without a name says that events were lost, or that the folder is gone.
                Ok(event) => seen |= event.file_name().is_none_or(|name| name == LOG),
                Err(Errno::INTR) => {}
                Err(_) => return seen,
            }
        }
    }
}

enum Woken {
    /// The watch is over.
    End,
    /// Something was written in the folder.
    Event,
    /// It is time to look.
    Time,
}
