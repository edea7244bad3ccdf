//! What `codex app-server` printed, and what it is told.

use serde_json::Value;
use wg_core::chat::{GiveUp, TurnError};
use wg_core::id::Actor;
use wg_core::time::Timestamp;

use super::*;
use crate::conversation::Delivery;

fn lines(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).expect("JSON is UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'), "whole lines: {text}");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_handler_is_told_line_by_line() {
    let mut talk = of(&chat_facts());
    assert!(talk.interrupt().is_empty(), "there is no conversation yet");
    let greeting = lines(&talk.greet(false));
    let methods: Vec<_> = greeting.iter().map(|line| line["method"].as_str().unwrap_or_default()).collect();
    assert_eq!(methods, ["initialize", "initialized", "thread/start"]);
    let params = &greeting[2]["params"];
    assert_eq!((&params["model"], &params["sandbox"]), (&"gpt-5.1-codex".into(), &"workspace-write".into()));
    assert_eq!(params["approvalPolicy"], "never");
    assert!(
        params["developerInstructions"].as_str().is_some_and(|told| told.contains("a chat of workgraph"))
    );
    assert_eq!(talk.greet(true), b"", "it was greeted before");

    let mut known = of(&known("01a2-b"));
    let greeting = lines(&known.greet(false));
    assert_eq!(
        (&greeting[2]["method"], &greeting[2]["params"]["threadId"]),
        (&"thread/resume".into(), &"01a2-b".into())
    );
    let from = Actor::User("ann".into());
    let mut message =
        Delivery { message: 12, from: &from, at: Timestamp::default(), text: "two\nlines", again: false };
    let told = lines(&known.deliver(&message));
    assert_eq!(
        (told.len(), &told[0]["method"], &told[0]["id"]),
        (1, &"turn/start".into(), &"wg-7-12".into())
    );
    assert_eq!(told[0]["params"]["threadId"], "01a2-b");
    assert_eq!(told[0]["params"]["clientUserMessageId"], "wg-7-12");
    assert_eq!(told[0]["params"]["input"][0]["text"], "two\nlines");
    message.again = true;
    let told = lines(&known.deliver(&message));
    let again = told[0]["params"]["input"][0]["text"].as_str().expect("a text");
    assert!(again.contains("given to you before") && again.ends_with("two\nlines"), "{again}");
    let told = lines(&known.interrupt());
    assert_eq!(
        (&told[0]["method"], &told[0]["params"]["threadId"]),
        (&"turn/interrupt".into(), &"01a2-b".into())
    );

    for session in ["", "a b", "a\0", "ü"] {
        let odd = ChatFacts { session: Some(session.into()), ..chat_facts() };
        assert_eq!(lines(&of(&odd).greet(false))[2]["method"], "thread/start", "{session:?}");
    }
    let full = Codex::new(CodexConfig { permissions: Permissions::Full, ..CodexConfig::default() });
    let mut talk = full.conversation(&ChatFacts { model: None, ..chat_facts() }).expect("it serves chats");
    let opening = &lines(&talk.greet(false))[2]["params"];
    assert_eq!((&opening["sandbox"], &opening["model"]), (&"danger-full-access".into(), &Value::Null));
}

#[test]
fn turns_are_heard_with_their_messages_tools_and_usage() {
    let said = kept(&mut *fresh(), TURNS);
    assert!(matches!(&said[0], Said::Session { id } if id.len() == 36), "{said:#?}");
    assert_eq!(said[1..4], [Said::Ready, shell("git version"), shell("cat /proc/version_x")]);
    let Said::Answer { message: Some(11), text, usage } = &said[4] else { panic!("{:?}", said[4]) };
    assert_eq!(text, "answer to: one\n#tool git version\n#tool cat /proc/version_x");
    assert_eq!(*usage, used(3));
    let interrupted =
        |calls| Said::Failed { error: TurnError::Interrupted, text: String::new(), usage: used(calls) };
    // In the middle of a command, and in the middle of an answer: that call was never counted.
    assert_eq!(said[5..8], [shell("sleep 30"), interrupted(1), interrupted(0)]);
    assert!(
        matches!(&said[8], Said::Answer { message: Some(14), usage, .. } if *usage == used(1)),
        "{said:#?}"
    );
    // Two commands that its sandbox refused: of such it does not always tell.
    assert!(
        matches!(&said[9], Said::Answer { message: Some(15), usage, .. } if *usage == used(3)),
        "{said:#?}"
    );
    assert_eq!(said.len(), 10, "{said:#?}");
    let deltas = all(&mut *fresh(), TURNS).into_iter();
    let text: String =
        deltas.filter_map(|heard| if let Heard::Delta(text) = heard { Some(text) } else { None }).collect();
    assert!(text.starts_with("answer to: one\n#tool git version"), "{text}");
}

