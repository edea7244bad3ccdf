//! From the process's arguments to its exit code: parse, prepare the context, run the verb, say what failed.

pub mod args;
pub mod completion;
pub mod manual;
mod usage;

use std::ffi::OsString;
use std::io::Write;

use clap::Parser;
use clap::error::ErrorKind;

use crate::commands;
use crate::context::Context;
use crate::environment::Environment;
use crate::error::{Failure, Result};
use crate::front::args::{Cli, Everywhere, When, with_grouped_help};
use crate::output::{Form, Output, failure, sink};
use crate::worker::door;

/// Runs a command line; gives its exit code.
pub fn run(arguments: &[OsString]) -> u8 {
    let env = Environment::of_process();
    if let Some(shell) = env.var(completion::VARIABLE) {
        return complete(&shell, arguments, &env);
    }
    match Cli::try_parse_from(arguments) {
        Ok(cli) => {
            let mut out = Output::to_process(form(&cli.everywhere, &env), pager(&cli.everywhere, &env));
            if let Some(socket) = env.path("WG_SOCKET").filter(|_| !cli.verb.is_local()) {
                let named = cli.everywhere.dir.or_else(|| env.path("WG_DIR"));
                let sent = door::refuse_other_graph(&socket, &env, named.as_deref())
                    .and_then(|()| door::forward(&socket, arguments, &cli.verb, &mut out));
                return match sent {
                    Ok(code) => code,
                    Err(failure) => finish(&mut out, Err(failure)),
                };
            }
            let mut ctx = Context::of_person(out, env, cli.verb.access(), cli.everywhere.dir);
            let result = commands::run(cli.verb, &mut ctx);
            finish(&mut ctx.out, result)
        }
        Err(error) => unparsed(arguments, &env, error),
    }
}

/// Answers a shell that completes a line; what is not understood has no answer.
fn complete(shell: &str, arguments: &[OsString], env: &Environment) -> u8 {
    let plain = Form { json: false, color: false, width: None, height: None, exact_times: false };
    let mut out = Output::to_process(plain, None);
    let answer = completion::answer(shell, arguments, env).unwrap_or_default();
    let written = out.write_all(&answer).map_err(Failure::from);
    finish(&mut out, written)
}

/// Says what failed and writes out what is held back; gives the exit code.
pub fn finish(out: &mut Output, result: Result<()>) -> u8 {
    let finished = out.finish().map_err(Failure::from);
    match result.and(finished) {
        Ok(()) => 0,
        Err(failure) => {
            let form = out.form;
            // Nobody is left to be told that standard error is gone.
            let _ = failure::say(out.err(), form, &failure);
            failure.kind.exit_code()
        }
    }
}

/// Help and version are output; anything else that clap says is an error of usage.
fn unparsed(arguments: &[OsString], env: &Environment, mut error: clap::Error) -> u8 {
    let json = arguments.iter().any(|argument| argument == "--json");
    let everywhere = Everywhere { json, color: When::Auto, exact_times: false, no_pager: false, dir: None };
    let mut out = Output::to_process(form(&everywhere, env), pager(&everywhere, env));
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if error.kind() != ErrorKind::DisplayVersion
        && help
        && let Err(grouped) = with_grouped_help().try_get_matches_from(arguments)
    {
        error = grouped;
    }
    let rendered = error.render();
    let text = if out.form.color { rendered.ansi().to_string() } else { rendered.to_string() };
    if help {
        out.page();
        let written = out.write_all(text.as_bytes()).map_err(Failure::from);
        let code = finish(&mut out, written);
        return if error.exit_code() == 0 { code } else { 2 };
    }
    finish(&mut out, Err(usage::failure(arguments, &error)))
}

fn form(everywhere: &Everywhere, env: &Environment) -> Form {
    let color = match everywhere.color {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            env.var("NO_COLOR").is_none()
                && env.var("TERM").is_none_or(|term| term != "dumb")
                && sink::on_terminal()
        }
    };
    let given = env.var("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    Form {
        json: everywhere.json,
        color,
        width: sink::width().or(given),
        height: sink::height(),
        exact_times: everywhere.exact_times,
    }
}

fn pager(everywhere: &Everywhere, env: &Environment) -> Option<String> {
    if everywhere.no_pager || !sink::on_terminal() {
        return None;
    }
    let pager = env.var("WG_PAGER").or_else(|| env.var("PAGER")).unwrap_or_else(|| "less".into());
    (pager != "cat").then_some(pager)
}
