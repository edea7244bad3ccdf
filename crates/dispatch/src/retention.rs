//! How long the files of attempts are kept: old ones, and the oldest where all together are too large.
//!
//! It acts only on folders named as attempts are, directly in `.wg/attempts`, never on one that was live or
//! newer than the newest when the pruning was decided, and follows no symbolic link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use wg_core::id::AttemptRef;
use wg_core::time::Timestamp;

use crate::files::AttemptFolder;

/// Bounds on what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Files of attempts that ended longer ago are removed.
    pub age: Duration,
    /// The oldest are removed where all files together are larger.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(30 * 24 * 60 * 60), bytes: 2 * 1024 * 1024 * 1024 }
    }
}

/// What may be removed: nothing else than finished attempts up to a certain one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prunable {
    /// Attempts that are not finished.
    pub live: BTreeSet<AttemptRef>,
    /// The newest attempt; what is newer started later and is kept.
    pub through: AttemptRef,
}

impl Prunable {
    fn allows(&self, attempt: AttemptRef) -> bool {
        attempt <= self.through && !self.live.contains(&attempt)
    }
}

/// What a pruning removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Folders.
    pub attempts: usize,
    /// Bytes in them.
    pub bytes: u64,
}

/// Removes old files. It remembers how large the folders are that it has seen, so that each is measured once.
#[derive(Debug)]
pub struct Pruner {
    root: PathBuf,
    total: u64,
    measured: AttemptRef,
    unmeasured: BTreeSet<AttemptRef>,
}

impl Pruner {
    /// One for the folder of all attempts.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root, total: 0, measured: AttemptRef(0), unmeasured: BTreeSet::new() }
    }

    /// Removes what the bounds say. Cost: one listing of the folder, and a look at each new attempt's files.
    pub fn prune(&mut self, retention: Retention, prunable: &Prunable, now: Timestamp) -> io::Result<Pruned> {
        let mut folders = self.folders()?;
        self.measure(&folders, prunable);
        let mut pruned = Pruned::default();
        while let Some((attempt, folder)) = folders.pop_first() {
            if !prunable.allows(attempt) {
                continue;
            }
            let old = ended_at(&folder).is_some_and(|at| now.since(at) > retention.age);
            if !old && self.total <= retention.bytes {
                break;
            }
            let bytes = size_of(&folder);
            fs::remove_dir_all(&folder)?;
            self.total = self.total.saturating_sub(bytes);
            pruned.attempts += 1;
            pruned.bytes += bytes;
        }
        Ok(pruned)
    }

    fn folders(&self) -> io::Result<BTreeMap<AttemptRef, PathBuf>> {
        let entries = match fs::read_dir(&self.root) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            entries => entries?,
        };
        let mut folders = BTreeMap::new();
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let Some(attempt) = name.to_str().and_then(attempt_of) else { continue };
            if entry.file_type()?.is_dir() {
                folders.insert(attempt, entry.path());
            }
        }
        Ok(folders)
    }

    fn measure(&mut self, folders: &BTreeMap<AttemptRef, PathBuf>, prunable: &Prunable) {
        let newest = self.measured;
        for (attempt, folder) in folders {
            if *attempt <= newest && !self.unmeasured.contains(attempt) {
                continue;
            }
            if prunable.allows(*attempt) {
                self.total += size_of(folder);
                self.unmeasured.remove(attempt);
            } else {
                self.unmeasured.insert(*attempt);
            }
            self.measured = self.measured.max(*attempt);
        }
        self.unmeasured.retain(|attempt| folders.contains_key(attempt));
    }
}

fn attempt_of(name: &str) -> Option<AttemptRef> {
    name.starts_with("agent-").then(|| name.parse().ok()).flatten()
}

/// When the last file appeared in an attempt's folder: its exit record.
fn ended_at(folder: &Path) -> Option<Timestamp> {
    let modified = fs::symlink_metadata(folder).ok()?.modified().ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Timestamp::from_nanos)
}

