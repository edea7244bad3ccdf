//! The one timer of the dispatcher: a timerfd on the real-time clock, cancelled when that clock is set or the
//! machine wakes up, so that deadlines are judged anew then.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use wg_core::time::Timestamp;

use crate::readiness::readable;

/// What the timer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rang {
    /// The time has come.
    Due,
    /// The clock was set, or the machine slept.
    ClockChanged,
}

/// A timer that is set to at most one point in time.
pub struct Timer {
    fd: AsyncFd<OwnedFd>,
    set_to: Option<Timestamp>,
}

impl Timer {
    /// An unset one. Must be called within a runtime.
    pub fn new() -> io::Result<Self> {
        let fd = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self { fd: readable(fd)?, set_to: None })
    }

    /// Sets it to another time, or to none.
    pub fn set(&mut self, at: Option<Timestamp>) -> io::Result<()> {
        if at == self.set_to {
            return Ok(());
        }
        self.arm(at)
    }

    fn arm(&mut self, at: Option<Timestamp>) -> io::Result<()> {
        // All zeros would disarm it: the first nanosecond of 1970 is as past as any.
        let nanos = at.map_or(0, |at| at.as_nanos().max(1));
        let value = Timespec { tv_sec: nanos / 1_000_000_000, tv_nsec: nanos % 1_000_000_000 };
        let never = Timespec { tv_sec: 0, tv_nsec: 0 };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(self.fd.get_ref(), flags, &Itimerspec { it_interval: never, it_value: value })?;
        self.set_to = at;
        Ok(())
    }

    /// Waits until it rings. Safe to drop and to call again.
    pub async fn rang(&mut self) -> io::Result<Rang> {
        loop {
            let mut ready = self.fd.readable().await?;
            let mut count = [0_u8; 8];
            match rustix::io::read(ready.get_inner(), &mut count) {
                Ok(_) => {
                    ready.clear_ready();
                    self.set_to = None;
                    return Ok(Rang::Due);
                }
                Err(Errno::CANCELED) => {
                    ready.clear_ready();
                    self.set_to = None;
                    return Ok(Rang::ClockChanged);
                }
                Err(Errno::AGAIN | Errno::INTR) => ready.clear_ready(),
                Err(e) => return Err(e.into()),
            }
        }
    }
}
