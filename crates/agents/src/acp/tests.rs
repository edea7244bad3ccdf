//! What real programs printed (`samples/`: opencode 1.18 and Gemini CLI 0.61 against a scripted model), and what
//! the adapter says of itself.

use serde_json::{Value, json};
use wg_core::attempt::ExitStatus;
use wg_core::chat::{GiveUp, Question, Said, TurnError};
use wg_core::id::{Actor, AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::*;
use crate::conversation::{CHAT, Delivery, Heard};

pub(super) const TURNS: &str = include_str!("samples/opencode-turns.jsonl");
const RESUMED: &str = include_str!("samples/opencode-resumed.jsonl");
const KILLED: &str = include_str!("samples/opencode-killed.jsonl");
const GONE: &str = include_str!("samples/opencode-gone.jsonl");
const ASKS: &str = include_str!("samples/opencode-asks.jsonl");
const LIMITED: &str = include_str!("samples/opencode-refused-429.jsonl");
/// Every transcript, and how many turns end in it.
pub(super) const ALL: [(&str, usize); 6] =
    [(TURNS, 7), (RESUMED, 1), (KILLED, 0), (GONE, 1), (ASKS, 3), (LIMITED, 1)];

fn facts(session: Option<&str>) -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann".into(),
        session: session.map(str::to_owned),
        handler: AttemptRef(7),
        exec: None,
        model: None,
    }
}

fn acp(permissions: Permissions) -> Acp {
    Acp::new(AcpConfig { command: Some("agent --acp".into()), permissions })
}

/// Whoever goes on with this conversation, in the folder of the transcripts.
fn with(session: Option<&str>) -> Box<dyn Conversation> {
    let mut talk = acp(Permissions::Edit).conversation(&facts(session)).expect("it serves chats");
    talk.works_in("/w");
    talk
}

/// A conversation with a process that was just started.
pub(super) fn fresh() -> Box<dyn Conversation> {
    greeted(None)
}

/// A conversation with one that was taken over.
pub(super) fn taken_over() -> Box<dyn Conversation> {
    let mut talk = with(None);
    assert_eq!(talk.greet(true), b"");
    talk
}

fn greeted(session: Option<&str>) -> Box<dyn Conversation> {
    let mut talk = with(session);
    assert!(!talk.greet(false).is_empty());
    talk
}

fn all(talk: &mut dyn Conversation, text: &str) -> Vec<Heard> {
    text.lines().flat_map(|line| talk.line(line.as_bytes())).collect()
}

fn kept(heard: Vec<Heard>) -> Vec<Said> {
    heard
        .into_iter()
        .filter_map(|heard| if let Heard::Kept(said) = heard { Some(said) } else { None })
        .collect()
}

/// What it was told meanwhile.
fn told(heard: &[Heard]) -> Vec<Value> {
    let replies =
        heard.iter().filter_map(|heard| if let Heard::Reply(bytes) = heard { Some(bytes) } else { None });
    replies.map(|bytes| json_of(bytes)).collect()
}

fn json_of(bytes: &[u8]) -> Value {
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
    assert_eq!(bytes.last(), Some(&b'\n'));
    serde_json::from_slice(bytes).expect("JSON")
}

fn message(number: u64, text: &str) -> Vec<u8> {
    deliver(&mut *taken_over_with("s"), number, text, false)
}

fn taken_over_with(session: &str) -> Box<dyn Conversation> {
    let mut talk = with(Some(session));
    assert_eq!(talk.greet(true), b"");
    talk
}

fn deliver(talk: &mut dyn Conversation, message: u64, text: &str, again: bool) -> Vec<u8> {
    let from = Actor::User("ann".into());
    talk.deliver(&Delivery { message, from: &from, at: Timestamp::default(), text, again })
}

pub(super) fn ends_a_turn(said: &Said) -> bool {
    matches!(said, Said::Answer { .. } | Said::Failed { .. } | Said::Unfit { .. })
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for this")]
fn answer(id: &str, result: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string()
}

#[expect(clippy::needless_pass_by_value, reason = "it is made for this")]
fn error(id: &str, error: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "error": error}).to_string()
}

