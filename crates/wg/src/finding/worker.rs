//! Which adapter and model are meant for a task, and that there is something that could work on it.

use wg_agents::Registry;
use wg_core::policy::{Policy, Unable};
use wg_dispatch::programs;

use crate::config;
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::finding::nearest::nearest;
use crate::wire;

/// The adapter of tasks with a command.
const SHELL: &str = "shell";

/// Refuses what can't work: an adapter that there is not, that serves chats only, or whose program is not here;
/// and a model that names another adapter than `adapter` does. What was typed is kept as it was typed.
pub fn check(ctx: &mut Context, adapter: Option<&str>, model: Option<&str>) -> Result<()> {
    // Whoever says nothing of it needs no configuration, so that one that is broken keeps nobody from adding.
    if adapter.is_none() && model.is_none() {
        return Ok(());
    }
    let policy = wire::policy(ctx.config()?);
    let named = match model.and_then(|model| model.split_once(':')) {
        Some((before, rest)) => of_model(&policy, adapter, before, rest)?,
        None => None,
    };
    match named.or(adapter) {
        Some(adapter) => works(ctx, &policy, adapter),
        None => Ok(()),
    }
}

/// The adapter that stands before a model, where it is one: a model's own name may have a colon in it.
fn of_model<'m>(
    policy: &Policy,
    adapter: Option<&str>,
    before: &'m str,
    model: &str,
) -> Result<Option<&'m str>> {
    let known = policy.unable(before) != Some(Unable::Unknown);
    match adapter {
        Some(adapter) if known && adapter != before => {
            Err(Failure::usage(format!("--adapter says {adapter}, and --model says {before}")))
        }
        Some(_) if !known => Ok(None),
        _ if known && model.is_empty() => {
            Err(Failure::usage(format!("--model names no model of {before}"))
                .hint("--adapter names an adapter"))
        }
        None if !known => Err(unknown(policy, before)
            .hint(format!("of a model that is called {before}:{model}, say --adapter too"))),
        _ => Ok(Some(before)),
    }
}

fn works(ctx: &mut Context, policy: &Policy, name: &str) -> Result<()> {
    match policy.unable(name) {
        Some(Unable::Unknown) => return Err(unknown(policy, name)),
        Some(Unable::ChatsOnly) => {
            return Err(Failure::refused(format!("adapter {name} serves chats only"))
                .because(format!("on tasks work: {}", policy.adapters.join(", ")))
                .hint("--exec COMMAND gives the task a command"));
        }
        None if name == SHELL => {
            return Err(Failure::refused(format!("adapter {name} runs a task's command, and there is none"))
                .hint("--exec COMMAND gives the task a command"));
        }
        None => {}
    }
    let registry = Registry::new(config::dispatch_config(ctx.config()?).adapters);
    let Some(adapter) = registry.get(name) else { return Ok(()) };
    let program = adapter.program();
    let hint = |failure: Failure| {
        failure
            .hint(format!("wg config set {name}.program PATH"))
            .hint(format!("wg adapter check {name} says what is here"))
    };
    if program.is_empty() {
        return Err(hint(Failure::refused(format!("adapter {name} has no program"))));
    }
    let project = ctx.folder()?.parent().map(std::path::Path::to_owned).unwrap_or_default();
    let facts = programs::facts(&project, program);
    let why = match (&facts.path, facts.executable) {
        (Some(_), true) => return Ok(()),
        (Some(path), false) => format!("{path} can't be executed"),
        (None, _) if program.contains('/') => format!("{program} is not there"),
        (None, _) => format!("{program} is not in PATH"),
    };
    Err(hint(Failure::refused(format!("the program of adapter {name} is not here")).because(why)))
}

fn unknown(policy: &Policy, name: &str) -> Failure {
    let names = policy.adapters.iter().filter(|name| *name != SHELL);
    let failure = Failure::not_found(format!("there is no adapter {name}"))
        .because(format!("on tasks work: {}", policy.adapters.join(", ")));
    match nearest(name, names.map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("wg adapter list"),
    }
}
