//! One named step of a longer run: a program that must end well.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Says the name, runs the program with the terminal's output, says how long it took.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("── {name}");
    let began = Instant::now();
    let status = command.status().with_context(|| format!("starting {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    eprintln!("   {name}: ok, {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// The cargo that runs this program, in the folder given.
pub fn cargo(folder: &std::path::Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}
