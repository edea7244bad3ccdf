//! What those who are connected want of the shim itself.

use std::time::Duration;

use crate::supervise::protocol::ShimRequest;

/// What a peer wants that is not for the door.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The worker has reported.
    Reported,
    /// A supervisor wants the attempt ended.
    Stop {
        /// Who waits for it.
        peer: u64,
        /// From SIGTERM to SIGKILL.
        grace: Duration,
    },
    /// A supervisor wants to know how things stand.
    Status {
        /// Who.
        peer: u64,
    },
    /// A supervisor wants the end of the output.
    Tail {
        /// Who.
        peer: u64,
        /// At most so many bytes.
        bytes: u64,
    },
    /// A supervisor wants something of an agent that is talked to.
    Talk {
        /// Who.
        peer: u64,
        /// What.
        said: Said,
    },
}

/// What is wanted of an agent that is talked to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// To follow it.
    Follow {
        /// From here on.
        from: u64,
    },
    /// So much is parsed.
    Parsed {
        /// Up to here.
        to: u64,
    },
    /// To give it something.
    Input {
        /// Its number.
        id: u64,
        /// A part of it.
        text: String,
        /// Other parts follow.
        more: bool,
    },
    /// Nothing more will be said to it.
    LetGo,
    /// A turn began or ended.
    Turn {
        /// It began.
        on: bool,
    },
}

impl Heard {
    /// Reads what a supervisor said after its hello.
    ///
    /// # Errors
    /// What to answer instead.
    pub(super) fn read(peer: u64, line: &[u8]) -> Result<Self, String> {
        let talk = |said| Ok(Self::Talk { peer, said });
        match serde_json::from_slice(line).map_err(|error| format!("that is no request: {error}"))? {
            ShimRequest::Hello { .. } => Err("that was said already".to_owned()),
            ShimRequest::Stop { grace } => Ok(Self::Stop { peer, grace }),
            ShimRequest::Status => Ok(Self::Status { peer }),
            ShimRequest::Tail { bytes } => Ok(Self::Tail { peer, bytes }),
            ShimRequest::Follow { from } => talk(Said::Follow { from }),
            ShimRequest::Parsed { to } => talk(Said::Parsed { to }),
            ShimRequest::Input { id, text, more } => talk(Said::Input { id, text, more }),
            ShimRequest::LetGo => talk(Said::LetGo),
            ShimRequest::Turn { on } => talk(Said::Turn { on }),
        }
    }
}
