//! Tasks that the real program works on: told, counted, reported; and every way that it ends without a report.

use rustix::process::Signal;
use serde_json::Value;
use testkit::wait_until;

use crate::World;

impl World {
    /// A task for the program, whose commands it is told to run one after the other.
    pub fn task(&self, id: &str, commands: &[&str], more: &str) {
        let tools: String = commands.iter().map(|command| format!("#tool {command}\n")).collect();
        let description = format!("{tools}{more}");
        self.wg.ok(&["add", id, "--id", id, "--model", "claude:opus", "--description", &description]);
    }

    pub fn shown(&self, task: &str) -> Value {
        self.wg.json(&["show", task])
    }

    #[track_caller]
    pub fn until_task(&self, task: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_until(&format!("{task} to be {what}"), || {
            let shown = self.shown(task);
            if wanted(&shown) { Ok(shown) } else { Err(shown) }
        })
    }

    #[track_caller]
    pub fn until_task_is(&self, task: &str, state: &str) -> Value {
        self.until_task(task, state, |shown| shown["task"]["state"] == state)
    }

    /// The task's first attempt, once it is over.
    #[track_caller]
    fn first_end(&self, task: &str) -> Value {
        let over = |shown: &Value| shown["attempts"][0]["outcome"].is_string();
        self.until_task(task, "tried", over)["attempts"][0].clone()
    }

    fn adapter(&self) -> Value {
        let listed = self.wg.json(&["adapter", "list"]);
        let adapters = listed["adapters"].as_array().unwrap();
        adapters.iter().find(|adapter| adapter["name"] == "claude").unwrap().clone()
    }
}

#[test]
fn a_task_is_told_worked_on_reported_and_counted() {
    let Some(world) = World::new() else { return };
    world.task("build", &["wg log build 'half of it'", "wg done build -m 'all of it'"], "");
    let _dispatcher = world.wg.dispatcher();
    let shown = world.until_task_is("build", "done");
    let attempt = &shown["attempts"][0];
    assert_eq!(attempt["detail"], "done: all of it");
    assert_eq!((&attempt["adapter"], &attempt["model"]), (&"claude".into(), &"opus".into()));
    // Three calls of the model, of which each is counted as the scripted one says.
    let usage = &attempt["usage"];
    assert_eq!((&usage["input"], &usage["output"]), (&3_600.into(), &102.into()), "{usage:#}");
    assert!(usage["cost_micros"].as_u64().unwrap() > 0, "{usage:#}");
    assert_eq!(attempt["session"].as_str().unwrap().len(), 36);
    assert!(attempt["words"].as_str().unwrap().starts_with("answer to:"), "{attempt:#}");
    let told = world.wg.ok(&["show", "build"]);
    assert!(told.contains("half of it") && told.contains("3921 in / 102 out, $"), "{told}");
    let prompt = std::fs::read_to_string(world.wg.graph().join("attempts/agent-1/prompt.md")).unwrap();
    assert!(world.model.last_heard().iter().any(|heard| heard.contains(prompt.trim())), "{prompt}");
    // What a chat used is counted with it.
    world.asks("hello");
    let stats = world.wg.json(&["stats"]);
    let sums = [&stats["total"], &stats["days"][0]["usage"], &stats["models"][0]["usage"]];
    assert!(sums.iter().all(|sum| sum["output"] == 102 + 34), "{stats:#}");
    assert_eq!(
        (&stats["tasks"][0]["task"], &stats["tasks"][1]["task"]),
        (&"build".into(), &".chat-1".into())
    );
    assert!(world.wg.ok(&["status"]).contains("5228 in / 136 out"), "of this day");
}

