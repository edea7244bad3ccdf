//! `cargo xtask bench`: what the release build reaches, measured from outside on scratch graphs.
//!
//! One file per bench. Each has folders and a dispatcher of its own and leaves nothing behind. A figure is
//! the median of at least [`Runs::FULL`] runs of whole processes unless its row says otherwise.

mod agents;
mod binary;
mod build;
mod chats;
mod contention;
mod generate;
mod idle;
mod import;
mod latency;
mod listing;
mod machine;
mod processes;
mod reads;
mod report;
mod row;
mod samples;
mod scratch;
mod shim;
mod signal;
mod stats;
mod testkit;
mod throughput;
mod writes;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use self::row::Row;
use crate::step;
use crate::tree::Tree;

/// A bench: its name on the command line, its subject, its code.
struct Bench {
    name: &'static str,
    about: &'static str,
    run: fn(&Setting) -> Result<Vec<Row>>,
}

const ALL: &[Bench] = &[
    Bench { name: "writes", about: "add, log, claim, done: one durable change each", run: writes::run },
    Bench { name: "reads", about: "show, why, ready, list, status", run: reads::run },
    Bench { name: "stats", about: "what agents used, of 100,000 attempts in 90 days", run: stats::run },
    Bench { name: "listing", about: "list --all --json, with its peak memory", run: listing::run },
    Bench { name: "import", about: "import of a whole graph into a new one", run: import::run },
    Bench { name: "contention", about: "1,000 writing processes, 50 at a time", run: contention::run },
    Bench { name: "latency", about: "from add returning to the agent's process", run: latency::run },
    Bench { name: "throughput", about: "trivial tasks in 8 slots, beside xargs -P 8", run: throughput::run },
    Bench { name: "idle", about: "the dispatcher with nothing to do", run: idle::run },
    Bench { name: "chats", about: "purges, archived and dormant chats, waking one", run: chats::run },
    Bench { name: "agents", about: "agents that talk: what we take beside what they take", run: agents::run },
    Bench { name: "shim", about: "memory of one shim", run: shim::run },
    Bench { name: "binary", about: "start and size of the binary", run: binary::run },
    Bench { name: "build", about: "release build from nothing", run: build::run },
];

/// How often and on what a bench measures.
struct Setting {
    /// The release build of `wg`.
    wg: PathBuf,
    /// The root of the repository.
    root: PathBuf,
    runs: Runs,
    /// Tasks of the small graph and of the large one.
    small: usize,
    large: usize,
    quick: bool,
}

/// How many runs go into one median.
#[derive(Clone, Copy)]
struct Runs(usize);

impl Runs {
    /// What a figure in the documents rests on.
    const FULL: Runs = Runs(15);
    /// Enough to see whether something is badly off.
    const QUICK: Runs = Runs(3);
}

/// What was asked for on the command line.
struct Args {
    names: Vec<String>,
    quick: bool,
    write: bool,
    list: bool,
    /// Another binary than the release build of this tree.
    wg: Option<PathBuf>,
}

/// Measures what was asked for and prints the table; `--write` also stores it.
pub fn run(tree: &Tree, args: &[String]) -> Result<()> {
    let args = parsed(args)?;
    if args.list {
        for bench in ALL {
            println!("{:12} {}", bench.name, bench.about);
        }
        return Ok(());
    }
    let chosen: Vec<&Bench> = ALL
        .iter()
        .filter(|bench| args.names.is_empty() || args.names.iter().any(|name| name == bench.name))
        .collect();
    let setting = Setting {
        wg: args.wg.clone().map_or_else(|| release_build(tree.root()), Ok)?,
        root: tree.root().to_owned(),
        runs: if args.quick { Runs::QUICK } else { Runs::FULL },
        small: 1_000,
        large: if args.quick { 10_000 } else { 100_000 },
        quick: args.quick,
    };
    let machine = machine::described()?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for bench in chosen {
        eprintln!("── {}: {}", bench.name, bench.about);
        match (bench.run)(&setting) {
            Ok(measured) => {
                for row in &measured {
                    eprintln!("   {row}");
                }
                rows.extend(measured);
            }
            Err(error) => {
                eprintln!("   failed: {error:#}");
                failed.push(bench.name);
            }
        }
    }
    println!("{machine}\n\n{}", row::table(&rows));
    if args.write {
        report::store(tree.root(), &machine, &rows, args.names.is_empty() && failed.is_empty())?;
    }
    ensure!(failed.is_empty(), "could not be measured: {}", failed.join(", "));
    Ok(())
}

fn parsed(args: &[String]) -> Result<Args> {
    let mut parsed = Args { names: Vec::new(), quick: false, write: false, list: false, wg: None };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => parsed.quick = true,
            "--write" => parsed.write = true,
            "--list" => parsed.list = true,
            "--wg" => parsed.wg = Some(args.next().context("--wg needs the path of a binary")?.into()),
            name if ALL.iter().any(|bench| bench.name == name) => parsed.names.push(name.to_owned()),
            other => bail!("no bench '{other}'; 'cargo xtask bench --list' names them"),
        }
    }
    ensure!(!(parsed.quick && parsed.write), "--quick measures too little to be written down");
    ensure!(!(parsed.wg.is_some() && parsed.write), "the table is of the release build of this tree");
    Ok(parsed)
}

/// Builds `wg` and asks cargo where it lies.
fn release_build(root: &Path) -> Result<PathBuf> {
    eprintln!("── release build of wg");
    let output = step::cargo(root)
        .args([
            "build",
            "--release",
            "--package",
            "wg",
            "--locked",
            "--message-format=json-render-diagnostics",
        ])
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("starting cargo")?;
    ensure!(output.status.success(), "the release build failed");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "wg")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo did not say where the binary is")
}

#[cfg(test)]
mod tests {
    use super::parsed;

    fn args(words: &[&str]) -> anyhow::Result<super::Args> {
        parsed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_and_flags_are_told_apart_and_others_refused() {
        let good = args(&["reads", "--write", "idle"]).expect("all of them exist");
        assert_eq!(good.names, ["reads", "idle"]);
        assert!(good.write && !good.quick);
        assert!(args(&["raeds"]).is_err());
        assert!(args(&["--quick", "--write"]).is_err());
        assert!(args(&["--wg", "old/wg", "--write"]).is_err());
        assert_eq!(args(&["--wg", "old/wg"]).expect("a path").wg.as_deref(), Some("old/wg".as_ref()));
    }
}
