//! What an agent that asks may do: nobody is there to be asked, so the configuration answers. It looks at words
//! only, and is no boundary: it keeps an agent from what was not meant, not from what it wants to hide.

use serde_json::{Value, json};

use crate::permissions::Permissions;

/// The programs that may be run.
const PROGRAMS: [&str; 2] = ["git", "wg"];

/// The answer to a question about a call of a tool.
pub(super) fn outcome(permissions: Permissions, folder: &str, call: &Value, options: &Value) -> Value {
    let allowed = match permissions {
        Permissions::Full => true,
        Permissions::Edit => may(folder, call),
    };
    // Once: what is allowed for ever is not asked about any more.
    let kinds = if allowed { ["allow_once", "allow_always"] } else { ["reject_once", "reject_always"] };
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let option = kinds.iter().find_map(|kind| options.iter().find(|option| option["kind"] == **kind));
    match option.map(|option| &option["optionId"]) {
        Some(id) if id.is_string() => json!({"outcome": "selected", "optionId": id}),
        _ => json!({"outcome": "cancelled"}),
    }
}

fn may(folder: &str, call: &Value) -> bool {
    match call["kind"].as_str() {
        Some("edit" | "delete" | "move" | "read" | "search") => {
            let paths = paths(call);
            !paths.is_empty() && paths.iter().all(|path| is_below(folder, path))
        }
        Some("execute") => command(call).is_some_and(|command| runs_only_ours(&command)),
        _ => false,
    }
}

/// Every path that a call speaks of.
fn paths(call: &Value) -> Vec<&str> {
    let listed = ["locations", "content"];
    let listed = listed.iter().flat_map(|key| call[key].as_array().into_iter().flatten());
    let named = ["filePath", "filepath", "file_path", "path", "parentDir", "newPath", "destination"];
    let input = &call["rawInput"];
    listed
        .filter_map(|item| item["path"].as_str())
        .chain(named.iter().filter_map(|key| input[key].as_str()))
        .collect()
}

/// Whether a path is below a folder, by its words: `..` is followed, links are not.
fn is_below(folder: &str, path: &str) -> bool {
    let (Some(folder), Some(path)) = (parts("/", folder), parts(folder, path)) else { return false };
    folder.len() < path.len() && path.starts_with(&folder)
}

fn parts<'a>(from: &'a str, path: &'a str) -> Option<Vec<&'a str>> {
    let base = if path.starts_with('/') { "" } else { from };
    if !path.starts_with('/') && !from.starts_with('/') {
        return None;
    }
    let mut parts = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts)
}

/// The command line that is to be run; some agents tell it in nothing but the title.
fn command(call: &Value) -> Option<String> {
    let input = &call["rawInput"]["command"];
    match input {
        Value::String(command) => Some(command.clone()),
        Value::Null => call["title"].as_str().map(str::to_owned),
        // Words, of which it is not known what reads them.
        _ => None,
    }
}

/// Whether a shell would run nothing but our programs. Where in doubt it would not.
fn runs_only_ours(line: &str) -> bool {
    let mut commands = vec![String::new()];
    let mut quote = None;
    let mut chars = line.trim().chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '$' | '`' | '\\' | '\0') => return false,
            (Some(_), _) => {}
            (None, '\'' | '"') => {
                quote = Some(c);
                // What is quoted is no name of a program of ours, and no empty word.
                push(&mut commands, '_');
            }
            (None, '&' | '|') => {
                if chars.next() != Some(c) {
                    return false;
                }
                commands.push(String::new());
            }
            (None, ';' | '\n') => commands.push(String::new()),
            (None, '<' | '>' | '(' | ')' | '{' | '}' | '#' | '!' | '*' | '?' | '[' | '~') => return false,
            (None, c) => push(&mut commands, c),
        }
    }
    let ours = |command: &String| {
        command.split_whitespace().next().is_some_and(|program| PROGRAMS.contains(&program))
    };
    quote.is_none() && commands.iter().all(ours)
}

fn push(commands: &mut [String], c: char) {
    if let Some(command) = commands.last_mut() {
        command.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_programs_are_run() {
        for line in [
            "git",
            "git status",
            "git commit -m 'a; rm -rf b > c' && wg done",
            "wg log \"it's done\"",
            "git add . ; git commit -m x || wg fail",
            "wg add one\nwg add two",
        ] {
            assert!(runs_only_ours(line), "{line}");
        }
        for line in [
            "",
            "rm -rf x",
            "git status && rm x",
            "git status; rm x",
            "git status\nrm x",
            "git status | sh",
            "git status & rm x",
            "git log > /etc/passwd",
            "wg $(rm x)",
            "wg `rm x`",
            "wg \"$(rm x)\"",
            "A=1 git status",
            "'git' status",
            "gitk",
            "git status &&",
            "git 'open",
            "g\\it x",
            "/tmp/git x",
            "git diff <(rm x)",
        ] {
            assert!(!runs_only_ours(line), "{line}");
        }
    }

    #[test]
    fn paths_are_followed_by_their_words() {
        for path in ["/w/a", "/w/a/../b", "a", "./a/b", "/w/./x/"] {
            assert!(is_below("/w", path), "{path}");
        }
        for path in ["/w", "/", "/wx/a", "/w/../x", "../w/../x", "/w/a/../../x", "..", "", "/../w/a"] {
            assert!(!is_below("/w", path), "{path}");
        }
        assert!(!is_below(".", "a"), "a folder that is not known holds nothing");
    }

    #[test]
    fn what_is_asked_is_answered_by_the_configuration() {
        let options = json!([
            {"optionId": "x", "kind": "allow_always"}, {"optionId": "y", "kind": "allow_once"},
            {"optionId": "n", "kind": "reject_once"}
        ]);
        let asked = |permissions, call: Value| outcome(permissions, "/w", &call, &options);
        let (yes, no) = (
            json!({"outcome": "selected", "optionId": "y"}),
            json!({"outcome": "selected", "optionId": "n"}),
        );
        for (call, answer) in [
            (json!({"kind": "edit", "locations": [{"path": "/w/a"}]}), &yes),
            (
                json!({"kind": "edit", "content": [{"type": "diff", "path": "/w/a"}], "rawInput": {"filePath": "/x"}}),
                &no,
            ),
            (json!({"kind": "edit", "locations": [{"path": "/w/a"}, {"path": "/etc/a"}]}), &no),
            (json!({"kind": "edit", "locations": []}), &no),
            (json!({"kind": "execute", "rawInput": {"command": "wg done"}, "title": "rm x"}), &yes),
            (json!({"kind": "execute", "rawInput": {"command": ["wg", "done"]}, "title": "wg done"}), &no),
            (json!({"kind": "execute", "title": "git status"}), &yes),
            (json!({"kind": "execute", "title": "touch x"}), &no),
            (json!({"kind": "fetch", "title": "git status"}), &no),
            (json!({"kind": "other", "locations": [{"path": "/w/a"}]}), &no),
            (json!({}), &no),
        ] {
            assert_eq!(asked(Permissions::Edit, call.clone()), *answer, "{call}");
            assert_eq!(asked(Permissions::Full, call), yes);
        }
        let always = json!([{"optionId": "x", "kind": "allow_always"}]);
        assert_eq!(outcome(Permissions::Full, "/w", &json!({}), &always)["optionId"], "x");
        assert_eq!(outcome(Permissions::Edit, "/w", &json!({}), &always), json!({"outcome": "cancelled"}));
        assert_eq!(
            outcome(Permissions::Full, "/w", &json!({}), &json!("?")),
            json!({"outcome": "cancelled"})
        );
    }
}
