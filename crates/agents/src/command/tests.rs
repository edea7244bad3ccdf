//! Both sides of the protocol, line by line, and what the adapter says of itself.

use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::{Actor, AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::*;
use crate::conversation::{Delivery, GARBAGE_MAX, Heard};

fn chat() -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann's \"chat\"".into(),
        session: None,
        handler: AttemptRef(7),
        exec: Some("python3 -u bot.py".into()),
        model: Some("small".into()),
    }
}

pub(super) fn lines() -> Box<dyn Conversation> {
    Command::default().conversation(&chat()).expect("it serves chats")
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn heard(line: &str) -> Vec<Heard> {
    lines().line(line.as_bytes())
}

/// The one thing that is kept of a line.
fn kept(line: &str) -> Said {
    match heard(line).as_slice() {
        [Heard::Kept(said)] => said.clone(),
        other => panic!("{line}: {other:?}"),
    }
}

fn is_garbage(line: &[u8], why: &str) {
    match lines().line(line).as_slice() {
        [Heard::Garbage(told)] => {
            assert!(told.starts_with(&format!("{why}: ")), "{told:?} is not told as {why:?}");
            assert!(told.len() <= GARBAGE_MAX);
        }
        other => panic!("{:?}: {other:?}", String::from_utf8_lossy(line)),
    }
}

#[test]
fn a_handler_is_told_line_by_line() {
    let mut lines = lines();
    assert_eq!(
        text(lines.greet(false)),
        concat!(
            r#"{"type":"hello","version":1,"chat":"chat-3","name":"Ann's \"chat\"","handler":"agent-7","#,
            r#""session":null,"model":"small"}"#,
            "\n"
        )
    );
    assert_eq!(lines.greet(true), b"", "it was greeted before");
    let message = Delivery {
        message: 12,
        from: &Actor::User("ann".into()),
        at: Timestamp::from_nanos(1_500_000_000),
        text: "two\nlines \u{0} \"and\" \u{2028}",
        again: true,
    };
    assert_eq!(
        text(lines.deliver(&message)),
        concat!(
            r#"{"type":"message","id":12,"from":"user:ann","at":"1970-01-01T00:00:01.500000000+00:00","#,
            r#""text":"two\nlines \u0000 \"and\" "#,
            "\u{2028}",
            r#"","again":true}"#,
            "\n"
        )
    );
    assert_eq!(text(lines.interrupt()), "{\"type\":\"interrupt\"}\n");
    assert_eq!(Command::default().farewell(), "{\"type\":\"shutdown\"}\n");
}

#[test]
fn a_later_handler_is_told_the_session() {
    let chat = ChatFacts { session: Some("s-1".into()), model: None, ..chat() };
    let mut lines = Command::default().conversation(&chat).expect("it serves chats");
    assert!(text(lines.greet(false)).contains(r#""session":"s-1","model":null"#));
}

#[test]
fn every_type_means_something() {
    let id = || "s-1".to_owned();
    assert_eq!(kept(r#"{"type":"ready"}"#), Said::Ready);
    assert_eq!(kept(r#"{"type":"ready","session":null,"new":{"field":[1e999]}}"#), Said::Ready);
    assert_eq!(
        heard(r#"{"type":"ready","session":"s-1"}"#),
        [Heard::Kept(Said::Session { id: id() }), Heard::Kept(Said::Ready)]
    );
    assert_eq!(kept(r#"{"type":"session","id":"s-1"}"#), Said::Session { id: id() });
    assert_eq!(heard("{\"type\":\"delta\",\"text\":\"a\\n\"}\r"), [Heard::Delta("a\n".into())]);
    assert_eq!(
        kept(r#"{"type":"tool","name":"shell","detail":"ls"}"#),
        Said::Tool { name: "shell".into(), detail: "ls".into() }
    );
    assert_eq!(
        kept(r#"{"name":"shell","type":"tool"}"#),
        Said::Tool { name: "shell".into(), detail: String::new() }
    );
    let usage = Usage {
        input: 1,
        cache_read: 2,
        cache_write: 3,
        output: 4,
        reasoning: 5,
        cost_micros: Some(12_500),
        model: Some("small".into()),
    };
    assert_eq!(
        kept(
            r#"{"type":"answer","id":12,"text":"yes","usage":{"input":1,"cache_read":2,"cache_write":3,
            "output":4,"reasoning":5,"cost_usd":0.0125,"model":"small"}}"#
        ),
        Said::Answer { message: Some(12), text: "yes".into(), usage }
    );
    assert_eq!(
        kept(r#"{"type":"answer","text":""}"#),
        Said::Answer { message: None, text: String::new(), usage: Usage::default() }
    );
    assert_eq!(
        kept(r#"{"type":"answer","id":null,"text":"a","usage":null}"#),
        Said::Answer { message: None, text: "a".into(), usage: Usage::default() }
    );
}

#[test]
fn every_class_of_error_ends_the_turn_or_the_service() {
    let until = Some("2026-05-01T10:00:00Z".parse().expect("a time"));
    let limited = |until| TurnError::RateLimited { until };
    for (fields, error) in [
        (r#""class":"rate-limited","until":"2026-05-01T10:00:00Z""#, limited(until)),
        (r#""class":"rate-limited","until":"soon""#, limited(None)),
        (r#""class":"rate-limited","until":1777629600"#, limited(None)),
        (r#""class":"rate-limited""#, limited(None)),
        (r#""class":"outage""#, TurnError::Outage),
        (r#""class":"interrupted""#, TurnError::Interrupted),
        (r#""class":"other""#, TurnError::Other),
        (r#""class":"of tomorrow""#, TurnError::Other),
        (r#""class":7"#, TurnError::Other),
        (r#""no":"class""#, TurnError::Other),
    ] {
        let usage = Usage { output: 2, ..Usage::default() };
        let line = format!(r#"{{"type":"error",{fields},"text":"why","usage":{{"output":2}}}}"#);
        assert_eq!(kept(&line), Said::Failed { error, text: "why".into(), usage }, "{line}");
    }
    for (line, reason) in [
        (r#"{"type":"error","class":"auth","text":"why"}"#, GiveUp::Auth),
        (r#"{"type":"error","class":"model","text":"why"}"#, GiveUp::Model),
        (r#"{"type":"unfit","reason":"auth","text":"why"}"#, GiveUp::Auth),
        (r#"{"type":"unfit","reason":"model","text":"why"}"#, GiveUp::Model),
        (r#"{"type":"unfit","reason":"program","text":"why"}"#, GiveUp::Program),
        (r#"{"type":"unfit","reason":"configuration","text":"why"}"#, GiveUp::Configuration),
        (r#"{"type":"unfit","reason":"failures","text":"why"}"#, GiveUp::Configuration),
        (r#"{"type":"unfit","text":"why"}"#, GiveUp::Configuration),
    ] {
        assert_eq!(kept(line), Said::Unfit { reason, text: "why".into() }, "{line}");
    }
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    for nothing in ["", "  \t", "\r"] {
        assert_eq!(heard(nothing), []);
    }
    for line in [
        "hello",
        "{",
        "7",
        r#"["ready"]"#,
        // As many as a line has fields, in their order.
        r#"["ready",null,null,null,null,null,null,null,null,null]"#,
        r#"{"type":"ready"} {"type":"ready"}"#,
        r#"{"type":"ready","type":"ready"}"#,
        r#"{"type":"ready",}"#,
    ] {
        is_garbage(line.as_bytes(), "no object of JSON");
    }
    for (line, why) in [
        ("{}", "no type"),
        (r#"{"type":null}"#, "no type"),
        (r#"{"type":["ready"]}"#, "no type"),
        (r#"{"type":"Ready"}"#, "no such type"),
        (r#"{"type":"delta"}"#, "a delta without text"),
        (r#"{"type":"tool","detail":"ls"}"#, "a tool without name"),
        (r#"{"type":"answer","id":1}"#, "an answer without text"),
        (r#"{"type":"answer","id":1,"text":5}"#, "an answer without text"),
        (r#"{"type":"answer","id":"1","text":"a"}"#, "an id that is no message's number"),
        (r#"{"type":"answer","id":-1,"text":"a"}"#, "an id that is no message's number"),
        (r#"{"type":"answer","id":18446744073709551616,"text":"a"}"#, "an id that is no message's number"),
        (r#"{"type":"session"}"#, "a session without id"),
        (r#"{"type":"session","id":""}"#, "an empty session"),
        (r#"{"type":"session","id":7}"#, "a session that is no text"),
        (r#"{"type":"session","id":"a\u0000"}"#, "a session with a control character"),
    ] {
        is_garbage(line.as_bytes(), why);
    }
    let long = format!(r#"{{"type":"session","id":"{}"}}"#, "x".repeat(1_025));
    is_garbage(long.as_bytes(), "a session that is too long");
    let ready = heard(r#"{"type":"ready","session":7}"#);
    assert!(matches!(ready.as_slice(), [Heard::Garbage(_), Heard::Kept(Said::Ready)]), "{ready:?}");
}

#[test]
fn an_answer_is_worth_more_than_its_usage() {
    let answer = |usage: &str| match kept(&format!(r#"{{"type":"answer","text":"a","usage":{usage}}}"#)) {
        Said::Answer { usage, .. } => usage,
        other => panic!("{other:?}"),
    };
    for nonsense in ["7", "[1,2,3,4,5,6,null]", "\"much\"", r#"{"input":1,"input":2}"#] {
        assert_eq!(answer(nonsense), Usage::default(), "{nonsense}");
    }
    for (count, expected) in [
        ("-1", 0),
        ("1e400", 0),
        ("18446744073709551615", 0),
        ("9007199254740992", 1 << 53),
        ("12.0", 12),
        ("\"5\"", 0),
        ("null", 0),
    ] {
        let usage = answer(&format!(r#"{{"input":{count},"output":3,"cost_usd":{count}}}"#));
        assert_eq!((usage.input, usage.output), (expected, 3), "{count}");
    }
    assert_eq!(answer(r#"{"cost_usd":-0.5}"#).cost_micros, None);
    assert_eq!(answer(r#"{"cost_usd":0}"#).cost_micros, Some(0));
    let model = answer(&format!(r#"{{"model":"{}"}}"#, "é".repeat(200))).model;
    assert_eq!(model, Some("é".repeat(128)));
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let expected = |text: &str| {
        [Heard::Kept(Said::Answer { message: None, text: text.into(), usage: Usage::default() })]
    };
    let latin = b"{\"type\":\"answer\",\"text\":\"caf\xe9\"}";
    assert_eq!(lines().line(latin), expected("caf\u{fffd}"));
    assert_eq!(heard(r#"{"type":"answer","text":"caf\udce9 \ud83d\ude00"}"#), {
        expected("caf\u{fffd}\u{fffd}\u{fffd} \u{1f600}")
    });
}

#[test]
fn deep_and_huge_lines_are_read() {
    let deep = format!(r#"{{"type":"ready","x":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(kept(&deep), Said::Ready);
    let text = "x".repeat(5 << 20);
    let Said::Answer { text: heard, .. } = kept(&format!(r#"{{"type":"answer","text":"{text}"}}"#)) else {
        panic!("an answer")
    };
    assert_eq!(heard.len(), text.len());
    is_garbage(&[b'{'; 1 << 20], "no object of JSON");
}

#[test]
fn every_end_has_its_class() {
    let adapter = Command::default();
    let missing = ProcessEnd::NotExecuted { program: "/bin/sh".into(), reason: "not found".into() };
    for (end, class) in [
        (ProcessEnd::Left(ExitStatus::Code(0)), "no work"),
        (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
        (ProcessEnd::Left(ExitStatus::Code(75)), "exited badly"),
        (ProcessEnd::Left(ExitStatus::Code(126)), "configuration"),
        (ProcessEnd::Left(ExitStatus::Code(127)), "configuration"),
        (ProcessEnd::Left(ExitStatus::Signal(9)), "exited badly"),
        (ProcessEnd::Deadline, "timed out"),
        (missing, "configuration"),
    ] {
        assert_eq!(adapter.classify(&end).class(), class, "{end:?}");
    }
}

#[test]
fn the_command_line_goes_to_the_shell_as_it_is() {
    let adapter = Command::new(ShellConfig { program: "/bin/dash".into() });
    let spec = adapter.launch_chat(&chat()).expect("it has a command line");
    assert_eq!(
        (spec.program.as_str(), spec.args),
        ("/bin/dash", vec!["-c".into(), "python3 -u bot.py".into()])
    );
    for (exec, why) in [
        (None, Unlaunchable::NoChatCommand),
        (Some(" \n".into()), Unlaunchable::NoChatCommand),
        (Some("a\0".into()), Unlaunchable::ChatNul),
    ] {
        assert_eq!(adapter.launch_chat(&ChatFacts { exec, ..chat() }), Err(why));
    }
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = crate::shell::tests::attempt();
    let refused = adapter.launch(&task, &attempt).expect_err("it serves chats only");
    assert_eq!(refused.to_string(), "the adapter command serves chats only: give the task another one");
    let shell = crate::Shell::default();
    let refused = shell.launch_chat(&chat()).expect_err("it runs tasks only");
    assert_eq!(refused.to_string(), "the adapter shell serves no chats: give the chat another one");
    assert!(shell.conversation(&chat()).is_none() && !shell.serves_chats() && shell.farewell().is_empty());
}

#[test]
fn the_program_of_a_chat_is_its_first_word_or_the_shell() {
    let adapter = Command::default();
    assert_eq!(adapter.chat_program(&chat()), "python3");
    for exec in [Some("cd x && ./bot".into()), None] {
        assert_eq!(adapter.chat_program(&ChatFacts { exec, ..chat() }), "/bin/sh");
    }
}

#[test]
fn the_hash_is_over_what_decides_and_nothing_else() {
    let adapter = Command::default();
    let facts = ProgramFacts { path: Some("/usr/bin/python3".into()), modified: Some(5), executable: true };
    let base = adapter.chat_configuration(&chat(), &facts);
    assert_eq!(base, 0xaada_0929_b9d0_e8fe, "stored hashes are compared with later ones");
    let same = ChatFacts {
        number: ChatNumber(4),
        name: "other".into(),
        session: Some("s".into()),
        handler: AttemptRef(8),
        ..chat()
    };
    assert_eq!(base, adapter.chat_configuration(&same, &facts));
    let shell = Command::new(ShellConfig { program: "bash".into() });
    for other in [
        shell.chat_configuration(&chat(), &facts),
        adapter.chat_configuration(&ChatFacts { exec: Some("b".into()), ..chat() }, &facts),
        adapter.chat_configuration(&ChatFacts { model: None, ..chat() }, &facts),
        adapter.chat_configuration(&chat(), &ProgramFacts { modified: Some(6), ..facts.clone() }),
        adapter.chat_configuration(&chat(), &ProgramFacts::default()),
    ] {
        assert_ne!(base, other);
    }
}
