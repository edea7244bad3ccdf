//! What agents in a sandbox may not do, tried by agents that do try it; what they may do; and that they are ended
//! like others. Each attack is seen to succeed without a sandbox, so that its failure within means something.

#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::collections::BTreeMap;
use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use wg_core::attempt::ExitStatus;
use wg_dispatch::files::EndedBy;
use wg_dispatch::supervise::sandbox::{Confinement, Level, probe};
use wg_dispatch::supervise::{DOOR_VERSION, DoorRequest, Look, knock, look};

use crate::endings::STUBBORN;
use crate::killed::{grow_and_kill_the_shim, stubborn_but_marked};
use crate::world::{LONG, World, wait_until};

/// Connects to the socket that is named, and at an attempt's own door asks who it is: a client for agents.
#[test]
fn __knock() {
    let Some(socket) = std::env::args().skip_while(|arg| arg != "__knock").nth(1) else { return };
    if let Some(name) = socket.strip_prefix('@') {
        UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap();
    } else if std::env::var("WG_SOCKET").is_ok_and(|own| own == socket) {
        let args = vec!["who".to_owned()];
        let request = DoorRequest { version: DOOR_VERSION, args, stdin: None, width: None, color: false };
        let reply = knock(socket.as_ref(), &request, LONG).unwrap();
        assert_eq!(reply.stdout, std::env::var("WG_ATTEMPT").unwrap());
    } else {
        UnixStream::connect(socket).unwrap();
    }
}

/// Whether a level can be had here, which is said where it can't; where WG_SANDBOX is set it has to be.
fn can_be_had(level: Level) -> bool {
    let here = probe();
    let missing = match level {
        Level::Bubblewrap => here.bubblewrap.err(),
        Level::Landlock => here.landlock.err(),
    };
    let Some(why) = missing else { return true };
    assert!(std::env::var_os("WG_SANDBOX").is_none(), "{level} is needed here: {why}");
    println!("SKIPPED: {level} can't be had here: {why}");
    false
}

fn confinement(level: Level) -> Confinement {
    Confinement { level, missing: None, writes: Vec::new(), keeps: Vec::new(), hides: Vec::new() }
}

/// An attack: its name, and commands that end well where it succeeds.
type Attack = (&'static str, &'static str);

/// What no sandbox lets through.
const ALWAYS_REFUSED: [Attack; 13] = [
    ("reads-a-key", "grep -q SECRET \"$HOME/.keys/id_x\""),
    ("reads-a-file-of-keys", "grep -q SECRET \"$HOME/.netrc\""),
    ("reads-a-key-by-a-link", "grep -q SECRET link-to-key"),
    ("takes-a-key-by-a-hard-link", "ln \"$HOME/.keys/id_x\" hard && grep -q SECRET hard"),
    ("signals-the-dispatcher", "kill -CONT $DISPATCHER"),
    ("signals-the-shim", "kill -CONT $SHIM"),
    ("reads-the-dispatchers-environment", "grep -q SECRET /proc/$DISPATCHER/environ"),
    ("reads-the-dispatchers-memory", "exec 9</proc/$DISPATCHER/mem"),
    ("writes-to-the-home", "touch \"$HOME/writes-to-the-home\""),
    ("writes-outside", "touch \"$OUTSIDE/writes-outside\""),
    ("writes-outside-by-a-link", "touch link-outside/writes-outside-by-a-link"),
    ("cuts-a-file-outside", ": > \"$OUTSIDE/precious\""),
    (
        "mounts-it-anew-and-writes",
        "unshare -Urm sh -c 'mount -o remount,rw,bind /; umount -l \"$OUTSIDE\"; touch \"$OUTSIDE/mounted\"'",
    ),
];

