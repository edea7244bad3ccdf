//! Budgets of tasks: given, shown, used up, raised, taken away, moved to another graph.

use std::fs;

use testkit::Environment;
use wg_core::attempt::Outcome;
use wg_core::chat::Said;
use wg_core::command::{AttemptHeard, Command, Ended, Start};
use wg_core::id::{Actor, AttemptRef, Fence, TaskId};
use wg_core::submit::submit;
use wg_core::time::Timestamp;
use wg_core::usage::{Cap, Usage};

use crate::{alike, chain, world};

/// An attempt of a task, as a dispatcher tells it, that uses this much and is lost.
fn is_worked_on(world: &Environment, task: &str, number: u64, usage: Usage) {
    let mut store = wg_store::sqlite::open(&world.graph()).unwrap();
    let (attempt, fence) = (AttemptRef(number), Fence(number));
    let start = Start {
        task: TaskId::parse(task).unwrap(),
        adapter: "shell".into(),
        model: None,
        host: "box".into(),
        nonce: 1,
    };
    let heard =
        AttemptHeard { attempt, fence, said: vec![Said::Used { usage }], parsed: 9, cap: Cap::default() };
    // Years ago, so that no start of these is one too many.
    let at = Timestamp::from_nanos(1_700_000_000_000_000_000);
    let ended = Ended {
        attempt,
        fence,
        seen: Outcome::Lost { reason: "gone".into() },
        at,
        jitter: 0,
        first_pause: wg_core::retry::FIRST,
        max_attempts: 3,
        configuration: 1,
    };
    for command in [Command::StartAttempt(start), Command::AttemptHeard(heard), Command::AttemptEnded(ended)]
    {
        submit(&mut *store, &Actor::Dispatcher("box".into()), command, at).unwrap();
    }
}

#[test]
fn a_budget_is_given_changed_taken_away_and_taken_back() {
    let world = chain();
    world.ok(&["add", "Dear", "-x", "true", "--budget-tokens", "5000", "--budget-cost", "$2.50"]);
    let budget = || world.json(&["show", "dear"])["task"]["budget"].clone();
    assert_eq!(budget(), serde_json::json!({"tokens": 5000, "cost_micros": 2_500_000}));
    assert!(world.ok(&["show", "dear"]).contains("0 of 5000 tokens used, $0.0000 of $2.5000 used"));
    world.ok(&["edit", "dear", "docs", "--budget-tokens", "none", "--budget-cost", "3"]);
    assert_eq!(budget(), serde_json::json!({"cost_micros": 3_000_000}));
    let last = world.ok(&["op", "show", &world.json(&["status"])["operation"].to_string()]);
    assert!(last.contains("cost $2.5000, tokens 5000 -> cost $3.0000"), "{last}");
    let log = world.ok(&["op", "log", "-n", "1"]);
    assert!(log.contains("budget of tokens, budget of cost"), "{log}");
    world.ok(&["undo"]);
    assert_eq!(budget(), serde_json::json!({"tokens": 5000, "cost_micros": 2_500_000}));
    assert!(world.json(&["show", "docs"])["task"].get("budget").is_none());
    for wrong in [["--budget-tokens", "0"], ["--budget-tokens", "many"], ["--budget-cost", "0"]] {
        world.fails(2, &["edit", "dear", wrong[0], wrong[1]]);
    }
}

