//! The block in AGENTS.md that tells agents of the graph: putting it in, and taking exactly it away again.
//!
//! It stands between two marks. Newlines that had to be put before it are counted in the first one, so that
//! what is left after it is taken away is what there was, byte by byte.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file, in the folder of the project.
pub const FILE: &str = "AGENTS.md";

const BEGIN: &str = "<!-- wg init --agents-md: begins, with newlines before it: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- wg init --agents-md: ends; wg init --remove takes it away -->";
const TEXT: &str = "\
## Work in this project

Its work is a graph of tasks in `.wg/`, which people and agents share through the command `wg`. Before you begin, look
with `wg ready` and `wg show ID`; `wg claim ID` what you take, note what you find with `wg log ID TEXT`, and report with
`wg done ID -m TEXT`. File what you find and do not do with `wg add TITLE -d TEXT`. `wg skill` says all of it.
";

/// The beginning of the block is there without its end, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("only one of the two marks of the block is there")]
pub struct Broken;

/// The file with the block in it: where it stood, else at the end.
pub fn with_block(text: &[u8]) -> Result<Vec<u8>, Broken> {
    let before = without_block(text)?;
    if let Some(at) = find(text, BEGIN.as_bytes())
        && let Some(end) = end_of(text, at)
        && let Some(count) = counted(&text[at..])
    {
        // It stays where somebody may have moved it.
        return Ok([&text[..at], block(count).as_bytes(), &text[end..]].concat());
    }
    let newlines = match before.as_slice() {
        [] => 0,
        [.., b'\n'] => 1,
        [..] => 2,
    };
    Ok([&before[..], &b"\n\n"[..newlines], block(newlines).as_bytes()].concat())
}

/// The file without any block.
pub fn without_block(text: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut left = text.to_vec();
    while let Some(at) = find(&left, BEGIN.as_bytes()) {
        let end = end_of(&left, at).ok_or(Broken)?;
        let mut start = at;
        for _ in 0..counted(&left[at..]).unwrap_or(0) {
            start -= usize::from(left[..start].ends_with(b"\n"));
        }
        left.drain(start..end);
    }
    if find(&left, END.as_bytes()).is_some() { Err(Broken) } else { Ok(left) }
}

fn block(newlines: usize) -> String {
    format!("{BEGIN}{newlines}{BEGIN_END}\n{TEXT}{END}\n")
}

/// How many newlines before a block that begins here are its own.
fn counted(begin: &[u8]) -> Option<usize> {
    match begin.get(BEGIN.len())? {
        digit @ b'0'..=b'2' => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// Where a block ends that begins at `at`: after the newline behind its last mark.
fn end_of(text: &[u8], at: usize) -> Option<usize> {
    let end = at + find(&text[at..], END.as_bytes())? + END.len();
    let newline = [&b"\r\n"[..], b"\n"].into_iter().find(|newline| text[end..].starts_with(newline));
    Some(end + newline.map_or(0, <[u8]>::len))
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// What was done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// The block was put in, or is another now.
    Written,
    /// The block was taken out.
    TakenAway,
    /// The file had nothing but the block, and is removed.
    Removed,
    /// It was so already.
    Nothing,
}

/// Puts the block into the file of a project.
pub fn add(path: &Path) -> io::Result<Done> {
    let before = read(path)?;
    let after = with_block(before.as_deref().unwrap_or_default()).map_err(io::Error::other)?;
    if before.as_ref() == Some(&after) {
        return Ok(Done::Nothing);
    }
    replace(path, &after)?;
    Ok(Done::Written)
}

/// Takes it out again.
pub fn remove(path: &Path) -> io::Result<Done> {
    let Some(before) = read(path)? else { return Ok(Done::Nothing) };
    let after = without_block(&before).map_err(io::Error::other)?;
    if before == after {
        return Ok(Done::Nothing);
    }
    // A link is somebody's own, whatever it leads to.
    if after.is_empty() && !fs::symlink_metadata(path)?.is_symlink() {
        fs::remove_file(path)?;
        return Ok(Done::Removed);
    }
    replace(path, &after)?;
    Ok(Done::TakenAway)
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whole or not at all, with the permissions it had, where a link leads to.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut fresh = path.clone().into_os_string();
    fresh.push(".wg-new");
    let fresh = PathBuf::from(fresh);
    let written = fs::write(&fresh, text).and_then(|()| match fs::metadata(&path) {
        Ok(found) => fs::set_permissions(&fresh, found.permissions()),
        Err(_) => Ok(()),
    });
    written.and_then(|()| fs::rename(&fresh, &path)).inspect_err(|_| drop(fs::remove_file(&fresh)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_what_there_was() {
        for text in ["", "\n", "\n\n", "# Mine", "# Mine\n", "# Mine\n\n\n", "a\r\nb\r\n", "caf\u{e9}"] {
            let with = with_block(text.as_bytes()).unwrap();
            assert!(with.ends_with(format!("{END}\n").as_bytes()));
            assert_eq!(with_block(&with).unwrap(), with, "{text:?} done again");
            assert_eq!(without_block(&with).unwrap(), text.as_bytes(), "{text:?}");
            // What somebody writes after it stays where it is.
            let more = [&with[..], b"\n# More\n"].concat();
            assert_eq!(without_block(&more).unwrap(), [text.as_bytes(), b"\n# More\n"].concat());
            assert_eq!(with_block(&more).unwrap(), more);
        }
        assert_eq!(without_block(b"\xff\n").unwrap(), b"\xff\n");
    }

    #[test]
    fn an_older_or_edited_block_is_ours_and_what_is_around_it_is_not() {
        let old = format!("# Mine\n\n{BEGIN}1{BEGIN_END}\r\nolder words\r\n{END}\r\nmore\n");
        assert_eq!(without_block(old.as_bytes()).unwrap(), b"# Mine\nmore\n");
        let new = with_block(old.as_bytes()).unwrap();
        assert_eq!(new, format!("# Mine\n\n{}more\n", block(1)).into_bytes());
        // Somebody has taken the newline before it away, or doubled the block.
        let moved = format!("# Mine{}{}", block(2), block(1));
        assert_eq!(without_block(moved.as_bytes()).unwrap(), b"# Mine");
    }

    #[test]
    fn half_a_block_is_left_alone() {
        for text in [format!("a\n{BEGIN}1{BEGIN_END}\nb\n"), format!("{END}\n"), format!("{END}\n{BEGIN}1")] {
            assert_eq!(without_block(text.as_bytes()), Err(Broken), "{text}");
            assert_eq!(with_block(text.as_bytes()), Err(Broken), "{text}");
        }
    }
}
