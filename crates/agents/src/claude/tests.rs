//! What the real program printed (`samples/`, version 2.1 against a scripted model), and what the adapter says of
//! itself.

use wg_core::attempt::ExitStatus;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::{Actor, AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::*;
use crate::conversation::{Delivery, Heard};

pub(super) const TURNS: &str = include_str!("samples/turns.jsonl");
const INTERRUPTED: &str = include_str!("samples/interrupted.jsonl");
const KILLED: &str = include_str!("samples/killed.jsonl");
const RESUMED: &str = include_str!("samples/resumed.jsonl");
const GONE: &str = include_str!("samples/gone.jsonl");
const BY_ITSELF: &str = include_str!("samples/by-itself.jsonl");
/// A command that failed, one that was not permitted, and one with much to say.
const TOOLS: &str = include_str!("samples/tools.jsonl");
const REFUSED: [&str; 9] = [
    include_str!("samples/refused-401.jsonl"),
    include_str!("samples/refused-403.jsonl"),
    include_str!("samples/refused-404.jsonl"),
    include_str!("samples/refused-429.jsonl"),
    include_str!("samples/refused-500.jsonl"),
    include_str!("samples/refused-529.jsonl"),
    include_str!("samples/refused-400.jsonl"),
    include_str!("samples/refused-nokey.jsonl"),
    include_str!("samples/refused-away.jsonl"),
];
/// Every transcript, and how many turns end in it.
pub(super) const ALL: [(&str, usize); 7] =
    [(TURNS, 4), (INTERRUPTED, 2), (KILLED, 1), (RESUMED, 1), (GONE, 0), (BY_ITSELF, 2), (TOOLS, 3)];

fn chat() -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann".into(),
        session: None,
        handler: AttemptRef(7),
        exec: None,
        model: Some("opus".into()),
    }
}

pub(super) fn talk() -> Box<dyn Conversation> {
    Claude::default().conversation(&chat()).expect("it serves chats")
}

/// A conversation with a handler that was just started.
pub(super) fn fresh() -> Box<dyn Conversation> {
    let mut talk = talk();
    talk.greet(false);
    talk
}

fn all(talk: &mut dyn Conversation, text: &str) -> Vec<Heard> {
    text.lines().flat_map(|line| talk.line(line.as_bytes())).collect()
}

/// What is kept of a transcript, but for the counts while a turn goes on.
fn kept(talk: &mut dyn Conversation, text: &str) -> Vec<Said> {
    let heard = all(talk, text).into_iter();
    let said = heard.filter_map(|heard| if let Heard::Kept(said) = heard { Some(said) } else { None });
    said.filter(|said| !matches!(said, Said::Used { .. })).collect()
}

#[test]
fn what_a_turn_has_used_is_told_while_it_goes_on_and_begins_anew_with_the_next() {
    let so_far: Vec<_> = all(&mut *fresh(), TURNS)
        .into_iter()
        .filter_map(|heard| match heard {
            Heard::Kept(Said::Used { usage }) => {
                assert_eq!(usage.model.as_deref(), Some("claude-opus-4-8"), "as the end of the turn says");
                Some((usage.total_input(), usage.output))
            }
            Heard::Kept(said) if ends_a_turn(&said) => Some((0, 0)),
            _ => None,
        })
        .collect();
    assert_eq!(so_far, [(1_307, 34), (2_614, 68), (0, 0), (1_307, 34), (0, 0), (1_307, 34), (0, 0), (0, 0)]);
}

#[test]
fn work_that_is_taken_over_counts_on() {
    let first = TURNS.lines().position(|line| line.contains("message_delta")).expect("a first step");
    let in_flight = Usage { input: 1_307, output: 34, ..Usage::default() };
    let progress = wg_core::attempt::Progress { in_flight, ..wg_core::attempt::Progress::default() };
    let attempt = Attempt { progress, ..crate::shell::tests::attempt() };
    let mut talk = Claude::default().work(&attempt).expect("it works on tasks");
    let told = TURNS.lines().skip(first + 1).flat_map(|line| talk.line(line.as_bytes()));
    let so_far = told.filter_map(|heard| match heard {
        Heard::Kept(Said::Used { usage }) => Some((usage.total_input(), usage.output)),
        _ => None,
    });
    assert_eq!(so_far.take(2).collect::<Vec<_>>(), [(2_614, 68), (1_307, 34)]);
}

fn used(turns: u64, cost: Option<u64>) -> Usage {
    Usage {
        input: 1_200 * turns,
        cache_read: 100 * turns,
        cache_write: 7 * turns,
        output: 34 * turns,
        reasoning: 0,
        cost_micros: cost,
        model: Some("claude-opus-4-8".into()),
    }
}

