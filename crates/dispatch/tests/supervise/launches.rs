//! From nothing to a running agent, at most once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use wg_core::attempt::ExitStatus;
use wg_dispatch::files::EndedBy;
use wg_dispatch::supervise::linux::Stat;
use wg_dispatch::supervise::{AttemptLock, Look, look};

use crate::world::{World, pid_in};

#[test]
fn lock_check_mark_exec_in_this_order() {
    let world = World::new("cat checked; test -e started && echo marked");
    let record = world.finish();
    assert_eq!(record.status, Some(ExitStatus::Code(0)));
    assert_eq!(world.output(), "locked: true, started: falsemarked\n");
    assert_eq!(record.ended_by, EndedBy::Process);
    assert!(record.tree_gone && record.started_at.unwrap() <= record.ended_at);
    assert_eq!(record.run, world.run());
    assert!(matches!(look(&world.folder, world.run()), Look::Ended(_)));
}

#[test]
fn an_agent_gets_what_it_is_given_and_nothing_else() {
    let world = World::new("env | sort; read line || echo no input; echo $$ > pid; ps -o sid= -p $$ > sid");
    world.finish();
    let said = world.output();
    let names: Vec<_> = said.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let shells_own = ["OLDPWD", "PWD", "SHLVL", "_"];
    let given: Vec<_> = names.into_iter().filter(|name| !shells_own.contains(name)).collect();
    assert_eq!(given, ["GIVEN", "PATH", "WG_ATTEMPT", "WG_SOCKET", "WG_TASK"]);
    assert!(said.contains(&format!("WG_ATTEMPT={}\n", world.run().mark())));
    assert!(said.contains(&format!("WG_SOCKET={}\n", world.folder.door().display())));
    assert!(said.contains("WG_TASK=port-the-parser\n") && said.contains("no input"));
    assert_eq!(pid_in(&world.file("pid")), pid_in(&world.file("sid")), "it leads a session");
}

#[test]
fn who_runs_is_written_down() {
    let world = World::new("echo $$ > pid; touch ready; exec sleep 600");
    let shim = world.start_ready();
    assert_eq!(&world.folder.read_shim().unwrap().unwrap().shim, shim.identity());
    assert!(matches!(look(&world.folder, world.run()), Look::Held));
    let agent = crate::world::wait_until("the agent's identity", || {
        world.folder.read_started().unwrap().unwrap().agent.ok_or("nothing")
    });
    assert_eq!(agent.pid, pid_in(&world.file("pid")));
    assert_eq!(Stat::of(agent.pid).unwrap().parent, shim.identity().pid);
    world.end_well();
}

#[test]
fn who_may_not_start_starts_nothing_and_says_why() {
    let world = World::new("touch ran");
    fs::write(world.file("refuse"), "the task was paused").unwrap();
    let record = world.finish();
    assert_eq!(record.ended_by, EndedBy::Refused { why: "the task was paused".into() });
    assert!(record.tree_gone && record.never_ran() && record.started_at.is_none());
    assert!(!world.file("ran").exists());
}

#[test]
fn what_was_started_once_is_not_started_again() {
    let world = World::new("echo ran >> runs; touch ready; exec sleep 600");
    let first = world.start_ready();
    // A second shim finds the lock held.
    assert!(world.start().process().wait(crate::world::LONG));
    assert!(matches!(look(&world.folder, world.run()), Look::Held));
    let record = world.end_well().unwrap();
    assert!(first.process().wait(crate::world::LONG));
    // A third one finds the mark.
    assert!(world.start().process().wait(crate::world::LONG));
    assert_eq!(world.folder.read_exit().unwrap(), Some(record));
    assert_eq!(fs::read_to_string(world.file("runs")).unwrap(), "ran\n");
}

#[test]
fn a_look_at_the_lock_does_not_keep_a_shim_from_starting() {
    let world = World::new("true");
    let lock = AttemptLock::try_take(&world.folder.lock()).unwrap();
    let shim = world.start();
    assert!(!shim.process().wait(Duration::from_millis(50)));
    drop(lock);
    assert_eq!(world.exit_of(&shim).status, Some(ExitStatus::Code(0)));
}

#[test]
fn what_can_not_be_executed_is_told_with_its_number() {
    let spawn_failed = |world: World| match world.finish().ended_by {
        EndedBy::SpawnFailed { errno, text } => (errno, text),
        other => panic!("{other:?}"),
    };
    let (errno, text) =
        spawn_failed(World::new("").with(|spec| spec.argv = vec!["no-such-program-here".into()]));
    assert_eq!(errno, Some(2));
    assert!(text.starts_with("no-such-program-here: "), "{text}");

    let (errno, text) = spawn_failed(World::new("").with(|spec| spec.cwd = "/no/such/folder".into()));
    assert_eq!(errno, Some(2));
    assert!(text.starts_with("the folder /no/such/folder: "), "{text}");

    let world = World::new("");
    let program = world.file("program");
    fs::write(&program, "not a program").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o600)).unwrap();
    let world = world.with(|spec| spec.argv = vec![program.display().to_string()]);
    assert_eq!(spawn_failed(world).0, Some(13));
}

#[test]
fn a_shim_that_does_not_know_what_to_run_leaves_the_attempt_as_it_was() {
    let world = World::new("touch ran");
    let shim = world.start();
    world.exit_of(&shim);
    let other = World::new("touch ran");
    fs::write(other.folder.launch(), "{").unwrap();
    let shim = wg_dispatch::supervise::start_shim(&std::env::current_exe().unwrap(), &other.folder).unwrap();
    assert!(shim.process().wait(crate::world::LONG));
    assert!(matches!(look(&other.folder, other.run()), Look::Fresh));
    assert!(fs::read_to_string(other.folder.shim_log()).unwrap().contains("launch.json"));
}

#[test]
fn what_another_run_of_the_same_number_left_keeps_nothing_from_starting() {
    let mut before = World::new("echo before; exit 3");
    assert_eq!(before.finish().status, Some(ExitStatus::Code(3)));
    // As after a backup was restored: the same number, another run.
    before.spec.run.nonce ^= 1;
    let after = before.with(|spec| spec.argv = vec!["/bin/echo".into(), "after".into()]);
    assert!(matches!(look(&after.folder, after.run()), Look::Fresh));
    let record = after.finish();
    assert_eq!((record.run, record.status), (after.run(), Some(ExitStatus::Code(0))));
    assert_eq!(after.output(), "after\n");
}
