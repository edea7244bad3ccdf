//! What the agent did in a turn: the items of its protocol.

use serde_json::Value;
use wg_core::chat::Said;

/// Longest description of a tool call, in bytes; more is cut off.
const DETAIL_MAX: usize = 4 * 1024;

/// What an item is, as far as it means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something that the agent says.
    Says,
    /// What was said to it.
    Told,
    /// A tool that is used from here on.
    Tool,
    /// A tool that says only at its end what it was used for.
    LateTool,
    /// Anything else.
    Other,
}

/// Which kind an item is of.
pub(super) fn kind(item: &Value) -> Kind {
    match item["type"].as_str().unwrap_or_default() {
        "agentMessage" => Kind::Says,
        "userMessage" => Kind::Told,
        "commandExecution"
        | "fileChange"
        | "mcpToolCall"
        | "dynamicToolCall"
        | "collabAgentToolCall"
        | "collab_tool_call" => Kind::Tool,
        "webSearch" | "imageView" => Kind::LateTool,
        _ => Kind::Other,
    }
}

/// The tool that an item tells of.
pub(super) fn tool(item: &Value) -> Said {
    let text = |key: &str| item[key].as_str().unwrap_or_default();
    let (name, detail) = match item["type"].as_str().unwrap_or_default() {
        "commandExecution" => ("shell".to_owned(), bare(text("command"))),
        "fileChange" => ("edit".to_owned(), paths(&item["changes"])),
        "mcpToolCall" => (format!("{}.{}", text("server"), text("tool")), arguments(&item["arguments"])),
        "dynamicToolCall" => (text("tool").to_owned(), arguments(&item["arguments"])),
        "webSearch" => ("web_search".to_owned(), text("query").to_owned()),
        "imageView" => ("view_image".to_owned(), text("path").to_owned()),
        _ => (text("tool").to_owned(), text("prompt").to_owned()),
    };
    Said::Tool { name: line(&name), detail: line(&detail) }
}

fn paths(changes: &Value) -> String {
    let changes = changes.as_array().map(Vec::as_slice).unwrap_or_default();
    changes.iter().filter_map(|change| change["path"].as_str()).collect::<Vec<_>>().join(" ")
}

fn arguments(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        Value::Object(fields) if !fields.is_empty() => arguments.to_string(),
        _ => String::new(),
    }
}

/// A text as one line.
fn line(text: &str) -> String {
    let text = &text[..text.floor_char_boundary(DETAIL_MAX)];
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// A command as the agent gave it, without the shell that it is told with: `/bin/bash -c 'git status'`.
fn bare(command: &str) -> String {
    let script = command.split_once(' ').and_then(|(shell, rest)| {
        let script = rest.strip_prefix("-c ").or_else(|| rest.strip_prefix("-lc "))?;
        shell.ends_with("sh").then_some(script)
    });
    let Some(script) = script else { return command.to_owned() };
    let within = |quote: char| script.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    if let Some(plain) = within('\'').filter(|plain| !plain.contains('\'')) {
        return plain.to_owned();
    }
    match within('"') {
        Some(quoted) => unescaped(quoted),
        None => script.to_owned(),
    }
}

/// What stands between double quotes of a shell.
fn unescaped(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = chars.next_if(|next| c == '\\' && matches!(next, '"' | '\\' | '$' | '`'));
        out.push(escaped.unwrap_or(c));
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_are_shown_without_their_shell() {
        for (told, shown) in [
            ("/bin/bash -c 'git status'", "git status"),
            ("/bin/bash -lc false", "false"),
            (r#"/bin/zsh -lc "echo 'a' \"b\" \$c \d""#, r#"echo 'a' "b" $c \d"#),
            ("/bin/bash -c 'a'b'c'", "'a'b'c'"),
            ("/bin/bash -c '", "'"),
            ("python3 -c 'print(1)'", "python3 -c 'print(1)'"),
            ("", ""),
        ] {
            assert_eq!(bare(told), shown);
        }
    }

    #[test]
    fn every_tool_has_a_name_and_says_what_for() {
        for (item, name, detail) in [
            (json!({"type": "commandExecution", "command": "/bin/bash -c 'a\nb'"}), "shell", "a b"),
            (
                json!({"type": "fileChange", "changes": [{"path": "a.rs"}, {"path": "b.rs"}]}),
                "edit",
                "a.rs b.rs",
            ),
            (
                json!({"type": "mcpToolCall", "server": "s", "tool": "t", "arguments": {"a": 1}}),
                "s.t",
                r#"{"a":1}"#,
            ),
            (json!({"type": "mcpToolCall", "server": "s", "tool": "t", "arguments": null}), "s.t", ""),
            (json!({"type": "webSearch", "query": "q"}), "web_search", "q"),
            (json!({"type": "collabAgentToolCall", "tool": "spawn", "prompt": "p"}), "spawn", "p"),
        ] {
            assert_eq!(tool(&item), Said::Tool { name: name.into(), detail: detail.into() }, "{item}");
            assert!(matches!(kind(&item), Kind::Tool | Kind::LateTool), "{item}");
        }
        let long = json!({"type": "commandExecution", "command": "é".repeat(10_000)});
        assert!(matches!(tool(&long), Said::Tool { detail, .. } if detail.len() <= DETAIL_MAX));
    }
}
