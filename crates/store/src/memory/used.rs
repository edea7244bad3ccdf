//! What was used on which day, by whom: derived from every version of every attempt and chat.

use std::collections::BTreeMap;

use wg_core::control::Day;
use wg_core::usage::Usage;
use wg_core::used::{Counts, Spender, Told, Used};

use super::graph::{Body, Graph, Version};

impl Graph {
    pub(super) fn used(&self) -> Vec<Used> {
        let mut sums: BTreeMap<(Day, Spender), Counts> = BTreeMap::new();
        for versions in self.versions.values() {
            let mut before = Usage::default();
            for (day, told) in versions.iter().filter_map(|version| self.told(version)) {
                sums.entry((day, told.by)).or_default().add(&Counts::between(&before, &told.usage));
                before = told.usage;
            }
        }
        sums.retain(|_, counts| !counts.is_zero());
        sums.into_iter().map(|((day, by), counts)| Used { day, by, counts }).collect()
    }

    /// What a version tells, and on which day.
    fn told(&self, version: &Version) -> Option<(Day, Told)> {
        let told = match version.body.as_ref()? {
            Body::Attempt(attempt) => Told::of_attempt(attempt),
            Body::Chat(chat) => Told::of_chat(chat),
            Body::Task(_) | Body::Control(_) => return None,
        };
        let operation = self.operations.iter().find(|operation| operation.seq == version.op)?;
        Some((Day::of(operation.at), told))
    }
}