#[test]
fn a_rule_gives_a_task_its_program_and_model() {
    let Some(world) = World::new() else { return };
    world.wg.ok(&["config", "set", "rules", "docs=claude:haiku"]);
    let checked = world.wg.json(&["adapter", "check", "claude"])["adapters"][0].clone();
    assert_eq!(checked["usable"], true, "{checked:#}");
    assert!(checked["version"].as_str().unwrap().contains("Claude Code"), "{checked:#}");
    world.wg.ok(&["add", "page", "-t", "docs", "-d", "#tool wg done page -m written"]);
    let _dispatcher = world.wg.dispatcher();
    let shown = world.until_task_is("page", "done");
    let attempt = &shown["attempts"][0];
    assert_eq!((&attempt["adapter"], &attempt["model"]), (&"claude".into(), &"haiku".into()));
    let prompt = world.wg.ok(&["attempt", "show", "--prompt", "page"]);
    assert!(world.model.last_heard().iter().any(|heard| heard.contains(prompt.trim())), "{prompt}");
}

#[test]
fn a_worker_that_leaves_without_a_report_has_done_no_work() {
    let Some(world) = World::new() else { return };
    world.task("idle", &["true"], "");
    let _dispatcher = world.wg.dispatcher();
    let end = world.first_end("idle");
    assert_eq!((&end["outcome"], &end["detail"]), (&"no work".into(), &"exited without reporting".into()));
    let task = &world.until_task_is("idle", "open")["task"];
    assert!(task["not_before"].is_string(), "it is tried again later: {task:#}");
}

#[test]
fn what_a_provider_refuses_pauses_the_adapter_and_spends_no_attempt() {
    for (status, outcome, reason) in [
        ("401", "configuration", "scripted 401"),
        ("404", "configuration", "model"),
        ("429", "rate limited", "rate limited"),
        ("500", "outage", "scripted 500"),
    ] {
        let Some(world) = World::new() else { return };
        world.task("refused", &[], &format!("#status {status}"));
        let _dispatcher = world.wg.dispatcher();
        let end = world.first_end("refused");
        assert_eq!(end["outcome"], outcome, "{status}: {end:#}");
        let shown = world.until_task_is("refused", "open");
        assert_eq!(shown["task"]["attempts"], 1, "{status}: {shown:#}");
        let adapter = world.adapter();
        assert_eq!(adapter["paused"], true, "{status}: {adapter:#}");
        assert!(adapter["reason"].as_str().unwrap().contains(reason), "{status}: {adapter:#}");
        let waits = matches!(status, "429" | "500");
        assert_eq!(adapter["until"].is_string(), waits, "{status}: {adapter:#}");
        let why = world.wg.ok(&["why", "refused"]);
        assert!(why.contains("claude") && why.contains("paused"), "{status}: {why}");
    }
}

#[test]
fn a_limit_that_says_when_it_is_over_is_waited_for_until_then() {
    // Limits of an account, not of a key, have an end that is told.
    let Some(mut world) = World::new() else { return };
    world.wg.set("ANTHROPIC_API_KEY", "");
    world.wg.set("CLAUDE_CODE_OAUTH_TOKEN", "scripted-token");
    world.task("refused", &[], "#status 429 #resets 4000000000");
    let _dispatcher = world.wg.dispatcher();
    let end = world.first_end("refused");
    assert_eq!(end["outcome"], "rate limited", "{end:#}");
    let until = world.adapter()["until"].as_str().unwrap().to_owned();
    assert!(until.starts_with("2096-10-02T07:06:40"), "{until}");
}

#[test]
fn a_worker_that_is_killed_ends_badly_and_is_tried_again() {
    let Some(world) = World::new() else { return };
    world.model.go_on(false);
    world.task("slow", &[], "#slow");
    let _dispatcher = world.wg.dispatcher();
    world.until_called(1);
    for pid in world.programs() {
        assert!(world.wg.marks().signal(pid, Signal::KILL));
    }
    let end = world.first_end("slow");
    assert_eq!(
        (&end["outcome"], &end["detail"]),
        (&"exited badly".into(), &"exited badly (signal 9)".into())
    );
    // What it had been given until then is known.
    assert_eq!(end["session"].as_str().unwrap().len(), 36);
}

