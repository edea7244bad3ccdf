//! `wg config set`.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::look::line;
use super::setting;
use crate::config::{self, Config, Origin, PROMPT_TEMPLATE, Value};
use crate::context::Context;
use crate::error::{Failure, Result};

/// Arguments of `wg config set`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its key
    #[arg(value_name = "KEY")]
    key: String,
    /// Its value; words of a list are separated by commas
    #[arg(value_name = "VALUE", required_unless_present = "unset")]
    value: Option<String>,
    /// Take it out of the file, so that a weaker value holds
    #[arg(long, conflicts_with = "value")]
    unset: bool,
    /// In the user's file, for all graphs
    #[arg(long)]
    user: bool,
}

fn file(args: &Args, graph: Option<&Path>, ctx: &Context) -> Result<PathBuf> {
    if args.user {
        let nowhere =
            || Failure::refused("there is no user's file").because("neither HOME nor XDG_CONFIG_HOME is set");
        return config::files(&ctx.env, None).pop().ok_or_else(nowhere);
    }
    let nowhere = || Failure::not_found("there is no graph here").hint("wg config set --user");
    graph.map(|graph| graph.join("config.toml")).ok_or_else(nowhere)
}

/// Sets it, or takes it out.
pub(super) fn run(args: &Args, graph: Option<&Path>, ctx: &mut Context) -> Result<()> {
    let file = file(args, graph, ctx)?;
    let setting = setting(&args.key)?;
    if args.unset {
        if !config::unset(&file, setting)? {
            return Err(Failure::not_found(format!("{} is not set in {}", setting.key, file.display())));
        }
    } else {
        let text = args.value.as_deref().expect("clap wants a value where --unset is not said");
        let value = Value::parse(setting.kind, text)
            .map_err(|why| Failure::usage(format!("{}: {why}", setting.key)))?;
        if setting.key == PROMPT_TEMPLATE.key
            && let Some(graph) = graph
        {
            config::read_template(graph, &value.to_string())?;
        }
        config::set(&file, setting, &value)?;
    }
    let config = Config::load(&ctx.env, graph)?;
    let layer = config.holds(setting);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&line(setting, layer))?);
    }
    writeln!(
        ctx.out,
        "{} = {}",
        setting.key,
        layer.map(|layer| layer.value.to_string()).unwrap_or_default()
    )?;
    match layer.map(|layer| &layer.origin) {
        Some(Origin::Environment(variable)) => {
            Ok(ctx.out.note(&format!("{variable} is set, and holds over the file"))?)
        }
        _ => Ok(()),
    }
}
