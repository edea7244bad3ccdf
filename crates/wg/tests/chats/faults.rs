//! What handlers and disks do, and the state that each ends in.

use std::fs;
use std::time::{Duration, Instant};

use testkit::wait_until;
use wg_core::command::{ChatCommand, Command};
use wg_core::id::Actor;
use wg_core::submit::{Request, submit_batch};

use crate::world::{World, count, number};

#[test]
fn a_provider_that_refuses_is_left_alone_and_the_message_waits() {
    let world = World::new();
    let chat = world.chat(&["count runs", "chat first 1 limited-once limited 2s"]);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    let queued = world.until_state(&chat, "queued");
    assert!(queued["why"].as_str().unwrap().contains("what serves it is paused"), "{queued}");
    let listed = world.ok(&["adapter", "list"]);
    assert!(listed.contains("paused"), "{listed}");
    world.until(&chat, "the answer", |record| record["waiting"] == 0);
    assert_eq!(world.answered(&chat), [message]);
    let record = world.record(&chat);
    assert_eq!((record["failures"].as_u64(), record["set_aside"].as_u64()), (Some(0), Some(0)), "{record}");
    assert_eq!(world.runs("runs").len(), 2, "limited, and answered");
}

#[test]
fn a_provider_that_is_away_is_tried_again_after_a_pause() {
    let world = World::new();
    let chat = world.chat(&["count runs", "chat first 1 away-once error outage 503"]);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    world.until_state(&chat, "queued");
    assert!(world.ok(&["adapter", "list"]).contains("provider away: 503"));
    world.until(&chat, "the answer", |record| record["waiting"] == 0);
    assert_eq!((world.answered(&chat), world.runs("runs").len()), (vec![message], 2));
    assert!(!world.ok(&["adapter", "list"]).contains("paused"), "it has answered");
}

#[test]
fn a_program_that_its_provider_refuses_keeps_no_other_program_from_answering() {
    let world = World::new();
    let refused = world.handler(&["count refused", "chat first 1 limited-once limited 3600s"]);
    let (chat, twin) = (world.served_by(&refused), world.served_by(&refused));
    let other = world.chat(&["count others"]);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    world.until_state(&chat, "queued");
    world.send(&twin, "hello");
    world.until_state(&twin, "queued");
    world.answer(&other, "hello");
    assert_eq!((world.state(&chat), world.state(&twin)), ("queued".into(), "queued".into()));
    assert_eq!((world.runs("refused").len(), world.runs("others").len()), (1, 1));
    let listed = world.json(&["adapter", "list"]);
    let of = |program: Option<&str>| {
        let adapters = listed["adapters"].as_array().unwrap();
        let is = |adapter: &&serde_json::Value| {
            adapter["name"] == "command" && adapter["program"].as_str() == program
        };
        adapters.iter().find(is).unwrap_or_else(|| panic!("{program:?} in {listed}"))["paused"].clone()
    };
    assert_eq!((of(Some(&refused)), of(None)), (true.into(), false.into()), "{listed}");
    for said in [world.ok(&["adapter", "list"]), world.ok(&["status"]), world.ok(&["service", "status"])] {
        assert!(said.contains("command: exec ") && said.contains("rate limited"), "{said}");
    }
    assert!(world.ok(&["why", &format!(".{chat}")]).contains("what serves it is paused"));
    world.ok(&["adapter", "resume", "command"]);
    world.until_at_rest(&chat);
    world.until_at_rest(&twin);
    assert_eq!(world.answered(&chat), [message]);
}

#[test]
fn a_turn_that_takes_too_long_is_interrupted_counted_and_given_again() {
    let mut world = World::new();
    world.set("WG_CHAT_TURN_TIMEOUT", "300ms");
    world.set("WG_STOP_GRACE", "200ms");
    let chat = world.chat(&["chat deliveries given", "chat first 1 slow hold never"]);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    world.until(&chat, "the answer", |record| record["waiting"] == 0);
    let given: Vec<bool> = world.given("given").iter().map(|given| given.again).collect();
    assert_eq!((world.answered(&chat), given), (vec![message], vec![false, true]));
    let log = world.ok(&["log", &format!(".{chat}")]);
    assert!(log.contains("failure 1 of 5"), "{log}");
}

#[test]
fn nonsense_floods_and_second_answers_change_nothing_and_are_told() {
    let world = World::new();
    let chat = world.chat(&[
        "chat garbage 20",
        "chat deltas-of 20m",
        "chat answer-to 99 no",
        "chat answer yes",
        "chat answer and again",
    ]);
    let dispatcher = world.dispatcher();
    assert_eq!(world.answer(&chat, "hello"), "yes");
    assert_eq!(world.answered(&chat).len(), 1);
    let told = wait_until("the second to be told", || {
        let log = world.log();
        if log.matches("was not taken").count() >= 2 { Ok(log) } else { Err(log) }
    });
    assert!(told.matches("makes no sense").count() <= 10, "some of it is told: {told}");
    let peak = fs::read_to_string(format!("/proc/{}/status", dispatcher.pid())).unwrap();
    let peak: u64 = peak
        .lines()
        .find_map(|l| l.strip_prefix("VmHWM:"))
        .unwrap()
        .trim_end_matches(" kB")
        .trim()
        .parse()
        .unwrap();
    assert!(peak < 200_000, "the dispatcher holds no flood: {peak} kB");
    world.until_at_rest(&chat);
}

