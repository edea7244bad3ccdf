//! Programs that a test makes. What a process of many threads has open for writing, a child that another
//! thread forks meanwhile has open too until it executes, and the kernel starts no program that anybody can write
//! (`ETXTBSY`). So they are written by a process that forks nothing.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a program of this text, in place of one that is there.
///
/// # Panics
///
/// When it can't be written.
pub fn write_program(path: impl AsRef<Path>, text: &str) {
    let path = path.as_ref();
    let mut writer = Command::new("sh")
        .args(["-c", r#"cat > "$1.$$" && chmod 755 "$1.$$" && mv -f "$1.$$" "$1""#, "sh"])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh starts");
    writer.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
    assert!(writer.wait().expect("it ends").success(), "{} can't be written", path.display());
}

/// Makes a program that is a copy of another.
///
/// # Panics
///
/// When it can't be written.
pub fn copy_program(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    let (from, to) = (from.as_ref(), to.as_ref());
    let copied = Command::new("cp").args([from, to]).status().expect("cp starts");
    assert!(copied.success(), "{} can't be copied to {}", from.display(), to.display());
}
