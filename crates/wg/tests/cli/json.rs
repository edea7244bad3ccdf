//! JSON: every document has its version, and every field stands in `docs/json.md`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::chain;

/// Keys whose members are named by others: ids, fields of imports, values of records.
const OPEN: [&str; 7] = ["notes", "command", "left_out", "noted", "dropped", "before", "after"];

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                found.insert(key.clone());
                if !OPEN.contains(&key.as_str()) {
                    keys(value, found);
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| keys(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_field_is_documented() {
    let world = chain();
    world.ok(&["claim", "parse"]);
    world.ok(&["log", "parse", "x"]);
    world.ok(&["msg", "send", "parse", "x"]);
    world.ok(&["artifact", "add", "parse", "x"]);
    world.ok(&["wait", "cake", "--for", "1h"]);
    world.ok(&["add", "Broken", "--parent", "docs", "--discovered-from", "docs", "--not-before", "1h"]);
    world.ok(&["fail", "broken", "-m", "x"]);
    world.ok(&["edit", "release", "--budget-tokens", "5", "--budget-cost", "1"]);
    let page = include_str!("../../../../docs/json.md");
    for arguments in [
        &["init"][..],
        &["list"],
        &["list", "--all"],
        &["list", "--at-op", "3"],
        &["ready"],
        &["blocked"],
        &["show", "parse"],
        &["show", "broken"],
        &["show", "release"],
        &["why", "release"],
        &["status"],
        &["stats"],
        &["graph"],
        &["log", "parse"],
        &["msg", "list", "parse"],
        &["artifact", "list", "parse"],
        &["dep", "list", "docs"],
        &["config", "list"],
        &["config", "get", "timeout"],
        &["config", "explain", "max_agents"],
        &["config", "path"],
        &["add", "More"],
        &["done", "more"],
        &["watch", "--since", "0", "-n", "1"],
        &["op", "log", "-n", "1"],
        &["op", "show", "5"],
        &["undo"],
        &["export", "out.jsonl"],
        &["import", "out.jsonl", "--dry-run"],
        &["import", "out.jsonl"],
        &["agents"],
        &["attempt", "list"],
        &["adapter", "list"],
        &["doctor", "--backup"],
        &["chat", "create", "talk", "--command", "serve"],
        &["chat", "send", "1", "hello"],
        &["chat", "list"],
        &["chat", "show", "1"],
        &["chat", "history", "1"],
        &["chat", "stop", "1"],
        &["service", "purge-chats"],
        &["chat", "restore", "1"],
        &["migrate", "chat-rename"],
        &["status"],
    ] {
        let document = world.json(arguments);
        assert_eq!(document["version"], 1, "{arguments:?}");
        let mut found = BTreeSet::new();
        keys(&document, &mut found);
        found.remove("version");
        let missing: Vec<&String> = found
            .iter()
            .filter(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!("\"{key}\"")))
            .collect();
        assert!(missing.is_empty(), "{arguments:?}: docs/json.md does not say {missing:?}");
    }
}
