//! `wg config`: what is set, and where.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{self, ALL, Config, Layer, Setting, Value};
use crate::context::Context;
use crate::error::{Failure, Result};
use crate::output::style::Tone;
use crate::output::{Cell, Column, Table, text};

/// Look at settings and change them
///
/// Defaults, then ~/.config/wg/config.toml, then .wg/config.toml, then the environment; the later wins. All
/// settings: docs/config.md.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List every setting, its value and where that came from
    List,
    /// Print the value of one setting
    Get {
        /// Its key
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Set it in the graph's file
    Set(Set),
    /// Print the files that are read, the weaker first
    Path,
    /// Say what a setting does, and every value it was given
    Explain {
        /// Its key
        #[arg(value_name = "KEY")]
        key: String,
    },
}

#[derive(Debug, clap::Args)]
struct Set {
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

#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    value: Option<&'a Value>,
    origin: Option<String>,
}

#[derive(Serialize)]
struct Lines<'a> {
    settings: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Explained<'a> {
    key: &'a str,
    takes: String,
    doc: &'a str,
    variable: String,
    layers: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Paths {
    files: Vec<PathBuf>,
}

fn line<'a>(setting: &'a Setting, layer: Option<&'a Layer>) -> Line<'a> {
    let origin = layer.map(|layer| layer.origin.to_string());
    Line { key: setting.key, value: layer.map(|layer| &layer.value), origin }
}

/// Looks or sets.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    // Settings are there without a graph too: the user's.
    let graph = ctx.folder().ok().map(ToOwned::to_owned);
    let files = config::files(&ctx.env, graph.as_deref());
    let load = |ctx: &Context| Config::load(&ctx.env, graph.as_deref());
    match args.what {
        What::List => list(ctx, &load(ctx)?),
        What::Get { key } => get(ctx, &load(ctx)?, setting(&key)?),
        What::Explain { key } => explain(ctx, &load(ctx)?, setting(&key)?),
        What::Path if ctx.out.form.json => Ok(ctx.out.json(&Paths { files })?),
        What::Path => files.iter().try_for_each(|path| Ok(writeln!(ctx.out, "{}", path.display())?)),
        What::Set(args) => {
            load(ctx)?;
            let file = match (args.user, &graph) {
                (false, Some(graph)) => graph.join("config.toml"),
                (false, None) => {
                    return Err(Failure::not_found("there is no graph here").hint("wg config set --user"));
                }
                (true, _) => {
                    files.first().filter(|_| files.len() > usize::from(graph.is_some())).cloned().ok_or_else(
                        || {
                            Failure::refused("there is no user's file")
                                .because("neither HOME nor XDG_CONFIG_HOME is set")
                        },
                    )?
                }
            };
            set(ctx, &args, &file)
        }
    }
}

fn setting(key: &str) -> Result<&'static Setting> {
    config::find(key).ok_or_else(|| config::unknown(key))
}

fn list(ctx: &mut Context, config: &Config) -> Result<()> {
    if ctx.out.form.json {
        let settings = ALL.into_iter().map(|setting| line(setting, config.holds(setting))).collect();
        return Ok(ctx.out.json(&Lines { settings })?);
    }
    let columns = [Column::fixed("KEY"), Column::flexible("VALUE", 8), Column::flexible("FROM", 8).leaves(1)];
    let mut table = Table::new(columns);
    for setting in ALL {
        let (value, origin) = config
            .holds(setting)
            .map(|layer| (layer.value.to_string(), layer.origin.to_string()))
            .unwrap_or_default();
        let tone = if origin == "default" { Tone::Dim } else { Tone::Plain };
        table.row([Cell::new(setting.key, Tone::Cyan), Cell::new(value, tone), Cell::new(origin, Tone::Dim)]);
    }
    Ok(ctx.out.table(&table)?)
}

fn get(ctx: &mut Context, config: &Config, setting: &'static Setting) -> Result<()> {
    let layer = config.holds(setting);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&line(setting, layer))?);
    }
    let value = layer.map(|layer| layer.value.to_string()).unwrap_or_default();
    Ok(writeln!(ctx.out, "{value}")?)
}

fn explain(ctx: &mut Context, config: &Config, setting: &'static Setting) -> Result<()> {
    let layers = config.layers(setting);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Explained {
            key: setting.key,
            takes: setting.kind.to_string(),
            doc: setting.doc,
            variable: setting.variable(),
            layers: layers.iter().map(|layer| line(setting, Some(layer))).collect(),
        })?);
    }
    let paint = ctx.out.paint();
    for part in text::wrap(&format!("{}: {}", setting.key, setting.doc), ctx.out.form.width) {
        writeln!(ctx.out, "{part}")?;
    }
    writeln!(
        ctx.out,
        "{}",
        paint.dim(&format!("takes a {}; environment: {}", setting.kind, setting.variable()))
    )?;
    if layers.is_empty() {
        return Ok(writeln!(ctx.out, "it is not set")?);
    }
    let mut table =
        Table::new([Column::flexible("VALUE", 8), Column::flexible("FROM", 8), Column::fixed("")]);
    for (n, layer) in layers.iter().enumerate() {
        let holds = n + 1 == layers.len();
        let (tone, word) = if holds { (Tone::Bold, "holds") } else { (Tone::Dim, "") };
        let value = Cell::new(layer.value.to_string(), tone);
        table.row([value, Cell::new(layer.origin.to_string(), Tone::Dim), Cell::new(word, Tone::Green)]);
    }
    Ok(ctx.out.table(&table)?)
}

fn set(ctx: &mut Context, args: &Set, file: &std::path::Path) -> Result<()> {
    let setting = setting(&args.key)?;
    if args.unset {
        if !config::unset(file, setting)? {
            return Err(Failure::not_found(format!("{} is not set in {}", setting.key, file.display())));
        }
    } else {
        let text = args.value.as_deref().expect("clap wants a value where --unset is not said");
        let value = Value::parse(setting.kind, text)
            .map_err(|why| Failure::usage(format!("{}: {why}", setting.key)))?;
        config::set(file, setting, &value)?;
    }
    let config = Config::load(&ctx.env, file.parent().filter(|_| !args.user))?;
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
        Some(config::Origin::Environment(variable)) => {
            Ok(ctx.out.note(&format!("{variable} is set, and holds over the file"))?)
        }
        _ => Ok(()),
    }
}