#[test]
fn five_megabytes_go_there_and_back() {
    let world = World::new();
    let chat = world.chat(&[]);
    let _dispatcher = world.dispatcher();
    let text = "word ".repeat(1024 * 1024);
    let sent = world.wg_with_input(&["chat", "send", &chat, "-", "--wait", "--timeout", "60s"], text.clone());
    assert_eq!((sent.code, sent.stdout.len() >= text.len()), (0, true), "{}", sent.stderr);
    world.until_written_down(&chat);
}

#[test]
fn many_messages_are_answered_in_their_order() {
    let world = World::new();
    let chat = world.chat(&[]);
    let many = count(10_000);
    let requests: Vec<Request> = (0..many)
        .map(|n| Request {
            actor: Actor::User("ann".into()),
            command: Command::Chat(ChatCommand::Send { chat: number(&chat), text: format!("message {n}") }),
        })
        .collect();
    let mut store = wg_store::sqlite::open(&world.graph()).unwrap();
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    assert!(submit_batch(store.as_mut(), &requests, now).unwrap().iter().all(Result::is_ok));
    drop(store);
    let _dispatcher = world.dispatcher();
    // Each hundred in its own time.
    for left in (0..many as u64).rev().step_by(100) {
        world.until(&chat, "answers", |record| record["waiting"].as_u64() <= Some(left));
    }
    world.until(&chat, "every answer", |record| record["waiting"] == 0);
    let answered = world.answered(&chat);
    let sent: Vec<u64> = (1..=many as u64).collect();
    assert_eq!(answered, sent);
}

#[test]
fn the_rows_are_the_truth_whatever_becomes_of_the_file() {
    let world = World::new();
    let chat = world.chat(&[]);
    let dispatcher = world.dispatcher();
    assert_eq!(world.answer(&chat, "one"), "echo: one");
    let whole = world.until_written_down(&chat);
    let path = world.transcript(&chat);
    // Cut in the middle of a line, it is completed with the next entry.
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(world.answer(&chat, "two"), "echo: two");
    world.until_written_down(&chat);
    fs::remove_file(&path).unwrap();
    assert_eq!(world.answer(&chat, "three"), "echo: three");
    world.until_written_down(&chat);
    // What can't be written is told, and nobody waits for it.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(world.answer(&chat, "four"), "echo: four");
    wait_until("the complaint", || match world.log().contains("its history can't be written down") {
        true => Ok(()),
        false => Err(world.log()),
    });
    assert!(world.fails(1, &["doctor"]).contains("problem"));
    fs::remove_dir(&path).unwrap();
    assert_eq!(dispatcher.stop(), 0);
    // A dispatcher completes it when it starts.
    let _dispatcher = world.dispatcher();
    world.until_written_down(&chat);
}