#[test]
fn a_budget_that_is_used_up_is_said_wherever_one_looks() {
    let world = world();
    world.ok(&["add", "Dear", "-x", "true", "--budget-tokens", "100"]);
    let used = |input| Usage { input, ..Usage::default() };
    is_worked_on(&world, "dear", 1, used(60));
    let why = world.ok(&["why", "dear"]);
    assert!(why.contains("  budget: 60 of 100 tokens used\n"), "{why}");
    is_worked_on(&world, "dear", 2, used(45));
    assert_eq!(
        world.ok(&["why", "dear"]),
        "dear: its budget of 100 tokens is used up (105 used)\n  budget: 105 of 100 tokens used\n\
         hint: wg edit dear --budget-tokens N\n"
    );
    let why = world.json(&["why", "dear"]);
    assert_eq!((&why["shown"], &why["needs_you"]), (&"needs you".into(), &true.into()));
    assert_eq!((&why["budget"]["tokens"], &why["used"]["input"]), (&100.into(), &105.into()));
    let sentence = "its budget of 100 tokens is used up (105 used)";
    let listed = alike(&world, &world.ok(&["list"]));
    assert!(listed.contains(&format!("dear  needs you  {sentence}")), "{listed}");
    for verb in [&["ready"][..], &["list", "--ready"]] {
        assert_eq!(world.json(verb)["tasks"], serde_json::json!([]), "{verb:?}");
    }
    let status = world.json(&["status"]);
    assert_eq!(status["needs_you"][0]["task"], "dear");
    assert_eq!((&status["tasks"]["ready"], &status["tasks"]["out_of_budget"]), (&0.into(), &1.into()));
    let status = world.ok(&["status"]);
    assert!(status.contains("1 out of budget") && status.contains(sentence), "{status}");
    let then = world.json(&["list", "--at-op", &world.json(&["status"])["operation"].to_string()]);
    assert_eq!(then["tasks"][0]["why"], sentence, "{then:#}");

    // A word alone starts nothing, and says what does.
    let refused = world.fails(1, &["retry", "dear"]);
    assert!(
        refused.contains(sentence) && refused.contains("hint: wg edit dear --budget-tokens N"),
        "{refused}"
    );
    let refused = world.fails(1, &["spawn", "dear"]);
    assert!(refused.contains(sentence), "{refused}");
    world.ok(&["pause", "dear"]);
    let resumed = world.wg(&["resume", "dear"]);
    assert!(format!("{resumed:?}").contains("wg edit dear --budget-tokens N"), "{resumed:?}");
    world.ok(&["edit", "dear", "--budget-tokens", "106"]);
    assert_eq!(world.json(&["ready"])["tasks"][0]["id"], "dear");
    assert_eq!(world.json(&["status"])["needs_you"], serde_json::json!([]));
    // Of a cost that no program told, nothing is known.
    world.ok(&["edit", "dear", "--budget-tokens", "none", "--budget-cost", "1"]);
    let why = world.ok(&["why", "dear"]);
    assert!(why.contains("  budget: no cost known, of at most $1.0000\n"), "{why}");
}

#[test]
fn a_budget_goes_with_its_task_and_what_was_used_does_not() {
    let world = world();
    world.ok(&["add", "Dear", "-x", "true", "--budget-tokens", "100", "--budget-cost", "0.5"]);
    is_worked_on(&world, "dear", 1, Usage { input: 100, ..Usage::default() });
    let exported = world.ok(&["export"]);
    assert!(exported.contains(r#""budget_cost_micros":500000,"budget_tokens":100"#), "{exported}");
    let other = crate::world();
    fs::write(other.path("graph.jsonl"), &exported).unwrap();
    other.ok(&["import", "graph.jsonl", "--run"]);
    let task = other.json(&["show", "dear"])["task"].clone();
    assert_eq!(task["budget"], serde_json::json!({"tokens": 100, "cost_micros": 500_000}));
    assert!(task.get("used").is_none() && task["needs_you"] == false, "{task:#}");
    assert_eq!(other.ok(&["export"]), exported);
}

#[test]
fn a_chat_has_another_bound() {
    let world = world();
    world.ok(&["chat", "create", "Ann", "--model", "claude:opus"]);
    let refused = world.fails(1, &["edit", ".chat-1", "--budget-tokens", "5"]);
    assert_eq!(
        refused,
        "error: chat-1 is a chat, so it can't be given a budget\n\
         hint: wg config set budget.attempt_tokens N; it bounds each turn of a chat\n"
    );
}
