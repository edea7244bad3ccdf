//! Who is at the other end.

use std::os::fd::AsFd;

use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

/// Whether the peer of a connected unix socket runs as our user, or as root. A peer that can't be told is
/// not ours.
#[must_use]
pub fn is_ours(stream: impl AsFd) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == geteuid() || peer.uid.is_root())
}
