//! What the figures were measured on.

use std::io::Write as _;
use std::path::Path;
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
        "Measured on {day}: {cores} cores ({}), {} GB of memory, Linux {}, {disk}; \
         writing 4 KiB with fsync takes {:.2} ms there ({:.2} – {:.2} ms).",
        processor()?,
        memory()?,
        kernel.trim(),
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

/// The type of the file system that holds the folder, from the list of mounts.
fn file_system(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").context("reading the mounts")?;
    Ok(holding(&folder, &mounts).unwrap_or("an unknown file system").to_owned())
}

/// The longest mount point above the folder wins, and of two there the later.
fn holding<'a>(folder: &Path, mounts: &'a str) -> Option<&'a str> {
    let above = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), kind))
    });
    above.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::holding;

    #[test]
    fn the_nearest_mount_says_the_file_system() {
        let mounts = "/dev/a / ext4 rw 0 0\nproc /proc proc rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(holding(Path::new("/tmp/x"), mounts), Some("tmpfs"));
        assert_eq!(holding(Path::new("/tmpx"), mounts), Some("ext4"));
    }
}