fn tool(detail: &str) -> Said {
    Said::Tool { name: "execute".into(), detail: detail.into() }
}

const LOADS: &str = r#"{"jsonrpc":"2.0","id":"wg-initialize","result":{"protocolVersion":1,"agentCapabilities":{"loadSession":true}}}"#;
const FORGETS: &str = r#"{"jsonrpc":"2.0","id":"wg-initialize","result":{"protocolVersion":1}}"#;

#[test]
fn turns_are_heard_with_their_tools_and_costs() {
    let mut talk = fresh();
    let heard = all(&mut *talk, TURNS);
    let asked = told(&heard);
    assert_eq!(asked.len(), 1, "{asked:#?}");
    assert_eq!((&asked[0]["method"], &asked[0]["params"]["cwd"]), (&json!("session/new"), &json!("/w")));
    let deltas: String = heard
        .iter()
        .filter_map(|heard| if let Heard::Delta(text) = heard { Some(text.as_str()) } else { None })
        .collect();
    assert!(deltas.starts_with("answer to: one"), "{deltas}");
    let said = kept(heard);
    let Said::Session { id } = &said[0] else { panic!("{said:#?}") };
    assert!(id.starts_with("ses_"));
    // The last step's counts are all that it tells over the protocol; its cost is of the whole turn.
    let usage = |cost| Usage {
        input: 600,
        cache_read: 100,
        output: 12,
        reasoning: 3,
        cost_micros: Some(cost),
        ..Usage::default()
    };
    let text = "answer to: one\n#tool git version\n#tool touch x".to_owned();
    assert_eq!(
        said[1..5],
        [
            Said::Ready,
            tool("git version"),
            tool("touch x"),
            Said::Answer { message: Some(11), text, usage: usage(1_902) },
        ]
    );
    assert!(matches!(&said[5], Said::Failed { error: TurnError::Interrupted, .. }), "{said:#?}");
    let text = "answer to: three".to_owned();
    assert_eq!(said[6], Said::Answer { message: Some(13), text, usage: usage(634) });
    for (end, reason) in [(7, GiveUp::Auth), (8, GiveUp::Auth), (9, GiveUp::Model)] {
        assert!(
            matches!(&said[end], Said::Unfit { reason: found, .. } if *found == reason),
            "{:?}",
            said[end]
        );
    }
    assert!(matches!(&said[10], Said::Failed { error: TurnError::Other, .. }), "{said:#?}");
    assert_eq!(said.len(), 11);
    let limited = kept(all(&mut *fresh(), LIMITED)).pop();
    let until = None;
    assert!(matches!(limited, Some(Said::Failed { error, .. }) if error == TurnError::RateLimited { until }));
}

#[test]
fn a_conversation_is_gone_on_with_and_its_past_is_not_told_again() {
    let id = "ses_debc10544ffeTPaCQtZSM8fvr5";
    let mut talk = greeted(Some(id));
    let heard = all(&mut *talk, RESUMED);
    let asked = told(&heard);
    let methods: Vec<&str> = asked.iter().filter_map(|asked| asked["method"].as_str()).collect();
    assert_eq!(methods, ["session/load", "_workgraph/settle"]);
    assert_eq!(asked[0]["params"]["sessionId"], id);
    let said = kept(heard);
    assert!(
        matches!(&said[..], [Said::Ready, Said::Answer { message: Some(14), text, .. }] if text == "answer to: four"),
        "{said:#?}"
    );
    // One that does not load conversations begins a new one each time, and says so.
    let mut talk = greeted(Some("old"));
    let asked = told(&talk.line(FORGETS.as_bytes()));
    assert_eq!(asked[0]["method"], "session/new");
    let said = kept(talk.line(answer("wg-session-new", json!({"sessionId": "new"})).as_bytes()));
    assert_eq!(said, [Said::NoSession, Said::Session { id: "new".into() }, Said::Ready]);
}

