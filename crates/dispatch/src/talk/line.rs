//! The connection to a handler's shim.

use std::io;
use std::time::Duration;

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::files::{AttemptFolder, Run};
use crate::socket::{self, LineBuffer};
use crate::supervise::{INPUT_PART, PROTOCOL_VERSION, ShimAnswer, ShimRequest};

/// How long a shim may take to answer what it answers at once.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest line of an answer.
const ANSWER_MAX: usize = 2 * 1024 * 1024;

/// A line to a shim, on which its agent is followed.
pub(super) struct Line {
    stream: UnixStream,
    lines: LineBuffer,
}

/// What is known of inputs when a line is opened.
pub(super) struct Opened {
    pub(super) line: Line,
    /// The number of the last input that the shim took.
    pub(super) last_input: u64,
}

impl Line {
    /// Connects, says whom it means, and follows from `from`.
    pub(super) async fn open(folder: &AttemptFolder, run: Run, from: u64) -> io::Result<Opened> {
        let stream = socket::connect(&folder.door())?;
        stream.set_nonblocking(true)?;
        let mut line = Self { stream: UnixStream::from_std(stream)?, lines: LineBuffer::new(ANSWER_MAX) };
        line.send(&ShimRequest::Hello { version: PROTOCOL_VERSION, run }).await?;
        match line.soon().await? {
            ShimAnswer::Hello { run: its, .. } if its == run => {}
            other => return Err(unexpected(&other)),
        }
        line.send(&ShimRequest::Status).await?;
        let last_input = match line.soon().await? {
            ShimAnswer::Status(status) => status.talk.map_or(0, |talk| talk.last_input.unwrap_or(0)),
            other => return Err(unexpected(&other)),
        };
        line.send(&ShimRequest::Follow { from }).await?;
        Ok(Opened { line, last_input })
    }

    /// Sends an input in as many parts as it takes.
    pub(super) async fn input(&mut self, id: u64, text: &str) -> io::Result<()> {
        let mut rest = text;
        loop {
            let mut end = rest.len().min(INPUT_PART);
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            let (part, after) = rest.split_at(end);
            rest = after;
            let more = !rest.is_empty();
            self.send(&ShimRequest::Input { id, text: part.to_owned(), more }).await?;
            if !more {
                return Ok(());
            }
        }
    }

    pub(super) async fn send(&mut self, request: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        tokio::time::timeout(PATIENCE, self.stream.write_all(&line)).await?
    }

    async fn soon(&mut self) -> io::Result<ShimAnswer> {
        tokio::time::timeout(PATIENCE, self.next()).await?
    }

    /// The next answer, whenever it comes. Safe to drop and to call again.
    pub(super) async fn next(&mut self) -> io::Result<ShimAnswer> {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let odd =
                |error: &dyn std::fmt::Display| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
            if let Some(line) = self.lines.next_line().map_err(|error| odd(&error))? {
                return serde_json::from_slice(&line).map_err(|error| odd(&error));
            }
            let read = self.stream.read(&mut piece).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.lines.push(&piece[..read]).map_err(|error| odd(&error))?;
        }
    }
}

fn unexpected(answer: &ShimAnswer) -> io::Error {
    let why = match answer {
        ShimAnswer::Refused { why } => why.clone(),
        other => format!("{other:?}"),
    };
    io::Error::new(io::ErrorKind::InvalidData, why)
}
