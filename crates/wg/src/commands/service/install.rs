//! `wg service install`: a systemd user unit for this graph's dispatcher.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::context::Context;
use crate::daemon;
use crate::error::{Failure, Result};

/// Have systemd run the dispatcher of this graph from your login on
///
/// Writes a unit for your user, one per graph, and enables it. A graph that is moved needs it anew.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only print the unit
    #[arg(long, conflicts_with = "remove")]
    print: bool,
    /// Disable the unit and take it away
    #[arg(long)]
    remove: bool,
}

#[derive(Serialize)]
struct Told<'a> {
    unit: &'a str,
    path: &'a Path,
    installed: bool,
    /// The user's services end with the last logout, because lingering is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    lingering: Option<bool>,
}

/// Installs, prints or removes it.
pub fn run(args: Args, ctx: &mut Context) -> Result<()> {
    let graph = ctx.folder()?;
    let graph = fs::canonicalize(graph).map_err(|error| Failure::file("find", graph, &error))?;
    let name = unit_name(&graph);
    let program = daemon::program();
    let text = unit(&graph, &program)?;
    if args.print {
        return Ok(write!(ctx.out, "{text}")?);
    }
    let folder = units(ctx)?;
    let path = folder.join(&name);
    if args.remove {
        return remove(ctx, &name, &path);
    }
    fs::create_dir_all(&folder).map_err(|error| Failure::file("make", &folder, &error))?;
    fs::write(&path, text).map_err(|error| Failure::file("write", &path, &error))?;
    let by_hand = format!("systemctl --user daemon-reload && systemctl --user enable --now {name}");
    systemctl(&["daemon-reload"])
        .and_then(|()| systemctl(&["enable", "--now", &name]))
        .map_err(|why| why.hint(format!("the unit is written; where systemd runs: {by_hand}")))?;
    let lingering = lingering(ctx);
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { unit: &name, path: &path, installed: true, lingering })?);
    }
    writeln!(ctx.out, "installed and started: {name}")?;
    writeln!(ctx.out, "unit: {}", path.display())?;
    if lingering != Some(true) {
        ctx.out.note("it stops with your last logout, and starts with your next login")?;
        ctx.out.note("to keep it running: loginctl enable-linger")?;
    }
    Ok(())
}

fn remove(ctx: &mut Context, name: &str, path: &Path) -> Result<()> {
    if !path.exists() {
        return Err(Failure::not_found(format!("there is no unit {}", path.display())));
    }
    // Where no systemd runs, nothing is enabled either, and the file goes all the same.
    let disabled = systemctl(&["disable", "--now", name]);
    fs::remove_file(path).map_err(|error| Failure::file("remove", path, &error))?;
    if disabled.is_ok() {
        systemctl(&["daemon-reload"])?;
    }
    if ctx.out.form.json {
        return Ok(ctx.out.json(&Told { unit: name, path, installed: false, lingering: None })?);
    }
    writeln!(ctx.out, "removed {name}")?;
    if let Err(why) = disabled {
        ctx.out.note(&format!("it could not be disabled: {}", why.cause.unwrap_or(why.message)))?;
    }
    Ok(())
}

/// One per graph: the name of its folder, and a number made of its whole path.
fn unit_name(graph: &Path) -> String {
    let project = graph.parent().unwrap_or(graph);
    let name = project.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    let number = wg_agents::Fingerprint::default().with(graph.as_os_str().as_encoded_bytes()).value();
    format!("wg-{}-{:08x}.service", name.trim_matches('-'), number >> 32)
}

/// `KillMode=process`: a stop of the unit leaves the shims alone, as `wg service stop` does. `Delegate=yes`: the
/// cgroup below is ours. No watchdog: it would wake a dispatcher that has nothing to do.
fn unit(graph: &Path, program: &Path) -> Result<String> {
    let (program, graph_word) = (word(program)?, word(graph)?);
    let project = graph.parent().unwrap_or(graph);
    let described = specifiers(&project.to_string_lossy());
    // This one setting takes the rest of the line as it is, blanks and all.
    let folder = specifiers(text(project)?);
    Ok(format!(
        "[Unit]\n\
         Description=workgraph dispatcher of {described}\n\
         \n\
         [Service]\n\
         ExecStart={program} --dir {graph_word} service start --foreground\n\
         ExecReload={program} --dir {graph_word} service reload\n\
         WorkingDirectory={folder}\n\
         KillMode=process\n\
         Delegate=yes\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    ))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().filter(|text| !text.contains(['\n', '\r'])).ok_or_else(|| {
        Failure::refused(format!("systemd can't be told of {}", path.display()))
            .because("its name is no line of text")
    })
}

fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// A path as a word of `ExecStart`.
fn word(path: &Path) -> Result<String> {
    let text = specifiers(text(path)?).replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$");
    Ok(if text.contains([' ', '\t', '\'', '"', '\\', ';']) { format!("\"{text}\"") } else { text })
}

fn units(ctx: &Context) -> Result<PathBuf> {
    let config =
        ctx.env.path("XDG_CONFIG_HOME").or_else(|| ctx.env.path("HOME").map(|home| home.join(".config")));
    config.map(|config| config.join("systemd/user")).ok_or_else(|| {
        Failure::refused("HOME is not set, so there is no place for the unit")
            .hint("wg service install --print")
    })
}

fn systemctl(arguments: &[&str]) -> Result<()> {
    let failed = || Failure::refused(format!("systemctl --user {} failed", arguments.join(" ")));
    let output = Command::new("systemctl").arg("--user").args(arguments).output().map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        let why = if missing { "there is no systemctl here".to_owned() } else { error.to_string() };
        failed().because(why)
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed().because(String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ")))
}

/// Whether the user's services outlive the last logout; absent: it can't be told.
fn lingering(ctx: &Context) -> Option<bool> {
    let user = ctx.env.var("USER").or_else(|| ctx.env.var("LOGNAME"))?;
    Some(Path::new("/var/lib/systemd/linger").join(user).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_leaves_agents_alone_and_wakes_nobody() {
        let text = unit(Path::new("/srv/ann/my site/.wg"), Path::new("/usr/bin/wg")).unwrap();
        assert!(
            text.contains(
                "\nExecStart=/usr/bin/wg --dir \"/srv/ann/my site/.wg\" service start --foreground\n"
            )
        );
        assert!(text.contains("\nWorkingDirectory=/srv/ann/my site\n"));
        for line in ["KillMode=process", "Delegate=yes", "Restart=on-failure"] {
            assert!(text.lines().any(|other| other == line), "{line}");
        }
        assert!(!text.contains("Watchdog"));
    }

    #[test]
    fn words_of_systemd_mean_what_they_say() {
        assert_eq!(word(Path::new("/a/b")).unwrap(), "/a/b");
        assert_eq!(word(Path::new("/a b/$HOME/100%")).unwrap(), "\"/a b/$$HOME/100%%\"");
        assert!(word(Path::new("/a\nExecStartPre=/bin/false")).is_err());
    }

    #[test]
    fn two_graphs_have_two_units() {
        let (one, two) = (unit_name(Path::new("/a/site/.wg")), unit_name(Path::new("/b/site/.wg")));
        assert_ne!(one, two);
        assert!(one.starts_with("wg-site-") && one.ends_with(".service"), "{one}");
    }
}
