//! Which sandbox an adapter's agents would be kept in by a dispatcher that is started here.

use serde::Serialize;
use wg_agents::{Adapter, Registry, Sandboxing};
use wg_dispatch::supervise::sandbox::{Here, SandboxConfig, Wanted};

/// What its agents are kept in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    /// `bubblewrap`, `landlock`, `own` or `none`.
    #[serde(rename = "is")]
    pub(super) word: &'static str,
    /// Why the level that is asked for can't be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<String>,
}

impl Kept {
    /// Of an adapter's.
    pub(super) fn of(
        adapter: &dyn Adapter,
        registry: &Registry,
        config: &SandboxConfig,
        here: &Here,
    ) -> Self {
        if adapter.sandboxing() == Sandboxing::Own {
            return Self { word: "own", missing: None };
        }
        let settled = Wanted::of(adapter, registry, config).and_then(|wanted| wanted.settle(here, |_| None));
        match settled {
            Some(made) => Self { word: made.level.name(), missing: made.missing },
            None => Self { word: "none", missing: None },
        }
    }
}
