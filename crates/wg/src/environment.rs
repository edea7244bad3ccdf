//! The environment of a command: its variables and its folder, read once or given by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a command was called.
#[derive(Debug, Clone)]
pub struct Environment {
    given: Option<BTreeMap<String, String>>,
    folder: PathBuf,
}

impl Environment {
    /// The process's own.
    #[must_use]
    pub fn of_process() -> Self {
        Self { given: None, folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")) }
    }

    /// These variables and no others, in the root folder.
    #[cfg(test)]
    #[must_use]
    pub fn given<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let given = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self { given: Some(given.collect()), folder: PathBuf::from("/") }
    }

    /// In another folder.
    #[cfg(test)]
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Self {
        self.folder = folder.to_owned();
        self
    }

    /// A variable; one that is empty counts as not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<String> {
        let value = match &self.given {
            Some(given) => given.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// A variable that names a file or folder.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match &self.given {
            Some(_) => self.var(name).map(PathBuf::from),
            None => std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from),
        }
    }

    /// The folder the command was called in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