#[test]
fn a_history_that_belongs_to_somebody_else_is_completed_once_it_may_be_written() {
    let Some(world) = World::without_power() else { return };
    let chat = world.chat(&[]);
    let dispatcher = world.dispatcher();
    assert_eq!(world.answer(&chat, "one"), "echo: one");
    let before = world.until_written_down(&chat);
    let path = world.transcript(&chat);
    let given_back = world.take_away(&path);
    // Rows are the truth: it is answered, and the answer is acknowledged.
    assert_eq!(world.answer(&chat, "two"), "echo: two");
    let record = world.until_at_rest(&chat);
    assert_eq!((record["failures"].as_u64(), world.answered(&chat).len()), (Some(0), 2), "{record}");
    assert_eq!(fs::read(&path).unwrap(), before, "nothing could be written");
    let complaint = format!("{chat}: its history can't be written down: {}", path.display());
    wait_until("the complaint", || match world.log().contains(&complaint) {
        true => Ok(()),
        false => Err(world.log()),
    });
    assert!(world.log().contains("Permission denied"), "{}", world.log());
    for said in [world.ok(&["chat", "list"]), world.ok(&["service", "status"])] {
        assert!(said.contains(&chat) && said.contains("can't be written down"), "{said}");
    }
    let doctor = world.wg(&["doctor", "--fix"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    assert!(doctor.stdout.contains(&format!("{chat}: 2 entries are not in ")), "{doctor:?}");
    assert!(doctor.stdout.contains("it could not be put right: "), "{doctor:?}");
    // A dispatcher that can't either comes up all the same.
    assert_eq!(dispatcher.stop(), 0);
    let dispatcher = world.dispatcher();
    assert_eq!(world.answer(&chat, "three"), "echo: three");
    given_back();
    assert_eq!(world.answer(&chat, "four"), "echo: four");
    let whole = world.until_written_down(&chat);
    assert!(whole.starts_with(&before), "what stood there stands");
    assert!(!world.ok(&["chat", "list"]).contains("can't be written down"));
    assert_eq!(dispatcher.stop(), 0);
    world.ok(&["doctor"]);
}

#[test]
fn a_disk_that_is_full_while_it_answers_loses_and_doubles_nothing() {
    let Some((world, disk)) = World::with_room_for(8 << 20) else { return };
    let beside = |name: &str| world.folder().join("tmp").join(name).display().to_string();
    let (given, go) = (beside("given"), beside("go"));
    let chat = world.chat(&[&format!("chat deliveries {given}"), &format!("chat hold {go}")]);
    let dispatcher = world.dispatcher();
    let message = world.send(&chat, "hello");
    world.until(&chat, "a turn", |record| record["answering"] == message);
    let filling = disk.fill();
    fs::write(&go, "").unwrap();
    let refused = wait_until("no room", || match world.wg(&["chat", "send", &chat, &"x".repeat(9_000)]) {
        output if output.code == 0 => Err("it was kept"),
        output => Ok(output.stderr),
    });
    assert!(refused.contains("no room"), "{refused}");
    for file in filling {
        fs::remove_file(file).unwrap();
    }
    world.until(&chat, "every answer", |record| record["waiting"] == 0);
    let answered = world.answered(&chat);
    let messages: Vec<u64> = world
        .entries(&chat)
        .iter()
        .filter(|entry| entry["kind"] == "message")
        .map(|entry| entry["number"].as_u64().unwrap())
        .collect();
    assert_eq!(answered, messages, "each once and in order");
    world.until_written_down(&chat);
    assert_eq!(dispatcher.stop(), 0);
    world.until_nothing_lives();
}

#[test]
fn two_people_at_once_see_the_same_order_and_one_handler() {
    let world = World::new();
    let chat = world.chat(&["count runs"]);
    let _dispatcher = world.dispatcher();
    let (_one, _other) = (world.attach(&chat), world.attach(&chat));
    world.until(&chat, "two to be there", |record| record["attached"] == 2);
    std::thread::scope(|scope| {
        for person in ["ann", "bob"] {
            let (world, chat) = (&world, &chat);
            scope.spawn(move || {
                for n in 0..5 {
                    let mut command = world.command(env!("CARGO_BIN_EXE_wg"));
                    command.args(["chat", "send", chat, &format!("{person} {n}")]).env("WG_ACTOR", person);
                    assert!(command.output().unwrap().status.success());
                }
            });
        }
    });
    world.until(&chat, "every answer", |record| record["waiting"] == 0);
    let messages: Vec<u64> = world
        .entries(&chat)
        .iter()
        .filter(|entry| entry["kind"] == "message")
        .map(|entry| entry["number"].as_u64().unwrap())
        .collect();
    assert_eq!((messages.len(), world.answered(&chat)), (10, messages));
    assert_eq!(world.runs("runs").len(), 1);
}

#[test]
fn an_interrupt_ends_the_answer_and_keeps_the_conversation() {
    let mut world = World::new();
    world.set("WG_CHAT_LINGER", "60s");
    let chat = world.chat(&["count runs", "chat at 1 hold never"]);
    let message = world.send(&chat, "hello");
    let _dispatcher = world.dispatcher();
    world.until(&chat, "a turn", |record| record["answering"] == message);
    let began = Instant::now();
    world.ok(&["chat", "interrupt", &chat]);
    world.until(&chat, "its end", |record| record["waiting"] == 0);
    assert!(began.elapsed() < Duration::from_secs(9), "it was obeyed, not ended");
    assert_eq!(world.answer(&chat, "next"), "echo: next");
    assert_eq!(world.runs("runs").len(), 1);
    assert!(world.ok(&["chat", "history", &chat]).contains("interrupted"));
}

#[test]
fn what_an_older_program_left_is_taken_over_at_the_start_and_starts_nothing() {
    let world = World::new();
    let service = world.graph().join("service");
    fs::create_dir_all(&service).unwrap();
    fs::write(service.join("coordinator-state-4.json"), r#"{"enabled":true,"executor":"claude"}"#).unwrap();
    let _dispatcher = world.dispatcher();
    assert_eq!(world.state("chat-4"), "archived");
    let log = world.log();
    assert_eq!(log.matches("coordinator-state-4.json").count(), 1, "{log}");
    assert!(!log.contains("starts on"), "{log}");
    assert!(service.join("coordinator-state-4.json.migrated").exists());
    assert!(world.attempts().is_empty());
}
