//! Making and reaching a socket by its path, however long that is.
//!
//! A socket's address has room for 108 bytes. A longer path is reached through its folder: an open
//! descriptor of it, and `/proc/self/fd/N/NAME` as the address.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, socket_with};

/// Longest path that is used as an address itself; a socket's address ends with a zero byte.
const DIRECT_MAX: usize = 107;
/// Connections that the kernel holds for us until we accept them; beyond, connecting fails or waits.
const BACKLOG: i32 = 1024;

/// Why there is no listening socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Somebody listens there.
    #[error("another process listens on {0}")]
    InUse(PathBuf),
    /// The system said no.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// An address, and the descriptor that it is reached through while it is used.
struct Address {
    address: SocketAddrUnix,
    _folder: Option<OwnedFd>,
}

impl Address {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= DIRECT_MAX {
            return Ok(Self { address: SocketAddrUnix::new(path)?, _folder: None });
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let folder = openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let through = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { address: SocketAddrUnix::new(through)?, _folder: Some(folder) })
    }
}

fn new_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?)
}

/// Listens at `path`, mode 0600, without ever blocking in `accept`. A socket there that nobody listens on is
/// replaced; callers hold a lock that keeps two of them from doing so at once.
pub fn listen(path: &Path) -> Result<UnixListener, ListenError> {
    let failed = |source: io::Error| ListenError::Io { path: path.to_owned(), source };
    let socket = new_socket().map_err(failed)?;
    let address = Address::of(path).map_err(failed)?;
    match bind(&socket, &address.address) {
        Err(Errno::ADDRINUSE) => {
            // A full backlog (`WouldBlock`) is a listener, too.
            match connect(path) {
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) | Err(_) => return Err(ListenError::InUse(path.to_owned())),
            }
            fs::remove_file(path).map_err(failed)?;
            bind(&socket, &address.address).map_err(|e| failed(e.into()))?;
        }
        bound => bound.map_err(|e| failed(e.into()))?,
    }
    // Nobody can connect before `listen`, so nobody could while the mode was another one.
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    rustix::net::listen(&socket, BACKLOG).map_err(|e| failed(e.into()))?;
    Ok(UnixListener::from(socket))
}

/// Connects to the socket at `path` without ever waiting: a listener whose backlog is full is an error of
/// kind `WouldBlock`. The stream that comes out blocks, as any other does.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    let socket = new_socket()?;
    let address = Address::of(path)?;
    rustix::net::connect(&socket, &address.address)?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}
