//! Which program works on a task: what the task says itself, else the first rule that fits, else the default.
//! Pure: the configuration is given, and so are the adapters that there are.

use serde::Serialize;

use crate::port::TagFilter;
use crate::task::Task;

/// What the configuration says about starting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Attempts at once.
    pub max_agents: usize,
    /// The adapter of tasks that name none and that no rule gives one.
    pub default_adapter: Option<String>,
    /// What is used for tasks with certain tags; the first that fits holds.
    pub rules: Vec<Rule>,
    /// The adapters that work on tasks.
    pub adapters: Vec<String>,
    /// Those that serve chats and nothing else.
    pub chats_only: Vec<String>,
}

/// What is used for tasks with a tag, where they do not say it themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The tag.
    pub tag: String,
    /// The adapter; absent: the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// The model of that adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What works on a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The adapter, whether there is one of this name or not.
    pub adapter: String,
    /// The model, where one was asked for.
    pub model: Option<String>,
    /// Who says so.
    pub by: ChosenBy,
}

/// Who says what works on a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "tag", rename_all = "kebab-case")]
pub enum ChosenBy {
    /// The task itself.
    Task,
    /// The rule of this tag.
    Rule(String),
    /// `default_adapter`.
    Default,
}

/// Why an adapter of that name works on no task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unable {
    /// There is none.
    Unknown,
    /// It serves chats.
    ChatsOnly,
}

impl Policy {
    /// What works on a task; `None`: it is for people.
    #[must_use]
    pub fn choose(&self, task: &Task) -> Option<Choice> {
        let rule = self.rules.iter().find(|rule| task.tags.contains(&rule.tag));
        let ruled = rule.map_or(self.default_adapter.as_deref(), |rule| self.adapter_of(rule));
        let (adapter, by) = match (task.run.lane(), rule) {
            (Some(named), _) => (named, ChosenBy::Task),
            (None, Some(rule)) => (ruled?, ChosenBy::Rule(rule.tag.clone())),
            (None, None) => (ruled?, ChosenBy::Default),
        };
        if task.run.exec.is_some() {
            return Some(Choice { adapter: adapter.to_owned(), model: None, by });
        }
        // A rule's model is one of its own adapter, and means nothing to another.
        let ruled_model = rule.filter(|_| ruled == Some(adapter)).and_then(|rule| rule.model.as_deref());
        let model = task.run.model_for(adapter).or(ruled_model).map(str::to_owned);
        Some(Choice { adapter: adapter.to_owned(), model, by })
    }

    /// Why an adapter of this name works on no task, where it does not.
    #[must_use]
    pub fn unable(&self, adapter: &str) -> Option<Unable> {
        let among = |names: &[String]| names.iter().any(|name| name == adapter);
        match (among(&self.adapters), among(&self.chats_only)) {
            (true, _) => None,
            (false, true) => Some(Unable::ChatsOnly),
            (false, false) => Some(Unable::Unknown),
        }
    }

