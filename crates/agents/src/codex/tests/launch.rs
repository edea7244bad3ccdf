//! How it is started, and what its end means.

use wg_core::id::TaskId;
use wg_core::time::Timestamp;

use super::*;

fn has(spec: &CommandSpec, arg: &str) -> bool {
    spec.args.iter().any(|given| given == arg)
}

fn full() -> Codex {
    Codex::new(CodexConfig { permissions: Permissions::Full, ..CodexConfig::default() })
}

#[test]
fn work_is_given_its_prompt_as_input_and_may_do_what_is_configured() {
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = Attempt { model: Some("gpt-5".into()), ..crate::shell::tests::attempt() };
    let spec = Codex::default().launch(&task, &attempt).expect("it can be started");
    assert_eq!((spec.program.as_str(), spec.stdin), ("codex", Stdin::Prompt));
    assert_eq!(spec.args[..2], ["exec", "--json"]);
    assert_eq!(spec.args.last().map(String::as_str), Some("-"));
    assert!(has(&spec, "--sandbox=workspace-write") && has(&spec, "--model=gpt-5"), "{spec:?}");
    assert!(has(&spec, "--config=approval_policy=\"never\""), "{spec:?}");
    // The whole network is never open: with it on, its proxy is.
    assert!(has(&spec, "--config=sandbox_workspace_write.network_access=true"), "{spec:?}");
    assert!(has(&spec, "--config=features.network_proxy.enabled=true"), "{spec:?}");
    assert!(!spec.args.iter().any(|arg| arg.contains("bypass")), "{spec:?}");
    assert!(spec.inherit.iter().any(|name| name == "OPENAI_API_KEY") && spec.env.is_empty());
    let attempt = Attempt { model: None, ..attempt };
    let spec = full().launch(&task, &attempt).expect("it can be started");
    assert!(has(&spec, "--dangerously-bypass-approvals-and-sandbox"), "{spec:?}");
    let unwanted =
        |arg: &String| arg.starts_with("--model") || arg.contains("sandbox_") || arg.contains("proxy");
    assert!(!spec.args.iter().any(unwanted), "{spec:?}");
    let attempt = Attempt { model: Some("a\0".into()), ..attempt };
    assert_eq!(Codex::default().launch(&task, &attempt), Err(Unlaunchable::ModelNul));
}

#[test]
fn a_chat_is_served_by_a_process_that_is_spoken_with() {
    let spec = Codex::default().launch_chat(&chat_facts()).expect("it can be started");
    assert_eq!((spec.args[0].as_str(), spec.stdin), ("app-server", Stdin::Talk));
    assert!(has(&spec, "--config=features.network_proxy.enabled=true"), "{spec:?}");
    let spec = full().launch_chat(&chat_facts()).expect("it can be started");
    assert!(!spec.args.iter().any(|arg| arg.contains("network")), "{spec:?}");
    let nul = ChatFacts { model: Some("a\0".into()), ..chat_facts() };
    assert_eq!(Codex::default().launch_chat(&nul), Err(Unlaunchable::ModelNul));
    assert_eq!(Codex::default().farewell(), "");
    assert!(!Codex::default().hears_in_flight());
}

#[test]
fn every_end_has_its_class() {
    let adapter = Codex::default();
    let missing = ProcessEnd::NotExecuted { program: "codex".into(), reason: "not found".into() };
    for (end, class) in [
        (ProcessEnd::Left(ExitStatus::Code(0)), "no work"),
        (ProcessEnd::Left(ExitStatus::Code(1)), "exited badly"),
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
fn the_hash_is_over_what_decides_and_nothing_else() {
    let facts = ProgramFacts { path: Some("/usr/bin/codex".into()), modified: Some(5), executable: true };
    let adapter = Codex::default();
    let base = adapter.chat_configuration(&chat_facts(), &facts);
    let same =
        ChatFacts { session: Some("s".into()), handler: AttemptRef(9), name: "B".into(), ..chat_facts() };
    assert_eq!(base, adapter.chat_configuration(&same, &facts));
    let config =
        |program: &str, permissions| Codex::new(CodexConfig { program: program.into(), permissions });
    for other in [
        adapter.chat_configuration(&ChatFacts { model: None, ..chat_facts() }, &facts),
        adapter.chat_configuration(&chat_facts(), &ProgramFacts::default()),
        config("/opt/codex", Permissions::Edit).chat_configuration(&chat_facts(), &facts),
        config("codex", Permissions::Full).chat_configuration(&chat_facts(), &facts),
    ] {
        assert_ne!(base, other);
    }
}
