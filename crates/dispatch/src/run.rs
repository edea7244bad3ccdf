//! The dispatcher's loop: the select, and nothing else. What it hears becomes events (`hear.rs`); what the
//! dispatcher wants is handed to the interpreter. With nothing to do it does not wake up.

use std::io;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::DispatchConfig;
use crate::control::leases::Leases;
use crate::control::message::Status;
use crate::control::server::Incoming;
use crate::dispatcher::Event;
use crate::hear::Heard;
use crate::interpret::Interpreter;
use crate::serve::Reload;
use crate::spawner::Born;
use crate::store_thread::StoreThread;
use crate::timer::{Rang, Timer};

/// Everything that the loop listens to and speaks to.
pub(crate) struct Loop {
    /// Rings when somebody may have committed something.
    pub(crate) changed: Arc<Notify>,
    pub(crate) incoming: mpsc::Receiver<Incoming>,
    pub(crate) leases: Leases,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) born: mpsc::Receiver<Born>,
    pub(crate) configs: mpsc::Receiver<Result<DispatchConfig, String>>,
    pub(crate) configs_out: mpsc::Sender<Result<DispatchConfig, String>>,
    pub(crate) store: StoreThread,
    pub(crate) interpreter: Interpreter,
    pub(crate) status: watch::Sender<Arc<Status>>,
    pub(crate) reload: Reload,
}

impl Loop {
    /// Runs until the dispatcher may leave. Must be called within a runtime with IO and time.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut timer = Timer::new()?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut heard = Heard::new();
        while !heard.left {
            self.hand_over(&mut heard)?;
            let (retry, leave_by) = (heard.retry, heard.leave_by);
            tokio::select! {
                turn = self.store.turn(), if heard.busy => self.finish(turn, &mut heard, &mut timer)?,
                Some(event) = self.events.recv() => self.gather(event, &mut heard),
                Some(born) = self.born.recv() => heard.pending.push(self.interpreter.born(born)),
                Some(incoming) = self.incoming.recv() => self.take(incoming, &mut heard),
                () = self.changed.notified() => heard.once(Event::StoreChanged),
                attached = self.leases.changed() => heard.attached(attached),
                rang = timer.rang() => heard.once(match rang? {
                    Rang::Due => Event::TimerDue,
                    Rang::ClockChanged => Event::ClockJumped,
                }),
                () = at(retry), if retry.is_some() => heard.try_again(),
                () = at(leave_by), if leave_by.is_some() => heard.left = true,
                _ = terminate.recv() => self.signalled(&mut heard),
                _ = interrupt.recv() => self.signalled(&mut heard),
                _ = hangup.recv() => self.read_config(),
                Some(config) = self.configs.recv() => self.configure(config, &mut heard),
            }
        }
        Ok(())
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
