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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::{BufRead, BufReader, Write};
    use std::time::Duration;

    use rustix::event::PollFlags;
    use wg_core::id::{AttemptRef, Fence};

    use crate::files::Run;
    use crate::socket::{connect, listen};
    use crate::supervise::protocol::{PROTOCOL_VERSION, ShimAnswer, ShimRequest};

    use super::*;

    #[test]
    fn who_does_not_read_has_one_place_at_most_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let run = Run { attempt: AttemptRef(7), fence: Fence(3), nonce: 9 };
        let mut connections = Connections::new(listen(&path).unwrap(), run);
        let mut stream = connect(&path).unwrap();
        let hello = ShimRequest::Hello { version: PROTOCOL_VERSION, run };
        stream.write_all(&[serde_json::to_vec(&hello).unwrap(), b"\n".to_vec()].concat()).unwrap();
        assert!(connections.accept().is_empty());
        let (&peer, _) = connections.peers.first_key_value().unwrap();
        connections.follow(peer, 0);

        // However much the kernel takes, in the end one lies here and no other is put beside it.
        let (mut to, mut waiting) = (0, 0);
        while waiting == 0 {
            to += 1;
            connections.tell_written(to);
            waiting = connections.peers[&peer].unread.len();
        }
        for more in 1..1_000 {
            connections.tell_written(to + more);
        }
        assert_eq!(connections.peers[&peer].unread.len(), waiting);
        assert!(waiting <= serde_json::to_vec(&ShimAnswer::Written { to }).unwrap().len() + 1);

        // Once it reads it is told the newest place.
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
        let written = |to| serde_json::to_string(&ShimAnswer::Written { to }).unwrap();
        lines.find(|line| *line == written(to - 1)).unwrap();
        connections.attend(peer, PollFlags::OUT);
        connections.tell_written(to + 1_000);
        assert_eq!(lines.next(), Some(written(to)));
        assert_eq!(lines.next(), Some(written(to + 1_000)));
    }
}
