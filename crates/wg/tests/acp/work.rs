//! Tasks that the real programs work on: told, counted, reported, refused, and taken over.

use rustix::process::Signal;
use serde_json::Value;
use testkit::wait_within;

use crate::{Agent, LONG, World};

impl World {
    /// A task for the program, whose commands it is told to run one after the other.
    fn task(&self, id: &str, commands: &[&str], more: &str) {
        let tools: String = commands.iter().map(|command| format!("#tool {command}\n")).collect();
        let description = format!("{tools}{more}");
        let model = format!("{}:{}", self.agent.name(), self.agent.model());
        self.wg.ok(&["add", id, "--id", id, "--model", &model, "--description", &description]);
    }

    #[track_caller]
    fn until_task(&self, task: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        wait_within(LONG, &format!("{task} to be {what}"), || {
            let shown = self.wg.json(&["show", task]);
            if wanted(&shown) { Ok(shown) } else { Err(shown) }
        })
    }

    #[track_caller]
    fn until_done(&self, task: &str) -> Value {
        self.until_task(task, "done", |shown| shown["task"]["state"] == "done")
    }

    /// The task's first attempt, once it is over.
    #[track_caller]
    fn first_end(&self, task: &str) -> Value {
        let over = |shown: &Value| shown["attempts"][0]["outcome"].is_string();
        self.until_task(task, "tried", over)["attempts"][0].clone()
    }
}

#[test]
fn a_task_is_told_worked_on_reported_and_counted() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        world.task("build", &["wg log build 'half of it'", "wg done build -m 'all of it'"], "");
        let _dispatcher = world.wg.dispatcher();
        let shown = world.until_done("build");
        let attempt = &shown["attempts"][0];
        assert_eq!(attempt["detail"], "done: all of it");
        assert_eq!(attempt["adapter"], agent.name());
        // Three calls of the model, of which each is counted as the scripted one says.
        let usage = &attempt["usage"];
        let (input, cost) = match agent {
            Agent::Opencode => (3_600, Some(3 * 1_278)),
            Agent::Gemini => (3_900, None),
        };
        assert_eq!((&usage["input"], &usage["output"]), (&input.into(), &102.into()), "{usage:#}");
        assert_eq!(usage["cost_micros"].as_u64(), cost, "{usage:#}");
        assert!(attempt["words"].as_str().unwrap().starts_with("answer to:"), "{attempt:#}");
        let prompt = std::fs::read_to_string(world.wg.graph().join("attempts/agent-1/prompt.md")).unwrap();
        assert!(world.model.last_heard().iter().any(|heard| heard.contains(prompt.trim())), "{prompt}");
        assert_eq!(world.programs(), [] as [u32; 0]);
        // It was kept in what this machine has for it.
        let checked = world.wg.json(&["adapter", "check"])["adapters"].clone();
        let ours = checked.as_array().unwrap().iter().find(|one| one["name"] == agent.name()).unwrap();
        let checked = &ours["sandbox"];
        let kept = world.wg.json(&["attempt", "show", "build"])["sandbox"].clone();
        assert_eq!(kept.as_str().unwrap_or("none"), checked["is"], "{checked}");
        assert!(std::env::var_os("WG_SANDBOX").is_none() || kept.is_string(), "{checked}");
    }
}

/// What a refusal of the provider does to the attempt, the task and the adapter.
#[track_caller]
fn refused(agent: Agent, status: &str, outcome: &str, reason: &str) {
    let Some(world) = World::new(agent) else { return };
    world.task("refused", &[], &format!("#status {status}"));
    let _dispatcher = world.wg.dispatcher();
    let end = world.first_end("refused");
    assert_eq!(end["outcome"], outcome, "{end:#}");
    assert!(end["detail"].as_str().unwrap().contains(reason), "{end:#}");
    let shown = world.until_task("refused", "open", |shown| shown["task"]["state"] == "open");
    assert_eq!(shown["task"]["attempts"], 1, "{shown:#}");
    let listed = world.wg.json(&["adapter", "list"]);
    let adapters = listed["adapters"].as_array().unwrap();
    let adapter = adapters.iter().find(|adapter| adapter["name"] == agent.name()).unwrap();
    assert_eq!(
        (&adapter["paused"], adapter["until"].is_string()),
        (&true.into(), outcome != "configuration")
    );
    let why = world.wg.ok(&["why", "refused"]);
    assert!(why.contains(agent.name()) && why.contains("paused"), "{why}");
    assert_eq!(world.programs(), [] as [u32; 0]);
}

