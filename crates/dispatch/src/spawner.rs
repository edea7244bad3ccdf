//! Starting shims, on a thread of its own: writing a launch and executing a program take a millisecond, in
//! which the loop answers others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::mpsc;
use wg_core::id::AttemptRef;

use crate::dispatcher::Launch;
use crate::files::{self, GraphFolder, LaunchSpec, Run};
use crate::search_path;
use crate::supervise::sandbox::{self, Confinement, SandboxConfig, Wanted};
use crate::supervise::{Shim, start_shim};

/// Variables of the dispatcher's own environment that every agent gets, where they are set; and all that
/// begin with `LC_`.
const INHERITED: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "TZ"];

/// A shim that was started, or why not.
pub(crate) struct Born {
    /// For which attempt.
    pub(crate) attempt: AttemptRef,
    /// What came of it.
    pub(crate) shim: Result<Shim, String>,
}

/// The loop's end of the thread.
pub(crate) struct Spawner {
    /// Never more than there are slots, because each slot waits for its answer.
    launches: Sender<Box<Launch>>,
}

impl Spawner {
    /// Starts the thread, which starts `program` as a shim for each launch.
    pub(crate) fn start(
        program: PathBuf,
        graph: GraphFolder,
        asked: &SandboxConfig,
        born: mpsc::Sender<Born>,
    ) -> std::io::Result<Self> {
        let (launches, receiver) = channel::<Box<Launch>>();
        let own = Own { inherit: inherited(), path: search_path::of_agents() };
        let asked = asked.asked;
        thread::Builder::new().name("spawner".into()).spawn(move || {
            tracing::info!("sandbox of agent programs: {}", sandbox::probe().told(asked));
            for launch in receiver {
                let attempt = launch.attempt.reference;
                let shim = spawn(&program, &graph, &own, *launch);
                if born.blocking_send(Born { attempt, shim }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { launches })
    }

    /// Has a shim started. False where the thread is gone.
    pub(crate) fn launch(&self, launch: Box<Launch>) -> bool {
        self.launches.send(launch).is_ok()
    }
}

/// What every agent gets of the dispatcher.
struct Own {
    /// Names of variables.
    inherit: Vec<String>,
    /// Where it looks for programs, if not where the dispatcher does.
    path: Option<String>,
}

fn inherited() -> Vec<String> {
    let locale = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("LC_"));
    INHERITED.iter().map(|name| (*name).to_owned()).chain(locale).collect()
}

fn spawn(
    program: &std::path::Path,
    graph: &GraphFolder,
    own: &Own,
    mut launch: Launch,
) -> Result<Shim, String> {
    let folder = graph.attempt(launch.attempt.reference);
    let prompt = launch.prompt.take();
    let spec = spec(graph, own, launch);
    folder.create().map_err(|error| error.to_string())?;
    if let Some(prompt) = prompt {
        files::write_bytes(&folder.prompt(), prompt.as_bytes()).map_err(|error| error.to_string())?;
    }
    files::write(&folder.launch(), &spec).map_err(|error| error.to_string())?;
    start_shim(program, &folder).map_err(|error| error.to_string())
}

fn spec(graph: &GraphFolder, own: &Own, launch: Launch) -> LaunchSpec {
    let Launch { attempt, mut command, timeout, kill_grace, output_cap, env_pass, talk, sandbox, prompt: _ } =
        launch;
    let is_set = |name: &String| command.inherit.contains(name) && std::env::var_os(name).is_some();
    command.env.retain(|(name, _)| !is_set(name));
    let mut argv = vec![command.program];
    argv.extend(command.args);
    let mut inherit = own.inherit.clone();
    inherit.extend(command.inherit);
    inherit.extend(env_pass);
    let path = own.path.clone().map(|path| ("PATH".to_owned(), path));
    let env: BTreeMap<String, String> = path.into_iter().chain(command.env).collect();
    let sandbox = sandbox.and_then(|wanted| settle(&wanted, &env, &inherit));
    LaunchSpec {
        run: Run::from(&attempt),
        task: attempt.task.to_string(),
        argv,
        env,
        inherit,
        cwd: graph.path().parent().unwrap_or(graph.path()).to_owned(),
        timeout,
        output_cap,
        kill_grace,
        leave_grace: LaunchSpec::LEAVE_GRACE,
        talk,
        sandbox,
    }
}

/// The sandbox of an agent with this environment, as it can be had here. What its program would make for itself is
/// made: in there it can't.
fn settle(wanted: &Wanted, env: &BTreeMap<String, String>, inherit: &[String]) -> Option<Confinement> {
    let handed_on =
        |name: &str| inherit.iter().any(|known| known == name).then(|| std::env::var_os(name)).flatten();
    let variable = |name: &str| env.get(name).map(OsString::from).or_else(|| handed_on(name));
    let confinement = wanted.settle(&sandbox::probe(), variable)?;
    for folder in wanted.makes(variable) {
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "an agent's program needs it, and it can't be made");
        }
    }
    Some(confinement)
}