/// What takes namespaces of its own to refuse.
const REFUSED_BY_BUBBLEWRAP: [Attack; 11] = [
    ("reads-the-database", "grep -q SECRET .wg/wg.db"),
    ("reads-what-another-was-told", "grep -q SECRET .wg/attempts/agent-8/prompt.md"),
    ("reads-its-own-launch", "grep -q version .wg/attempts/agent-7/launch.json"),
    ("writes-into-the-graph", "touch .wg/writes-into-the-graph"),
    ("unmounts-what-hides", "umount -l .wg; grep -q SECRET .wg/wg.db"),
    ("unmounts-as-its-own-root", "unshare -Urm sh -c 'umount -l .wg; grep -q SECRET .wg/wg.db'"),
    ("speaks-to-the-dispatcher", "\"$TEST\" __knock \"$PWD/.wg/service/daemon.sock\""),
    ("speaks-to-another-shim", "\"$TEST\" __knock \"$PWD/.wg/attempts/agent-8/door.sock\""),
    ("speaks-to-a-socket-in-tmp", "\"$TEST\" __knock \"$SOCKET_IN_TMP\""),
    ("leaves-a-hook-for-git", "echo 'evil' > .git/hooks/pre-commit"),
    ("changes-what-its-program-does", "echo 'evil' > \"$HOME/.own/settings.json\""),
];

/// What only rights that were given up refuse.
const REFUSED_BY_LANDLOCK: [Attack; 1] =
    [("speaks-to-an-abstract-socket", "\"$TEST\" __knock \"$ABSTRACT\"")];

/// What an agent has to be able to do.
const ALLOWED: [Attack; 10] = [
    ("asks-its-shim", "\"$TEST\" __knock \"$WG_SOCKET\""),
    ("makes-a-file", "echo x > made-a-file && grep -q x made-a-file"),
    ("changes-a-file", "echo more >> there && mv there there2 && rm there2"),
    ("makes-a-folder", "mkdir -p made/deep && touch made/deep/down"),
    ("keeps-what-is-its-own", "touch \"$HOME/.own/session\""),
    ("writes-where-it-may", "touch \"$ALLOWED/written\""),
    ("has-temporary-files", "f=$(mktemp) && echo x > \"$f\" && rm \"$f\""),
    ("writes-to-devices", "echo x > /dev/null && head -c 4 /dev/urandom > random"),
    ("commits", "git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"),
    ("reads-the-system", "ls /usr/bin > /dev/null && id -u > /dev/null"),
];

/// A project with a graph, a home and neighbours, none of them in a folder for temporary files.
struct Attacked {
    world: World,
    root: PathBuf,
    work: PathBuf,
    dispatcher: Child,
    _sockets: Vec<UnixListener>,
}

impl Drop for Attacked {
    fn drop(&mut self) {
        let _ = self.dispatcher.kill();
        let _ = self.dispatcher.wait();
        let _ = fs::remove_file(&self.world.spec.env["SOCKET_IN_TMP"]);
    }
}

