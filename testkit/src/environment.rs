//! A hermetic environment for tests that run the real `wg`: a folder, a `HOME` and a graph of its own, no
//! variable of the caller's, and no process left behind.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::processes::{Marked, Marks};
use crate::started::{Dispatcher, Output, Started, finish};
use crate::wait::wait_until;

/// One test's own world. Dropping it kills every process that was started in it, by identity.
#[derive(Debug)]
pub struct Environment {
    folder: TempDir,
    wg: PathBuf,
    variables: Vec<(String, String)>,
    marks: Marks,
}

impl Environment {
    /// A new one for this `wg`, as in `Environment::new(env!("CARGO_BIN_EXE_wg"))`, without a graph.
    ///
    /// # Panics
    /// When no folder can be made.
    #[must_use]
    pub fn new(wg: impl AsRef<Path>) -> Self {
        let folder = tempfile::Builder::new().prefix("wg-test-").tempdir().expect("a temporary folder");
        for name in ["home", "tmp", "work", "bin"] {
            fs::create_dir(folder.path().join(name)).expect("a new folder is writable");
        }
        let wg = wg.as_ref().to_owned();
        // What a test runs calls the programs under test by their bare names.
        std::os::unix::fs::symlink(&wg, folder.path().join("bin/wg")).expect("a new folder is writable");
        let marks = Marks::new(folder.path(), &folder.path().join("home"));
        Self { folder, wg, variables: Vec::new(), marks }
    }

    /// A new one with an empty graph in its working folder.
    ///
    /// # Panics
    /// When `wg init` fails.
    #[must_use]
    pub fn with_graph(wg: impl AsRef<Path>) -> Self {
        let environment = Self::new(wg);
        environment.ok(&["init"]);
        environment
    }

    /// A new one for the `wg` beside the running test's own executable.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn beside_this_test() -> Self {
        Self::new(beside_this_test("wg").expect("`wg` was built into the target folder of this test"))
    }

    /// Gives every process that is started from now on one more variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The folder that everything lies in; its name is random.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that commands run in.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A path below the working folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    /// The graph's own folder.
    #[must_use]
    pub fn graph(&self) -> PathBuf {
        self.path(".wg")
    }

    /// What this environment's processes carry.
    #[must_use]
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// The processes of agents that live just now.
    #[must_use]
    pub fn agents(&self) -> Vec<Marked> {
        self.marks.scan().into_iter().filter(Marked::is_agent).collect()
    }

    /// A program to be run in this environment: nothing of the caller's environment comes along.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let bin = self.folder.path().join("bin");
        command
            .env_clear()
            .env("HOME", self.folder.path().join("home"))
            .env("TMPDIR", self.folder.path().join("tmp"))
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display()))
            .env("USER", "tester")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs `wg`.
    pub fn wg<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Output {
        let mut command = self.command(&self.wg);
        finish(command.args(arguments), None)
    }

    /// Runs `wg` with this on its standard input.
    pub fn wg_with_input<A: AsRef<OsStr>>(&self, arguments: &[A], input: impl Into<Vec<u8>>) -> Output {
        let mut command = self.command(&self.wg);
        finish(command.args(arguments), Some(input.into()))
    }

    /// Runs `wg`, which must exit with 0, and gives its standard output.
    ///
    /// # Panics
    /// When it exits otherwise, with all it said.
    #[track_caller]
    pub fn ok<A: AsRef<OsStr>>(&self, arguments: &[A]) -> String {
        let output = self.wg(arguments);
        assert!(output.code == 0, "wg {}: {output:#?}", words(arguments));
        output.stdout
    }

    /// Runs `wg`, which must exit with `code`, and gives its standard error.
    ///
    /// # Panics
    /// When it exits otherwise, with all it said.
    #[track_caller]
    pub fn fails<A: AsRef<OsStr>>(&self, code: i32, arguments: &[A]) -> String {
        let output = self.wg(arguments);
        assert!(output.code == code, "wg {} should exit with {code}: {output:#?}", words(arguments));
        output.stderr
    }

    /// Runs `wg … --json`, which must exit with 0, and gives what it wrote.
    ///
    /// # Panics
    /// When it exits otherwise or writes no JSON.
    #[track_caller]
    pub fn json<A: AsRef<OsStr>>(&self, arguments: &[A]) -> serde_json::Value {
        let mut all: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        all.push(OsStr::new("--json"));
        let text = self.ok(&all);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Starts `wg` and comes back at once; what it writes goes into files.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Started {
        let mut command = self.command(&self.wg);
        command.args(arguments);
        Started::run(&mut command, self.folder.path())
    }

    /// Starts a dispatcher as a child of the test and waits until its socket answers.
    ///
    /// # Panics
    /// When it does not come up, with what it wrote.
    #[track_caller]
    pub fn dispatcher(&self) -> Dispatcher {
        let mut started = self.start(&["service", "start", "--foreground"]);
        let socket = self.graph().join("service/daemon.sock");
        wait_until("the dispatcher's socket", || {
            if let Some(code) = started.exited() {
                panic!("the dispatcher left with {code}: {}", started.written());
            }
            UnixStream::connect(&socket).map(drop)
        });
        Dispatcher::of(started)
    }

    /// The command line of the scripted agent doing this, to be given to `--exec`; see `fake-agent`.
    ///
    /// # Panics
    /// When the agent is not there and can't be built.
    #[must_use]
    pub fn agent<S: AsRef<str>>(&self, script: &[S]) -> String {
        let mut line = shell_word(&fake_agent().to_string_lossy());
        for step in script {
            line.push(' ');
            line.push_str(&shell_word(step.as_ref()));
        }
        line
    }

    /// What the scripted agent's `count` step wrote into a file of the working folder, a line a run.
    #[must_use]
    pub fn runs(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        let left = self.marks.kill_all();
        if !left.is_empty() && !std::thread::panicking() {
            panic!("these would not die: {left:#?}");
        }
    }
}

/// A word as a POSIX shell reads it back.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn words<A: AsRef<OsStr>>(arguments: &[A]) -> String {
    arguments.iter().map(|word| shell_word(&word.as_ref().to_string_lossy())).collect::<Vec<_>>().join(" ")
}

/// A program in the folder that cargo puts binaries in, seen from a test's executable in `deps/`.
fn beside_this_test(name: &str) -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The scripted agent. A test of another crate alone does not build it, so it may have to be built first:
/// once a process, and cargo itself keeps two test processes apart.
fn fake_agent() -> &'static Path {
    static AGENT: OnceLock<PathBuf> = OnceLock::new();
    AGENT.get_or_init(|| {
        let test = std::env::current_exe().expect("the system names our executable");
        let profile = test.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
        let (target, agent) = (profile.parent().expect("target/PROFILE"), profile.join("fake-agent"));
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let newest = |folder: &str| fs::metadata(folder).and_then(|data| data.modified()).ok();
        let source = newest(concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/fake-agent.rs"));
        let built = agent.to_str().and_then(newest);
        if built.is_none() || built < source {
            let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
            build.args(["build", "--quiet", "--bin", "fake-agent", "--manifest-path", manifest]);
            build.arg("--target-dir").arg(target);
            if profile.ends_with("release") {
                build.arg("--release");
            }
            let log = File::create(profile.join("fake-agent.log")).expect("the target folder is writable");
            let status = build.stdin(Stdio::null()).stderr(log).status().expect("cargo starts");
            assert!(status.success() && agent.is_file(), "building the scripted agent failed");
        }
        agent
    })
}
