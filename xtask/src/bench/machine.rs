//! What the figures were measured on.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::samples::Samples;

/// One paragraph: date, cores, memory, kernel, file system, and what one fsync costs here, without which a
/// figure for a durable change says nothing.
pub fn described() -> Result<String> {
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let cores = std::thread::available_parallelism()?;
    let kernel =
        std::fs::read_to_string("/proc/sys/kernel/osrelease").context("reading the kernel's version")?;
    let folder = std::env::temp_dir();
    let (fsync, disk) = (fsync(&folder)?, file_system(&folder)?);
    Ok(format!(
        "Measured on {day}: {cores} cores ({}), {} GB of memory, Linux {}, {disk} on {}; \
         writing 4 KiB and fsync takes {:.2} ms there ({:.2} – {:.2} ms).",
        processor()?,
        memory()?,
        kernel.trim(),
        medium(&folder),
        fsync.median() * 1e3,
        fsync.min() * 1e3,
        fsync.max() * 1e3,
    ))
}

fn processor() -> Result<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").context("reading the processor's name")?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    Ok(name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned()))
}

/// Gigabytes, rounded.
fn memory() -> Result<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").context("reading the memory's size")?;
    let kib = info.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    Ok((kib.context("/proc/meminfo has no size")? + 500_000) / 1_000_000)
}

fn file_system(folder: &Path) -> Result<String> {
    let output =
        Command::new("stat").args(["-f", "-c", "%T"]).arg(folder).output().context("starting stat")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether the device below the folder turns, as far as the kernel says.
fn medium(folder: &Path) -> &'static str {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(metadata) = std::fs::metadata(folder) else { return "an unknown device" };
    let device = metadata.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let block = format!("/sys/dev/block/{major}:{minor}");
    let turns = |below: &str| std::fs::read_to_string(format!("{block}/{below}queue/rotational"));
    match turns("").or_else(|_| turns("../")).as_deref().map(str::trim) {
        Ok("0") => "a device that does not turn",
        Ok(_) => "a device that the kernel takes for a turning disk",
        Err(_) => "no block device",
    }
}

fn fsync(folder: &Path) -> Result<Samples> {
    let mut file = tempfile::tempfile_in(folder)?;
    let mut took = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        took.push(began.elapsed());
    }
    Ok(Samples::of_durations(took))
}