#[test]
fn a_conversation_that_is_gone_is_forgotten_once_another_is_there() {
    let mut talk = greeted(Some("ses_gone"));
    let heard = all(&mut *talk, GONE);
    let methods: Vec<Value> = told(&heard).into_iter().map(|asked| asked["method"].clone()).collect();
    assert_eq!(methods, ["session/load", "session/new"]);
    let said = kept(heard);
    assert!(
        matches!(&said[..], [Said::NoSession, Said::Session { id }, Said::Ready, Said::Answer { message: Some(16), .. }]
            if id.starts_with("ses_deb")),
        "{said:#?}"
    );
    // Where a new one can't be had either, it is kept: what is wrong is something else.
    let mut talk = greeted(Some("old"));
    talk.line(LOADS.as_bytes());
    let refused = json!({"code": -32603, "message": "Internal error"});
    assert_eq!(told(&talk.line(error("wg-session-load", refused.clone()).as_bytes())).len(), 1);
    let said = kept(talk.line(error("wg-session-new", refused).as_bytes()));
    assert!(matches!(&said[..], [Said::Failed { error: TurnError::Other, .. }]), "{said:?}");
    // Nobody forgets a conversation because a login is over.
    let mut talk = greeted(Some("old"));
    talk.line(LOADS.as_bytes());
    let login = error("wg-session-load", json!({"code": -32000, "message": "Authentication required"}));
    let said = kept(talk.line(login.as_bytes()));
    assert!(matches!(&said[..], [Said::Unfit { reason: GiveUp::Auth, .. }]), "{said:?}");
}

#[test]
fn what_is_said_too_early_is_held_until_the_conversation_is_there() {
    let mut talk = fresh();
    assert_eq!(deliver(&mut *talk, 4, "early", false), b"");
    talk.line(LOADS.as_bytes());
    let asked = told(&talk.line(answer("wg-session-new", json!({"sessionId": "s"})).as_bytes()));
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["id"], &asked[0]["method"]), (&json!("wg-prompt-4"), &json!("session/prompt")));
    let blocks = asked[0]["params"]["prompt"].as_array().expect("blocks");
    // A new conversation is told once what it is.
    assert_eq!((blocks.len(), &blocks[0]["text"], &blocks[1]["text"]), (2, &json!(CHAT), &json!("early")));
    let next = json_of(&deliver(&mut *talk, 5, "two\nlines", true));
    let blocks = next["params"]["prompt"].as_array().expect("blocks");
    let text = blocks[0]["text"].as_str().expect("a text");
    assert!(
        blocks.len() == 1 && text.contains("given to you before") && text.ends_with("two\nlines"),
        "{text}"
    );
    assert_eq!(json_of(&talk.interrupt())["method"], "session/cancel");
    // What was interrupted before it was said is not said.
    let mut talk = fresh();
    deliver(&mut *talk, 4, "early", false);
    assert_eq!(talk.interrupt(), b"");
    assert_eq!(told(&talk.line(answer("wg-session-new", json!({"sessionId": "s"})).as_bytes())).len(), 0);
}

