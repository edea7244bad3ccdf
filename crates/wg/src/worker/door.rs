//! The worker's door, both sides of it in this binary: a worker's `wg` sends its whole command line to its
//! shim, and the shim runs the very same verb as that attempt. Which verbs are open to a worker is
//! [`crate::front::args::Verb::is_open_to`]; what an attempt may touch, the domain says.

use std::ffi::OsString;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use wg_core::attempt::{Attempt, AttemptKind};
use wg_dispatch::files::AttemptFolder;
use wg_dispatch::supervise::{DOOR_VERSION, Door, DoorReply, DoorRequest, knock};

use crate::commands;
use crate::context::{Context, Input};
use crate::environment::Environment;
use crate::error::{Failure, Kind, Result};
use crate::finding::locate;
use crate::front;
use crate::front::args::{Cli, Verb};
use crate::output::{Form, Output, sink};

/// How long a worker waits for its shim: longer than the longest wait for the right to write.
const PATIENCE: Duration = Duration::from_secs(120);

/// The shim's side, for the graph at a folder.
pub struct WorkersDoor {
    graph: PathBuf,
}

impl WorkersDoor {
    /// The door to this graph.
    #[must_use]
    pub fn new(graph: PathBuf) -> Self {
        Self { graph }
    }

    fn run(&self, cli: Cli, attempt: &Attempt, input: Option<String>, form: Form) -> DoorReply {
        let Cli { everywhere, verb } = cli;
        let form = Form { json: everywhere.json, exact_times: everywhere.exact_times, ..form };
        // A chat's agent has nothing to report: what it says done of is another's task.
        let reports = attempt.kind == AttemptKind::Work
            && matches!(verb, Verb::Done(_) | Verb::Fail(_) | Verb::Wait(_));
        let open = verb.is_open_to(attempt.kind);
        let mut ctx = Context::of_worker(
            Output::to_memory(form),
            Environment::of_process(),
            attempt.clone(),
            Input::Given(input.unwrap_or_default()),
            self.graph.clone(),
        );
        let result = if open { commands::run(verb, &mut ctx) } else { Err(closed(attempt.kind)) };
        if let Err(failure) = &result
            && failure.kind == Kind::Refused
        {
            sink::note_in_log(&format!("{}: refused: {}", attempt.reference, failure.message));
        }
        let exit = front::finish(&mut ctx.out, result);
        let (stdout, stderr) = ctx.out.into_bytes();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        DoorReply { stdout: text(stdout), stderr: text(stderr), exit, reported: reports && exit == 0 }
    }
}

impl Door for WorkersDoor {
    fn serve(&self, attempt: &Attempt, request: DoorRequest) -> DoorReply {
        let width = request.width.map(usize::from).filter(|columns| *columns > 0);
        let form = Form { json: false, color: request.color, width, height: None, exact_times: false };
        let words = std::iter::once("wg".to_owned()).chain(request.args);
        match Cli::try_parse_from(words) {
            Ok(cli) => self.run(cli, attempt, request.stdin, form),
            // A worker's `wg` has parsed it before: this comes of another version, or of something else.
            Err(error) => DoorReply { stderr: error.render().to_string(), exit: 2, ..DoorReply::default() },
        }
    }
}

fn closed(kind: AttemptKind) -> Failure {
    if kind == AttemptKind::Handler {
        return Failure::refused("that is not for a chat's agent: the owner of the graph does it").hint(
            "it may look at tasks and chats, change tasks, make chats, write to other ones, stop and archive them",
        );
    }
    Failure::refused("that is not for workers: the owner of the graph does it").hint(
        "a worker may look at tasks, add them, log, name artifacts, send messages, and report by wg done, wg fail or wg wait",
    )
}

/// The worker's side: refuses what names another graph than the one whose door is at `socket`. What goes through
/// the door is done there, whatever graph was meant.
pub fn refuse_other_graph(socket: &Path, env: &Environment, named: Option<&Path>) -> Result<()> {
    let Some(named) = named else { return Ok(()) };
    let own = socket.parent().map(|attempt| AttemptFolder::new(attempt).graph());
    let own = own.and_then(|graph| std::fs::canonicalize(graph.path()).ok());
    let meant = locate::find(env, Some(named)).ok().and_then(|graph| std::fs::canonicalize(graph).ok());
    if own.is_some() && own == meant {
        return Ok(());
    }
    Err(Failure::refused(format!("a worker can't ask for the graph at {}", named.display()))
        .because("WG_SOCKET is set: what is asked goes through the door of its attempt, to its own graph")
        .hint("leave out --dir, and unset WG_DIR, to ask for its own graph")
        .hint("a program that works on a graph of its own, such as a test, is started without WG_SOCKET and WG_ATTEMPT"))
}

