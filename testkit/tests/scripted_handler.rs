//! The scripted handler of a chat, and those of `docs/chat-protocol.md`, are spoken with as the dispatcher does it:
//! through the conversation of adapter `command`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Environment, wait_until};
use wg_agents::{ChatFacts, Conversation, Delivery, Heard, Registry};
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::{Actor, AttemptRef, ChatNumber};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

/// A handler's process, and the conversation with it.
struct Handler {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    conversation: Box<dyn Conversation>,
    heard: Vec<Heard>,
}

fn environment() -> Environment {
    Environment::new("/bin/true")
}

impl Handler {
    fn greeted(environment: &Environment, script: &[&str]) -> Self {
        let mut command = environment.command(env!("CARGO_BIN_EXE_fake-agent"));
        command.args(script);
        Self::start(command, None)
    }

    fn start(mut command: Command, session: Option<&str>) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let chat = ChatFacts {
            number: ChatNumber(3),
            name: "chat".into(),
            session: session.map(str::to_owned),
            handler: AttemptRef(7),
            exec: None,
            model: None,
        };
        let registry = Registry::default();
        let conversation = registry.get("command").unwrap().conversation(&chat).unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut handler = Self { child, to, from, conversation, heard: Vec::new() };
        let greeting = handler.conversation.greet(false);
        handler.tell(&greeting);
        handler
    }

    /// A handler that has already left can't be told anything, which is no error of the test.
    fn tell(&mut self, bytes: &[u8]) {
        let _ = self.to.as_mut().unwrap().write_all(bytes);
    }

    fn deliver(&mut self, message: u64, text: &str, again: bool) {
        let from = Actor::User("ann".into());
        let delivery = Delivery { message, from: &from, at: Timestamp::from_nanos(1), text, again };
        let bytes = self.conversation.deliver(&delivery);
        self.tell(&bytes);
    }

    fn interrupt(&mut self) {
        let bytes = self.conversation.interrupt();
        self.tell(&bytes);
    }

    fn shut_down(&mut self) {
        self.tell(Registry::default().get("command").unwrap().farewell().as_bytes());
    }

    /// The next thing that a line of it means; nothing at the end of its output.
    fn next(&mut self) -> Option<Heard> {
        while self.heard.is_empty() {
            let mut line = Vec::new();
            if self.from.read_until(b'\n', &mut line).unwrap() == 0 {
                return None;
            }
            assert_eq!(line.pop(), Some(b'\n'));
            self.heard = self.conversation.line(&line);
        }
        Some(self.heard.remove(0))
    }

    fn kept(&mut self) -> Said {
        match self.next() {
            Some(Heard::Kept(said)) => said,
            other => panic!("{other:?}"),
        }
    }

    fn is_ready(&mut self) {
        assert_eq!(self.kept(), Said::Ready);
    }

    /// What it says in a turn.
    fn ask(&mut self, message: u64, text: &str) -> Said {
        self.deliver(message, text, false);
        self.kept()
    }

    /// The rest of what it says until it has left, and how it left: a status, or a signal below zero.
    fn rest(mut self) -> (Vec<Heard>, i32) {
        let mut rest = Vec::new();
        while let Some(heard) = self.next() {
            rest.push(heard);
        }
        let status = self.child.wait().unwrap();
        (rest, status.code().unwrap_or_else(|| -status.signal().unwrap()))
    }
}

fn answer(message: u64, text: &str) -> Said {
    Said::Answer { message: Some(message), text: text.into(), usage: Usage::default() }
}

fn failed(error: TurnError, text: &str) -> Said {
    Said::Failed { error, text: text.into(), usage: Usage::default() }
}

