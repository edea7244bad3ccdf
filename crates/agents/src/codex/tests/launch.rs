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
fn what_is_started_is_spoken_with_and_may_do_what_is_configured() {
    let task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
    let attempt = crate::shell::tests::attempt();
    for (adapter, shut) in [(Codex::default(), true), (full(), false)] {
        let work = adapter.launch(&task, &attempt).expect("it can be started");
        assert_eq!(work, adapter.launch_chat(&chat_facts()).expect("it can be started"));
        assert_eq!((work.program.as_str(), work.args[0].as_str()), ("codex", "app-server"));
        assert_eq!(work.stdin, Stdin::Talk);
        // The whole network is never open: where it is on, so is its proxy.
        assert_eq!(has(&work, "--config=sandbox_workspace_write.network_access=true"), shut, "{work:?}");
        assert_eq!(has(&work, "--config=features.network_proxy.enabled=true"), shut, "{work:?}");
        assert!(work.inherit.iter().any(|name| name == "OPENAI_API_KEY") && work.env.is_empty());
    }
    let attempt = Attempt { model: Some("a\0".into()), ..attempt };
    assert_eq!(Codex::default().launch(&task, &attempt), Err(Unlaunchable::ModelNul));
    let nul = ChatFacts { model: Some("a\0".into()), ..chat_facts() };
    assert_eq!(Codex::default().launch_chat(&nul), Err(Unlaunchable::ModelNul));
    assert_eq!(Codex::default().farewell(), "");
    assert!(Codex::default().hears_in_flight());
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
