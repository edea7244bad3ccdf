//! A file system of a few kilobytes, to be filled.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted tmpfs; unmounted when dropped.
#[derive(Debug)]
pub struct Tmpfs {
    path: PathBuf,
}

/// Why there can be none here: the reason that a skipped test prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoTmpfs(pub String);

impl std::fmt::Display for NoTmpfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "skipped: no tmpfs can be mounted here: {}", self.0)
    }
}

impl Tmpfs {
    /// Mounts one of `bytes` at `path`, which is made.
    pub fn mount(path: &Path, bytes: u64) -> Result<Self, NoTmpfs> {
        let refused = |why: &dyn std::fmt::Display| NoTmpfs(why.to_string());
        std::fs::create_dir_all(path).map_err(|error| refused(&error))?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=0700"), "tmpfs"])
            .arg(path)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| refused(&error))?;
        if mounted.status.success() {
            Ok(Self { path: path.to_owned() })
        } else {
            Err(NoTmpfs(String::from_utf8_lossy(&mounted.stderr).trim().to_owned()))
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes files into it until there is no room, and returns them: removing one makes room again.
    ///
    /// # Panics
    /// When it can't be written for another reason.
    #[must_use]
    pub fn fill(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        // Large pieces first, then single blocks, so that nothing at all is left.
        for size in [65_536, 4_096, 1] {
            loop {
                let file = self.path.join(format!("filling-{}", files.len()));
                let written = std::fs::write(&file, vec![b'x'; size]);
                files.push(file);
                match written {
                    Ok(()) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::StorageFull => break,
                    Err(error) => panic!("filling {}: {error}", self.path.display()),
                }
            }
        }
        files
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: a process that still has a file open must not keep the mount in the table.
        let _ = Command::new("umount").arg("-l").arg(&self.path).stdin(Stdio::null()).output();
    }
}

#[cfg(test)]
mod tests {
    use super::Tmpfs;
    use std::io::ErrorKind;

    #[test]
    fn it_is_small_and_goes_away() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("small");
        let mounted = match Tmpfs::mount(&path, 64 * 1024) {
            Ok(mounted) => mounted,
            Err(no) => {
                use std::io::Write;
                let _ = writeln!(std::io::stderr(), "{no}");
                return;
            }
        };
        let files = mounted.fill();
        let error = std::fs::write(path.join("more"), [b'x'; 4096]).expect_err("it is full");
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        std::fs::remove_file(&files[0]).expect("ours");
        std::fs::write(path.join("more"), [b'x'; 4096]).expect("there is room again");
        drop(mounted);
        assert!(!path.join("more").exists());
    }
}