    /// The tasks that name no adapter, split by what works on them: an adapter and the tags of its tasks. The
    /// parts have no task in common.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, TagFilter)> {
        let tags = |rules: &[Rule]| rules.iter().map(|rule| rule.tag.clone()).collect::<Vec<_>>();
        let ruled = self.rules.iter().enumerate().filter_map(move |(n, rule)| {
            let filter = TagFilter { any: vec![rule.tag.clone()], none: tags(&self.rules[..n]) };
            Some((self.adapter_of(rule)?, filter))
        });
        let rest = TagFilter { any: Vec::new(), none: tags(&self.rules) };
        ruled.chain(self.default_adapter.as_deref().map(|adapter| (adapter, rest)))
    }

    fn adapter_of<'a>(&'a self, rule: &'a Rule) -> Option<&'a str> {
        rule.adapter.as_deref().or(self.default_adapter.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TaskId;
    use crate::time::Timestamp;

    fn policy() -> Policy {
        let rule = |tag: &str, adapter: Option<&str>, model: Option<&str>| Rule {
            tag: tag.into(),
            adapter: adapter.map(str::to_owned),
            model: model.map(str::to_owned),
        };
        Policy {
            max_agents: 4,
            default_adapter: Some("claude".into()),
            rules: vec![
                rule("docs", Some("codex"), Some("small")),
                rule("hard", None, Some("opus")),
                rule("old", Some("gone"), None),
            ],
            adapters: vec!["shell".into(), "claude".into(), "codex".into()],
            chats_only: vec!["command".into()],
        }
    }

    /// A task as `tags | adapter | model | exec`, and what works on it.
    fn chosen(policy: &Policy, text: &str) -> Option<(String, Option<String>, ChosenBy)> {
        let part = |n: usize| text.split('|').nth(n).map(str::trim).filter(|part| !part.is_empty());
        let mut task = Task::new(TaskId::slug("a"), "a", Timestamp::default());
        task.tags = part(0).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        task.run.adapter = part(1).map(str::to_owned);
        task.run.model = part(2).map(str::to_owned);
        task.run.exec = part(3).map(str::to_owned);
        policy.choose(&task).map(|choice| (choice.adapter, choice.model, choice.by))
    }

    #[test]
    fn the_task_goes_first_then_the_first_rule_then_the_default() {
        let rule = |tag: &str| ChosenBy::Rule(tag.into());
        for (task, adapter, model, by) in [
            ("", "claude", None, ChosenBy::Default),
            ("|| opus", "claude", Some("opus"), ChosenBy::Default),
            ("docs", "codex", Some("small"), rule("docs")),
            ("docs hard", "codex", Some("small"), rule("docs")),
            ("docs || large", "codex", Some("large"), rule("docs")),
            ("hard", "claude", Some("opus"), rule("hard")),
            ("old hard", "claude", Some("opus"), rule("hard")),
            ("old", "gone", None, rule("old")),
            ("docs | claude", "claude", None, ChosenBy::Task),
            ("docs | codex", "codex", Some("small"), ChosenBy::Task),
            ("hard | claude", "claude", Some("opus"), ChosenBy::Task),
            ("hard | codex", "codex", None, ChosenBy::Task),
            ("docs || claude:haiku", "claude", Some("haiku"), ChosenBy::Task),
            ("| opencode | llama3:8b", "opencode", Some("llama3:8b"), ChosenBy::Task),
            ("docs ||| true", "shell", None, ChosenBy::Task),
        ] {
            let expected = (adapter.to_owned(), model.map(str::to_owned), by);
            assert_eq!(chosen(&policy(), task), Some(expected), "{task}");
        }
        let nobody = Policy { default_adapter: None, ..policy() };
        assert_eq!(chosen(&nobody, ""), None);
        assert_eq!(chosen(&nobody, "hard"), None, "a rule of the default adapter, where there is none");
        assert!(chosen(&nobody, "docs").is_some());
    }

    #[test]
    fn who_works_on_no_task_is_told_apart() {
        let policy = policy();
        assert_eq!(policy.unable("claude"), None);
        assert_eq!(policy.unable("command"), Some(Unable::ChatsOnly));
        assert_eq!(policy.unable("gone"), Some(Unable::Unknown));
    }

    #[test]
    fn the_parts_are_what_would_be_chosen() {
        let policy = policy();
        let words = ["docs", "hard", "old", "other"];
        for bits in 0..16_u32 {
            let tags: Vec<&str> =
                (0..4).filter(|n| bits & (1 << n) != 0).map(|n| words[n as usize]).collect();
            let owned = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let takers: Vec<&str> = policy
                .parts()
                .filter(|(_, filter)| filter.takes(&owned))
                .map(|(adapter, _)| adapter)
                .collect();
            let expected = chosen(&policy, &tags.join(" ")).expect("there is a default").0;
            assert_eq!(takers, [expected], "{tags:?}");
        }
    }
}
