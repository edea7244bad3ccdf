//! `attempt output`: what an agent wrote, while it runs and after.

use std::fs;

use testkit::wait_until;

use crate::{running, world};

#[test]
fn output_is_followed_until_the_attempt_is_over() {
    let world = world();
    let dispatcher = world.dispatcher();
    let script = world.agent(&["say one", "err two", "wait-for go", "say three", "exit 3"]);
    running(&world, "t", &script, 1);
    wait_until("the first lines", || {
        let text = world.ok(&["attempt", "output", "t"]);
        if text == "one\ntwo\n" { Ok(()) } else { Err(text) }
    });
    assert_eq!(world.ok(&["attempt", "output", "agent-1", "--head", "1"]), "one\n");
    let mut following = world.start(&["attempt", "output", "agent-1", "--follow"]);
    let mut from_the_end = world.start(&["attempt", "output", "agent-1", "-f", "--tail", "1", "--json"]);
    wait_until("both to have begun", || {
        let (all, last) = (following.written(), from_the_end.written());
        if all == "one\ntwo\n" && last.contains("two") { Ok(()) } else { Err(all + &last) }
    });
    fs::write(world.path("go"), "").unwrap();
    assert_eq!(following.wait(), 0);
    assert_eq!(following.written(), "one\ntwo\nthree\nnote: agent-1 is over: exited badly (exit 3)\n");
    assert_eq!(from_the_end.wait(), 0);
    let lines: Vec<serde_json::Value> =
        from_the_end.written().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    assert_eq!(texts, ["two\n", "three\n"]);
    assert_eq!(lines.last().unwrap()["outcome"], "exited badly (exit 3)");
    assert_eq!(world.ok(&["attempt", "output", "agent-1", "-f"]), "one\ntwo\nthree\n");
    assert_eq!(world.ok(&["attempt", "output", "agent-1", "--tail", "2"]), "two\nthree\n");
    dispatcher.kill();
}

#[test]
fn of_a_flood_the_ends_are_kept_and_the_cut_is_marked() {
    let world = world();
    world.ok(&["config", "set", "output.limit", "64KB"]);
    let dispatcher = world.dispatcher();
    let script = world.agent(&["say begin", "flood 3m", "say end", "wait-for go"]);
    running(&world, "t", &script, 1);
    let marked = |text: &str| text.contains("bytes of output are missing here]");
    let whole = |text: &str| text.starts_with("begin\n") && text.ends_with("end\n") && text.len() < 70_000;
    wait_until("the end of the flood", || {
        let text = world.ok(&["attempt", "output", "t"]);
        if whole(&text) && marked(&text) { Ok(()) } else { Err(text.len()) }
    });
    let mut following = world.start(&["attempt", "output", "t", "--follow", "--tail", "1"]);
    wait_until("its last line", || {
        let written = following.written();
        if written.ends_with("end\n") { Ok(()) } else { Err(written) }
    });
    fs::write(world.path("go"), "").unwrap();
    assert_eq!(following.wait(), 0);
    let written = following.written();
    assert!(written.len() < 200 && written.ends_with("end\nnote: agent-1 is over: done\n"), "{written}");
    let text = world.ok(&["attempt", "output", "t"]);
    assert!(whole(&text) && marked(&text));
    let exit = world.json(&["attempt", "show", "t"])["exit"]["output"].clone();
    assert_eq!(exit["seen"], 3 * 1024 * 1024 + 10, "{exit}");
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn everything_is_told_of_an_attempt() {
    let world = world();
    let dispatcher = world.dispatcher();
    world.ok(&["add", "t", "-x", "echo hello; exit 3", "--max-attempts", "1", "--timeout", "1m"]);
    wait_until("it to fail", || {
        let state = crate::task(&world, "t")["state"].clone();
        if state == "failed" { Ok(()) } else { Err(state) }
    });
    let shown = world.json(&["attempt", "show", "t"]);
    for (field, value) in [
        ("/attempt/outcome", serde_json::json!("exited badly")),
        ("/attempt/number", serde_json::json!(1)),
        ("/exit/status/code", serde_json::json!(3)),
        ("/exit/ended_by/is", serde_json::json!("process")),
        ("/exit/tree_gone", serde_json::json!(true)),
        ("/exit/output/seen", serde_json::json!(6)),
        ("/timeout_seconds", serde_json::json!(60.0)),
    ] {
        assert_eq!(shown.pointer(field), Some(&value), "{field}: {shown}");
    }
    let told = world.ok(&["attempt", "show", "agent-1"]);
    for line in [
        "agent-1: attempt 1 of t\n",
        "outcome    exited badly (exit 3)\n",
        "exit       exit 3, left by itself; nothing of it is left\n",
        "output     6 bytes\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let listed = world.ok(&["attempt", "list"]);
    assert!(listed.starts_with("ATTEMPT  TASK  #  OUTCOME                STARTED"), "{listed}");
    assert_eq!(world.ok(&["attempt", "list", "--task", "t", "-n", "1"]), listed);
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn what_a_worker_says_can_not_move_the_cursor() {
    let world = world();
    let dispatcher = world.dispatcher();
    world.ok(&["add", "t", "-x", "wg fail -m \"$(printf 'bad\\033[2Jnews')\""]);
    wait_until("it to fail", || {
        let state = crate::task(&world, "t")["state"].clone();
        if state == "failed" { Ok(()) } else { Err(state) }
    });
    for arguments in
        [&["attempt", "show", "t"][..], &["attempt", "list"], &["op", "log"], &["op", "show", "5"]]
    {
        let told = world.ok(arguments);
        assert!(told.contains("bad[2Jnews") && !told.contains('\u{1b}'), "{arguments:?}: {told:?}");
    }
    assert_eq!(dispatcher.stop(), 0);
}
