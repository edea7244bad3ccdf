//! Checks, generated documents and benchmarks of this repository: `cargo xtask COMMAND`.
//!
//! Owns no part of the product and is imported by nothing. Its output goes to a person or to the log of a
//! CI run, so it prints directly.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal of a developer")]

mod bench;
mod check;
mod docs;
mod step;
mod tidy;
mod tree;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::tree::Tree;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy                               sizes, arrows between crates, names and words of the tree
  check                              fmt, clippy, tidy, generated documents, rustdoc, cargo-deny where installed
  docs [--check]                     write the generated pages of docs/, or say which are stale
  bench [NAMES...] [--quick] [--write] [--wg PATH]
                                     measure the release build (or the binary at PATH); --write puts the table
                                     into docs/performance.md
  bench --list                       the names of the benches
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let Some(command) = args.next() else { bail!("no command\n\n{USAGE}") };
    let rest: Vec<String> = args.collect();
    match command.as_str() {
        "tidy" => no_more(&rest).and_then(|()| tidy::run(&Tree::of_this_repository()?)),
        "check" => no_more(&rest).and_then(|()| check::run(&Tree::of_this_repository()?)),
        "docs" => docs::run(&Tree::of_this_repository()?, &rest),
        "bench" => bench::run(&Tree::of_this_repository()?, &rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("no command '{other}'\n\n{USAGE}"),
    }
}

fn no_more(rest: &[String]) -> Result<()> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => bail!("'{extra}' is one argument too many\n\n{USAGE}"),
    }
}
