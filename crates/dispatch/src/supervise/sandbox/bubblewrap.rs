//! A sandbox of namespaces, as the arguments of `bwrap`: a view of the files in which all is read only and some is
//! not there, process numbers of its own, and no privileges.
//!
//! The network stays: the agent has to reach its provider. `--die-with-parent` is left out, because the kernel would
//! send that signal to the program inside when the thread outside ends; the end of the agent is the shim's to bring
//! about, which sees all of it from outside.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::view::View;

/// What every sandbox begins with. All of the files are there and read only; what may be more, or less, follows.
pub(super) const AROUND: [&str; 13] = [
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-cgroup-try",
    "--cap-drop",
    "ALL",
    "--ro-bind",
    "/",
    "/",
    "--dev",
    "/dev",
    "--proc",
    "/proc",
];

/// The arguments before the program. What comes later lies over what came before.
pub(super) fn arguments(view: &View) -> Vec<OsString> {
    let mut args: Vec<OsString> = AROUND.iter().map(OsString::from).collect();
    let mut say = |words: &[&Path]| args.extend(words.iter().map(|word| word.as_os_str().to_owned()));
    let option = Path::new;
    for cover in &view.covers {
        say(&[option("--tmpfs"), cover]);
    }
    // One elsewhere becomes its own too, unless it is a part of something that it has to see.
    if let Some(temporary) = view.temporary.as_deref().filter(|folder| !is_above(folder, view)) {
        say(&[option(if is_within(temporary, &view.covers) { "--dir" } else { "--tmpfs" }), temporary]);
    }
    for shown in &view.shows {
        say(&[option("--ro-bind"), shown, shown]);
    }
    // Shown above as what it is outside, where the home folder it lies in is.
    if let Some(temporary) = view.temporary.as_deref().filter(|folder| is_within(folder, &view.shows)) {
        say(&[option("--tmpfs"), temporary]);
    }
    for written in &view.writes {
        say(&[option("--bind"), written, written]);
    }
    for kept in &view.keeps {
        say(&[option("--ro-bind"), kept, kept]);
    }
    for hidden in &view.hides {
        if hidden.is_dir() {
            say(&[option("--tmpfs"), hidden, option("--remount-ro"), hidden]);
        } else {
            say(&[option("--ro-bind"), &view.nothing, hidden]);
        }
    }
    say(&[option("--tmpfs"), &view.graph]);
    if view.cwd.starts_with(&view.graph) {
        say(&[option("--bind"), &view.cwd, &view.cwd]);
    }
    say(&[option("--bind"), &view.door, &view.door]);
    say(&[option("--remount-ro"), &view.graph, option("--chdir"), &view.cwd]);
    args
}

/// Whether a folder lies in one of these, or is one.
fn is_within(folder: &Path, others: &[PathBuf]) -> bool {
    others.iter().any(|other| folder.starts_with(other))
}

/// Whether something that the agent has to see lies in a folder.
fn is_above(folder: &Path, view: &View) -> bool {
    let seen = [&view.cwd, &view.graph];
    seen.into_iter()
        .chain(&view.shows)
        .chain(&view.writes)
        .chain(&view.covers)
        .any(|path| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        View {
            cwd: "/people/ann/work".into(),
            graph: "/people/ann/work/.wg".into(),
            door: "/people/ann/work/.wg/attempts/agent-7/door.sock".into(),
            temporary: Some("/tmp/mine".into()),
            covers: vec!["/run".into(), "/tmp".into()],
            shows: vec!["/run/wrappers".into()],
            writes: vec!["/people/ann/.claude".into(), "/people/ann/work".into()],
            keeps: vec!["/people/ann/work/.git/hooks".into()],
            hides: vec!["/usr/bin".into(), "/etc/hostname".into()],
            nothing: "/people/ann/work/.wg/attempts/agent-7/nothing".into(),
        }
    }

    fn told(view: &View) -> String {
        let args = arguments(view);
        let args: Vec<_> = args[AROUND.len()..].iter().map(|arg| arg.to_string_lossy()).collect();
        args.join(" ").replace(" --", "\n--")
    }

    #[test]
    fn what_is_hidden_lies_over_what_is_written_and_the_door_over_all() {
        let expected = "--tmpfs /run
--tmpfs /tmp
--dir /tmp/mine
--ro-bind /run/wrappers /run/wrappers
--bind /people/ann/.claude /people/ann/.claude
--bind /people/ann/work /people/ann/work
--ro-bind /people/ann/work/.git/hooks /people/ann/work/.git/hooks
--tmpfs /usr/bin
--remount-ro /usr/bin
--ro-bind /people/ann/work/.wg/attempts/agent-7/nothing /etc/hostname
--tmpfs /people/ann/work/.wg
--bind /people/ann/work/.wg/attempts/agent-7/door.sock /people/ann/work/.wg/attempts/agent-7/door.sock
--remount-ro /people/ann/work/.wg
--chdir /people/ann/work";
        assert_eq!(told(&view()), expected);
    }

    #[test]
    fn a_folder_for_temporary_files_is_its_own_wherever_it_lies() {
        let elsewhere = View { temporary: Some("/srv/tmp".into()), ..view() };
        assert!(told(&elsewhere).contains("--tmpfs /srv/tmp\n"));
        let in_home = View { temporary: Some("/run/wrappers/tmp".into()), ..view() };
        assert!(
            told(&in_home).contains("--ro-bind /run/wrappers /run/wrappers\n--tmpfs /run/wrappers/tmp\n")
        );
        let above = View { temporary: Some("/people/ann".into()), ..view() };
        assert!(!told(&above).contains("--tmpfs /people/ann\n"), "its own folder lies there");
    }

    #[test]
    fn a_worktree_in_the_graphs_folder_is_seen() {
        let cwd = PathBuf::from("/people/ann/work/.wg/worktrees/agent-7");
        let told = told(&View { cwd, ..view() });
        assert!(told.contains(
            "--tmpfs /people/ann/work/.wg\n--bind /people/ann/work/.wg/worktrees/agent-7 /people/ann/work/.wg/worktrees/agent-7\n"
        ));
    }
}
