//! `wg adapter check`: what is here of each adapter's program, whether it is logged in, and what it may do.

mod bounded;
mod login;
mod sandbox;
mod told;

use std::path::{Path, PathBuf};

use serde::Serialize;
use wg_agents::{Adapter, Registry};
use wg_core::policy::Unable;
use wg_core::time::Timestamp;
use wg_dispatch::programs;
use wg_dispatch::supervise::sandbox::probe;

use self::bounded::{LIMIT, Ran, run as run_bounded};
use self::login::Login;
use crate::config;
use crate::context::Context;
use crate::environment::Environment;
use crate::error::{Failure, Result};
use crate::finding::nearest::nearest;
use crate::wire;

/// Longest version that is shown, in characters.
const VERSION_MAX: usize = 60;

/// Say what is here of each adapter's program, whether it is logged in, and what it may do
///
/// Starts each program for its version and asks nobody outside this machine. What shows that a program is logged
/// in is looked for where this command is called: a dispatcher that was started elsewhere may have other
/// variables. Exits with 1 where the adapter that is named, or else the default one, can't be used.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this one, in full
    #[arg(value_name = "ADAPTER")]
    name: Option<String>,
}

/// What was found of one adapter.
#[derive(Debug, Serialize)]
struct Checked {
    name: &'static str,
    /// It is used for tasks that name none.
    default: bool,
    works_on_tasks: bool,
    serves_chats: bool,
    /// As it is configured.
    program: String,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    login: Login,
    /// The word of its setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'static str>,
    may: &'static str,
    sandbox: sandbox::Kept,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Paused>,
    usable: bool,
    /// Why it can't be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<Trouble>,
}

#[derive(Debug, Clone, Serialize)]
struct Paused {
    reason: String,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// Why an adapter can't be used, and what helps.
#[derive(Debug, Clone, Serialize)]
struct Trouble {
    /// In a word or two, for the table.
    #[serde(skip)]
    short: &'static str,
    why: String,
    hint: String,
}

#[derive(Serialize)]
struct Document<'a> {
    adapters: &'a [Checked],
}

/// Checks.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let policy = wire::policy(ctx.config()?);
    let registry = Registry::new(config::dispatch_config(ctx.config()?).adapters);
    let names = registry.names();
    if let Some(name) = args.name.as_deref().filter(|name| registry.get(name).is_none()) {
        return Err(unknown(name, &names));
    }
    let project = ctx.folder()?.parent().map(Path::to_owned).unwrap_or_default();
    let now = ctx.now();
    let control = ctx.read(|read| Ok(read.control()?.0))?;
    let wanted: Vec<&dyn Adapter> = registry
        .iter()
        .filter(|adapter| args.name.as_deref().is_none_or(|name| name == adapter.name()))
        .collect();
    let env = ctx.env.clone();
    // Starting a program takes its time: all at once.
    let mut checked: Vec<Checked> = std::thread::scope(|scope| {
        let checks: Vec<_> = wanted
            .iter()
            .map(|adapter| {
                let (env, project) = (&env, &project);
                scope.spawn(move || look(*adapter, project, env))
            })
            .collect();
        checks.into_iter().filter_map(|check| check.join().ok()).collect()
    });
    let asked = config::dispatch_config(ctx.config()?).sandbox;
    let here = probe();
    for one in &mut checked {
        if let Some(adapter) = registry.get(one.name) {
            one.sandbox = sandbox::Kept::of(adapter, &registry, &asked, &here);
        }
        one.default = policy.default_adapter.as_deref() == Some(one.name);
        one.paused = control.adapter_pause(one.name, now).map(|pause| Paused {
            reason: pause.reason.clone(),
            since: pause.at,
            until: pause.until,
        });
        one.judge(&registry);
    }
    if ctx.out.form.json {
        ctx.out.json(&Document { adapters: &checked })?;
    } else if args.name.is_some() {
        told::fields(ctx, &checked)?;
    } else {
        told::table(ctx, &checked)?;
    }
    match (args.name.as_deref(), policy.default_adapter.as_deref()) {
        (None, None) => {
            Ok(ctx.out.note("default_adapter is not set: tasks that name no adapter are for people")?)
        }
        (None, Some(default)) if policy.unable(default) == Some(Unable::Unknown) => {
            Err(unknown(default, &names).because("default_adapter names it"))
        }
        (None, Some(default)) => verdict(&checked, default),
        (Some(name), _) => verdict(&checked, name),
    }
}

