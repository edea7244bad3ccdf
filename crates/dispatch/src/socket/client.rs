//! The asking side: a line out, lines in, each with a deadline.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::address::connect;
use super::line::{LineBuffer, TooLong};
use super::peer::listens_for_us;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens there.
    #[error("nobody listens")]
    Nobody,
    /// Another user listens there.
    #[error("another user's process listens")]
    Stranger,
    /// No whole line in time.
    #[error("no answer in time")]
    Late,
    /// It closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// The line was too long.
    #[error("the answer makes no sense: {0}")]
    TooLong(#[from] TooLong),
    /// The line was something else.
    #[error("the answer makes no sense: {0}")]
    Garbage(#[from] serde_json::Error),
    /// The system said no.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::Nobody,
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Late,
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// A connection to a listening process of our own user.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    lines: LineBuffer,
}

impl Client {
    /// Connects; `line_max` bounds each line of an answer.
    pub fn connect(path: &Path, line_max: usize) -> Result<Self, ClientError> {
        let stream = connect(path)?;
        if !listens_for_us(&stream, path) {
            return Err(ClientError::Stranger);
        }
        Ok(Self { stream, lines: LineBuffer::new(line_max) })
    }

    /// Another hold on the connection, to end it while somebody waits for what comes.
    pub fn stream(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Sends one line.
    pub fn send(&mut self, message: &impl Serialize, patience: Duration) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.send_line(&line, patience)
    }

    /// Sends one line that is already written, with its newline.
    pub fn send_line(&mut self, line: &[u8], patience: Duration) -> Result<(), ClientError> {
        let deadline = Instant::now() + patience;
        let mut rest = line;
        while !rest.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?))?;
            match self.stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The next line of the answer.
    pub fn receive_line(&mut self, patience: Duration) -> Result<Vec<u8>, ClientError> {
        let deadline = Instant::now() + patience;
        let mut piece = [0; 16 * 1024];
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(line);
            }
            self.stream.set_read_timeout(Some(left(deadline)?))?;
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(ClientError::Closed),
                Ok(n) => self.lines.push(&piece[..n])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next line of the answer, read as a message.
    pub fn receive<T: DeserializeOwned>(&mut self, patience: Duration) -> Result<T, ClientError> {
        Ok(serde_json::from_slice(&self.receive_line(patience)?)?)
    }
}

/// What is left until `deadline`; a timeout of nothing would mean for ever.
fn left(deadline: Instant) -> Result<Duration, ClientError> {
    match deadline.checked_duration_since(Instant::now()) {
        Some(left) if !left.is_zero() => Ok(left.max(Duration::from_millis(1))),
        _ => Err(ClientError::Late),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::thread;

    use super::super::{LINE_MAX, ListenError, listen};
    use super::*;

    const SOON: Duration = Duration::from_secs(20);

    fn deep(folder: &Path) -> PathBuf {
        let mut path = folder.to_owned();
        while path.as_os_str().len() < 300 {
            path.push("a-folder-with-a-long-name");
        }
        std::fs::create_dir_all(&path).unwrap();
        path.join("door.sock")
    }

    #[test]
    fn a_socket_too_deep_for_its_address_answers_and_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("s"), deep(folder.path())] {
            let listener = listen(&path).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let server = thread::spawn(move || {
                listener.set_nonblocking(false).unwrap();
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(b"\"hel").unwrap();
                stream.write_all(b"lo\"\n").unwrap();
            });
            let mut client = Client::connect(&path, LINE_MAX).unwrap();
            assert_eq!(client.receive::<String>(SOON).unwrap(), "hello");
            server.join().unwrap();
            assert!(matches!(client.receive_line(SOON), Err(ClientError::Closed)));
        }
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = deep(folder.path());
        assert!(matches!(Client::connect(&path, LINE_MAX), Err(ClientError::Nobody)));
        let first = listen(&path).unwrap();
        assert!(matches!(listen(&path), Err(ListenError::InUse(_))));
        drop(first);
        assert!(matches!(Client::connect(&path, LINE_MAX), Err(ClientError::Nobody)));
        let _second = listen(&path).unwrap();
        connect(&path).unwrap();
    }

    #[test]
    fn silence_and_long_lines_are_errors_of_the_client() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = listen(&path).unwrap();
        let mut client = Client::connect(&path, 8).unwrap();
        assert!(matches!(client.receive_line(Duration::from_millis(5)), Err(ClientError::Late)));
        listener.set_nonblocking(false).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"123456789").unwrap();
        assert!(matches!(client.receive_line(SOON), Err(ClientError::TooLong(_))));
    }
}
