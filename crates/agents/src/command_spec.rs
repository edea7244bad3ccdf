//! What is to be run, as data.

use serde::{Deserialize, Serialize};

/// A program with its arguments. Where it runs, what else its environment holds, and who owns its output are
/// decided by the dispatcher, the same for every adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSpec {
    /// A path, or a name that is looked up in `PATH`.
    pub program: String,
    /// Its arguments, without the program's own name.
    pub args: Vec<String>,
    /// Variables that it needs beside those that every agent gets.
    pub env: Vec<(String, String)>,
    /// Names of variables of the dispatcher's own environment that it gets beside those that every agent gets,
    /// where they are set: what may be secret is in no file. One that stands in `env` too has that value where the
    /// dispatcher has none.
    pub inherit: Vec<String>,
    /// What it reads.
    #[serde(default)]
    pub stdin: Stdin,
}

/// What an agent has to read on its standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdin {
    /// Nothing.
    #[default]
    Nothing,
    /// Its prompt, and then the end.
    Prompt,
    /// What is said to it, for as long as somebody has something to say: its [`crate::Conversation`] delivers
    /// the prompt as the first message.
    Talk,
}
