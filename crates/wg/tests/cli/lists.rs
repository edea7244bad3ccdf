//! Lists: what stands in them, in which order, and how much of it.

use crate::{alike, chain, world};

#[test]
fn the_default_page_shows_what_matters_first() {
    let world = chain();
    world.ok(&["add", "Broken", "--id", "broken"]);
    world.ok(&["fail", "broken", "-m", "it broke"]);
    world.ok(&["add", "Later", "--not-before", "2099-01-01"]);
    world.ok(&["add", "Kept", "--paused", "-x", "true"]);
    world.ok(&["add", "Gone", "--id", "gone"]);
    world.ok(&["done", "gone"]);
    world.ok(&["claim", "cake"]);
    assert_eq!(
        world.ok(&["list"]),
        "ID       STATE    TITLE           WHY\n\
         cake     claimed                  by tester\n\
         broken   failed                   it broke\n\
         parse    ready                    no dispatcher runs\n\
         later    later                    2099-01-01\n\
         docs     blocked  Write the docs  by parse (open)\n\
         release  blocked                  by docs (open), parse (open)\n\
         kept     paused\n\
         7 of 8 tasks\n"
    );
    assert!(world.ok(&["list", "--all"]).contains("gone     done"));
    let done = world.ok(&["list", "--state", "done"]);
    assert_eq!(alike(&world, &done), "ID  STATE  WHY\ngone  done  [time]\n1 of 8 tasks\n");
}

#[test]
fn flags_describe_what_is_listed() {
    let world = chain();
    world.ok(&["pause", "cake"]);
    let ids = |flags: &[&str]| -> Vec<String> {
        let mut all = vec!["list"];
        all.extend(flags);
        let listed = world.json(&all);
        listed["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&["--ready"]), ["parse"]);
    assert_eq!(ids(&["--blocked"]), ["docs", "release"]);
    assert_eq!(ids(&["--paused"]), ["cake"]);
    assert_eq!(ids(&["--tag", "core"]), ["parse", "release"]);
    assert_eq!(ids(&["--tag", "core,public"]), ["release"]);
    assert_eq!(ids(&["--text", "WRITE"]), ["docs"]);
    assert_eq!(ids(&["--all"]), ["cake", "docs", "parse", "release"]);
    assert_eq!(ids(&["-n", "2"]), ["parse", "docs"]);
    assert_eq!(ids(&["--state", "done"]), [] as [&str; 0]);
}

#[test]
fn a_long_list_says_how_much_more_there_is() {
    let world = world();
    for n in 0..60 {
        world.ok(&["add", &format!("Task {n:02}")]);
    }
    let page = world.ok(&["list"]);
    assert_eq!(page.lines().count(), 52);
    assert!(page.ends_with("\n50 of 60 tasks; more: wg list -n N, or --all\n"), "{page}");
    assert_eq!(world.json(&["list"])["more"], true);
    assert_eq!(world.json(&["list", "--all"])["more"], false);
    assert!(world.ok(&["ready", "-n", "3"]).ends_with("more: wg ready -n N\n"));
    assert_eq!(world.ok(&["list", "--all"]).lines().count(), 62);
}

#[test]
fn ready_and_blocked_are_what_they_say() {
    let world = chain();
    assert_eq!(
        world.ok(&["ready"]),
        "ID     STATE       WHY\nparse  ready       no dispatcher runs\ncake   for people  no command, adapter or model\n"
    );
    world.ok(&["done", "parse", "cake", "docs", "release"]);
    let none = world.wg(&["blocked"]);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "note: nothing is blocked\n"));
}

#[test]
fn the_past_can_be_listed() {
    let world = chain();
    world.ok(&["done", "parse"]);
    let then = world.ok(&["list", "--at-op", "2"]);
    assert_eq!(
        alike(&world, &then).split_once('\n').unwrap().1,
        "ID  STATE  TITLE  WHY\ndocs  blocked  Write the docs  by parse (open)\nparse  ready\n"
    );
    assert!(world.fails(3, &["list", "--at-op", "99"]).contains("there is no operation 99"));
}