impl Attacked {
    fn new(level: Option<Level>, attacks: &[Attack]) -> Self {
        let temp = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = fs::canonicalize(temp.path()).unwrap();
        let work = root.join("work");
        for folder in ["home/.keys", "home/.own", "outside", "allowed"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for folder in [".wg/attempts/agent-8", ".wg/service"] {
            fs::create_dir_all(work.join(folder)).unwrap();
        }
        let secrets = [
            "home/.keys/id_x",
            "home/.netrc",
            "work/.wg/wg.db",
            "work/.wg/attempts/agent-8/prompt.md",
            "outside/precious",
        ];
        for secret in secrets {
            fs::write(root.join(secret), "SECRET").unwrap();
        }
        fs::write(root.join("home/.own/settings.json"), "{}").unwrap();
        fs::write(work.join("there"), "").unwrap();
        std::os::unix::fs::symlink(root.join("home/.keys/id_x"), work.join("link-to-key")).unwrap();
        std::os::unix::fs::symlink(root.join("outside"), work.join("link-outside")).unwrap();
        let git = Command::new("git").args(["init", "-q"]).current_dir(&work).status().unwrap();
        assert!(git.success());
        fs::create_dir_all(work.join(".git/hooks")).unwrap();

        let world = World::of_project(temp, &work, "");
        let name = format!("wg-sandbox-{:016x}", world.run().nonce);
        let in_tmp = PathBuf::from("/tmp").join(&name);
        let sockets = vec![
            UnixListener::bind(work.join(".wg/service/daemon.sock")).unwrap(),
            UnixListener::bind(work.join(".wg/attempts/agent-8/door.sock")).unwrap(),
            UnixListener::bind(&in_tmp).unwrap(),
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap(),
        ];
        let mut sleeper = Command::new("/bin/sleep");
        let dispatcher = sleeper.arg("600").env("KEY", "SECRET").stdin(Stdio::null()).spawn().unwrap();
        let script: String = attacks
            .iter()
            .map(|(name, commands)| format!("({commands}) && echo {name} >> succeeded\n"))
            .collect();
        let script = format!("until [ -e numbers ]; do sleep 0.01; done; . ./numbers\n{script}true");
        let variables = [
            ("HOME", root.join("home")),
            ("OUTSIDE", root.join("outside")),
            ("ALLOWED", root.join("allowed")),
            ("SOCKET_IN_TMP", in_tmp),
            ("ABSTRACT", format!("@{name}").into()),
            ("TEST", std::env::current_exe().unwrap()),
        ];
        let variables = variables.map(|(name, path)| (name.to_owned(), path.to_str().unwrap().to_owned()));
        let paths = |names: &[&str]| names.iter().map(|name| root.join(name)).collect();
        let world = world.with(|spec| {
            spec.argv = vec!["/bin/sh".into(), "-c".into(), script];
            spec.env = BTreeMap::from(variables);
            spec.cwd.clone_from(&work);
            spec.sandbox = level.map(|level| Confinement {
                writes: paths(&["home/.own", "allowed"]),
                keeps: paths(&["home/.own/settings.json"]),
                hides: paths(&["home/.keys", "home/.netrc", "home/.nothing"]),
                ..confinement(level)
            });
        });
        Self { world, root, work, dispatcher, _sockets: sockets }
    }

    /// Lets the agent try; gives what succeeded.
    fn tried(&self) -> Vec<String> {
        let shim = self.world.start();
        let numbers = format!("DISPATCHER={}\nSHIM={}\n", self.dispatcher.id(), shim.identity().pid);
        fs::write(self.work.join("numbers.new"), numbers).unwrap();
        fs::rename(self.work.join("numbers.new"), self.work.join("numbers")).unwrap();
        let record = self.world.exit_of(&shim);
        assert_eq!(
            (&record.ended_by, record.status),
            (&EndedBy::Process, Some(ExitStatus::Code(0))),
            "{}",
            self.said()
        );
        let succeeded = fs::read_to_string(self.work.join("succeeded")).unwrap_or_default();
        succeeded.lines().map(str::to_owned).collect()
    }

    fn said(&self) -> String {
        self.world.said()
    }

    /// What lies outside of what may be written to, by names.
    fn outside(&self) -> Vec<String> {
        let mut names = Vec::new();
        for folder in ["outside", "home"] {
            let entries = fs::read_dir(self.root.join(folder)).unwrap();
            names.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
        }
        names.sort();
        names
    }
}

/// That these succeed, or all fail, at a level.
#[track_caller]
fn assert_tried(level: Option<Level>, attacks: &[Attack], succeed: bool) {
    for attack in attacks {
        let attacked = Attacked::new(level, std::slice::from_ref(attack));
        let tried = attacked.tried();
        let expected: &[&str] = if succeed { &[attack.0] } else { &[] };
        assert_eq!(tried, expected, "{level:?}: {}: {}", attack.0, attacked.said());
        if !succeed {
            assert_eq!(
                attacked.outside(),
                [".keys", ".netrc", ".own", "precious"],
                "{level:?}: {}",
                attack.0
            );
            assert_eq!(fs::read_to_string(attacked.root.join("outside/precious")).unwrap(), "SECRET");
        }
    }
}

#[test]
fn every_attack_succeeds_without_a_sandbox() {
    for attacks in [&ALWAYS_REFUSED[..], &REFUSED_BY_BUBBLEWRAP, &REFUSED_BY_LANDLOCK, &ALLOWED] {
        assert_tried(None, attacks, true);
    }
}

#[test]
fn bubblewrap_refuses_what_it_promises_to() {
    if can_be_had(Level::Bubblewrap) {
        assert_tried(Some(Level::Bubblewrap), &ALWAYS_REFUSED, false);
        assert_tried(Some(Level::Bubblewrap), &REFUSED_BY_BUBBLEWRAP, false);
    }
}

#[test]
fn landlock_refuses_what_it_promises_to() {
    if can_be_had(Level::Landlock) {
        assert_tried(Some(Level::Landlock), &ALWAYS_REFUSED, false);
        assert_tried(Some(Level::Landlock), &REFUSED_BY_LANDLOCK, false);
    }
}

#[test]
fn an_agent_in_a_sandbox_does_its_work() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if can_be_had(level) {
            assert_tried(Some(level), &ALLOWED, true);
        }
    }
}

