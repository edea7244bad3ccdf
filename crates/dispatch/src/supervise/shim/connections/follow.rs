//! The one among the supervisors that follows an agent that is talked to.

use super::Connections;
use crate::supervise::protocol::ShimAnswer;

/// Who follows, and what it was told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Follower {
    pub(super) peer: u64,
    /// That so much was written.
    told: u64,
}

impl Connections {
    /// From here on this peer follows, and nobody else.
    pub(in crate::supervise::shim) fn follow(&mut self, peer: u64, written: u64) {
        let before = self.follower.replace(Follower { peer, told: written });
        if let Some(before) = before.filter(|before| before.peer != peer) {
            self.answer(before.peer, &ShimAnswer::Superseded);
        }
        self.answer(peer, &ShimAnswer::Written { to: written });
    }

    /// Whether it is this peer that follows.
    pub(in crate::supervise::shim) fn is_follower(&self, peer: u64) -> bool {
        self.follower.is_some_and(|follower| follower.peer == peer)
    }

    /// Whether anybody does.
    pub(in crate::supervise::shim) fn is_followed(&self) -> bool {
        self.follower.is_some_and(|follower| self.is_there(follower.peer))
    }

    /// Tells who follows that so much was written, if that is new to it and it has read what it was told
    /// before: it is told the newest place, once.
    pub(in crate::supervise::shim) fn tell_written(&mut self, to: u64) {
        let Some(Follower { peer, told }) = self.follower else { return };
        if told < to && self.peers.get(&peer).is_some_and(|peer| peer.unread.is_empty()) {
            self.follower = Some(Follower { peer, told: to });
            self.answer(peer, &ShimAnswer::Written { to });
        }
    }
}
