//! One attempt in a folder of its own, and everything that is needed to start, watch and end it.

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;
use wg_core::attempt::ProcessIdentity;
use wg_core::id::{AttemptRef, Fence};
use wg_dispatch::files::{self, AttemptFolder, ExitRecord, GraphFolder, LaunchSpec, Run};
use wg_dispatch::supervise::linux::{self, Process, Verdict};
use wg_dispatch::supervise::{DOOR_VERSION, DoorReply, DoorRequest, End, EndRequest, Shim};
use wg_dispatch::supervise::{end_attempt, knock, start_shim};

/// Long enough for anything that comes at all.
pub const LONG: Duration = Duration::from_secs(60);

/// An attempt of which nothing has been started yet. Whatever was is killed when it is dropped.
pub struct World {
    _temp: TempDir,
    pub folder: AttemptFolder,
    pub spec: LaunchSpec,
}

impl World {
    /// One whose agent is a shell that runs `script` in the attempt's folder.
    pub fn new(script: &str) -> Self {
        Self::in_depth(script, 0)
    }

    /// The same in a folder whose path is longer by so many bytes, about.
    pub fn in_depth(script: &str, depth: usize) -> Self {
        let temp = tempfile::tempdir().unwrap();
        let mut project = temp.path().to_owned();
        for _ in 0..depth / 20 {
            project.push("a-folder-in-a-folder");
        }
        Self::of_project(temp, &project, script)
    }

    /// The same with its graph in this folder, which lies in the temporary one.
    pub fn of_project(temp: TempDir, project: &Path, script: &str) -> Self {
        let graph = project;
        let graph = GraphFolder::new(graph.join(".wg"));
        fs::create_dir_all(graph.service()).unwrap();
        let folder = graph.attempt(AttemptRef(7));
        folder.create().unwrap();
        // The nonce tells the processes of this test from those of every other one.
        let nonce = u64::from(std::process::id()) << 32 | u64::from(serial());
        let run = Run { attempt: AttemptRef(7), fence: Fence(3), nonce };
        let spec = LaunchSpec {
            run,
            task: "port-the-parser".into(),
            argv: vec!["/bin/sh".into(), "-c".into(), script.into()],
            env: [("GIVEN".to_owned(), "by value".to_owned())].into(),
            inherit: vec!["PATH".into()],
            cwd: folder.path().to_owned(),
            timeout: None,
            output_cap: 64 * 1024,
            kill_grace: Duration::from_millis(200),
            leave_grace: LONG,
            talk: None,
            sandbox: None,
        };
        Self { _temp: temp, folder, spec }
    }

    /// The same with other limits.
    pub fn with(mut self, change: impl FnOnce(&mut LaunchSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    pub fn run(&self) -> Run {
        self.spec.run
    }

    /// A file of the attempt's folder, which is where the agent runs.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a shim.
    pub fn start(&self) -> Shim {
        files::write(&self.folder.launch(), &self.spec).unwrap();
        start_shim(&std::env::current_exe().unwrap(), &self.folder).unwrap()
    }

    /// Starts a shim and waits until its agent has made the file `ready`.
    pub fn start_ready(&self) -> Shim {
        let shim = self.start();
        self.wait_for("ready");
        shim
    }

    /// Starts a shim and waits for its end.
    pub fn finish(&self) -> ExitRecord {
        let shim = self.start();
        self.exit_of(&shim)
    }

    /// Waits for a shim's end; gives how the attempt ended.
    pub fn exit_of(&self, shim: &Shim) -> ExitRecord {
        assert!(shim.process().wait(LONG), "the shim goes on");
        let log = fs::read_to_string(self.folder.shim_log()).unwrap();
        self.folder.read_exit().unwrap().unwrap_or_else(|| panic!("no exit record; the shim said: {log}"))
    }

    pub fn wait_for(&self, name: &str) {
        wait_until(name, || if self.file(name).exists() { Ok(()) } else { Err(self.said()) });
    }

    /// What agent and shim have said so far.
    pub fn said(&self) -> String {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        format!("output: {:?}, shim: {:?}", read(self.folder.output()), read(self.folder.shim_log()))
    }

    pub fn output(&self) -> String {
        fs::read_to_string(self.folder.output()).unwrap()
    }

    /// Processes that carry the attempt's mark.
    pub fn carriers(&self) -> Vec<Process> {
        linux::scan(&self.run().mark(), None).unwrap().carriers
    }

    pub fn end(&self, grace: Duration) -> End {
        end_attempt(&EndRequest { folder: &self.folder, run: self.run(), shim: None, grace })
    }

    /// Ends the attempt, which must work.
    pub fn end_well(&self) -> Option<ExitRecord> {
        match self.end(Duration::from_millis(200)) {
            End::Gone(record) => record,
            End::Unknown(why) => panic!("it is not known to be gone: {why}; {}", self.said()),
        }
    }

    /// Asks at the door as a worker would.
    pub fn knock(&self, args: &[&str]) -> DoorReply {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let request = DoorRequest { version: DOOR_VERSION, args, stdin: None, width: None, color: false };
        knock(&self.folder.door(), &request, LONG).unwrap_or_else(|error| panic!("{error}; {}", self.said()))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Ok(Some(file)) = self.folder.read_shim()
            && let Verdict::Alive(shim) = linux::verdict(&file.shim)
        {
            let _ = shim.signal(Signal::KILL);
            let _ = shim.wait(LONG);
        }
        for _ in 0..100 {
            let left = self.carriers();
            if left.is_empty() {
                return;
            }
            for process in left {
                let _ = process.signal(Signal::KILL);
            }
        }
    }
}

fn serial() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A process that has nothing to do with any attempt.
pub struct Bystander(Child);

impl Bystander {
    pub fn new() -> Self {
        let mut command = Command::new("/bin/sleep");
        command.arg("600").stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }

    pub fn identity(&self) -> ProcessIdentity {
        linux::identity_of(self.0.id()).unwrap()
    }

    pub fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for a state.
#[track_caller]
pub fn wait_until<T, E: Display>(what: &str, mut look: impl FnMut() -> Result<T, E>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) => assert!(began.elapsed() < LONG, "waited for {what}; last seen: {seen}"),
        }
        sleep(Duration::from_millis(1));
    }
}

/// Reads a process number that an agent wrote.
pub fn pid_in(path: &Path) -> u32 {
    fs::read_to_string(path).unwrap().trim().parse().unwrap()
}

/// The most memory that a process has taken, in kB.
pub fn peak_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    peak.unwrap().parse().unwrap()
}
