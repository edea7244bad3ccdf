//! What an agent that asks may do. What its configuration allows it may; whatever else, people are asked where it
//! serves a chat, and may say yes. That looks at words only, and is no boundary: it keeps an agent from what was not
//! meant, not from what it wants to hide.

use serde_json::{Value, json};
use wg_core::chat::{Choice, ChoiceKind, Question};
use wg_core::time::Timestamp;

use crate::json;
use crate::permissions::Permissions;

/// The programs that may be run.
const PROGRAMS: [&str; 2] = ["git", "wg"];

/// Choices that are shown: each has a digit.
const CHOICES: usize = 9;
/// Longest name that the protocol gives a question or a choice, in bytes. A longer one can't be cut.
const NAME_MAX: usize = 256;

/// Whether the configuration allows it.
pub(super) fn is_allowed(permissions: Permissions, folder: &str, call: &Value) -> bool {
    match permissions {
        Permissions::Full => true,
        Permissions::Edit => may(folder, call),
    }
}

/// The question of this name about a call of a tool.
pub(super) fn question(id: &Value, call: &Value, options: &Value) -> Question {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let choices = options.iter().filter_map(choice).take(CHOICES).collect();
    Question {
        id: id.to_string(),
        what: json::detail(&what(call)),
        choices,
        at: Timestamp::default(),
        answer: None,
    }
}

/// Whether it can be kept until somebody answers, and answered with yes.
pub(super) fn can_wait(question: &Question) -> bool {
    question.id.len() <= NAME_MAX && question.choices.iter().any(|choice| choice.kind.allows())
}

/// The answer of the configuration. Once: what is allowed for ever is not asked about any more.
pub(super) fn ruling(question: &Question, allowed: bool) -> Option<&str> {
    let choice = match allowed {
        true => question.choice([ChoiceKind::AllowOnce, ChoiceKind::AllowAlways]),
        false => question.refusal(),
    };
    choice.map(|choice| choice.id.as_str())
}

/// The line that tells an agent the answer to the question of this name.
pub(super) fn answer(question: &str, choice: Option<&str>) -> Vec<u8> {
    let Ok(id) = serde_json::from_str::<Value>(question) else { return Vec::new() };
    let outcome = match choice {
        Some(choice) => json!({"outcome": "selected", "optionId": choice}),
        None => json!({"outcome": "cancelled"}),
    };
    json::line(&json!({"jsonrpc": "2.0", "id": id, "result": {"outcome": outcome}}))
}

fn choice(option: &Value) -> Option<Choice> {
    let kind = match option["kind"].as_str()? {
        "allow_once" => ChoiceKind::AllowOnce,
        "allow_always" => ChoiceKind::AllowAlways,
        "reject_once" => ChoiceKind::RejectOnce,
        "reject_always" => ChoiceKind::RejectAlways,
        _ => return None,
    };
    let id = option["optionId"].as_str().filter(|id| id.len() <= NAME_MAX)?;
    let name = option["name"].as_str().filter(|name| !name.trim().is_empty()).unwrap_or(id);
    Some(Choice { id: id.to_owned(), name: json::detail(name), kind })
}