/// A graph's folder that is not in the agent's own is kept from it by landlock too.
#[test]
fn landlock_keeps_a_graph_that_lies_elsewhere() {
    if !can_be_had(Level::Landlock) {
        return;
    }
    let attack = [
        ("reads-the-database", "grep -q SECRET ../.wg/wg.db"),
        ("asks-its-shim", "\"$TEST\" __knock \"$WG_SOCKET\""),
    ];
    for (level, expected) in
        [(None, &["reads-the-database", "asks-its-shim"][..]), (Some(Level::Landlock), &["asks-its-shim"])]
    {
        let mut attacked = Attacked::new(level, &attack);
        let inner = attacked.work.join("inner");
        fs::create_dir(&inner).unwrap();
        attacked.world.spec.cwd.clone_from(&inner);
        fs::write(inner.join("numbers"), "true\n").unwrap();
        let shim = attacked.world.start();
        attacked.world.exit_of(&shim);
        let succeeded = fs::read_to_string(inner.join("succeeded")).unwrap_or_default();
        assert_eq!(succeeded.lines().collect::<Vec<_>>(), expected, "{level:?}: {}", attacked.said());
    }
}

fn in_sandbox(script: &str, level: Level) -> World {
    World::new(script).with(|spec| spec.sandbox = Some(confinement(level)))
}

#[test]
fn what_is_no_program_and_what_can_not_be_had_is_told_before_anything_runs() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if !can_be_had(level) {
            continue;
        }
        let missing = in_sandbox("", level).with(|spec| spec.argv = vec!["/no/such/program".into()]).finish();
        let EndedBy::SpawnFailed { errno, text } = &missing.ended_by else { panic!("{missing:?}") };
        assert_eq!((*errno, text.contains("/no/such/program")), (Some(2), true), "{text}");
    }
    let world = World::new("touch ran").with(|spec| {
        spec.sandbox = Some(Confinement { missing: Some("no".into()), ..confinement(Level::Bubblewrap) });
    });
    let record = world.finish();
    assert_eq!(record.ended_by, EndedBy::Unconfined { why: "bubblewrap: no".into() });
    assert!(record.never_ran() && record.tree_gone && !world.file("ran").exists());
}

#[test]
fn statuses_are_told_from_within() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if can_be_had(level) {
            assert_eq!(in_sandbox("exit 3", level).finish().status, Some(ExitStatus::Code(3)));
            assert_eq!(in_sandbox("kill -9 $$", level).finish().status, Some(ExitStatus::Signal(9)));
            assert_eq!(in_sandbox("exit 128", level).finish().status, Some(ExitStatus::Code(128)));
        }
    }
}

