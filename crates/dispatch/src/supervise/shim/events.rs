//! `events.jsonl`: what an agent that is talked to prints, kept in full from where it was parsed.
//!
//! It is never cut: what there is no room for is not read of the agent. What was parsed is given back to the
//! disk, where its file system can do that; places in the file stay what they are.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, fallocate};

use crate::supervise::protocol::WINDOW;

/// How much parsed text is given back to the disk at a time. A multiple of every page and block size.
const RELEASE_STEP: u64 = 1024 * 1024;
/// Between two tries on a disk that is full.
const RETRY: Duration = Duration::from_millis(250);

/// The writing end: the shim's.
#[derive(Debug)]
pub(super) struct EventsFile {
    file: File,
    /// Bytes in the file.
    written: u64,
    /// Of these, parsed.
    parsed: u64,
    /// Of these, not in the file any more.
    released: u64,
    /// What the disk did not take, at most one read; and when it is tried again.
    refused: Option<(Vec<u8>, Instant)>,
}

impl EventsFile {
    /// A new, empty one.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Self { file, written: 0, parsed: 0, released: 0, refused: None })
    }

    /// Bytes that can be read in it.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Of these, parsed.
    pub(super) fn parsed(&self) -> u64 {
        self.parsed
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        !self.holds_back() && self.written - self.parsed <= WINDOW
    }

    /// Whether the disk has not taken all that was read of the agent.
    pub(super) fn holds_back(&self) -> bool {
        self.refused.is_some()
    }

    /// When to try again on a full disk.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.refused.as_ref().map(|(_, at)| *at)
    }

    /// Takes what the agent printed. Not to be called while it holds something back.
    pub(super) fn write(&mut self, piece: &[u8], now: Instant) {
        // Half a piece may be written: it is written again, at the same place.
        match self.file.write_all_at(piece, self.written) {
            Ok(()) => self.written += piece.len() as u64,
            Err(_) => self.refused = Some((piece.to_owned(), now + RETRY)),
        }
    }

    /// Tries again what the disk did not take.
    pub(super) fn retry(&mut self, now: Instant) {
        if let Some((piece, _)) = self.refused.take() {
            self.write(&piece, now);
        }
    }

    /// Somebody goes on reading from here.
    ///
    /// # Errors
    /// Why that can't be.
    pub(super) fn follow(&mut self, from: u64) -> Result<(), String> {
        if from < self.released {
            return Err(format!("what was printed before {} is not kept any more", self.released));
        }
        self.parse(from)
    }

    /// What is before this place is not needed any more.
    ///
    /// # Errors
    /// There is no such place yet.
    pub(super) fn parse(&mut self, to: u64) -> Result<(), String> {
        if to > self.written {
            return Err(format!("only {} bytes were printed", self.written));
        }
        self.parsed = self.parsed.max(to);
        let whole = self.parsed - self.parsed % RELEASE_STEP;
        let length = whole - self.released;
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // A file system that can't keeps it all.
        if length > 0 && fallocate(&self.file, flags, self.released, length).is_ok() {
            self.released = whole;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;

    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn events() -> (tempfile::TempDir, PathBuf, EventsFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        let events = EventsFile::create(&path).unwrap();
        (folder, path, events)
    }

    #[test]
    fn what_is_not_parsed_is_kept_and_fills_the_window() {
        let (_folder, path, mut events) = events();
        let now = Instant::now();
        let piece = vec![b'x'; MIB as usize];
        while events.has_room() {
            events.write(&piece, now);
        }
        assert_eq!(events.written(), WINDOW + MIB);
        events.parse(MIB).unwrap();
        assert!(events.has_room());
        events.write(&piece, now);
        assert!(!events.has_room());
        events.parse(10 * MIB + 17).unwrap();
        assert!(events.has_room());
        // Declared later, but of an earlier place.
        events.parse(9).unwrap();
        assert_eq!(events.parsed(), 10 * MIB + 17);
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len() as u64, WINDOW + 2 * MIB);
        assert!(bytes[10 * MIB as usize..].iter().all(|byte| *byte == b'x'));
        // Not every file system gives anything back; where it does, the file says so.
        if events.released > 0 {
            assert_eq!(events.released, 10 * MIB);
            assert!(fs::metadata(&path).unwrap().blocks() * 512 <= WINDOW - 7 * MIB);
        }
    }

    #[test]
    fn a_follower_goes_on_where_something_is() {
        let (_folder, _, mut events) = events();
        events.write(&vec![b'x'; 3 * MIB as usize], Instant::now());
        events.follow(0).unwrap();
        events.follow(3 * MIB).unwrap();
        assert_eq!(events.parsed(), 3 * MIB);
        assert!(events.follow(3 * MIB + 1).is_err() && events.parse(u64::MAX).is_err());
        events.follow(events.released).unwrap();
        if events.released > 0 {
            assert!(events.follow(events.released - 1).is_err());
        }
        assert_eq!(events.parsed(), 3 * MIB);
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_tried_again() {
        let (_folder, path, mut events) = events();
        let now = Instant::now();
        events.write(b"one\n", now);
        let real =
            std::mem::replace(&mut events.file, OpenOptions::new().write(true).open("/dev/full").unwrap());
        events.write(b"two\n", now);
        assert!(events.holds_back() && !events.has_room());
        assert_eq!((events.written(), events.wake_at()), (4, Some(now + RETRY)));
        events.retry(now + RETRY);
        assert_eq!((events.written(), events.wake_at()), (4, Some(now + 2 * RETRY)));
        events.file = real;
        events.retry(now + 2 * RETRY);
        assert!(!events.holds_back() && events.has_room());
        events.write(b"three\n", now);
        assert_eq!(fs::read(path).unwrap(), b"one\ntwo\nthree\n");
    }
}