pub(super) fn ends_a_turn(said: &Said) -> bool {
    matches!(said, Said::Answer { .. } | Said::Failed { .. } | Said::Unfit { .. })
}

#[test]
fn a_handler_is_told_line_by_line() {
    let mut talk = talk();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("JSON is UTF-8");
    let greeting = text(talk.greet(false));
    assert!(greeting.contains(r#""subtype":"initialize""#) && greeting.ends_with("}\n"), "{greeting}");
    assert_eq!(talk.greet(true), b"", "it was greeted before");
    let from = Actor::User("ann".into());
    let mut message =
        Delivery { message: 12, from: &from, at: Timestamp::default(), text: "two\nlines", again: false };
    let told: serde_json::Value = serde_json::from_slice(&talk.deliver(&message)).expect("JSON");
    assert_eq!(told["message"]["content"][0]["text"], "two\nlines");
    assert_eq!(told["uuid"], "00000000-0007-8777-8777-00000000000c");
    message.again = true;
    let bytes = talk.deliver(&message);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    let told: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let again = told["message"]["content"][0]["text"].as_str().expect("a text");
    assert!(again.contains("given to you before") && again.ends_with("two\nlines"), "{again}");
    let mut next =
        Claude::default().conversation(&ChatFacts { handler: AttemptRef(8), ..chat() }).expect("it serves");
    assert!(
        text(next.deliver(&message)).contains("00000000-0008-8777-8777-00000000000c"),
        "a name is used once"
    );
    assert!(text(talk.interrupt()).contains(r#""subtype":"interrupt""#));
    assert_eq!(Claude::default().farewell(), "");
    let asked = br#"{"type":"control_request","request_id":"x","request":{"subtype":"can_use_tool"}}"#;
    let [Heard::Reply(answer)] = &talk.line(asked)[..] else { panic!("no reply") };
    assert!(text(answer.clone()).contains(r#""subtype":"error""#));
}

#[test]
fn what_becomes_of_a_tool_fails_no_turn() {
    let said = kept(&mut *fresh(), TOOLS);
    let said = said.iter().filter_map(|said| match said {
        Said::Tool { detail, .. } => Some(detail.as_str()),
        Said::Answer { message: Some(_), text, usage } if usage.output == 68 => text.lines().next(),
        Said::Ready | Said::Session { .. } => None,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            "git nonsense",
            "answer to: fails",
            "touch /outside",
            "answer to: refused",
            "git help -a",
            "answer to: long"
        ]
    );
}

#[test]
fn turns_are_heard_with_their_messages_tools_and_costs() {
    let mut talk = fresh();
    let said = kept(&mut *talk, TURNS);
    let session = |said: &Said| matches!(said, Said::Session { id } if id.len() == 36);
    let tool = |detail: &str| Said::Tool { name: "Bash".into(), detail: detail.into() };
    assert_eq!(said[0], Said::Ready);
    assert!(session(&said[1]), "{:?}", said[1]);
    assert_eq!(said[2], tool("git version"));
    let Said::Answer { message: Some(11), text, usage } = &said[3] else { panic!("{:?}", said[3]) };
    assert!(text.starts_with("answer to 4 messages"), "{text}");
    assert_eq!(*usage, used(2, Some(13_888)));
    assert_eq!(said[4], tool("sleep 30"));
    let aborted =
        Said::Failed { error: TurnError::Interrupted, text: String::new(), usage: used(1, Some(6_944)) };
    assert_eq!(said[5], aborted);
    assert!(
        matches!(&said[6], Said::Answer { message: Some(13), usage, .. } if *usage == used(1, Some(6_944)))
    );
    // A command of the program's own is answered without a call of the model, and its message does not come back.
    let Said::Answer { message: None, text, usage } = &said[7] else { panic!("{:?}", said[7]) };
    assert!(text.starts_with("Total cost"), "{text}");
    assert_eq!((usage.input, usage.cost_micros), (0, Some(0)));
    assert_eq!(said.len(), 8, "{said:#?}");
    let deltas = all(&mut *fresh(), TURNS).into_iter();
    let text: String =
        deltas.filter_map(|heard| if let Heard::Delta(text) = heard { Some(text) } else { None }).collect();
    assert!(text.starts_with("answer to 4 messages"), "{text}");
}

#[test]
fn an_adopted_handler_tells_no_cost_that_is_not_known() {
    // The middle of a turn: its message came back before.
    let from = TURNS.find(r#"{"type":"assistant""#).expect("a turn");
    let mut talk = talk();
    talk.greet(true);
    let said = kept(&mut *talk, &TURNS[from..]);
    let ends: Vec<&Said> = said.iter().filter(|said| ends_a_turn(said)).collect();
    assert!(
        matches!(ends[0], Said::Answer { message: None, usage, .. } if *usage == used(2, None)),
        "{ends:?}"
    );
    assert!(matches!(ends[1], Said::Failed { usage, .. } if usage.cost_micros == Some(6_944)), "{ends:?}");
}

#[test]
fn an_interrupt_a_death_and_a_resumption_are_heard() {
    let said = kept(&mut *fresh(), INTERRUPTED);
    let error = said.iter().find(|said| ends_a_turn(said));
    assert!(matches!(error, Some(Said::Failed { error: TurnError::Interrupted, .. })), "{said:?}");
    let killed = kept(&mut *fresh(), KILLED);
    assert!(matches!(killed.last(), Some(Said::Tool { detail, .. }) if detail == "sleep 30"), "{killed:?}");
    let Some(Said::Session { id }) = killed.get(1) else { panic!("{killed:?}") };
    let known = ChatFacts { session: Some(id.clone()), ..chat() };
    let mut talk = Claude::default().conversation(&known).expect("it serves chats");
    talk.greet(false);
    let said = kept(&mut *talk, RESUMED);
    assert!(
        matches!(&said[..], [Said::Ready, Said::Answer { usage, .. }] if *usage == used(1, Some(6_944))),
        "{said:?}"
    );
}

#[test]
fn a_conversation_that_is_gone_is_forgotten_once() {
    let gone = ChatFacts { session: Some("11111111-2222-3333-4444-555555555555".into()), ..chat() };
    let mut talk = Claude::default().conversation(&gone).expect("it serves chats");
    talk.greet(false);
    assert_eq!(kept(&mut *talk, GONE), [Said::NoSession]);
    // Of a handler that was to go on with nothing it is a failure as any other.
    assert!(matches!(&kept(&mut *fresh(), GONE)[..], [Said::Failed { error: TurnError::Other, .. }]));
}

#[test]
fn what_nobody_asked_for_answers_nothing() {
    // The second turn is its own: a command that it had left running came to an end.
    let said = kept(&mut *fresh(), BY_ITSELF);
    let ends: Vec<&Said> = said.iter().filter(|said| ends_a_turn(said)).collect();
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert!(
        matches!(ends[1], Said::Answer { text, usage, .. }
        if text.starts_with("answer to 8") && usage.input == 2_400 && usage.cost_micros == Some(13_888)),
        "{ends:?}"
    );
}

#[test]
fn every_refusal_has_its_class() {
    let ends = REFUSED.map(|text| kept(&mut *fresh(), text).pop().expect("an end"));
    for (end, reason) in [(0, GiveUp::Auth), (1, GiveUp::Auth), (2, GiveUp::Model), (7, GiveUp::Auth)] {
        assert!(
            matches!(&ends[end], Said::Unfit { reason: found, .. } if *found == reason),
            "{:?}",
            ends[end]
        );
    }
    let limited = TurnError::RateLimited { until: None };
    for (end, error) in [
        (3, limited),
        (4, TurnError::Outage),
        (5, TurnError::Outage),
        (6, TurnError::Other),
        (8, TurnError::Outage),
    ] {
        assert!(
            matches!(&ends[end], Said::Failed { error: found, .. } if *found == error),
            "{:?}",
            ends[end]
        );
    }
}

#[test]
fn the_end_of_a_limit_is_heard_where_it_is_said() {
    let limit =
        r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795627000}}"#;
    let refused = r#"{"type":"result","is_error":true,"api_error_status":429,"result":"limit reached"}"#;
    let spelt =
        r#"{"type":"result","is_error":true,"api_error_status":429,"result":"limit reached|1795627000"}"#;
    let expected = TurnError::RateLimited { until: Some(Timestamp::from_nanos(1_795_627_000_000_000_000)) };
    for lines in [format!("{limit}\n{refused}"), spelt.to_owned()] {
        let said = kept(&mut *fresh(), &lines);
        assert!(matches!(&said[..], [Said::Failed { error, .. }] if *error == expected), "{said:?}");
    }
}

#[test]
fn what_was_cut_in_the_middle_of_a_character_is_an_answer_all_the_same() {
    let line = r#"{"type":"result","is_error":false,"result":"a\ud83d b\ud83d\ude00 \\ud83d \udc00"}"#;
    let said = kept(&mut *fresh(), line);
    assert!(
        matches!(&said[..], [Said::Answer { text, .. }] if text == "a\u{fffd} b\u{1f600} \\ud83d \u{fffd}"),
        "{said:?}"
    );
}

#[test]
fn every_end_has_its_class() {
    let adapter = Claude::default();
    let missing = ProcessEnd::NotExecuted { program: "claude".into(), reason: "not found".into() };
    for (end, class) in [
        (ProcessEnd::Left(ExitStatus::Code(0)), "no work"),
        (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
        (ProcessEnd::Left(ExitStatus::Code(143)), "exited badly"),
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
fn it_is_started_with_what_the_chat_says_and_may_do_what_is_configured() {
    let adapter = Claude::default();
    let spec = adapter.launch_chat(&chat()).expect("it can be started");
    assert_eq!(spec.program, "claude");
    let has = |spec: &CommandSpec, arg: &str| spec.args.iter().any(|given| given == arg);
    assert!(has(&spec, "--model=opus") && has(&spec, "--permission-mode=acceptEdits"), "{spec:?}");
    assert!(!spec.args.iter().any(|arg| arg.starts_with("--resume") || arg.contains("bypass")), "{spec:?}");
    assert!(spec.inherit.iter().any(|name| name == "ANTHROPIC_API_KEY"));
    assert!(spec.env.iter().all(|(name, _)| !spec.inherit.contains(name)), "one way for each");
    let full = Claude::new(ClaudeConfig { permissions: Permissions::Full, ..ClaudeConfig::default() });
    let known = ChatFacts { session: Some("s-1".into()), model: None, ..chat() };
    let spec = full.launch_chat(&known).expect("it can be started");
    assert!(has(&spec, "--permission-mode=bypassPermissions") && has(&spec, "--resume=s-1"), "{spec:?}");
    assert!(!spec.args.iter().any(|arg| arg.starts_with("--model")), "{spec:?}");
    for session in ["", "a b", "a\0", "ü"] {
        let odd = ChatFacts { session: Some(session.into()), ..chat() };
        let spec = adapter.launch_chat(&odd).expect("it can be started");
        assert!(!spec.args.iter().any(|arg| arg.starts_with("--resume")), "{spec:?}");
    }
    let nul = ChatFacts { model: Some("a\0".into()), ..chat() };
    assert_eq!(adapter.launch_chat(&nul), Err(Unlaunchable::ModelNul));
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = Attempt { model: Some("opus".into()), ..crate::shell::tests::attempt() };
    let work = adapter.launch(&task, &attempt).expect("it can be started");
    assert!(has(&work, "--model=opus") && has(&work, "--permission-mode=acceptEdits"), "{work:?}");
    assert!(!work.args.iter().any(|arg| arg.contains(CHAT)) && work.stdin == Stdin::Talk, "{work:?}");
    let bounded = Claude::new(ClaudeConfig { most: Some(2_500_000), ..ClaudeConfig::default() });
    let work = bounded.launch(&task, &attempt).expect("it can be started");
    assert!(has(&work, "--max-budget-usd=2.500000"), "{work:?}");
    // What is left of the task's budget, where that is less.
    let mut task = task;
    task.history.used.cost_micros = Some(400_000);
    for (most, expected) in [(1_000_000, "0.600000"), (9_000_000, "2.500000")] {
        task.run.budget.cost_micros = Some(most);
        let work = bounded.launch(&task, &attempt).expect("it can be started");
        assert!(has(&work, &format!("--max-budget-usd={expected}")), "{work:?}");
        let work = Claude::default().launch(&task, &attempt).expect("it can be started");
        assert!(work.args.iter().any(|arg| arg.starts_with("--max-budget-usd")), "{work:?}");
    }
}

#[test]
fn the_hash_is_over_what_decides_and_nothing_else() {
    let facts = ProgramFacts { path: Some("/usr/bin/claude".into()), modified: Some(5), executable: true };
    let adapter = Claude::default();
    let base = adapter.chat_configuration(&chat(), &facts);
    let same = ChatFacts { session: Some("s".into()), handler: AttemptRef(9), name: "B".into(), ..chat() };
    assert_eq!(base, adapter.chat_configuration(&same, &facts));
    let config = |program: &str, permissions| {
        Claude::new(ClaudeConfig { program: program.into(), permissions, most: None })
    };
    for other in [
        adapter.chat_configuration(&ChatFacts { model: None, ..chat() }, &facts),
        adapter.chat_configuration(&chat(), &ProgramFacts::default()),
        config("/opt/claude", Permissions::Edit).chat_configuration(&chat(), &facts),
        config("claude", Permissions::Full).chat_configuration(&chat(), &facts),
    ] {
        assert_ne!(base, other);
    }
}

#[test]
fn who_pays_is_looked_for_in_what_the_program_is_given() {
    for credential in Claude::default().credentials() {
        let name = match credential {
            Credential::Variable(name) | Credential::File { variable: Some(name), .. } => name,
            other => panic!("{other:?}"),
        };
        assert!(INHERITED.contains(name), "the program never gets {name}");
    }
}