/// Fails where the adapter that counts can't be used.
fn verdict(checked: &[Checked], name: &str) -> Result<()> {
    let trouble = checked.iter().find(|one| one.name == name).and_then(|one| one.trouble.as_ref());
    match trouble {
        None => Ok(()),
        Some(Trouble { why, hint, .. }) => {
            Err(Failure::refused(format!("adapter {name} can't be used")).because(why).hint(hint))
        }
    }
}

fn unknown(name: &str, names: &[&str]) -> Failure {
    let failure = Failure::not_found(format!("there is no adapter {name}"))
        .because(format!("there are: {}", names.join(", ")));
    match nearest(name, names.iter().copied()) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("wg adapter list"),
    }
}

/// Looks at one. What the graph and its settings say of it comes later.
fn look(adapter: &dyn Adapter, project: &Path, env: &Environment) -> Checked {
    let program = adapter.program();
    let facts = if program.is_empty() { Default::default() } else { programs::facts(project, program) };
    let path = facts.path.as_deref().map(PathBuf::from);
    let mut trouble = match (&facts.path, facts.executable) {
        (Some(_), true) => None,
        (Some(path), false) => Some(no_program(adapter.name(), format!("{path} can't be executed"))),
        (None, _) if program.is_empty() => {
            Some(no_program(adapter.name(), "no program is configured".into()))
        }
        (None, _) if program.contains('/') => {
            Some(no_program(adapter.name(), format!("{program} is not there")))
        }
        (None, _) => Some(no_program(adapter.name(), format!("{program} is not in PATH"))),
    };
    let runs = path.as_deref().filter(|_| trouble.is_none());
    let version = match runs.zip(adapter.version_args()) {
        None => None,
        Some((path, args)) => version(path, args, project).unwrap_or_else(|why| {
            trouble = Some(no_program(adapter.name(), why));
            None
        }),
    };
    let allowed = adapter.allowed();
    Checked {
        name: adapter.name(),
        default: false,
        works_on_tasks: adapter.works_on_tasks(),
        serves_chats: adapter.serves_chats(),
        program: program.to_owned(),
        login: login::look(adapter, runs, project, env),
        path: facts.path,
        version,
        permissions: allowed.permissions,
        may: allowed.means,
        sandbox: sandbox::Kept::default(),
        paused: None,
        usable: false,
        trouble,
    }
}

fn no_program(name: &str, why: String) -> Trouble {
    let hint = match name {
        // It is run by the shell.
        "command" => "wg config set shell.program PATH".to_owned(),
        name => format!("wg config set {name}.program PATH"),
    };
    Trouble { short: "no program", why, hint }
}

/// The first line that the program says of its version.
fn version(path: &Path, args: &[&str], project: &Path) -> std::result::Result<Option<String>, String> {
    let called = format!("{} {}", path.display(), args.join(" "));
    match run_bounded(path, args, project, LIMIT) {
        Ran::Left(status, text) if status.success() => {
            let line = text.lines().map(str::trim).find(|line| !line.is_empty());
            Ok(line.map(|line| line.chars().filter(|c| !c.is_control()).take(VERSION_MAX).collect()))
        }
        Ran::Left(status, _) => Err(format!("{called}: {status}")),
        Ran::TooLong => Err(format!("{called} did not answer within {} s", LIMIT.as_secs())),
        Ran::Not(why) => Err(format!("{called}: {why}")),
    }
}

impl Checked {
    /// Says whether it can be used, by all that is known now.
    fn judge(&mut self, registry: &Registry) {
        let credentials = registry.get(self.name).map_or(&[][..], Adapter::credentials);
        if self.trouble.is_none() && self.login == Login::No {
            self.trouble = Some(told::not_logged_in(self, credentials));
        }
        if let (None, Some(paused)) = (&self.trouble, &self.paused) {
            self.trouble = Some(Trouble {
                short: "paused",
                why: format!("it is paused: {}", paused.reason),
                hint: format!("wg adapter resume {}", self.name),
            });
        }
        if let (None, Some(why)) = (&self.trouble, &self.sandbox.missing) {
            self.trouble = Some(Trouble {
                short: "no sandbox",
                why: format!("the sandbox that sandbox.level asks for can't be had: {why}"),
                hint: "wg config set sandbox.level auto".to_owned(),
            });
        }
        self.usable = self.trouble.is_none();
    }
}