/// Bytes in a folder's files; an attempt's folder has no folders in it. Of what an agent that is talked to
/// printed only what has not been given back to the disk: all of it was longer.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let events = AttemptFolder::new(folder).events();
    let size = |entry: fs::DirEntry| {
        let file = entry.metadata().ok()?;
        Some(if entry.path() == events { file.len().min(file.blocks() * 512) } else { file.len() })
    };
    entries.filter_map(|entry| size(entry.ok()?)).sum()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail")]

    use super::*;

    struct Scene {
        folder: tempfile::TempDir,
    }

    impl Scene {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn root(&self) -> PathBuf {
            self.folder.path().join("attempts")
        }

        fn add(&self, name: &str, bytes: usize, age: Duration) {
            let folder = self.root().join(name);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("output.log"), vec![b'x'; bytes]).unwrap();
            let at = UNIX_EPOCH + Duration::from_nanos(NOW.as_nanos().unsigned_abs()) - age;
            fs::File::open(&folder).unwrap().set_modified(at).unwrap();
        }

        fn left(&self) -> Vec<String> {
            let mut names: Vec<_> = fs::read_dir(self.root())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000_000_000_000);
    const DAY: Duration = Duration::from_secs(86_400);
    const LIMITS: Retention = Retention { age: DAY, bytes: 250 };

    fn through(newest: u64, live: &[u64]) -> Prunable {
        Prunable { live: live.iter().map(|n| AttemptRef(*n)).collect(), through: AttemptRef(newest) }
    }

    #[test]
    fn old_ones_go_but_never_a_live_one_nor_what_is_not_ours() {
        let scene = Scene::new();
        for name in ["agent-1", "agent-2", "agent-9", "7", "notes", "agent-x"] {
            scene.add(name, 1, 2 * DAY);
        }
        scene.add("agent-3", 1, DAY / 2);
        let pruned = Pruner::new(scene.root()).prune(LIMITS, &through(3, &[2]), NOW).unwrap();
        assert_eq!(pruned, Pruned { attempts: 1, bytes: 1 });
        assert_eq!(scene.left(), ["7", "agent-2", "agent-3", "agent-9", "agent-x", "notes"]);
    }

    #[test]
    fn the_oldest_go_where_all_are_too_large() {
        let scene = Scene::new();
        for n in 1..=4 {
            scene.add(&format!("agent-{n}"), 100, Duration::ZERO);
        }
        let mut pruner = Pruner::new(scene.root());
        assert_eq!(pruner.prune(LIMITS, &through(4, &[1]), NOW).unwrap().attempts, 1);
        assert_eq!(scene.left(), ["agent-1", "agent-3", "agent-4"]);
        // What was live is measured once it is not; what is new is added to what is known.
        scene.add("agent-5", 100, Duration::ZERO);
        assert_eq!(pruner.prune(LIMITS, &through(5, &[]), NOW).unwrap().attempts, 2);
        assert_eq!(scene.left(), ["agent-4", "agent-5"]);
    }

    #[test]
    fn what_was_given_back_to_the_disk_is_not_counted() {
        let scene = Scene::new();
        scene.add("agent-1", 100, Duration::ZERO);
        let events = fs::File::create(scene.root().join("agent-1/events.jsonl")).unwrap();
        events.set_len(1 << 30).unwrap();
        assert_eq!(size_of(&scene.root().join("agent-1")), 100);
        fs::File::create(scene.root().join("agent-1/other")).unwrap().set_len(1 << 20).unwrap();
        assert_eq!(size_of(&scene.root().join("agent-1")), 100 + (1 << 20));
    }

    #[test]
    fn no_folder_is_nothing_to_do() {
        let scene = Scene::new();
        let pruned = Pruner::new(scene.root()).prune(LIMITS, &through(9, &[]), NOW).unwrap();
        assert_eq!(pruned, Pruned::default());
    }

    #[test]
    fn a_symbolic_link_is_left_alone() {
        let scene = Scene::new();
        scene.add("agent-2", 1, Duration::ZERO);
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("precious"), "x").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), scene.root().join("agent-1")).unwrap();
        let nothing = Retention { age: Duration::ZERO, bytes: 0 };
        Pruner::new(scene.root()).prune(nothing, &through(9, &[]), NOW).unwrap();
        assert!(elsewhere.path().join("precious").exists());
        assert_eq!(scene.left(), ["agent-1"]);
    }
}
