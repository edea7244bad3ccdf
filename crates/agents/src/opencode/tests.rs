//! What the real program printed as it worked (`samples/`, version 1.18 against a scripted model), and what the
//! adapter says of itself. What it prints as it serves a chat is in the tests of the protocol's client.

use wg_core::attempt::ExitStatus;
use wg_core::chat::{GiveUp, Said, TurnError};
use wg_core::id::{AttemptRef, ChatNumber, TaskId};
use wg_core::time::Timestamp;
use wg_core::usage::Usage;

use super::*;
use crate::conversation::Heard;

pub(super) const RUN: &str = include_str!("samples/run.jsonl");
pub(super) const REFUSED: [&str; 5] = [
    include_str!("samples/run-401.jsonl"),
    include_str!("samples/run-404.jsonl"),
    include_str!("samples/run-429.jsonl"),
    include_str!("samples/run-500.jsonl"),
    include_str!("samples/run-nomodel.jsonl"),
];

fn chat() -> ChatFacts {
    ChatFacts {
        number: ChatNumber(3),
        name: "Ann".into(),
        session: None,
        handler: AttemptRef(7),
        exec: None,
        model: Some("mock/m1".into()),
    }
}

pub(super) fn fresh() -> Box<dyn Conversation> {
    let mut run = Opencode::default().work(&crate::shell::tests::attempt()).expect("it works on tasks");
    assert_eq!(run.greet(false), b"");
    run
}

fn all(text: &str) -> Vec<Heard> {
    let mut run = fresh();
    text.lines().flat_map(|line| run.line(line.as_bytes())).collect()
}

fn kept(text: &str) -> Vec<Said> {
    all(text)
        .into_iter()
        .filter_map(|heard| if let Heard::Kept(said) = heard { Some(said) } else { None })
        .collect()
}

fn used(steps: u64) -> Usage {
    Usage {
        input: 600 * steps,
        cache_read: 100 * steps,
        output: 12 * steps,
        reasoning: 3 * steps,
        cost_micros: Some(634 * steps),
        ..Usage::default()
    }
}

#[test]
fn a_run_is_heard_step_by_step() {
    let said = kept(RUN);
    assert!(matches!(&said[0], Said::Session { id } if id.starts_with("ses_")), "{said:#?}");
    let tool = |detail: &str| Said::Tool { name: "bash".into(), detail: detail.into() };
    let answer = "answer to: do\n#tool git version\n#tool touch x\n";
    assert_eq!(
        said[1..],
        [
            tool("git version"),
            Said::Used { usage: used(1) },
            // It was denied, and the run went on.
            tool("touch x"),
            Said::Used { usage: used(2) },
            Said::Answer { message: None, text: answer.into(), usage: used(3) },
        ]
    );
    let shown = all(RUN)
        .into_iter()
        .filter_map(|heard| if let Heard::Delta(text) = heard { Some(text) } else { None });
    assert_eq!(shown.collect::<String>(), answer);
}

