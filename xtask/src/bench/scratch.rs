//! A graph in a folder of its own, and the `wg` and the dispatcher that work on it.
//!
//! What is assumed of `wg`'s command line by more than one bench stands here.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::generate;
use super::samples::timed;

/// The setting that bounds the slots.
const MAX_AGENTS: &str = "max_agents";

/// A folder with a graph and an empty `HOME`; both go when it is dropped.
pub struct Scratch {
    folder: tempfile::TempDir,
    wg: PathBuf,
    variables: Vec<(String, String)>,
}

impl Scratch {
    /// A new, empty graph.
    pub fn new(wg: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wg-bench-").tempdir()?;
        std::fs::create_dir(folder.path().join("home"))?;
        let scratch = Self { folder, wg: wg.to_owned(), variables: Vec::new() };
        timed(scratch.wg().arg("init"))?;
        Ok(scratch)
    }

    /// A new graph that holds what was generated; its open tasks may run.
    pub fn holding(wg: &Path, graph: &str) -> Result<Self> {
        let scratch = Self::new(wg)?;
        let file = scratch.file("graph.jsonl", graph)?;
        timed(scratch.wg().arg("import").arg(file).arg("--run"))?;
        Ok(scratch)
    }

    /// The folder that holds everything.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    pub fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        generate::store(&path, text)?;
        Ok(path)
    }

    /// `wg`, in this graph and with nothing of the caller's environment but the search path.
    pub fn wg(&self) -> Command {
        let mut command = Command::new(&self.wg);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path().join("home"))
            .env("WG_DIR", self.path().join(".wg"))
            .env("USER", "bench")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path());
        command
    }

    /// Gives `wg` and its dispatcher another variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Sets the number of slots.
    pub fn slots(&self, slots: usize) -> Result<()> {
        timed(self.wg().args(["config", "set", MAX_AGENTS, &slots.to_string()])).map(drop)
    }

    /// Starts the dispatcher as a child, so that its process is known.
    pub fn dispatcher(&self) -> Result<Dispatcher<'_>> {
        let log = std::fs::File::create(self.path().join("dispatcher.txt"))?;
        let child = self
            .wg()
            .args(["service", "start", "--foreground"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the dispatcher")?;
        Ok(Dispatcher { scratch: self, child })
    }
}

/// A running dispatcher; dropping it ends it and every agent of it.
pub struct Dispatcher<'a> {
    scratch: &'a Scratch,
    child: Child,
}

impl Dispatcher<'_> {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error with what it said, when it has ended by itself.
    pub fn alive(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        let said = std::fs::read_to_string(self.scratch.path().join("dispatcher.txt")).unwrap_or_default();
        ensure!(ended.is_none(), "the dispatcher ended by itself:\n{}", said.trim());
        Ok(())
    }
}

impl Drop for Dispatcher<'_> {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        if let Err(error) = timed(self.scratch.wg().args(["service", "stop", "--kill-agents"])) {
            eprintln!("   stopping the dispatcher: {error:#}");
            if let Err(error) = self.child.kill() {
                eprintln!("   killing the dispatcher: {error}");
            }
        }
        if let Err(error) = self.child.wait() {
            eprintln!("   waiting for the dispatcher: {error}");
        }
    }
}
