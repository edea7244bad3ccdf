//! The binary: how fast it starts, how large it is.

use std::process::Command;

use anyhow::Result;

use super::Setting;
use super::row::{Bound, Row, Unit};
use super::samples::repeated;

pub fn run(setting: &Setting) -> Result<Vec<Row>> {
    let starts = repeated(setting.runs.0.max(15), |_| {
        let mut command = Command::new(&setting.wg);
        command.arg("--version");
        command
    })?;
    #[expect(clippy::cast_precision_loss, reason = "no binary has 2^53 bytes")]
    let size = std::fs::metadata(&setting.wg)?.len() as f64 / 1e6;
    Ok(vec![
        Row::of_times("`wg --version`", Unit::Milliseconds, Bound::AtMost(3.0), &starts),
        Row::of_one("the binary, stripped", Unit::Megabytes, Bound::AtMost(25.0), size),
    ])
}
