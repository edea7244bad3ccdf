//! Tasks that the real programs work on: told, counted, reported, refused, and taken over.

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
    }
}

#[test]
fn what_a_provider_refuses_for_good_spends_no_attempt() {
    for (agent, reason) in [(Agent::Opencode, "scripted 401"), (Agent::Gemini, "scripted 401")] {
        let Some(world) = World::new(agent) else { return };
        world.task("refused", &[], "#status 401");
        let _dispatcher = world.wg.dispatcher();
        let end = world.first_end("refused");
        assert_eq!(end["outcome"], "configuration", "{end:#}");
        assert!(end["detail"].as_str().unwrap().contains(reason), "{end:#}");
        let shown = world.until_task("refused", "open", |shown| shown["task"]["state"] == "open");
        assert_eq!(shown["task"]["attempts"], 1, "{shown:#}");
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
