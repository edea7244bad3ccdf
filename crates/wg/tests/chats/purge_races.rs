//! A purge wins, whatever it meets half done: a start that stands still, a dispatcher or a purge that is killed, a chat
//! between two tries (`chats.md`, *Purge*).

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Random, wait_until};

use crate::world::{World, count};

/// Every chat is archived and none has a process: what must hold after any purge.
#[track_caller]
fn check(world: &World, chats: &[&str]) {
    world.until_nothing_lives();
    for chat in chats {
        let record = world.record(chat);
        assert_eq!(record["state"], "archived", "{record}");
        assert!(record["purged_at"].is_string() && record["archived_at"].is_string(), "{record}");
        assert_eq!(record["waiting"], 0, "{record}");
        let task = world.json(&["show", &format!(".{chat}")]);
        assert_eq!(task["task"]["state"], "done", "{task}");
    }
    world.ok(&["doctor"]);
}

#[test]
fn a_chat_between_two_tries_is_not_tried_again_after_a_purge() {
    let world = World::new();
    let failing = world.chat(&["count runs", "exit 1"]);
    let canary = world.chat(&[]);
    let _dispatcher = world.dispatcher();
    world.send(&failing, "hello");
    world.until_state(&failing, "backoff");
    world.ok(&["service", "purge-chats", "--keep", &canary]);
    let runs = world.runs("runs").len();
    check(&world, &[&failing]);
    // Its pause is over in between: the dispatcher serves others.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        world.answer(&canary, "hello");
    }
    assert_eq!(world.runs("runs").len(), runs);
}

#[test]
fn what_a_purge_did_not_get_to_the_next_dispatcher_or_the_same_command_finishes() {
    for by_command in [true, false] {
        let world = World::new();
        let chat = world.chat(&["setsid ignore-term && hang", "chat hold never"]);
        let dispatcher = world.dispatcher();
        world.send(&chat, "hello");
        world.until(&chat, "a turn", |record| record["answering"].is_u64());
        dispatcher.kill();
        // As if it had died between the two: archived, and nobody told the handler.
        world.ok(&["service", "purge-chats", "--no-wait"]);
        assert_eq!(world.state(&chat), "archived");
        assert!(!world.agents().is_empty());
        if by_command {
            let said = world.ok(&["service", "purge-chats"]);
            assert!(said.contains("is gone"), "{said}");
            assert!(world.agents().is_empty(), "{:#?}", world.agents());
            check(&world, &[&chat]);
        } else {
            let _dispatcher = world.dispatcher();
            check(&world, &[&chat]);
        }
        assert_eq!(world.ends(&chat), ["cancelled"]);
    }
}

/// Files of an attempt, in the order in which they come to be: how far a start has got.
const STEPS: [&str; 5] = ["launch.json", "lock", "shim.json", "started", "exit.json"];

/// How far the last start is, by its files.
fn step_of(world: &World) -> usize {
    let folders = fs::read_dir(world.graph().join("attempts")).into_iter().flatten().flatten();
    let last = folders.map(|folder| folder.path()).max_by_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.strip_prefix("agent-").and_then(|number| number.parse::<u64>().ok())
    });
    last.map_or(0, |folder| STEPS.iter().take_while(|file| folder.join(file).exists()).count())
}

/// Stops or continues every process of a kind; gives how many.
fn signal(world: &World, word: &str, signal: Signal) -> usize {
    let marked = world.marks().scan();
    let of_kind = marked.iter().filter(|process| process.command.contains(word));
    of_kind.filter(|process| world.marks().signal(process.pid, signal)).count()
}

#[test]
fn a_start_that_stands_still_at_any_step_does_not_survive_a_purge() {
    let world = World::new();
    let mut chance = Random::for_test("a start stopped at any step");
    let mut dispatcher = world.dispatcher();
    let mut steps = [0_usize; STEPS.len() + 1];
    for round in 0..count(200) {
        let chat = world.chat(&["count runs", "double-fork hang", "chat hold never"]);
        let before = step_count(&world);
        world.send(&chat, "hello");
        // Somewhere between the decision and the agent's first turn one of the two stands still.
        thread::sleep(Duration::from_micros(chance.between(0, 25_000)));
        let who = *chance.pick(&["__shim", "service start", "service start"]).unwrap();
        signal(&world, who, Signal::STOP);
        if step_count(&world) > before {
            steps[step_of(&world)] += 1;
        } else {
            steps[0] += 1;
        }
        let mut purge = world.start(&["service", "purge-chats"]);
        // One that stands still in the middle of a commit holds the purge up: for that it is not waited.
        let began = Instant::now();
        while !is_done(&world, &chat) && began.elapsed() < Duration::from_millis(300) {}
        let runs = world.runs("runs").len();
        if chance.per_mille(500) {
            // The purge goes on against what stands still.
            thread::sleep(Duration::from_micros(chance.between(0, 20_000)));
        }
        signal(&world, who, Signal::CONT);
        let code = purge.wait();
        assert_eq!(code, 0, "round {round}: {}", purge.written());
        let alive = world.handlers(&chat);
        assert!(alive.is_empty(), "round {round}: {} {alive:#?}", purge.written());
        if chance.per_mille(200) {
            dispatcher.kill();
            dispatcher = world.dispatcher();
        }
        check(&world, &[&chat]);
        // At most the start that was on its way when the purge came.
        assert!(world.runs("runs").len() <= runs + 1, "round {round}: it was started again");
    }
    // One look, after all of them.
    let (runs, attempts) = (world.runs("runs"), world.attempts().len());
    assert!(runs.len() <= attempts, "{runs:?}");
    let stood: Vec<String> =
        steps.iter().zip(["decided"].iter().chain(&STEPS)).map(|(n, s)| format!("{s}: {n}")).collect();
    println!("stood still after {stood:?}");
}