#[test]
fn what_is_taken_over_goes_on() {
    // Before it was ready: what it printed until then is read again.
    let said = kept(all(&mut *taken_over(), TURNS));
    assert!(matches!(&said[..3], [Said::Session { .. }, Said::Ready, Said::Tool { .. }]), "{said:#?}");
    // A chat that was served: the next message goes into its conversation.
    let next = json_of(&message(9, "hello"));
    assert_eq!((&next["params"]["sessionId"], &next["id"]), (&json!("s"), &json!("wg-prompt-9")));
    // In the middle of a turn: it ends with its own message's number, and what it cost is not known.
    let from = TURNS.find(r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"ses_debc10544ffeTPaCQtZSM8fvr5","update":{"sessionUpdate":"agent_message_chunk""#);
    let mut talk = taken_over_with("ses_debc10544ffeTPaCQtZSM8fvr5");
    let said = kept(all(&mut *talk, &TURNS[from.expect("a chunk")..]));
    assert!(
        matches!(&said[0], Said::Answer { message: Some(11), text, usage } if text.starts_with("answer to: one") && usage.cost_micros.is_none()),
        "{said:#?}"
    );
    assert!(matches!(&said[2], Said::Answer { usage, .. } if usage.cost_micros == Some(634)), "{said:#?}");
    // A call that is seen to end was told when it began.
    let done =
        TURNS.lines().find(|line| line.contains(r#""status":"completed""#)).expect("a call that ended");
    let mut talk = taken_over_with("ses_debc10544ffeTPaCQtZSM8fvr5");
    assert_eq!(talk.line(done.as_bytes()), []);
    // Work, whose conversation may not be known yet: a new one is had, or what it says tells it.
    let mut work = acp(Permissions::Edit).work(&crate::shell::tests::attempt()).expect("it works on tasks");
    work.greet(true);
    assert_eq!(json_of(&deliver(&mut *work, 1, "do", false))["method"], "session/new");
    assert_eq!(
        told(&work.line(answer("wg-session-new", json!({"sessionId": "n"})).as_bytes()))[0]["params"]["sessionId"],
        "n"
    );
    let progress =
        wg_core::attempt::Progress { session: Some("k".into()), ..wg_core::attempt::Progress::default() };
    let known = Attempt { progress, ..crate::shell::tests::attempt() };
    let mut work = acp(Permissions::Edit).work(&known).expect("it works on tasks");
    work.greet(true);
    assert_eq!(json_of(&deliver(&mut *work, 1, "do", false))["params"]["sessionId"], "k");
    let mut work = acp(Permissions::Edit).work(&crate::shell::tests::attempt()).expect("it works on tasks");
    work.greet(true);
    work.line(done.as_bytes());
    assert_eq!(json_of(&work.interrupt())["params"]["sessionId"], "ses_debc10544ffeTPaCQtZSM8fvr5");
}

#[test]
fn a_death_in_the_middle_of_a_turn_is_heard_up_to_there() {
    let said = kept(all(&mut *greeted(Some("ses_debc10544ffeTPaCQtZSM8fvr5")), KILLED));
    assert_eq!(said, [Said::Ready, tool("git version")]);
}

#[test]
fn what_is_asked_is_answered_and_told_once() {
    let mut work = acp(Permissions::Edit).work(&crate::shell::tests::attempt()).expect("it works on tasks");
    work.works_in("/w");
    work.greet(false);
    let heard = all(&mut *work, ASKS);
    let answers: Vec<Value> = told(&heard).into_iter().filter(|told| told["result"].is_object()).collect();
    let options =
        answers.iter().map(|answer| answer["result"]["outcome"]["optionId"].as_str().expect("an option"));
    // git version; git version && echo x; wg list; touch /other/outside (twice: the folder, the command); rm;
    // a file below the folder; one outside of it (twice); a file below the folder; a page.
    assert_eq!(
        options.collect::<Vec<_>>(),
        [
            "once", "reject", "once", "reject", "reject", "reject", "once", "reject", "reject", "once",
            "reject"
        ]
    );
    let tools = kept(heard).into_iter().filter(|said| matches!(said, Said::Tool { .. })).count();
    assert_eq!(tools, 9);
    // People may be asked in a chat, about what it may not do by itself.
    let (mut chat, heard) = (fresh(), all(&mut *fresh(), ASKS));
    let allowed = told(&heard).into_iter().filter(|told| told["result"].is_object()).count();
    let asked: Vec<Question> = kept(heard)
        .into_iter()
        .filter_map(|said| if let Said::Asks { question } = said { Some(question) } else { None })
        .collect();
    let wanted: Vec<&str> = asked.iter().map(|question| question.what.as_str()).collect();
    assert_eq!((allowed, &wanted[..2]), (4, &["run git version && echo x", "touch /other/outside"][..]));
    assert_eq!(wanted.len(), 7);
    let names: Vec<&str> = asked[0].choices.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["Allow once", "Always allow", "Reject"]);
    let yes = json_of(&chat.answer(&asked[0].id, Some("always")));
    assert_eq!((&yes["id"], &yes["result"]["outcome"]["optionId"]), (&json!(1), &json!("always")));
    assert_eq!(json_of(&chat.answer(&asked[1].id, None))["result"]["outcome"]["outcome"], "cancelled");
    let mut full = acp(Permissions::Full).conversation(&facts(None)).expect("it serves chats");
    full.greet(false);
    for answer in told(&all(&mut *full, ASKS)).iter().filter(|told| told["result"].is_object()) {
        assert_eq!(answer["result"]["outcome"]["optionId"], "once");
    }
    let files =
        json!({"jsonrpc": "2.0", "id": 7, "method": "fs/read_text_file", "params": {"path": "/etc/passwd"}});
    let refused = told(&fresh().line(files.to_string().as_bytes()));
    assert_eq!((&refused[0]["id"], &refused[0]["error"]["code"]), (&json!(7), &json!(-32601)));
}

#[test]
fn the_model_is_chosen_where_it_can_be() {
    let opening = |result: Value| {
        let chat = ChatFacts { model: Some("m2".into()), ..facts(None) };
        let mut talk = acp(Permissions::Edit).conversation(&chat).expect("it serves chats");
        talk.greet(false);
        talk.line(LOADS.as_bytes());
        let mut all = json!({"sessionId": "s"});
        all.as_object_mut().expect("an object").extend(result.as_object().cloned().unwrap_or_default());
        let heard = talk.line(answer("wg-session-new", all).as_bytes());
        (talk, heard)
    };
    let option = |current: &str| json!({"configOptions": [{"id": "mode", "category": "mode"}, {"id": "x", "category": "model", "currentValue": current}]});
    let (mut talk, heard) = opening(option("m1"));
    let asked = &told(&heard)[0];
    assert_eq!(
        (&asked["method"], &asked["params"]),
        (&json!("session/set_config_option"), &json!({"sessionId": "s", "configId": "x", "value": "m2"}))
    );
    let said = kept(talk.line(answer("wg-model", json!({})).as_bytes()));
    assert_eq!(said, [Said::Session { id: "s".into() }, Said::Ready]);
    let (mut talk, _) = opening(option("m1"));
    let said = kept(
        talk.line(error("wg-model", json!({"code": -32602, "message": "model not found: m2"})).as_bytes()),
    );
    assert!(
        matches!(&said[..], [Said::Unfit { reason: GiveUp::Model, text }] if text.contains("m2")),
        "{said:?}"
    );
    assert!(matches!(&kept(opening(option("m2")).1)[..], [Said::Session { .. }, Said::Ready]));
    let (_, heard) = opening(json!({"models": {"currentModelId": "m1"}}));
    assert_eq!(told(&heard)[0]["method"], "session/set_model");
    assert!(matches!(&kept(opening(json!({})).1)[..], [Said::Unfit { reason: GiveUp::Model, .. }]));
}

#[test]
fn every_end_of_a_turn_has_its_class() {
    let chunk = json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": {"sessionUpdate": "agent_message_chunk", "content": {"type": "text", "text": "half"}}}});
    let end = |line: String| {
        let mut talk = taken_over_with("s");
        deliver(&mut *talk, 3, "x", false);
        talk.line(chunk.to_string().as_bytes());
        kept(talk.line(line.as_bytes())).pop().expect("an end")
    };
    let stop = |reason: &str| end(answer("wg-prompt-3", json!({"stopReason": reason})));
    assert!(matches!(stop("end_turn"), Said::Answer { message: Some(3), text, .. } if text == "half"));
    assert!(matches!(stop("cancelled"), Said::Failed { error: TurnError::Interrupted, .. }));
    for reason in ["max_tokens", "max_turn_requests", "refusal", "something_new"] {
        assert!(
            matches!(stop(reason), Said::Failed { error: TurnError::Other, text, .. } if text.contains(reason) && text.contains("half"))
        );
    }
    let until = None;
    let failed = |code: i64, text: &str| end(error("wg-prompt-3", json!({"code": code, "message": text})));
    for (code, text, wanted) in [
        (-32603, "Internal error: Rate limit reached: limit 500, used 500", TurnError::RateLimited { until }),
        (429, "slow", TurnError::RateLimited { until }),
        (500, "You exceeded your current quota", TurnError::RateLimited { until }),
        (500, "odd", TurnError::Outage),
        (-32603, "got 503 from upstream", TurnError::Outage),
        (-32603, "Error: Unable to connect", TurnError::Outage),
        (-32603, "a file of 5000 lines, 777 of them new", TurnError::Other),
        (-32602, "Session not found", TurnError::Other),
    ] {
        let said = failed(code, text);
        assert!(matches!(&said, Said::Failed { error, .. } if *error == wanted), "{code} {text}: {said:?}");
    }
    for (code, text, wanted) in [
        (-32000, "please", GiveUp::Auth),
        (-32603, "Incorrect API key provided", GiveUp::Auth),
        (403, "no", GiveUp::Auth),
        (500, "models/x is not found for API version v1beta", GiveUp::Model),
    ] {
        let said = failed(code, text);
        assert!(matches!(&said, Said::Unfit { reason, .. } if *reason == wanted), "{code} {text}: {said:?}");
    }
    let later = r#"{"jsonrpc":"2.0","id":"wg-initialize","result":{"protocolVersion":2}}"#;
    assert!(matches!(
        &kept(fresh().line(later.as_bytes()))[..],
        [Said::Unfit { reason: GiveUp::Configuration, .. }]
    ));
}

#[test]
fn it_is_there_where_an_agent_is_named() {
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = crate::shell::tests::attempt();
    let spec = acp(Permissions::Edit).launch(&task, &attempt).expect("it can be started");
    assert_eq!(
        (spec.program.as_str(), &spec.args[..], spec.stdin),
        ("agent", &["--acp".to_owned()][..], Stdin::Talk)
    );
    assert_eq!(acp(Permissions::Edit).launch_chat(&facts(None)), Ok(spec));
    let none = Acp::default();
    assert_eq!(none.launch(&task, &attempt), Err(Unlaunchable::NoAgent));
    assert!(
        none.launch_chat(&facts(None))
            .is_err_and(|error| error.to_string().contains("wg config set acp.command"))
    );
    let odd = Acp::new(AcpConfig { command: Some("'open".into()), ..AcpConfig::default() });
    assert!(matches!(odd.launch(&task, &attempt), Err(Unlaunchable::NoWords(_))));
    assert_eq!((none.program(), acp(Permissions::Edit).program()), ("", "agent"));
    for (end, class) in [
        (ProcessEnd::Left(ExitStatus::Code(0)), "no work"),
        (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
        (ProcessEnd::Left(ExitStatus::Code(127)), "configuration"),
        (ProcessEnd::Deadline, "timed out"),
    ] {
        assert_eq!(none.classify(&end).class(), class, "{end:?}");
    }
    let found = ProgramFacts { path: Some("/usr/bin/agent".into()), modified: Some(5), executable: true };
    let base = acp(Permissions::Edit).chat_configuration(&facts(None), &found);
    assert_eq!(base, acp(Permissions::Edit).chat_configuration(&facts(Some("s")), &found));
    for other in [
        acp(Permissions::Full).chat_configuration(&facts(None), &found),
        none.chat_configuration(&facts(None), &found),
        acp(Permissions::Edit)
            .chat_configuration(&ChatFacts { model: Some("m".into()), ..facts(None) }, &found),
        acp(Permissions::Edit).chat_configuration(&facts(None), &ProgramFacts::default()),
    ] {
        assert_ne!(base, other);
    }
}
