//! Tasks that the real program works on.

use serde_json::Value;
use testkit::wait_until;

use crate::World;

impl World {
    /// A task for the program, whose commands it is told to run one after the other.
    fn task(&self, id: &str, commands: &[&str], more: &str) {
        let tools: String = commands.iter().map(|command| format!("#tool {command}\n")).collect();
        let description = format!("{tools}{more}");
        self.wg.ok(&["add", id, "--id", id, "--model", "claude:opus", "--description", &description]);
    }

    fn shown(&self, task: &str) -> Value {
        self.wg.json(&["show", task])["task"].clone()
    }

    #[track_caller]
    fn until_task(&self, task: &str, state: &str) -> Value {
        wait_until(&format!("{task} to be {state}"), || {
            let shown = self.shown(task);
            if shown["state"] == state { Ok(shown) } else { Err(shown) }
        })
    }
}

#[test]
fn a_task_is_worked_on_logged_reported_and_counted() {
    let Some(world) = World::new() else { return };
    world.task("build", &["wg log build 'half of it'", "wg done build -m 'all of it'"], "");
    let _dispatcher = world.wg.dispatcher();
    let task = world.until_task("build", "done");
    println!("{task:#}");
    println!("{}", world.wg.ok(&["show", "build"]));
    println!("{:#}", world.wg.json(&["attempt", "list", "build"]));
}
