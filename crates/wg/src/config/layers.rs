//! Reading the layers and putting them upon each other.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use toml_edit::{Document, Item, TableLike};
use wg_core::policy::Rule;

use super::settings::{ALL, Setting, find};
use super::value::Value;
use crate::environment::Environment;
use crate::error::{Failure, Result};
use crate::finding::nearest::nearest;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The program.
    Default,
    /// A file and the line in it.
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(variable) => f.write_str(variable),
        }
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Where from.
    pub origin: Origin,
    /// What.
    pub value: Value,
}

/// The files that are read, the weaker first.
#[must_use]
pub fn files(env: &Environment, graph: Option<&Path>) -> Vec<PathBuf> {
    let user = env
        .path("XDG_CONFIG_HOME")
        .or_else(|| env.path("HOME").map(|home| home.join(".config")))
        .map(|folder| folder.join("wg/config.toml"));
    user.into_iter().chain(graph.map(|graph| graph.join("config.toml"))).collect()
}

/// What holds, and what is beneath it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    layers: BTreeMap<&'static str, Vec<Layer>>,
}

impl Config {
    /// Reads all layers.
    pub fn load(env: &Environment, graph: Option<&Path>) -> Result<Self> {
        let mut config = Self::default();
        for setting in ALL {
            if let Some(value) = setting.default_value() {
                config.put(setting, Origin::Default, value);
            }
        }
        for path in files(env, graph) {
            match fs::read_to_string(&path) {
                Ok(text) => config.read_file(&path, &text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(Failure::file("read", &path, &error)),
            }
        }
        for setting in ALL {
            let variable = setting.variable();
            if let Some(text) = env.var(&variable) {
                let value = Value::parse(setting.kind, &text)
                    .map_err(|why| Failure::usage(format!("{variable}: {why}")))?;
                config.put(setting, Origin::Environment(variable), value);
            }
        }
        Ok(config)
    }

    fn put(&mut self, setting: &'static Setting, origin: Origin, value: Value) {
        self.layers.entry(setting.key).or_default().push(Layer { origin, value });
    }

    fn read_file(&mut self, path: &Path, text: &str) -> Result<()> {
        let document = Document::parse(text).map_err(|error| {
            Failure::usage(format!("{} is no TOML", path.display())).because(error.message())
        })?;
        self.read_table(path, text, "", document.as_table())
    }

    fn read_table(&mut self, path: &Path, text: &str, above: &str, table: &dyn TableLike) -> Result<()> {
        for (name, item) in table.iter() {
            let key = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            let place = || {
                let at =
                    table.get_key_value(name).and_then(|(key, _)| key.span()).map_or(0, |span| span.start);
                1 + text[..at].matches('\n').count()
            };
            match find(&key) {
                Some(setting) => {
                    let origin = Origin::File(path.to_owned(), place());
                    let value = Value::from_toml(setting.kind, item)
                        .map_err(|why| Failure::usage(format!("{origin}: {key}: {why}")))?;
                    self.put(setting, origin, value);
                }
                None => match table_of(&key, item) {
                    Some(inner) => self.read_table(path, text, &key, inner)?,
                    None => return Err(unknown(&key).because(Origin::File(path.to_owned(), place()))),
                },
            }
        }
        Ok(())
    }

    /// All layers of a setting, the one that holds last.
    #[must_use]
    pub fn layers(&self, setting: &Setting) -> &[Layer] {
        self.layers.get(setting.key).map_or(&[], Vec::as_slice)
    }

    /// The layer that holds, where the setting has a value.
    #[must_use]
    pub fn holds(&self, setting: &Setting) -> Option<&Layer> {
        self.layers(setting).last()
    }

    /// The value of a setting of [`super::value::Kind::Count`], [`super::value::Kind::Size`] or
    /// [`super::value::Kind::Money`].
    #[must_use]
    pub fn number(&self, setting: &Setting) -> u64 {
        match self.holds(setting).map(|layer| &layer.value) {
            Some(Value::Count(number) | Value::Size(number) | Value::Money(number)) => *number,
            _ => 0,
        }
    }

    /// The value of a setting of [`super::value::Kind::Text`].
    #[must_use]
    pub fn text(&self, setting: &Setting) -> Option<&str> {
        match self.holds(setting).map(|layer| &layer.value) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of a setting of [`super::value::Kind::Span`].
    #[must_use]
    pub fn span(&self, setting: &Setting) -> Option<Duration> {
        match self.holds(setting).map(|layer| &layer.value) {
            Some(Value::Span(span)) => Some(*span),
            _ => None,
        }
    }

    /// The value of a setting of [`super::value::Kind::Rules`].
    #[must_use]
    pub fn rules(&self, setting: &Setting) -> &[Rule] {
        match self.holds(setting).map(|layer| &layer.value) {
            Some(Value::Rules(rules)) => rules,
            _ => &[],
        }
    }

    /// The value of a setting of [`super::value::Kind::Words`].
    #[must_use]
    pub fn words(&self, setting: &Setting) -> &[String] {
        match self.holds(setting).map(|layer| &layer.value) {
            Some(Value::Words(words)) => words,
            _ => &[],
        }
    }
}

/// The table at `key`, where settings can stand in it.
fn table_of<'a>(key: &str, item: &'a Item) -> Option<&'a dyn TableLike> {
    let known =
        ALL.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
    item.as_table_like().filter(|_| known)
}

/// That there is no such setting.
#[must_use]
pub fn unknown(key: &str) -> Failure {
    let failure = Failure::usage(format!("there is no setting {key:?}"));
    match nearest(key, ALL.iter().map(|setting| setting.key)) {
        Some(near) => failure.hint(format!("did you mean {near}?")),
        None => failure.hint("wg config list"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::settings::{ENV_PASS, MAX_AGENTS, RETENTION_AGE};
    use super::*;

    fn graph(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), text).unwrap();
        folder
    }

    #[test]
    fn the_later_layer_wins_and_all_are_kept() {
        let folder = graph("# so many\nmax_agents = 8\n[retention]\nage = \"7d\"\n[env]\npass = [\"A\"]\n");
        let env = Environment::given([("WG_MAX_AGENTS", "2")]);
        let config = Config::load(&env, Some(folder.path())).unwrap();
        assert_eq!(config.number(&MAX_AGENTS), 2);
        let origins: Vec<String> =
            config.layers(&MAX_AGENTS).iter().map(|layer| layer.origin.to_string()).collect();
        let file = folder.path().join("config.toml");
        assert_eq!(origins, ["default".to_owned(), format!("{}:2", file.display()), "WG_MAX_AGENTS".into()]);
        assert_eq!(config.span(&RETENTION_AGE), Some(Duration::from_secs(7 * 86_400)));
        assert_eq!(config.words(&ENV_PASS), ["A"]);
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        for (text, line) in
            [("max_agent = 8\n", 1), ("\n[retention]\nages = \"7d\"\n", 3), ("[colour]\nx = 1\n", 1)]
        {
            let folder = graph(text);
            let failure = Config::load(&Environment::given([]), Some(folder.path())).unwrap_err();
            assert!(failure.message.starts_with("there is no setting"), "{failure:?}");
            assert!(failure.cause.unwrap().ends_with(&format!("config.toml:{line}")));
        }
    }

    #[test]
    fn a_value_of_another_kind_is_an_error_with_its_place() {
        for text in
            ["max_agents = \"8\"", "max_agents = 0", "max_agents = -1", "timeout = 3", "env = 1", "x ="]
        {
            let folder = graph(text);
            assert!(Config::load(&Environment::given([]), Some(folder.path())).is_err(), "{text}");
        }
    }
}
