//! Descriptors on the dispatcher's loop: timers and processes.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor with the runtime that this is called in, to hear when it becomes readable.
#[expect(
    deprecated,
    reason = "its replacement is unsafe for the sake of types whose descriptor may change; an OwnedFd's never does"
)]
pub(crate) fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}
