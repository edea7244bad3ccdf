//! Writers that are killed at any moment: what they were told is there, and nothing is there by half.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::disallowed_types, reason = "the writers are real processes, to be killed")]
#![expect(clippy::print_stdout, reason = "how a writer tells the test what was acknowledged")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use wg_core::id::{Actor, OpSeq, TaskId};
use wg_core::port::Store;
use wg_core::task::Task;
use wg_core::time::Timestamp;
use wg_store::sqlite;

const FOLDER: &str = "WG_TEST_FOLDER";
const COUNT: &str = "WG_TEST_COUNT";
/// Tasks of every tenth operation: more pages than are copied from the log in one go.
const MANY: u64 = 400;

fn at() -> Timestamp {
    Timestamp::from_nanos(1_000_000_000)
}

/// Not a test of its own: what the processes of the others run.
#[test]
fn writer() {
    let (Ok(folder), Ok(count)) = (std::env::var(FOLDER), std::env::var(COUNT)) else { return };
    for n in 0..count.parse::<u64>().unwrap() {
        // Every write as by a command of its own.
        let mut store = sqlite::open(Path::new(&folder)).unwrap();
        println!("\nacknowledged {}", write(&mut *store, std::process::id(), n).0);
    }
}

fn write(store: &mut dyn Store, who: u32, n: u64) -> OpSeq {
    let tasks = if n % 10 == 9 { MANY } else { 1 };
    let mut seq = OpSeq(0);
    store
        .write(&mut |view| {
            let command = wg_core::command::Command::ResumeDispatch;
            seq = view.begin_operation(at(), &Actor::User(who.to_string()), &command)?;
            for k in 0..tasks {
                let id = TaskId::parse(&format!("w-{seq}-{k}")).unwrap();
                let mut task = Task::new(id.clone(), "x".repeat(300), at());
                task.after.insert(TaskId::parse(&format!("w-{}-0", seq.0 - 1)).unwrap());
                view.put_task(&task)?;
                view.append_log(&id, at(), "writer", &format!("{k} of {tasks}"))?;
            }
            Ok(())
        })
        .unwrap();
    seq
}

struct Writer {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Writer {
    fn start(folder: &Path, count: u64) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["writer", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(COUNT, count.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        Self { process, said }
    }

    /// The next operation that was acknowledged, until the writer is gone.
    fn next(&mut self) -> Option<OpSeq> {
        let mut line = String::new();
        while self.said.read_line(&mut line).unwrap() > 0 {
            if let Some(seq) = line.strip_prefix("acknowledged ") {
                // A line that the end of its writer cut short acknowledges nothing.
                return line.ends_with('\n').then(|| OpSeq(seq.trim().parse().unwrap()));
            }
            line.clear();
        }
        None
    }

    fn kill(mut self) -> Vec<OpSeq> {
        self.process.kill().unwrap();
        let rest = std::iter::from_fn(|| self.next()).collect();
        self.process.wait().unwrap();
        rest
    }
}

/// Every acknowledged operation is there, and every operation is there as a whole.
fn judge(folder: &Path, acknowledged: &[OpSeq]) {
    assert_eq!(sqlite::check(folder), Ok(Vec::new()));
    let mut store = sqlite::open(folder).unwrap();
    store
        .read(&mut |view| {
            let last = view.last_operation()?;
            assert!(acknowledged.iter().all(|seq| *seq <= last), "{acknowledged:?} and {last}");
            for seq in (1..=last.0).map(OpSeq) {
                let changes = view.changes_of(seq)?.len() as u64;
                assert!(changes == 1 || changes == MANY, "operation {seq} has {changes} changes");
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_killed_writer_leaves_what_was_acknowledged_and_nothing_by_half() {
    let folder = tempfile::tempdir().unwrap();
    drop(sqlite::create(folder.path()).unwrap());
    let rounds: u64 = std::env::var("WG_TEST_KILLS").map_or(8, |rounds| rounds.parse().unwrap());
    let mut acknowledged = Vec::new();
    for round in 0..rounds {
        let mut writers = [Writer::start(folder.path(), 1_000), Writer::start(folder.path(), 1_000)];
        // Somewhere within what comes after a number of writes that differs from round to round.
        for _ in 0..round * 7 % 23 {
            acknowledged.extend(writers[0].next());
        }
        for writer in writers {
            acknowledged.extend(writer.kill());
        }
        judge(folder.path(), &acknowledged);
    }
    assert!(acknowledged.len() as u64 > rounds);
    let mut store = sqlite::open(folder.path()).unwrap();
    write(&mut *store, 0, 0);
}

#[test]
fn many_processes_write_at_once_and_none_is_turned_away() {
    let folder = tempfile::tempdir().unwrap();
    drop(sqlite::create(folder.path()).unwrap());
    let writers: Vec<_> = (0..12).map(|_| Writer::start(folder.path(), 9)).collect();
    let mut acknowledged = Vec::new();
    for mut writer in writers {
        acknowledged.extend(std::iter::from_fn(|| writer.next()));
        assert!(writer.process.wait().unwrap().success());
    }
    acknowledged.sort();
    assert_eq!(acknowledged, (1..=12 * 9).map(OpSeq).collect::<Vec<_>>());
    judge(folder.path(), &acknowledged);
}