#[test]
fn an_agents_environment_is_what_it_is_given_and_its_temporary_files_go_with_it() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if !can_be_had(level) {
            continue;
        }
        let world = in_sandbox("tr '\\0' '\\n' </proc/$$/environ >given; mktemp >file", level);
        assert_eq!(world.finish().status, Some(ExitStatus::Code(0)), "{}", world.said());
        let given = fs::read_to_string(world.file("given")).unwrap();
        let mut names: Vec<&str> = given.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        let own = match level {
            Level::Bubblewrap => "PWD",
            Level::Landlock => "TMPDIR",
        };
        let mut expected = ["GIVEN", "PATH", "WG_ATTEMPT", "WG_SOCKET", "WG_TASK", own];
        expected.sort_unstable();
        assert_eq!(names, expected, "{level}");
        let file = PathBuf::from(fs::read_to_string(world.file("file")).unwrap().trim());
        assert!(
            file.is_absolute() && !file.exists() && !world.folder.temporary().exists(),
            "{level}: {file:?}"
        );
    }
}

#[test]
fn an_agent_that_is_asked_to_leave_has_its_time() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if !can_be_had(level) {
            continue;
        }
        // Longer than what is left behind by a first process has.
        let script =
            "trap 'sleep 2; touch cleared; exit 5' TERM; touch ready; while true; do sleep 0.1; done";
        let world = in_sandbox(script, level);
        let _shim = world.start_ready();
        let wg_dispatch::supervise::End::Gone(Some(record)) = world.end(Duration::from_secs(30)) else {
            panic!("{}", world.said())
        };
        assert_eq!((record.ended_by, record.status), (EndedBy::Stop, Some(ExitStatus::Code(5))));
        assert!(world.file("cleared").exists() && record.tree_gone);
    }
}

#[test]
fn a_stubborn_tree_in_a_sandbox_is_gone_after_its_end_was_asked_for() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if !can_be_had(level) {
            continue;
        }
        let world = in_sandbox(STUBBORN, level);
        let shim = world.start_ready();
        let mut tree = Vec::new();
        wait_until("the whole tree", || {
            tree.clear();
            wg_dispatch::supervise::linux::add_descendants(shim.identity().pid, &mut tree);
            if tree.len() >= 6 { Ok(()) } else { Err(tree.len()) }
        });
        let record = world.end_well().expect("its shim wrote how it ended");
        assert_eq!((&record.ended_by, record.tree_gone), (&EndedBy::Stop, true));
        assert!(tree.iter().all(wg_dispatch::supervise::linux::Process::has_ended), "{tree:?}");
        assert!(world.carriers().is_empty());
    }
}

#[test]
fn a_tree_in_a_sandbox_whose_shim_was_killed_is_seen_and_ended() {
    for level in [Level::Bubblewrap, Level::Landlock] {
        if !can_be_had(level) {
            continue;
        }
        let world = in_sandbox(&stubborn_but_marked(), level);
        grow_and_kill_the_shim(&world);
        assert!(!world.carriers().is_empty(), "those in sessions of their own are to be seen here");
        assert!(matches!(look(&world.folder, world.run()), Look::Left(_)));
        assert_eq!(world.end_well(), None);
        assert!(world.carriers().is_empty());
    }
}

#[test]
fn an_agent_in_bubblewrap_sees_no_processes_but_its_own() {
    if !can_be_had(Level::Bubblewrap) {
        return;
    }
    let world = in_sandbox("ls -d /proc/[0-9]* | wc -l > count", Level::Bubblewrap);
    world.finish();
    let count: u32 = fs::read_to_string(world.file("count")).unwrap().trim().parse().unwrap();
    assert!(count <= 6, "{count}");
    assert!(Path::new("/proc/1").exists());
}
