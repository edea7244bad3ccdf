//! Who is at the other end.

use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::net::sockopt::socket_peercred;
use rustix::process::{Uid, geteuid};

/// Whether the peer of a connected unix socket runs as our user, or as root. A peer that can't be told is
/// not ours.
#[must_use]
pub fn is_ours(stream: impl AsFd) -> bool {
    runs_as(stream).is_some_and(is_trusted)
}

/// Whether who listens on the socket at `path`, to which this is a connection, is our user, or root. In a sandbox
/// that has process numbers of its own the kernel has none for a peer outside of it, and then its user can't be
/// told either: there it is the owner of the socket's file, who alone can have made it.
pub(super) fn listens_for_us(stream: impl AsFd, path: &Path) -> bool {
    match runs_as(stream) {
        Some(user) => is_trusted(user),
        None => is_made_by_us(path),
    }
}

fn runs_as(stream: impl AsFd) -> Option<Uid> {
    socket_peercred(stream).ok().map(|peer| peer.uid)
}

fn is_made_by_us(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| is_trusted(Uid::from_raw(file.uid())))
}

fn is_trusted(user: Uid) -> bool {
    user == geteuid() || user.is_root()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn our_own_socket_is_ours_by_its_peer_and_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        let stream = UnixStream::connect(&path).unwrap();
        assert!(is_ours(&stream) && listens_for_us(&stream, &path) && is_made_by_us(&path));
        assert!(!is_made_by_us(&folder.path().join("nothing")));
        assert!(!is_trusted(Uid::from_raw(geteuid().as_raw() + 1)), "another user");
    }
}
