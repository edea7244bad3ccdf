//! A worker's `wg`, through the door of its shim: the same verbs and output, and no more than its attempt may do.

use testkit::{Environment, wait_until};

use crate::world;

/// Runs a task with this command under a dispatcher; gives what it wrote into `said`, once it is finished.
fn worked(world: &Environment, command: &str) -> String {
    let _dispatcher = world.dispatcher();
    world.ok(&["add", "Own", "-x", command]);
    wait_until("the task to be finished", || {
        let task = world.json(&["show", "own"])["task"].clone();
        match task["state"].as_str() {
            Some("done" | "failed") => Ok(()),
            _ => Err(task),
        }
    });
    std::fs::read_to_string(world.path("said")).unwrap_or_default()
}

#[test]
fn it_logs_adds_and_reports() {
    let world = world();
    let said = worked(
        &world,
        "exec >said 2>&1; wg log own 'half of it'; wg add Found; echo 'all of it' | wg done -m -; echo $?",
    );
    assert_eq!(said, "own logged\nfound\nown reported done\n0\n");
    let own = world.json(&["show", "own"]);
    assert_eq!(own["task"]["state"], "done");
    let log: Vec<&str> =
        own["log"].as_array().unwrap().iter().filter_map(|entry| entry["message"].as_str()).collect();
    assert!(log.contains(&"half of it") && log.contains(&"reports done: all of it"), "{log:?}");
    assert_eq!(world.json(&["show", "found"])["task"]["discovered_from"], "own");
    assert!(own["log"].as_array().unwrap().iter().any(|entry| entry["actor"] == "agent-1"), "{own}");
}

#[test]
fn what_is_not_its_own_is_refused_and_noted() {
    let world = world();
    world.ok(&["add", "Other"]);
    let said = worked(
        &world,
        "exec >said 2>&1; wg done other; echo $?; wg abandon other; echo $?; wg show nothing; echo $?; wg nonsense 2>/dev/null; echo $?",
    );
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "error: agent-1 may not do that: agent-1 works on own, not on other");
    assert_eq!(lines[1], "1");
    assert!(lines[2].starts_with("error: that is not for workers"), "{said}");
    assert!(said.ends_with("\n3\n2\n"), "{said}");
    assert_eq!(world.json(&["show", "other"])["task"]["state"], "open");
    let noted = std::fs::read_to_string(world.graph().join("attempts/agent-1/shim.log")).unwrap();
    assert_eq!(noted.matches("refused").count(), 2, "{noted}");
}

#[test]
fn a_worker_that_fails_says_why() {
    let world = world();
    worked(&world, "wg fail -m 'it can not be done'");
    let task = world.json(&["show", "own"])["task"].clone();
    assert_eq!(
        (task["state"].as_str(), task["failure"].as_str()),
        (Some("failed"), Some("it can not be done"))
    );
}

#[test]
fn a_graph_that_is_not_its_own_is_not_taken_for_its_own() {
    let (world, other) = (world(), world());
    let elsewhere = other.graph().display().to_string();
    let said = worked(
        &world,
        &format!(
            "exec >said 2>&1; wg --dir {elsewhere} add Astray; echo $?; WG_DIR={elsewhere} wg list; echo $?; wg --dir . add Found"
        ),
    );
    let refused = format!("error: a worker can't ask for the graph at {elsewhere}\n");
    assert_eq!(said.matches(&refused).count(), 2, "{said}");
    assert!(said.ends_with("\n1\nfound\n"), "{said}");
    assert!(!world.ok(&["list"]).contains("astray"));
}