#[test]
fn a_worker_past_its_deadline_and_a_program_that_is_not_there() {
    let Some(world) = World::new() else { return };
    world.model.go_on(false);
    world.task("slow", &[], "#slow");
    world.wg.ok(&["edit", "slow", "--timeout", "3s"]);
    let dispatcher = world.wg.dispatcher();
    assert_eq!(world.first_end("slow")["outcome"], "timed out");
    drop(dispatcher);
    world.wg.ok(&["abandon", "slow"]);
    // It was there when the task was made.
    world.task("nowhere", &[], "");
    world.wg.ok(&["config", "set", "claude.program", "/nowhere/claude"]);
    let _dispatcher = world.wg.dispatcher();
    let end = world.first_end("nowhere");
    assert_eq!(end["outcome"], "configuration");
    assert!(end["detail"].as_str().unwrap().contains("claude.program"), "{end:#}");
}

#[test]
fn a_cap_ends_a_worker_in_flight_and_a_person_decides() {
    for (setting, bound, reason) in [
        ("budget.attempt_tokens", "2000", "of 2000 tokens used"),
        ("budget.attempt_cost", "0.005", "of $0.0050 used"),
    ] {
        let Some(world) = World::new() else { return };
        world.wg.ok(&["config", "set", setting, bound]);
        world.task("dear", &["true", "true", "true", "true"], "");
        let _dispatcher = world.wg.dispatcher();
        let end = world.first_end("dear");
        assert_eq!(end["outcome"], "budget", "{end:#}");
        assert!(end["detail"].as_str().unwrap().contains(reason), "{end:#}");
        let task = &world.until_task_is("dear", "waiting")["task"];
        assert_eq!(task["needs_you"], true, "{task:#}");
        assert!(world.model.calls() < 5, "{} calls", world.model.calls());
    }
}

#[test]
fn the_days_budget_ends_a_worker_whose_task_goes_on_when_it_is_raised() {
    let Some(world) = World::new() else { return };
    world.wg.ok(&["config", "set", "budget.day_tokens", "2000"]);
    world.task("dear", &["true", "true", "wg done dear -m 'on another day'"], "");
    let dispatcher = world.wg.dispatcher();
    let end = world.first_end("dear");
    assert_eq!(end["outcome"], "day budget", "{end:#}");
    assert!(end["detail"].as_str().unwrap().contains("the day's budget: "), "{end:#}");
    let task = &world.until_task_is("dear", "open")["task"];
    assert_eq!((&task["attempts"], &task["needs_you"]), (&1.into(), &false.into()), "{task:#}");
    let used = end["usage"]["input"].as_u64().unwrap();
    assert!(used >= 1_200, "{end:#}");
    let why = world.wg.ok(&["why", "dear"]);
    assert!(why.contains("the day's budget") && why.contains("of 2000 tokens used"), "{why}");
    let status = world.wg.ok(&["status"]);
    assert!(status.contains(" out today"), "{status}");
    let refused = world.wg.fails(1, &["adapter", "resume", "claude"]);
    assert!(refused.contains("budget.day_tokens"), "{refused}");
    // A chat waits likewise, with its message.
    world.sends("hello");
    let chat = world.until_state("queued");
    assert!(chat["why"].as_str().unwrap().contains("is paused"), "{chat:#}");
    // Another dispatcher knows it too.
    dispatcher.kill();
    let dispatcher = world.wg.dispatcher();
    assert!(world.wg.ok(&["why", "dear"]).contains("the day's budget"));
    world.wg.ok(&["config", "set", "budget.day_tokens", "0"]);
    world.wg.ok(&["service", "reload"]);
    let shown = world.until_task_is("dear", "done");
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2, "{shown:#}");
    world.until("the answer", |chat| chat["waiting"] == 0);
    assert_eq!(dispatcher.stop(), 0);
}