/// What a call would do, for people.
fn what(call: &Value) -> String {
    let kind = call["kind"].as_str().unwrap_or_default();
    let title = call["title"].as_str().filter(|title| !title.trim().is_empty());
    match kind {
        "execute" => match command(call) {
            Some(command) => format!("run {command}"),
            None => format!("run {}", title.unwrap_or("a command that it does not name")),
        },
        "edit" | "delete" | "move" | "read" | "search" if !paths(call).is_empty() => {
            let mut paths = paths(call);
            paths.dedup();
            format!("{kind} {}", paths.join(" "))
        }
        _ => match title {
            Some(title) => title.to_owned(),
            None => format!("use a tool of kind {}", if kind.is_empty() { "other" } else { kind }),
        },
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
    fn the_configuration_says_what_may_be() {
        for (call, allowed) in [
            (json!({"kind": "edit", "locations": [{"path": "/w/a"}]}), true),
            (
                json!({"kind": "edit", "content": [{"type": "diff", "path": "/w/a"}], "rawInput": {"filePath": "/x"}}),
                false,
            ),
            (json!({"kind": "edit", "locations": [{"path": "/w/a"}, {"path": "/etc/a"}]}), false),
            (json!({"kind": "edit", "locations": []}), false),
            (json!({"kind": "execute", "rawInput": {"command": "wg done"}, "title": "rm x"}), true),
            (json!({"kind": "execute", "rawInput": {"command": ["wg", "done"]}, "title": "wg done"}), false),
            (json!({"kind": "execute", "title": "git status"}), true),
            (json!({"kind": "execute", "title": "touch x"}), false),
            (json!({"kind": "fetch", "title": "git status"}), false),
            (json!({"kind": "other", "locations": [{"path": "/w/a"}]}), false),
            (json!({}), false),
        ] {
            assert_eq!(is_allowed(Permissions::Edit, "/w", &call), allowed, "{call}");
            assert!(is_allowed(Permissions::Full, "/w", &call), "{call}");
        }
    }

    fn told(question: &Question, allowed: bool) -> Value {
        let line = answer(&question.id, ruling(question, allowed));
        let line: Value = serde_json::from_slice(&line).expect("a line");
        line["result"]["outcome"].clone()
    }

    #[test]
    fn a_question_is_answered_by_the_names_that_it_gave() {
        let options = json!([
            {"optionId": "x", "kind": "allow_always", "name": "Always"}, {"optionId": "y", "kind": "allow_once"},
            {"optionId": "n", "kind": "reject_once", "name": " "}, {"optionId": 7, "kind": "allow_once"},
            {"optionId": "z", "kind": "perhaps"}, {"kind": "allow_once"}
        ]);
        let asked = question(&json!(3), &json!({"kind": "execute", "title": "touch x"}), &options);
        let choices: Vec<_> =
            asked.choices.iter().map(|choice| (choice.id.as_str(), choice.name.as_str())).collect();
        assert_eq!((asked.id.as_str(), asked.what.as_str()), ("3", "run touch x"));
        assert_eq!(choices, [("x", "Always"), ("y", "y"), ("n", "n")]);
        assert_eq!(told(&asked, true), json!({"outcome": "selected", "optionId": "y"}));
        assert_eq!(told(&asked, false), json!({"outcome": "selected", "optionId": "n"}));
        for (id, text) in [(json!(3), "3"), (json!("a\"b"), "\"a\\\"b\"")] {
            assert_eq!(question(&id, &json!({}), &options).id, text);
            let line: Value = serde_json::from_slice(&answer(text, None)).expect("a line");
            assert_eq!((&line["id"], &line["result"]["outcome"]["outcome"]), (&id, &json!("cancelled")));
        }
        assert!(answer("no json", None).is_empty());
    }

    #[test]
    fn what_can_not_be_kept_or_allowed_is_not_asked_of_people() {
        let yes = json!([{"optionId": "x", "kind": "allow_always"}]);
        let no = json!([{"optionId": "n", "kind": "reject_always"}]);
        let asked = |id: &Value, options: &Value| question(id, &json!({}), options);
        assert!(can_wait(&asked(&json!(1), &yes)));
        assert!(!can_wait(&asked(&json!("i".repeat(300)), &yes)));
        assert!(!can_wait(&asked(&json!(1), &no)) && !can_wait(&asked(&json!(1), &json!("?"))));
        assert_eq!(told(&asked(&json!(1), &yes), true)["optionId"], "x");
        assert_eq!(told(&asked(&json!(1), &yes), false), json!({"outcome": "cancelled"}));
        assert_eq!(told(&asked(&json!(1), &no), false)["optionId"], "n");
        let many: Vec<Value> =
            (0..50).map(|n| json!({"optionId": n.to_string(), "kind": "allow_once"})).collect();
        assert_eq!(asked(&json!(1), &json!(many)).choices.len(), CHOICES);
    }

    #[test]
    fn what_is_wanted_is_said_in_words() {
        for (call, said) in [
            (json!({"kind": "execute", "rawInput": {"command": "rm -r x"}, "title": "Shell"}), "run rm -r x"),
            (
                json!({"kind": "execute", "rawInput": {"command": ["a"]}}),
                "run a command that it does not name",
            ),
            (json!({"kind": "edit", "locations": [{"path": "/etc/a"}, {"path": "/etc/a"}]}), "edit /etc/a"),
            (json!({"kind": "fetch", "title": "https://x"}), "https://x"),
            (json!({"kind": "think", "title": ""}), "use a tool of kind think"),
            (json!({}), "use a tool of kind other"),
        ] {
            assert_eq!(what(&call), said, "{call}");
        }
    }
}