#[test]
fn it_answers_every_message_until_it_is_told_to_leave() {
    let environment = environment();
    let script = ["chat deliveries given", "chat serve", "exit 4"];
    let mut handler = Handler::greeted(&environment, &script);
    handler.is_ready();
    assert_eq!(handler.ask(12, "one\ntwo"), answer(12, "echo: one\ntwo"));
    // An interrupt between turns is nothing.
    handler.interrupt();
    handler.deliver(13, "three", true);
    assert_eq!(handler.kept(), answer(13, "echo: three"));
    let pid = handler.child.id();
    handler.shut_down();
    assert_eq!(handler.rest(), (Vec::new(), 4));
    let given = fs::read_to_string(environment.path("given")).unwrap();
    assert_eq!(given, format!("{pid} 12 first\n{pid} 13 again\n"));

    let mut handler = Handler::greeted(&environment, &["chat serve"]);
    handler.is_ready();
    handler.to = None;
    assert_eq!(handler.rest(), (Vec::new(), 0), "the end of its input is as good");
}

#[test]
fn it_is_ready_when_its_script_says_so() {
    let environment = environment();
    let mut handler = Handler::greeted(&environment, &["chat ready-after go", "chat serve"]);
    handler.deliver(1, "early", false);
    fs::write(environment.path("go"), "").unwrap();
    handler.is_ready();
    assert_eq!(handler.kept(), answer(1, "echo: early"));
    drop(handler);

    let mut handler =
        Handler::greeted(&environment, &["chat never-ready", "chat hello greeting", "chat serve"]);
    wait_until("its greeting", || fs::read_to_string(environment.path("greeting")).map(drop));
    handler.shut_down();
    assert_eq!(handler.rest(), (Vec::new(), 0));
    let greeting = fs::read_to_string(environment.path("greeting")).unwrap();
    assert!(greeting.starts_with(r#"{"type":"hello","version":1,"chat":"chat-3""#), "{greeting}");

    let handler = Handler::greeted(&environment, &["chat at 0 exit 75", "chat serve"]);
    assert_eq!(handler.rest(), (Vec::new(), 75));
    let mut handler = Handler::greeted(&environment, &["chat at 0 unfit auth no key", "chat serve"]);
    assert_eq!(handler.kept(), Said::Unfit { reason: GiveUp::Auth, text: "no key".into() });
}

#[test]
fn a_session_is_named_and_goes_on() {
    let environment = environment();
    for (given, expected) in [(None, "own"), (Some("earlier"), "earlier")] {
        let mut command = environment.command(env!("CARGO_BIN_EXE_fake-agent"));
        command.args(["chat session own", "chat serve"]);
        let mut handler = Handler::start(command, given);
        assert_eq!(handler.kept(), Said::Session { id: expected.into() });
        handler.is_ready();
    }
}

#[test]
fn a_turn_has_pieces_tools_and_usage() {
    let environment = environment();
    let script =
        ["chat deltas 2", "chat tools 1", "chat usage 5 7 0.25", "chat at 2 answer done", "chat serve"];
    let mut handler = Handler::greeted(&environment, &script);
    handler.is_ready();
    for (message, text) in [(1, "echo: a"), (2, "done")] {
        handler.deliver(message, "a", false);
        assert_eq!(handler.next(), Some(Heard::Delta("piece 1 ".into())));
        assert_eq!(handler.next(), Some(Heard::Delta("piece 2 ".into())));
        assert_eq!(handler.kept(), Said::Tool { name: "shell".into(), detail: "call 1".into() });
        let model = Some("fake".to_owned());
        let usage = Usage { input: 5, output: 7, cost_micros: Some(250_000), model, ..Usage::default() };
        assert_eq!(handler.kept(), Said::Answer { message: Some(message), text: text.into(), usage });
    }
}

#[test]
fn it_dies_and_leaves_at_the_message_that_is_scripted() {
    let environment = environment();
    let cases: [(&[&str], &[Heard], i32); 4] = [
        (&["chat at 2 exit 3"], &[], 3),
        (&["chat at 2 crash KILL"], &[], -9),
        (&["chat at 2 leave"], &[], 0),
        (&["chat at 2 answer", "chat at 2 exit 0"], &[Heard::Kept(answer(2, "echo: b"))], 0),
    ];
    for (rules, said, status) in cases {
        let script = [rules, &["chat serve"]].concat();
        let mut handler = Handler::greeted(&environment, &script);
        handler.is_ready();
        assert_eq!(handler.ask(1, "a"), answer(1, "echo: a"));
        handler.deliver(2, "b", false);
        assert_eq!(handler.rest(), (said.to_vec(), status), "{rules:?}");
    }
    let mut handler = Handler::greeted(&environment, &["chat exit 1", "chat serve"]);
    handler.is_ready();
    handler.deliver(1, "a", false);
    assert_eq!(handler.rest(), (Vec::new(), 1), "at every message");
}

#[test]
fn errors_are_counted_over_processes() {
    let environment = environment();
    let mut told = Vec::new();
    for message in 1..=3 {
        let script = ["chat first 2 fails error outage away", "chat serve"];
        let mut handler = Handler::greeted(&environment, &script);
        handler.is_ready();
        told.push(handler.ask(message, "a"));
    }
    let away = failed(TurnError::Outage, "away");
    assert_eq!(told, [away.clone(), away, answer(3, "echo: a")]);

    for (class, expected) in [
        ("rate-limited", failed(TurnError::RateLimited { until: None }, "as scripted")),
        ("outage", failed(TurnError::Outage, "as scripted")),
        ("interrupted", failed(TurnError::Interrupted, "as scripted")),
        ("other", failed(TurnError::Other, "as scripted")),
        ("auth", Said::Unfit { reason: GiveUp::Auth, text: "as scripted".into() }),
        ("model", Said::Unfit { reason: GiveUp::Model, text: "as scripted".into() }),
    ] {
        let mut handler = Handler::greeted(&environment, &[&format!("chat error {class}"), "chat serve"]);
        handler.is_ready();
        assert_eq!(handler.ask(1, "a"), expected);
    }
    let mut handler = Handler::greeted(&environment, &["chat limited 90s", "chat serve"]);
    handler.is_ready();
    let Said::Failed { error: TurnError::RateLimited { until: Some(until) }, .. } = handler.ask(1, "a")
    else {
        panic!("a rate limit with its end")
    };
    assert!(until > "2026-01-01T00:00:00Z".parse().unwrap(), "{until}");
}

#[test]
fn a_held_turn_ends_by_its_file_an_interrupt_or_a_farewell() {
    let environment = environment();
    let held = |more: &[&str]| {
        let script = [more, &["chat deltas 1", "chat hold go", "chat serve"]].concat();
        let mut handler = Handler::greeted(&environment, &script);
        handler.is_ready();
        handler.deliver(1, "a", false);
        assert!(matches!(handler.next(), Some(Heard::Delta(_))));
        handler
    };
    let mut handler = held(&[]);
    handler.interrupt();
    assert_eq!(handler.kept(), failed(TurnError::Interrupted, "as you wish"));
    handler.deliver(2, "b", false);
    assert!(matches!(handler.next(), Some(Heard::Delta(_))), "the conversation goes on");
    handler.shut_down();
    assert_eq!(handler.rest(), (Vec::new(), 0));

    let mut handler = held(&["chat finish"]);
    handler.shut_down();
    assert_eq!(handler.rest(), (vec![Heard::Kept(answer(1, "echo: a"))], 0), "its last words");

    let mut deaf = held(&["chat deaf", "chat finish"]);
    deaf.interrupt();
    deaf.shut_down();
    assert_eq!(deaf.rest(), (vec![Heard::Kept(answer(1, "echo: a"))], 0), "the interrupt changed nothing");

    let mut stubborn = held(&["ignore-term", "chat stubborn"]);
    stubborn.shut_down();
    stubborn.interrupt();
    assert_eq!(stubborn.kept(), failed(TurnError::Interrupted, "as you wish"), "it did not leave");
    stubborn.deliver(2, "b", false);
    assert!(matches!(stubborn.next(), Some(Heard::Delta(_))));
    stubborn.to = None;
    kill_process(Pid::from_child(&stubborn.child), Signal::TERM).unwrap();
    fs::write(environment.path("go"), "").unwrap();
    assert_eq!(stubborn.kept(), answer(2, "echo: b"), "it is still there");
    kill_process(Pid::from_child(&stubborn.child), Signal::KILL).unwrap();
    assert_eq!(stubborn.rest(), (Vec::new(), -9));
}

#[test]
fn it_says_too_much_and_nonsense() {
    let environment = environment();
    let script = [
        "chat garbage 4",
        "chat answer-to 999",
        "chat answer-to none bare",
        "chat answer",
        "chat answer again",
        "chat serve",
    ];
    let mut handler = Handler::greeted(&environment, &script);
    handler.is_ready();
    handler.deliver(1, "a", false);
    for _ in 0..4 {
        assert!(matches!(handler.next(), Some(Heard::Garbage(_))));
    }
    let bare = Said::Answer { message: None, text: "bare".into(), usage: Usage::default() };
    for said in [answer(999, "for another"), bare, answer(1, "echo: a"), answer(1, "again")] {
        assert_eq!(handler.kept(), said);
    }
    drop(handler);

    let script = ["chat deltas-of 64k", "chat answer-of 5m", "chat serve"];
    let mut handler = Handler::greeted(&environment, &script);
    handler.is_ready();
    handler.deliver(1, "a", false);
    let mut pieces = 0;
    let said = loop {
        match handler.next() {
            Some(Heard::Delta(text)) => pieces += text.len(),
            Some(Heard::Kept(said)) => break said,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(pieces, 64 << 10);
    assert!(matches!(said, Said::Answer { text, .. } if text.len() == 5 << 20));
}

#[test]
fn it_runs_commands_and_starts_children_in_a_turn() {
    let environment = environment();
    let script = [
        "setsid hang",
        "chat at 1 fork hang",
        "chat at 2 silent",
        "chat at 2 say {\"type\":\"session\",\"id\":\"raw\"}",
        "chat at 3 answer-by printf '%s!\\n' \"$TEXT\"",
        "chat serve",
    ];
    let mut handler = Handler::greeted(&environment, &script);
    handler.is_ready();
    assert_eq!(handler.ask(1, "a"), answer(1, "echo: a"));
    wait_until("two children", || match environment.marks().scan().len() {
        3 => Ok(()),
        n => Err(n),
    });
    assert_eq!(handler.ask(2, "b"), Said::Session { id: "raw".into() });
    assert_eq!(handler.ask(3, "it's"), answer(3, "it's!"));
    handler.shut_down();
    // Its children hold its output open: only its own end is looked at.
    assert_eq!(handler.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_chat_script_that_makes_no_sense_is_refused() {
    let environment = environment();
    for step in [
        "chat at",
        "chat at x exit 1",
        "chat first 2 file",
        "chat deltas x",
        "chat dance",
        "chat ignore-term",
    ] {
        let mut handler = Handler::greeted(&environment, &[step, "chat serve"]);
        handler.deliver(1, "a", false);
        assert_eq!(handler.rest().1, 99, "{step}");
    }
}

/// The code of a language in the protocol's document.
fn example(language: &str) -> &'static str {
    let document = include_str!("../../docs/chat-protocol.md");
    let (_, rest) = document.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_documents_handlers_work() {
    let environment = environment();
    for (language, program, expected) in
        [("sh", "sh", "It is "), ("python", "python3", "You said: it's \"so\"")]
    {
        fs::write(environment.path(language), example(language)).unwrap();
        if language == "python" && environment.command(program).arg("--version").output().is_err() {
            continue;
        }
        let mut command = environment.command(program);
        command.arg(language);
        let mut handler = Handler::start(command, None);
        handler.is_ready();
        for id in [12, 13] {
            match handler.ask(id, "it's \"so\"") {
                Said::Answer { message, text, .. } => {
                    assert_eq!(message, Some(id));
                    assert!(text.starts_with(expected), "{text}");
                }
                other => panic!("{other:?}"),
            }
        }
        handler.shut_down();
        assert_eq!(handler.rest(), (Vec::new(), 0));
    }
}
