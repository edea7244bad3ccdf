//! `wg quickstart`: off a terminal, on one, kept, and ended early.

use std::fs;

use rustix::process::Signal;
use testkit::{Environment, wait_until};

fn bare() -> Environment {
    Environment::new(env!("CARGO_BIN_EXE_wg"))
}

/// What a quickstart left in the folder for temporary things.
fn left(world: &Environment) -> Vec<String> {
    let entries = fs::read_dir(world.folder().join("tmp")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn off_a_terminal_it_prints_plain_lines() {
    let world = bare();
    let said = world.ok(&["quickstart"]);
    assert!(!said.contains('\u{1b}'), "{said}");
    assert!(said.contains("\n  14 of 14 tasks done by 15 attempts in "), "{said}");
    let failed = said
        .lines()
        .filter(|line| line.contains("try-preview failed, exit 1: the preview is not up yet; again in "));
    assert_eq!(failed.count(), 1, "{said}");
    for id in ["gather-pages", "render-home", "try-preview", "sketch-white", "publish"] {
        assert!(said.lines().any(|line| line.contains(&format!("{id} done in "))), "{id}: {said}");
    }
    assert_eq!(left(&world), Vec::<String>::new());
    assert!(world.marks().scan().is_empty(), "{:#?}", world.marks().scan());
}

#[test]
fn kept_it_can_be_looked_at() {
    let world = bare();
    let told = world.json(&["quickstart", "--folder", "tea"]);
    assert_eq!(
        (told["tasks"].as_u64(), told["done"].as_u64(), told["attempts"].as_u64()),
        (Some(14), Some(14), Some(15))
    );
    assert_eq!(told["retried"][0], "try-preview");
    let folder = world.path("tea");
    assert!(folder.join("public/index.html").is_file());
    let graph = folder.join(".wg");
    let within = |arguments: &[&str]| {
        let mut all = vec!["--dir", graph.to_str().unwrap()];
        all.extend(arguments);
        world.ok(&all)
    };
    assert_eq!(within(&["list", "--state", "done", "--all"]).matches(" done ").count(), 14);
    let log = within(&["log", "try-preview"]);
    assert!(log.contains("the preview is not up yet") && log.contains("the preview answers"), "{log}");
    assert!(within(&["artifact", "list", "publish"]).contains("public/index.html"));
    assert!(world.fails(1, &["quickstart", "--folder", "tea"]).contains("is not empty"));
}

#[test]
fn ended_early_it_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = bare();
        let mut quickstart = world.start(&["quickstart"]);
        wait_until("its first agents", || {
            if world.agents().is_empty() { Err(quickstart.written()) } else { Ok(()) }
        });
        quickstart.signal(signal);
        assert_eq!(quickstart.wait(), 1);
        assert!(quickstart.written().contains("stopped"), "{}", quickstart.written());
        assert_eq!(left(&world), Vec::<String>::new());
        assert!(world.marks().scan().is_empty(), "{:#?}", world.marks().scan());
    }
}

#[test]
fn killed_it_takes_its_dispatcher_along() {
    let world = bare();
    let mut quickstart = world.start(&["quickstart"]);
    wait_until("its first agents", || {
        if world.agents().is_empty() { Err(quickstart.written()) } else { Ok(()) }
    });
    quickstart.signal(Signal::KILL);
    quickstart.wait();
    wait_until("the end of the dispatcher", || {
        let dispatchers =
            world.marks().scan().into_iter().filter(|process| process.command.contains("--foreground"));
        match dispatchers.count() {
            0 => Ok(()),
            n => Err(n),
        }
    });
}

#[test]
fn on_a_terminal_it_repaints_and_leaves_the_last_picture() {
    let world = bare();
    // `script` gives it a terminal of its own; at 60 columns there is no room for the time axis.
    let command = "stty cols 60 rows 24; wg quickstart; stty -a | grep -o ' -*echo '";
    let output = world.command("script").args(["-qec", command, "/dev/null"]).env("TERM", "xterm").output();
    let Ok(output) = output else { return };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    assert!(text.matches("\u{1b}[?2026h").count() > 10, "it is painted again and again: {text}");
    assert!(!text.contains("\u{1b}[?1049h"), "no second screen");
    assert!(text.contains("exit 1, again in "), "the retry is seen: {text}");
    let last = text.rsplit("\u{1b}[?2026h").next().unwrap();
    assert!(last.contains("14 of 14 done") && last.contains("\u{1b}[?25h"), "{last}");
    assert_eq!(last.matches('✓').count(), 14, "{last}");
    assert!(last.trim_end().ends_with("echo"), "what is typed is shown again: {last}");
    assert_eq!(left(&world), Vec::<String>::new());
}
