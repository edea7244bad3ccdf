//! The test that is the shim.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use wg_core::attempt::{Attempt, AttemptState};
use wg_core::id::TaskId;
use wg_core::port::Clock;
use wg_core::time::Timestamp;
use wg_dispatch::files::{AttemptFolder, Run};
use wg_dispatch::supervise::sandbox::{CONFINE_VERB, confine};
use wg_dispatch::supervise::{
    Admission, AttemptLock, Door, DoorReply, DoorRequest, SHIM_VERB, ShimPorts, shim_main,
};

use crate::world::wait_until;

/// In a run of the tests there is no such argument, and nothing to do.
#[test]
fn __shim() {
    let Some(folder) = env::args().skip_while(|arg| arg != SHIM_VERB).nth(1) else { return };
    let folder = AttemptFolder::new(folder);
    let checked = folder.clone();
    let ports = ShimPorts {
        admit: Box::new(move |run| admit(&checked, run)),
        door: Arc::new(TestDoor(folder.path().to_owned())),
        clock: Arc::new(SystemClock),
    };
    shim_main(folder.path(), ports).unwrap();
}

/// The test that gives up its rights and becomes an agent.
#[test]
fn __confine() {
    let mut args = env::args().skip_while(|arg| arg != CONFINE_VERB).skip(1);
    let (Some(folder), Some(program)) = (args.next(), args.next()) else { return };
    panic!("{}", confine(folder.as_ref(), program.as_ref()));
}

/// Notes what is there at the time of the check, waits while a file says so, and refuses where one does.
fn admit(folder: &AttemptFolder, run: Run) -> Admission {
    let locked = AttemptLock::try_take(&folder.lock()).unwrap().is_none();
    let seen = format!("locked: {locked}, started: {}", folder.started().exists());
    fs::write(folder.path().join("checked"), seen).unwrap();
    let hold = folder.path().join("hold");
    wait_until("being let go on", || if hold.exists() { Err("held") } else { Ok(()) });
    if let Ok(why) = fs::read_to_string(folder.path().join("refuse")) {
        return Admission::Refused(why);
    }
    Admission::Admitted(Box::new(Attempt {
        reference: run.attempt,
        task: TaskId::slug("port the parser"),
        kind: wg_core::attempt::AttemptKind::Work,
        number: 1,
        fence: run.fence,
        nonce: run.nonce,
        adapter: "shell".into(),
        model: None,
        host: "box".into(),
        state: AttemptState::Starting,
        created_at: Timestamp::default(),
        shim: None,
        report: None,
        stop: None,
        timeout: None,
        progress: wg_core::attempt::Progress::default(),
    }))
}

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap())
    }
}

/// Verbs: `say WORDS`, `who`, `report`, `wait-for FILE`, `big BYTES`, `stumble`.
struct TestDoor(PathBuf);

impl Door for TestDoor {
    fn serve(&self, attempt: &Attempt, request: DoorRequest) -> DoorReply {
        let (verb, args) = request.args.split_first().expect("a verb");
        let mut reply = DoorReply::default();
        match verb.as_str() {
            "say" => reply.stdout = args.join(" "),
            "who" => reply.stdout = attempt.mark(),
            "report" => reply.reported = true,
            "wait-for" => {
                fs::write(self.0.join("served"), "").unwrap();
                let file = self.0.join(&args[0]);
                wait_until("a file", || if file.exists() { Ok(()) } else { Err("nothing") });
                reply.reported = true;
            }
            "big" => reply.stdout = "x".repeat(args[0].parse().unwrap()),
            "stumble" => panic!("on purpose"),
            _ => return DoorReply::error(2, "no such verb"),
        }
        reply
    }
}
