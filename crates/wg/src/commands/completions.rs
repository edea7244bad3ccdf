//! `wg completions`: lets a shell complete verbs, ids and references.

use std::io::Write;

use clap::ValueEnum;

use crate::context::Context;
use crate::error::Result;
use crate::front::completion;

/// Print what a shell reads to complete verbs, flags, task ids and attempts
///
/// bash, in ~/.bashrc:             source <(wg completions bash)
///
/// zsh, in ~/.zshrc (after compinit): source <(wg completions zsh)
///
/// fish, in ~/.config/fish/completions/wg.fish: wg completions fish | source
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Args {
    /// bash, zsh or fish
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let shell = match args.shell {
        Shell::Bash => "bash",
        Shell::Zsh => "zsh",
        Shell::Fish => "fish",
    };
    let mut script = Vec::new();
    completion::registration(shell, &mut script)?;
    Ok(ctx.out.write_all(&script)?)
}
