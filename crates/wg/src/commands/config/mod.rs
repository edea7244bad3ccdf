//! `wg config`: what is set, and where.

mod look;
mod set;

use crate::config::{self, Config, Setting};
use crate::context::Context;
use crate::error::Result;

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
    Set(set::Args),
    /// Print the files that are read, the weaker first
    Path,
    /// Say what a setting does, and every value it was given
    Explain {
        /// Its key
        #[arg(value_name = "KEY")]
        key: String,
    },
}

/// Looks or sets.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    // Settings are there without a graph too: the user's.
    let graph = ctx.folder().ok().map(ToOwned::to_owned);
    let config = || Config::load(&ctx.env, graph.as_deref());
    match args.what {
        What::List => look::list(&config()?, ctx),
        What::Get { key } => look::get(&config()?, setting(&key)?, ctx),
        What::Explain { key } => look::explain(&config()?, setting(&key)?, ctx),
        What::Path => look::path(config::files(&ctx.env, graph.as_deref()), ctx),
        What::Set(args) => {
            config()?;
            set::run(&args, graph.as_deref(), ctx)
        }
    }
}

fn setting(key: &str) -> Result<&'static Setting> {
    config::find(key).ok_or_else(|| config::unknown(key))
}
