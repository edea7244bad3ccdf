//! The dispatcher: whether one runs, and whether it answers.

use std::path::Path;

use wg_dispatch::control::client::{self, ClientError};
use wg_dispatch::daemon_lock;
use wg_dispatch::files::GraphFolder;

use super::{Line, Standing};
use crate::context::Context;
use crate::output::text;

const AREA: &str = "dispatcher";

pub(super) fn look(ctx: &Context, folder: &Path) -> Vec<Line> {
    let holder = daemon_lock::holder(&GraphFolder::new(folder));
    let status = match (client::status(folder), holder) {
        (Ok(status), _) => status,
        (Err(ClientError::NotRunning), None) => {
            return vec![Line::new(AREA, Standing::Note, "does not run; `wg service start` starts it")];
        }
        (Err(error), holder) => {
            let who = holder.map(|holder| format!(" (process {})", holder.process.pid)).unwrap_or_default();
            return vec![
                Line::problem(AREA, format!("it runs{who}, but: {error}")).hint("wg service restart"),
            ];
        }
    };
    let running = text::count(status.running.len() as u64, "attempt", "attempts");
    let since = ctx.time(status.since);
    let what = format!("runs {running}: process {}, version {}, since {since}", status.pid, status.program);
    let mut lines = vec![Line::ok(AREA, what)];
    lines.extend(status.trouble.map(|trouble| Line::problem(AREA, trouble).hint("wg service logs")));
    let own = env!("CARGO_PKG_VERSION");
    if status.program != own {
        let what = format!("it is of version {}, this program of {own}", status.program);
        lines.push(Line::new(AREA, Standing::Note, what).hint("wg service restart"));
    }
    lines
}