#[test]
fn the_budget_of_a_task_bounds_all_its_attempts_until_it_is_raised() {
    for (bound, little, reason, much) in [
        ("--budget-tokens", "2000", "of 2000 tokens used", "100000"),
        ("--budget-cost", "0.005", "of $0.0050 used", "5"),
    ] {
        let Some(world) = World::new() else { return };
        world.task("dear", &["true", "true", "wg done dear -m 'for more'"], "");
        world.wg.ok(&["edit", "dear", bound, little]);
        let dispatcher = world.wg.dispatcher();
        let end = world.first_end("dear");
        assert_eq!(end["outcome"], "task budget", "{end:#}");
        let detail = end["detail"].as_str().unwrap();
        assert!(detail.contains("the task's budget: ") && detail.contains(reason), "{end:#}");
        let task = &world.until_task_is("dear", "open")["task"];
        assert_eq!((&task["attempts"], &task["needs_you"]), (&1.into(), &true.into()), "{task:#}");
        assert_eq!(task["used"]["input"], end["usage"]["input"], "{task:#}");
        let why = world.wg.ok(&["why", "dear"]);
        assert!(why.contains("is used up (") && why.contains(&format!("wg edit dear {bound} ")), "{why}");
        world.wg.fails(1, &["retry", "dear"]);
        // Another dispatcher starts nothing either.
        dispatcher.kill();
        let _dispatcher = world.wg.dispatcher();
        world.wg.ok(&["add", "after", "--id", "after", "-x", "true"]);
        world.until_task_is("after", "done");
        assert_eq!(world.shown("dear")["task"]["attempts"], 1);
        world.wg.ok(&["edit", "dear", bound, much]);
        let shown = world.until_task_is("dear", "done");
        let attempts = shown["attempts"].as_array().unwrap();
        assert_eq!((attempts.len(), &attempts[1]["detail"]), (2, &"done: for more".into()), "{shown:#}");
        let sum: u64 = attempts.iter().map(|attempt| attempt["usage"]["input"].as_u64().unwrap()).sum();
        assert_eq!(shown["task"]["used"]["input"], sum, "{shown:#}");
    }
}

#[test]
fn a_worker_outlives_its_dispatcher_and_is_counted_once() {
    for kill in [false, true] {
        let Some(world) = World::new() else { return };
        world.model.go_on(false);
        world.task("slow", &["wg done slow -m 'said it'"], "#slow");
        let dispatcher = world.wg.dispatcher();
        world.until_called(2);
        let before = world.programs();
        if kill {
            dispatcher.kill();
        } else {
            assert_eq!(dispatcher.stop(), 0);
        }
        assert_eq!((world.programs(), before.len()), (before, 1));
        // One turn of it ends while nobody listens.
        let _dispatcher = world.wg.dispatcher();
        world.model.go_on(true);
        let shown = world.until_task_is("slow", "done");
        let attempts = shown["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{attempts:#?}");
        let usage = &attempts[0]["usage"];
        assert_eq!((&usage["input"], &usage["output"]), (&2_400.into(), &68.into()), "{usage:#}");
    }
}

#[test]
fn a_message_reaches_a_worker_in_its_turn() {
    let Some(world) = World::new() else { return };
    world.model.go_on(false);
    world.task("slow", &[], "#slow");
    let _dispatcher = world.wg.dispatcher();
    world.until_called(1);
    world.wg.ok(&["msg", "send", "slow", "mind the tabs"]);
    world.until_task("slow", "told", |shown| shown["messages"][0]["read_by"] == "agent-1");
    world.model.go_on(true);
    let heard = |shown: &Value| {
        let model = world.model.last_heard();
        shown["attempts"][0]["outcome"].is_string() && model.iter().any(|said| said.contains("mind the tabs"))
    };
    world.until_task("slow", "worked on with the message heard", heard);
    assert_eq!(world.shown("slow")["task"]["attempts"], 1);
}
