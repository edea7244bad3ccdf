//! Configuration: what can be set, and what holds. Each value keeps where it came from: defaults, then the
//! user's file, then the graph's file, then the environment; the later wins. A key that nobody knows is an
//! error with its place, never passed over.

mod dispatch;
mod edit;
mod layers;
mod page;
mod prompt;
mod rules;
mod settings;
mod value;

pub use dispatch::{dispatch_config, serve_config};
pub use edit::{set, unset};
pub use layers::{Config, Layer, Origin, files, unknown};
pub use page::page;
pub use prompt::{prompt_template, read as read_template};
pub use settings::{ALL, Setting, find};
pub use value::{Kind, Value};

pub use settings::{CHAT_ADAPTER, CHAT_COMMAND, MAX_AGENTS, PROMPT_TEMPLATE, RETRY_FIRST, STOP_GRACE};