/// Whether its task is done: no dispatcher has to answer for that.
fn is_done(world: &World, chat: &str) -> bool {
    world.json(&["show", &format!(".{chat}")])["task"]["state"] == "done"
}

/// Attempts that have a folder.
fn step_count(world: &World) -> usize {
    fs::read_dir(world.graph().join("attempts")).map_or(0, Iterator::count)
}

#[test]
fn a_purge_or_dispatcher_that_is_killed_at_any_moment_leaves_no_orphan() {
    let world = World::new();
    let mut chance = Random::for_test("killed purges");
    for round in 0..count(100) {
        let chats: Vec<String> = (0..2)
            .map(|n| world.chat(&["count runs", if n == 0 { "double-fork hang" } else { "tree 1 1" }]))
            .collect();
        let dispatcher = world.dispatcher();
        for chat in &chats {
            world.send(chat, "hello");
        }
        // Live or nearly so.
        wait_until("a handler to begin", || match world.runs("runs").len() {
            runs if runs > 2 * round => Ok(()),
            runs => Err(runs),
        });
        let mut purge = world.start(&["service", "purge-chats"]);
        thread::sleep(Duration::from_micros(chance.between(0, 40_000)));
        let what = chance.below(3);
        if what != 0 {
            purge.signal(Signal::KILL);
        }
        if what != 1 {
            dispatcher.kill();
            purge.wait();
            finish(&world, &mut chance, &chats);
        } else {
            purge.wait();
            // The same command again, or nothing where it had committed: the dispatcher that runs knows.
            finish_with(&world, &mut chance, &chats);
            for chat in &chats {
                world.until_written_down(chat);
            }
            drop(dispatcher);
        }
        world.until_nothing_lives();
        let names: Vec<&str> = chats.iter().map(String::as_str).collect();
        check(&world, &names);
    }
}

#[test]
fn histories_that_nobody_got_to_before_a_purge_are_completed_by_whoever_comes_next() {
    for next in ["service start", "service purge-chats"] {
        let world = World::new();
        let chat = world.chat(&[]);
        let dispatcher = world.dispatcher();
        world.answer(&chat, "hello");
        let whole = world.until_written_down(&chat);
        world.ok(&["service", "purge-chats"]);
        assert_eq!(dispatcher.stop(), 0);
        // As a dispatcher leaves it that is killed between what was said and the file.
        fs::write(world.transcript(&chat), &whole[..whole.len() / 2]).unwrap();
        world.ok(&next.split(' ').collect::<Vec<_>>());
        world.until_written_down(&chat);
        world.wg(&["service", "stop"]);
    }
}

/// Without a dispatcher: whatever was committed is finished by the next one or by the same command.
fn finish(world: &World, chance: &mut Random, chats: &[String]) {
    if archived(world, chats) && chance.per_mille(500) {
        let dispatcher = world.dispatcher();
        world.until_nothing_lives();
        // Killed before it has written them down, it leaves that to whoever comes next.
        for chat in chats {
            world.until_written_down(chat);
        }
        drop(dispatcher);
        return;
    }
    world.ok(&["service", "purge-chats"]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
}

/// With a dispatcher.
fn finish_with(world: &World, chance: &mut Random, chats: &[String]) {
    if archived(world, chats) && chance.per_mille(500) {
        world.until_nothing_lives();
        return;
    }
    world.ok(&["service", "purge-chats"]);
    assert!(world.agents().is_empty(), "{:#?}", world.agents());
}

/// Whether the purge was committed: all of them or none.
#[track_caller]
fn archived(world: &World, chats: &[String]) -> bool {
    let records: Vec<Value> = chats.iter().map(|chat| world.record(chat)).collect();
    let archived = records.iter().filter(|record| record["state"] == "archived").count();
    assert!(archived == 0 || archived == chats.len(), "one change archives all: {records:#?}");
    archived > 0
}
