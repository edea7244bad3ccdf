//! The adapters: what an agent program is called with, what is said with it, and what its end means.
//!
//! One file per agent program. An adapter is bytes in, events out: it does no IO, reads no clock and no
//! environment; what it has to know of the machine comes in as [`ProgramFacts`], and what it wants run goes
//! out as a [`CommandSpec`] that the dispatcher hands to a shim.

mod account;
mod acp;
mod adapter;
mod claude;
mod codex;
mod command;
mod command_spec;
mod conversation;
mod gemini;
mod json;
mod opencode;
mod permissions;
mod process_end;
mod program;
pub mod prompt;
mod registry;
mod sandbox;
mod shell;

pub use account::{Allowed, Credential};
pub use acp::{Acp, AcpConfig};
pub use adapter::{Adapter, Unlaunchable};
pub use claude::{Claude, ClaudeConfig};
pub use codex::{Codex, CodexConfig};
pub use command::Command;
pub use command_spec::{CommandSpec, Stdin};
pub use conversation::{ChatFacts, Conversation, Delivery, GARBAGE_MAX, Heard, garbage};
pub use gemini::{Gemini, GeminiConfig};
pub use opencode::{Opencode, OpencodeConfig};
pub use permissions::Permissions;
pub use process_end::ProcessEnd;
pub use program::{Fingerprint, ProgramFacts};
pub use registry::{Abilities, AdapterConfig, Registry};
pub use sandbox::{Needs, Place, PlaceAccess, Sandboxing};
pub use shell::{Shell, ShellConfig};
