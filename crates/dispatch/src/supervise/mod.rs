//! Owning processes: the shim that owns one agent's process tree, how one is started, how an attempt is ended
//! with everything it started, and how its end is proved.
//!
//! Nothing here decides what an end means for a task, and nothing here changes the graph: a shim reads it once
//! before it starts its agent, and hands what a worker asks to the [`Door`] that the binary implements.
//!
//! # Invariants
//! 1. An agent is executed at most once per attempt: lock, then check, then `started`, then exec.
//! 2. The exit record is written before anybody is told.
//! 3. A process is signalled only while a pidfd of it is held whose identity was read afterwards.
//! 4. *Gone* is said only by one who holds the attempt's lock and saw that nothing is left; what can't be
//!    shown is *unknown*.

pub mod linux;
mod lock;
pub mod output;
mod protocol;
mod prove;
pub mod sandbox;
pub mod shim;
mod spawn;
mod sweep;
mod terminate;

pub use lock::{AttemptLock, wait_until_free};
pub use protocol::{
    INPUT_MAX, INPUT_PART, PROTOCOL_VERSION, ShimAnswer, ShimPhase, ShimRequest, ShimStatus, TalkStatus,
    WINDOW,
};
pub use prove::{Look, Proof, look, prove_gone};
pub use shim::{
    Admission, Admit, DOOR_VERSION, Door, DoorReply, DoorRequest, ShimError, ShimPorts, admission, knock,
    shim_main,
};
pub use spawn::{SHIM_VERB, Shim, SpawnError, adopt, start_shim};
pub use terminate::{End, EndRequest, end_attempt};
