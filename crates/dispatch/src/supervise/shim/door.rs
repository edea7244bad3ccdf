//! The worker's only door: what an agent's `wg` asks of its shim, and what it is answered.
//!
//! The verbs themselves are the binary's, behind [`Door`]; which of them are open to a worker is its list, and
//! what an attempt may touch is refused by the core. Here is only what is said: one line each way.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wg_core::attempt::Attempt;

use crate::socket::{Client, ClientError, LINE_MAX};

/// The version that is spoken. Shim and worker are of the same program but for an upgrade in between.
pub const DOOR_VERSION: u32 = 1;
/// Longest answer, in bytes: the shim holds it until it is read.
pub(super) const REPLY_MAX: usize = 16 * 1024 * 1024;
/// Longest line of an answer: in JSON a byte of it takes up to six.
const REPLY_LINE_MAX: usize = 6 * REPLY_MAX + 1024;

/// A command line that a worker typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorRequest {
    /// [`DOOR_VERSION`].
    pub version: u32,
    /// Its words, without the program's name.
    pub args: Vec<String>,
    /// What was on standard input, where the verb reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Columns of the worker's terminal, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u16>,
    /// Whether colours are wanted.
    #[serde(default)]
    pub color: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorReply {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The exit status.
    pub exit: u8,
    /// The attempt has reported with this (done, failed, waiting): its process is to leave now.
    #[serde(default)]
    pub reported: bool,
}

impl DoorReply {
    /// An error of the door itself.
    #[must_use]
    pub fn error(exit: u8, what: &str) -> Self {
        Self { stderr: format!("error: {what}\n"), exit, ..Self::default() }
    }
}

/// Runs a worker's verb as its attempt. Called on threads of the shim, several at once.
pub trait Door: Send + Sync {
    /// Serves one request. `attempt` is the record as it was when the agent was started.
    fn serve(&self, attempt: &Attempt, request: DoorRequest) -> DoorReply;
}

/// The worker's side: asks the shim at `socket`, and waits as long as the verb takes, but not for ever.
pub fn knock(socket: &Path, request: &DoorRequest, patience: Duration) -> Result<DoorReply, ClientError> {
    let mut shim = Client::connect(socket, REPLY_LINE_MAX)?;
    match shim.send(request, patience) {
        // It did not want to hear the end of it, and has said why before it closed.
        Err(ClientError::Closed) => shim.receive(patience),
        sent => sent.and_then(|()| shim.receive(patience)),
    }
}

/// Longest request, in bytes.
pub(super) const REQUEST_MAX: usize = LINE_MAX;

/// Reads a request.
///
/// # Errors
/// What to answer instead.
pub(super) fn parse(line: &[u8]) -> Result<DoorRequest, DoorReply> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    let malformed = |e: serde_json::Error| DoorReply::error(2, &format!("that is no request: {e}"));
    let Versioned { version } = serde_json::from_slice(line).map_err(malformed)?;
    if version != u64::from(DOOR_VERSION) {
        let what = format!(
            "this attempt's shim speaks version {DOOR_VERSION} of its door's protocol, this `wg` version {version}"
        );
        return Err(DoorReply::error(1, &what));
    }
    serde_json::from_slice(line).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_version_1_are_still_read() {
        let line = br#"{"version":1,"args":["done","a"],"stdin":"x","width":80,"color":true,"later":[]}"#;
        let request = DoorRequest {
            version: 1,
            args: vec!["done".into(), "a".into()],
            stdin: Some("x".into()),
            width: Some(80),
            color: true,
        };
        assert_eq!(parse(line), Ok(request));
        assert!(parse(br#"{"version":1,"args":[]}"#).is_ok());
    }

    #[test]
    fn anything_else_is_answered_with_a_reason() {
        for line in [&b""[..], b"{", b"[]", b"\xff", br#"{"version":1}"#, br#"{"version":1,"args":"x"}"#] {
            let reply = parse(line).expect_err("it is no request");
            assert_eq!(reply.exit, 2);
            assert!(reply.stderr.starts_with("error: that is no request"));
        }
        assert_eq!(parse(br#"{"version":9,"args":[]}"#).expect_err("of another version").exit, 1);
    }
}