#[test]
fn a_login_that_is_refused_pauses_the_adapter_until_a_person_helps() {
    refused(Agent::Opencode, "401", "configuration", "scripted 401");
    refused(Agent::Gemini, "401", "configuration", "scripted 401");
}

#[test]
fn a_model_that_the_provider_does_not_have_is_a_matter_of_configuration() {
    refused(Agent::Opencode, "404", "configuration", "scripted 404");
    refused(Agent::Gemini, "404", "configuration", "scripted 404");
}

#[test]
fn a_rate_limit_of_opencode_pauses_it_for_a_while() {
    refused(Agent::Opencode, "429", "rate limited", "rate limited");
}

#[test]
fn an_outage_of_opencodes_provider_pauses_it_for_a_while() {
    refused(Agent::Opencode, "500", "outage", "scripted 500");
}

#[test]
fn rate_limits_and_outages_of_gemini_pause_it_for_a_while() {
    refused(Agent::Gemini, "429", "rate limited", "rate limited");
    refused(Agent::Gemini, "503", "outage", "scripted 503");
}

#[test]
fn a_worker_that_leaves_without_a_report_has_done_no_work() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        world.task("idle", &["wg list"], "");
        let _dispatcher = world.wg.dispatcher();
        let end = world.first_end("idle");
        assert_eq!(
            (&end["outcome"], &end["detail"]),
            (&"no work".into(), &"exited without reporting".into())
        );
        assert!(end["usage"]["output"].as_u64().unwrap() > 0, "it is counted: {end:#}");
        let task = &world.until_task("idle", "open", |shown| shown["task"]["state"] == "open")["task"];
        assert!(task["not_before"].is_string(), "it is tried again later: {task:#}");
    }
}

#[test]
fn a_worker_that_is_killed_ends_badly_and_one_past_its_deadline_is_ended() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        world.model.go_on(false);
        world.task("slow", &[], "#slow");
        let dispatcher = world.wg.dispatcher();
        world.until_called(1);
        for pid in world.programs() {
            world.wg.marks().signal(pid, Signal::KILL);
        }
        let end = world.first_end("slow");
        assert_eq!(
            (&end["outcome"], &end["detail"]),
            (&"exited badly".into(), &"exited badly (signal 9)".into())
        );
        world.wg.ok(&["abandon", "slow"]);
        drop(dispatcher);

        world.task("late", &[], "#slow");
        world.wg.ok(&["edit", "late", "--timeout", "3s"]);
        let _dispatcher = world.wg.dispatcher();
        assert_eq!(world.first_end("late")["outcome"], "timed out");
        assert_eq!(world.programs(), [] as [u32; 0]);
    }
}

#[test]
fn a_program_that_is_gone_is_a_matter_of_configuration() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        world.task("nowhere", &[], "");
        let setting = format!("{}.program", agent.name());
        world.wg.ok(&["config", "set", &setting, "/nowhere/program"]);
        let _dispatcher = world.wg.dispatcher();
        let end = world.first_end("nowhere");
        assert_eq!(end["outcome"], "configuration");
        assert!(end["detail"].as_str().unwrap().contains(&setting), "{end:#}");
    }
}

#[test]
fn a_worker_outlives_its_dispatcher_and_is_counted_once() {
    for agent in [Agent::Opencode, Agent::Gemini] {
        let Some(world) = World::new(agent) else { return };
        world.task("slow", &["wg done slow -m 'said it'"], "#slow");
        let dispatcher = world.wg.dispatcher();
        world.until_called(2);
        let before = world.programs();
        dispatcher.kill();
        assert_eq!(world.programs(), before);
        let _dispatcher = world.wg.dispatcher();
        world.model.go_on(true);
        let shown = world.until_done("slow");
        let attempts = shown["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), 1, "{attempts:#?}");
        assert_eq!(attempts[0]["usage"]["output"], 68, "{attempts:#?}");
    }
}