/// The worker's side: sends a command line through the door at `socket`, and prints the answer.
pub fn forward(socket: &Path, arguments: &[OsString], verb: &Verb, out: &mut Output) -> Result<u8> {
    let request = DoorRequest {
        version: DOOR_VERSION,
        args: words(arguments)?,
        stdin: input(arguments, verb)?,
        width: out.form.width.and_then(|columns| u16::try_from(columns).ok()),
        color: out.form.color,
    };
    let reply = knock(socket, &request, PATIENCE).map_err(|error| {
        Failure::new(Kind::Later, "this attempt's shim does not answer")
            .because(error)
            .hint("an attempt that is over has no door any more")
    })?;
    out.write_all(reply.stdout.as_bytes())?;
    out.finish()?;
    out.err().write_all(reply.stderr.as_bytes())?;
    Ok(reply.exit)
}

fn words(arguments: &[OsString]) -> Result<Vec<String>> {
    let word = |word: &OsString| {
        let text = word.to_str().map(str::to_owned);
        text.ok_or_else(|| Failure::usage(format!("{} is no UTF-8", word.display())))
    };
    arguments.iter().skip(1).map(word).collect()
}

/// What stands on standard input, where the verb reads it.
fn input(arguments: &[OsString], verb: &Verb) -> Result<Option<String>> {
    if !verb.may_read_input() || !arguments.iter().any(|word| word == "-") {
        return Ok(None);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::refused("can't read standard input").because(error))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use wg_core::chat::ChatRun;
    use wg_core::command::{ChatCommand, Command, NewChat, NewTask, Start, StartHandler};
    use wg_core::id::{Actor, ChatNumber, TaskId};
    use wg_core::submit::submit;

    use super::*;
    use crate::wire;

    /// A graph with the tasks `own` and `other`, and an attempt of `own`.
    fn at_work() -> (tempfile::TempDir, WorkersDoor, Attempt) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = wire::create(folder.path()).unwrap();
        let mut send = |actor: &Actor, command| submit(store.as_mut(), actor, command, wire::now()).unwrap();
        let ann = Actor::User("ann".into());
        for title in ["Own", "Other"] {
            let mut new = NewTask { title: title.into(), ..NewTask::default() };
            new.run.exec = Some("true".into());
            send(&ann, Command::Add(Box::new(new)));
        }
        let task = TaskId::slug("Own");
        send(&ann, Command::PostMessage { task: task.clone(), body: "read me".into() });
        let start = Start { task, adapter: "shell".into(), model: None, host: "box".into(), nonce: 7 };
        let receipt = send(&Actor::Dispatcher("box".into()), Command::StartAttempt(start));
        let mut attempt = None;
        store
            .read(&mut |read| {
                attempt = read.attempt(receipt.attempts[0])?;
                Ok(())
            })
            .unwrap();
        let door = WorkersDoor::new(folder.path().to_owned());
        (folder, door, attempt.unwrap().0)
    }

    fn ask(door: &WorkersDoor, attempt: &Attempt, words: &[&str]) -> DoorReply {
        let args = words.iter().map(|word| (*word).to_owned()).collect();
        let stdin = Some("from\ninput\n".to_owned());
        door.serve(attempt, DoorRequest { version: DOOR_VERSION, args, stdin, width: Some(80), color: false })
    }

    #[test]
    fn a_worker_works_on_its_own_task() {
        let (_folder, door, attempt) = at_work();
        assert_eq!(ask(&door, &attempt, &["log", "own", "-"]).stdout, "own logged\n");
        let listed = ask(&door, &attempt, &["msg", "list", "own"]);
        assert!(listed.stdout.contains("read me"), "{listed:?}");
        assert!(ask(&door, &attempt, &["show", "own"]).stdout.contains("read by agent-1"));
        let done = ask(&door, &attempt, &["done", "-m", "it works"]);
        assert_eq!((done.stdout.as_str(), done.exit, done.reported), ("own reported done\n", 0, true));
        let log = ask(&door, &attempt, &["log", "own", "--json"]).stdout;
        assert!(log.contains("from\\ninput") && log.contains("reports done: it works"), "{log}");
    }

    #[test]
    fn what_it_finds_is_known_to_come_from_it() {
        let (_folder, door, attempt) = at_work();
        assert_eq!(ask(&door, &attempt, &["add", "Found"]).stdout, "found\n");
        let shown = ask(&door, &attempt, &["show", "found", "--json"]).stdout;
        assert!(shown.contains("\"discovered_from\":\"own\""), "{shown}");
    }

    /// A graph as [`at_work`], and a handler of the chat `chat-1` in it.
    fn at_talk() -> (tempfile::TempDir, WorkersDoor, Attempt) {
        let (folder, door, _) = at_work();
        let mut store = wire::open(folder.path(), crate::context::Access::Write).unwrap();
        let mut send = |actor: Actor, command| {
            let receipt = submit(store.as_mut(), &actor, Command::Chat(command), wire::now()).unwrap();
            receipt.attempts.first().copied()
        };
        for _ in 0..2 {
            let run = ChatRun { adapter: "command".into(), exec: Some("serve".into()), model: None };
            send(Actor::User("ann".into()), ChatCommand::Create(NewChat { name: None, run }));
        }
        let start = StartHandler { chat: ChatNumber(1), host: "box".into(), nonce: 8, configuration: 1 };
        let handler = send(Actor::Dispatcher("box".into()), ChatCommand::Start(start)).unwrap();
        let mut attempt = None;
        store
            .read(&mut |read| {
                attempt = read.attempt(handler)?;
                Ok(())
            })
            .unwrap();
        (folder, door, attempt.unwrap().0)
    }

    #[test]
    fn a_chats_agent_changes_the_graph_and_reports_nothing() {
        let (_folder, door, handler) = at_talk();
        for words in [
            &["add", "Found", "--after", "other"][..],
            &["edit", "found", "--title", "More"],
            &["dep", "rm", "found", "other"],
            &["pause", "found"],
            &["resume", "found"],
            &["done", "found", "-m", "it works"],
            &["reopen", "found"],
            &["abandon", "found"],
            &["undo"],
            &["chat", "create", "Sub", "--command", "serve"],
            &["chat", "send", "2", "-"],
            &["chat", "list"],
            &["chat", "history", "2"],
            &["chat", "stop", "2"],
            &["service", "archive-chat", "3"],
            &["service", "purge-chats", "--no-wait"],
        ] {
            let reply = ask(&door, &handler, words);
            assert_eq!((reply.exit, reply.reported), (0, false), "{words:?}: {reply:?}");
        }
        let chats = ask(&door, &handler, &["chat", "list", "--all"]).stdout;
        assert_eq!(chats.matches("archived").count(), 2, "its own chat is spared: {chats}");
    }

    #[test]
    fn a_chats_agent_neither_runs_the_graph_nor_lets_run_what_a_person_stopped() {
        let (_folder, door, handler) = at_talk();
        for words in [
            &["chat", "resume", "2"][..],
            &["chat", "restore", "2"],
            &["chat", "attach", "2"],
            &["chat", "send", "2", "hi", "--wait"],
            &["chat", "send", "1", "to itself"],
            &["add", "Run", "-x", "true", "--id", ".chat-9"],
            &["service", "stop"],
            &["service", "pause"],
            &["migrate", "chat-rename"],
            &["config", "list"],
            &["claim", "own"],
        ] {
            let reply = ask(&door, &handler, words);
            assert_eq!((reply.exit, reply.reported), (1, false), "{words:?}: {reply:?}");
        }
        assert_eq!(
            ask(&door, &handler, &["done"]).exit,
            2,
            "its own task is its chat: it has to name another"
        );
    }

    #[test]
    fn the_rest_of_the_graph_is_not_its_own() {
        let (_folder, door, attempt) = at_work();
        for words in [
            &["done", "other"][..],
            &["log", "other", "x"],
            &["edit", "own", "--title", "x"],
            &["abandon", "other"],
            &["pause", "own"],
            &["dep", "add", "own", "other"],
            &["init"],
            &["config", "list"],
        ] {
            let reply = ask(&door, &attempt, words);
            assert_eq!((reply.exit, reply.reported), (1, false), "{words:?}: {reply:?}");
            assert!(reply.stderr.starts_with("error: "), "{reply:?}");
        }
        assert_eq!(ask(&door, &attempt, &["nonsense"]).exit, 2);
        assert_eq!(ask(&door, &attempt, &["show", "nothing"]).exit, 3);
        assert!(ask(&door, &attempt, &["list", "--json"]).stdout.starts_with("{\"version\":1,"));
    }
}