#[test]
fn a_run_that_is_taken_over_counts_on() {
    // What was heard up to the first step's end is in the graph.
    let (heard, left) =
        RUN.split_at(RUN.find(r#"{"type":"step_start","timestamp":1795634824037"#).expect("a second step"));
    let Some(Said::Used { usage }) = kept(heard).pop() else { panic!("{heard}") };
    let progress = wg_core::attempt::Progress {
        session: Some("ses_debd3486cffeZuBcJIcnNKoXzP".into()),
        in_flight: usage,
        ..wg_core::attempt::Progress::default()
    };
    let attempt = Attempt { progress, ..crate::shell::tests::attempt() };
    let mut run = Opencode::default().work(&attempt).expect("it works on tasks");
    let said: Vec<Heard> = left.lines().flat_map(|line| run.line(line.as_bytes())).collect();
    assert!(!said.iter().any(|heard| matches!(heard, Heard::Kept(Said::Session { .. }))), "{said:#?}");
    assert!(
        matches!(said.last(), Some(Heard::Kept(Said::Answer { usage, .. })) if *usage == used(3)),
        "{said:#?}"
    );
}

#[test]
fn every_refusal_has_its_class() {
    let ends = REFUSED.map(|text| kept(text).pop().expect("an end"));
    assert!(
        matches!(&ends[0], Said::Unfit { reason: GiveUp::Auth, text } if text == "scripted 401"),
        "{ends:#?}"
    );
    assert!(matches!(&ends[1], Said::Unfit { reason: GiveUp::Model, .. }), "{ends:#?}");
    let failed = |end: &Said, wanted| matches!(end, Said::Failed { error, .. } if *error == wanted);
    assert!(failed(&ends[2], TurnError::RateLimited { until: None }), "{ends:#?}");
    assert!(failed(&ends[3], TurnError::Outage), "{ends:#?}");
    // All that it says of a model that is not there is to look into its logs.
    assert!(failed(&ends[4], TurnError::Other), "{ends:#?}");
}

#[test]
fn the_end_of_a_limit_is_counted_from_when_it_was_said() {
    let line = r#"{"type":"error","timestamp":1795635681704,"error":{"name":"APIError","data":{"message":"slow down","statusCode":429,"responseHeaders":{"retry-after":"30"}}}}"#;
    let until = Some(Timestamp::from_nanos(1_795_635_711_704_000_000));
    let said = kept(line);
    assert!(
        matches!(&said[..], [Said::Failed { error, .. }] if *error == TurnError::RateLimited { until }),
        "{said:?}"
    );
    for odd in [line.replace("\"30\"", "\"soon\""), line.replace("1795635681704", "7")] {
        let said = kept(&odd);
        let until = None;
        assert!(
            matches!(&said[..], [Said::Failed { error, .. }] if *error == TurnError::RateLimited { until }),
            "{said:?}"
        );
    }
}

#[test]
fn what_a_run_says_of_its_end_ends_it() {
    let error = |name: &str| {
        kept(&format!(r#"{{"type":"error","error":{{"name":"{name}","data":{{"message":"m"}}}}}}"#))
    };
    assert!(matches!(&error("ProviderAuthError")[..], [Said::Unfit { reason: GiveUp::Auth, .. }]));
    assert!(matches!(
        &error("MessageAbortedError")[..],
        [Said::Failed { error: TurnError::Interrupted, .. }]
    ));
    assert!(matches!(&error("Whatever")[..], [Said::Failed { error: TurnError::Other, .. }]));
    let said = kept(r#"{"type":"step_finish","part":{"reason":"length"}}"#);
    assert!(
        matches!(&said[..], [Said::Failed { error: TurnError::Other, text, .. }] if text.contains("length"))
    );
}

#[test]
fn it_is_started_with_its_model_and_may_do_what_is_configured() {
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = Attempt { model: Some("mock/m1".into()), ..crate::shell::tests::attempt() };
    let rules = |spec: &CommandSpec| {
        spec.env.iter().find(|(name, _)| name == "OPENCODE_PERMISSION").map(|(_, rules)| rules.clone())
    };
    let edit = Opencode::default();
    let work = edit.launch(&task, &attempt).expect("it can be started");
    assert_eq!((work.program.as_str(), work.stdin), ("opencode", Stdin::Prompt));
    assert_eq!(work.args, ["run", "--format=json", "--model=mock/m1"]);
    let rules_of_edit: serde_json::Value = serde_json::from_str(&rules(&work).expect("rules")).expect("JSON");
    assert_eq!(rules_of_edit["bash"]["*"], "deny");
    let spec = edit.launch_chat(&chat()).expect("it can be started");
    assert_eq!((&spec.args[..], spec.stdin), (&["acp".to_owned()][..], Stdin::Talk));
    let rules_of_chat: serde_json::Value = serde_json::from_str(&rules(&spec).expect("rules")).expect("JSON");
    assert_eq!(
        (&rules_of_chat["bash"]["*"], &rules_of_chat["external_directory"]),
        (&"ask".into(), &"ask".into())
    );
    assert!(spec.inherit.iter().any(|name| name == "OPENCODE_CONFIG"));
    let twice: Vec<&str> = spec
        .env
        .iter()
        .filter(|(name, _)| spec.inherit.contains(name))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(twice, [GOES_ON.0], "what a person has set goes before ours");
    let full = Opencode::new(OpencodeConfig { permissions: Permissions::Full, ..OpencodeConfig::default() });
    let work = full.launch(&task, &Attempt { model: None, ..attempt.clone() }).expect("it can be started");
    assert_eq!(work.args, ["run", "--format=json", "--auto"]);
    assert_eq!(rules(&work), None);
    let nul = Attempt { model: Some("a\0".into()), ..attempt };
    assert_eq!(edit.launch(&task, &nul), Err(Unlaunchable::ModelNul));
}

#[test]
fn every_end_has_its_class() {
    let adapter = Opencode::default();
    let missing = ProcessEnd::NotExecuted { program: "opencode".into(), reason: "not found".into() };
    assert!(adapter.classify(&missing).to_string().contains("opencode.program"));
    for (end, class) in [
        (ProcessEnd::Left(ExitStatus::Code(0)), "no work"),
        (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
        (ProcessEnd::Left(ExitStatus::Code(127)), "configuration"),
        (ProcessEnd::Left(ExitStatus::Signal(9)), "exited badly"),
        (ProcessEnd::Deadline, "timed out"),
        (missing, "configuration"),
    ] {
        assert_eq!(adapter.classify(&end).class(), class, "{end:?}");
    }
}

#[test]
fn the_hash_is_over_what_decides_and_nothing_else() {
    let facts = ProgramFacts { path: Some("/usr/bin/opencode".into()), modified: Some(5), executable: true };
    let adapter = Opencode::default();
    let base = adapter.chat_configuration(&chat(), &facts);
    let same = ChatFacts { session: Some("s".into()), handler: AttemptRef(9), name: "B".into(), ..chat() };
    assert_eq!(base, adapter.chat_configuration(&same, &facts));
    let config =
        |program: &str, permissions| Opencode::new(OpencodeConfig { program: program.into(), permissions });
    for other in [
        adapter.chat_configuration(&ChatFacts { model: None, ..chat() }, &facts),
        adapter.chat_configuration(&chat(), &ProgramFacts::default()),
        config("/opt/opencode", Permissions::Edit).chat_configuration(&chat(), &facts),
        config("opencode", Permissions::Full).chat_configuration(&chat(), &facts),
    ] {
        assert_ne!(base, other);
    }
}