#[test]
fn what_a_turn_has_used_is_told_while_it_goes_on_and_begins_anew_with_the_next() {
    let calls: Vec<_> = said(all(&mut *fresh(), TURNS))
        .into_iter()
        .filter_map(|said| match said {
            Said::Used { usage } => Some((usage.total_input() / 1_200, usage.output / 34)),
            said if ends_a_turn(&said) => Some((0, 0)),
            _ => None,
        })
        .collect();
    let turn = [(1, 1), (2, 2), (3, 3), (0, 0)];
    assert_eq!(calls, [&turn[..], &[(1, 1), (0, 0), (0, 0), (1, 1), (0, 0)], &turn].concat());
}

#[test]
fn an_adopted_handler_is_understood_from_the_middle_of_a_turn() {
    // Its message came before, and one of three calls.
    let from = TURNS.find(r#"{"method":"account/rateLimits/updated""#).expect("a call");
    let mut talk = adopted();
    let said = kept(&mut *talk, &TURNS[from..]);
    let ends: Vec<&Said> = said.iter().filter(|said| ends_a_turn(said)).collect();
    assert!(
        matches!(ends[0], Said::Answer { message: None, text, usage }
        if text.starts_with("answer to: one") && *usage == used(2)),
        "{ends:#?}"
    );
    assert!(
        matches!(ends[3], Said::Answer { message: Some(14), usage, .. } if *usage == used(1)),
        "{ends:#?}"
    );
    assert_eq!(ends.len(), 5);
    // Of all of it, the end of the turn alone.
    let end = TURNS.find(r#"{"method":"turn/completed""#).expect("an end");
    let said = kept(&mut *adopted(), &TURNS[end..]);
    assert!(matches!(&said[0], Said::Answer { text, .. } if text.starts_with("answer to: one")), "{said:#?}");
}

#[test]
fn work_is_told_no_more_than_its_task_and_counted_whole_whoever_listens() {
    let attempt = Attempt { model: Some("gpt-5.1-codex".into()), ..crate::shell::tests::attempt() };
    let mut talk = Codex::default().work(&attempt).expect("it works");
    let opening = &lines(&talk.greet(false))[2];
    assert_eq!(
        (&opening["method"], &opening["params"]["model"]),
        (&"thread/start".into(), &"gpt-5.1-codex".into())
    );
    assert_eq!(opening["params"]["developerInstructions"], Value::Null, "its prompt says all");
    // Who took it over has not heard of the first call, and counts it.
    let second =
        TURNS.match_indices(r#"{"method":"thread/tokenUsage/updated""#).nth(1).expect("a second call").0;
    let said = kept(&mut *at_work(), &TURNS[second..]);
    let end = said.iter().find(|said| ends_a_turn(said));
    assert!(matches!(end, Some(Said::Answer { usage, .. }) if *usage == used(3)), "{end:?}");
    let progress = wg_core::attempt::Progress { session: Some("01a2-b".into()), ..attempt.progress.clone() };
    let mut talk = Codex::default().work(&Attempt { progress, ..attempt }).expect("it works");
    talk.greet(true);
    assert_eq!(lines(&talk.interrupt())[0]["params"]["threadId"], "01a2-b", "it knows what it took over");
}

#[test]
fn a_death_and_a_resumption_are_heard() {
    let killed = kept(&mut *fresh(), KILLED);
    assert_eq!(killed.last(), Some(&shell("sleep 30")));
    let Some(Said::Session { id }) = killed.first() else { panic!("{killed:?}") };
    let mut talk = of(&known(id));
    talk.greet(false);
    let said = said(all(&mut *talk, RESUMED));
    // What it tells of the turns before is of none of its own.
    let [Said::Ready, Said::Used { usage: so_far }, Said::Answer { message: Some(12), usage, .. }] =
        &said[..]
    else {
        panic!("{said:#?}")
    };
    assert_eq!((so_far, usage), (&used(1), &used(1)));
}

#[test]
fn a_conversation_that_is_gone_begins_anew_in_the_same_process() {
    let mut talk = of(&known("11111111-2222-3333-4444-555555555555"));
    talk.greet(false);
    let heard = all(&mut *talk, GONE);
    let anew =
        heard.iter().find_map(|heard| if let Heard::Reply(bytes) = heard { Some(bytes) } else { None });
    let anew = lines(anew.expect("a reply"));
    assert_eq!((&anew[0]["method"], &anew[0]["id"]), (&"thread/start".into(), &"wg-anew".into()));
    let mut said = said(heard);
    said.retain(|said| !matches!(said, Said::Used { .. }));
    assert!(
        matches!(&said[..], [Said::NoSession, Said::Session { id }, Said::Ready, Said::Answer { .. }] if id.len() == 36),
        "{said:#?}"
    );
    // Of a handler that was to go on with nothing it is a failure as any other.
    assert!(matches!(kept(&mut *fresh(), GONE)[0], Said::Failed { error: TurnError::Other, .. }));
}

#[test]
fn what_it_can_not_open_is_said() {
    let said = kept(&mut *fresh(), UNOPENED);
    assert!(
        matches!(&said[..], [Said::Unfit { reason: GiveUp::Configuration, text }] if text.contains("`nope`")),
        "{said:?}"
    );
    let broken =
        r#"{"id":"wg-open","error":{"code":-32603,"message":"failed to read thread: it is no thread"}}"#;
    let mut talk = of(&known("01a2-b"));
    let said = kept(&mut *talk, broken);
    assert!(
        matches!(&said[..], [Said::Failed { error: TurnError::Other, text, .. }] if text.contains("no thread"))
    );
    let refused = r#"{"id":"wg-7-12","error":{"code":-32600,"message":"thread not found: 01a2-b"}}"#;
    assert!(matches!(&kept(&mut *talk, refused)[..], [Said::Failed { error: TurnError::Other, .. }]));
    let interrupt = r#"{"id":"wg-interrupt","error":{"code":-32600,"message":"no turn"}}"#;
    assert_eq!(all(&mut *talk, interrupt), [], "there was nothing to interrupt");
    let elses = r#"{"id":"wg-8-12","error":{"code":-32600,"message":"thread not found"}}"#;
    assert_eq!(all(&mut *talk, elses), [], "of another handler");
}

#[test]
fn what_it_asks_for_is_decided_by_what_is_configured() {
    let full = Codex::new(CodexConfig { permissions: Permissions::Full, ..CodexConfig::default() });
    for (mut talk, decision) in
        [(fresh(), "decline"), (full.conversation(&chat_facts()).expect("it serves"), "accept")]
    {
        let heard = all(&mut *talk, ASKED);
        let replies: Vec<_> = heard
            .iter()
            .filter_map(|heard| if let Heard::Reply(bytes) = heard { Some(lines(bytes)) } else { None })
            .collect();
        let [reply] = &replies[..] else { panic!("{replies:?}") };
        assert_eq!((&reply[0]["id"], &reply[0]["result"]["decision"]), (&0.into(), &decision.into()));
        assert!(said(heard).iter().any(|said| *said == shell("touch /etc/x")));
    }
    let mut talk = fresh();
    for (method, field, value) in [
        ("item/fileChange/requestApproval", "/result/decision", Value::from("decline")),
        ("item/permissions/requestApproval", "/result/permissions", serde_json::json!({})),
        ("item/tool/requestUserInput", "/result/answers", serde_json::json!({})),
        ("mcpServer/elicitation/request", "/result/action", "decline".into()),
        ("account/chatgptAuthTokens/refresh", "/error/code", (-32_601).into()),
    ] {
        let asked = format!(r#"{{"id":"x-1","method":"{method}","params":{{}}}}"#);
        let [Heard::Reply(reply)] = &talk.line(asked.as_bytes())[..] else { panic!("no reply to {method}") };
        let reply = &lines(reply)[0];
        assert_eq!((&reply["id"], reply.pointer(field)), (&"x-1".into(), Some(&value)), "{reply}");
    }
}

#[test]
fn a_message_in_the_middle_of_a_turn_is_answered_by_its_end() {
    let said = kept(&mut *fresh(), STEERED);
    assert!(
        matches!(said.last(), Some(Said::Answer { message: Some(12), text, .. }) if text == "answer to: two"),
        "{said:#?}"
    );
}

#[test]
fn what_helpers_of_the_agent_say_and_do_is_its_own_business_and_what_they_use_is_used() {
    let mut talk = fresh();
    let mut helper = String::new();
    for line in TURNS.lines().filter(|line| !line.contains(r#""id":"wg-"#)) {
        helper.push_str(&line.replace("\"threadId\":\"", "\"threadId\":\"of-another-"));
        helper.push('\n');
    }
    let opened = TURNS.lines().find(|line| line.contains(r#""id":"wg-open""#)).expect("it was opened");
    let started = TURNS.lines().find(|line| line.contains("turn/started")).expect("a turn");
    let heard = all(&mut *talk, &format!("{opened}\n{started}\n{helper}"));
    let last = said(heard.clone()).pop();
    assert!(matches!(&last, Some(Said::Used { usage }) if *usage == used(8)), "{last:?}");
    let rest = heard.into_iter().filter(|heard| !matches!(heard, Heard::Kept(Said::Used { .. })));
    let rest: Vec<Heard> = rest.collect();
    assert!(matches!(&rest[..], [Heard::Kept(Said::Session { .. }), Heard::Kept(Said::Ready)]), "{rest:#?}");
}

#[test]
fn every_refusal_has_its_class() {
    let mut talk = fresh();
    let ends: Vec<Said> = kept(&mut *talk, REFUSED).into_iter().filter(ends_a_turn).collect();
    let class = |said: &Said| match said {
        Said::Failed { error, text, .. } if !text.is_empty() => error.to_string(),
        Said::Unfit { reason, text } if !text.is_empty() => reason.to_string(),
        other => panic!("{other:?}"),
    };
    let reset = Some(Timestamp::from_nanos(1_795_700_000_000_000_000));
    let limited = |until| TurnError::RateLimited { until }.to_string();
    let (outage, other) = (TurnError::Outage.to_string(), TurnError::Other.to_string());
    let (auth, model) = (GiveUp::Auth.to_string(), GiveUp::Model.to_string());
    // 400, 401, 403, an unknown model, 429, 500, 503; the plan's limit, its money, too fast, no room, a broken
    // stream, too long; nobody there, no key.
    let expected = [
        other.clone(),
        auth.clone(),
        auth.clone(),
        model,
        limited(None),
        outage.clone(),
        outage.clone(),
        limited(reset),
        GiveUp::Configuration.to_string(),
        limited(None),
        outage.clone(),
        outage.clone(),
        other,
        outage,
        auth,
    ];
    assert_eq!(ends.iter().map(class).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_tried_again_ends_once_and_a_long_output_is_one_tool() {
    let retried = kept(&mut *fresh(), RETRIED);
    assert!(matches!(&retried[2..], [Said::Failed { error: TurnError::Outage, .. }]), "{retried:#?}");
    let long = kept(&mut *fresh(), LONG);
    assert!(matches!(&long[2..], [Said::Tool { .. }, Said::Answer { .. }]), "{long:#?}");
}
