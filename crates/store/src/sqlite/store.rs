//! The store: one connection, its transactions, and the gate before them.

use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior};
use wg_core::port::{Read, Store, StoreError, WatchGuard, Write};

use super::backup;
use super::checkpoint::Frames;
use super::deadline::Deadline;
use super::gate::{Gate, WAIT};
use super::migrate;
use super::open::Opened;
use super::place::Place;
use super::trouble::Trouble;
use super::view::View;
use super::watch;

/// One connection to a graph.
pub(super) struct SqliteStore {
    place: Place,
    connection: Connection,
    deadline: Deadline,
    frames: Frames,
    /// Absent in a store that only reads.
    gate: Option<Gate>,
    /// The newest format that this program knows.
    known: u32,
}

impl SqliteStore {
    pub(super) fn new(place: Place, opened: Opened, gate: Option<Gate>, known: u32) -> Self {
        let Opened { connection, deadline, frames } = opened;
        Self { place, connection, deadline, frames, gate, known }
    }

    pub(super) fn backup(&self) -> Result<PathBuf, StoreError> {
        self.deadline.lift();
        backup::backup(&self.connection, &self.place).map_err(|error| error.tell(&self.place))
    }

    /// Makes an index anew, in one transaction that takes as long as it takes.
    pub(super) fn make_anew(&mut self, sql: &str) -> Result<(), StoreError> {
        let gate =
            self.gate.as_mut().ok_or_else(|| StoreError::ReadOnly("it was opened for reading".into()))?;
        let _inside = gate.enter(WAIT)?;
        self.deadline.lift();
        let connection = &mut self.connection;
        let mut made = || -> Result<(), rusqlite::Error> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(sql)?;
            transaction.commit()
        };
        made().map_err(|error| Trouble::from(error).tell(&self.place))
    }

    pub(super) fn into_parts(self) -> (Place, Connection, Deadline) {
        (self.place, self.connection, self.deadline)
    }
}

impl Store for SqliteStore {
    fn read(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Read) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let told = |error: Trouble| error.tell(&self.place);
        self.deadline.restart();
        let transaction = self.connection.transaction().map_err(|error| told(error.into()))?;
        let version = migrate::user_version(&transaction).map_err(|error| told(error.into()))?;
        migrate::refuse_newer(version, &self.place, self.known)?;
        let mut view = View::new(&transaction, &self.place, &self.deadline);
        let worked = work(&mut view);
        let large = view.is_large();
        drop(transaction);
        if large {
            View::give_memory_back(&self.connection);
        }
        worked
    }

    fn write(
        &mut self,
        work: &mut dyn FnMut(&mut dyn Write) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let told = |error: Trouble| error.tell(&self.place);
        let Some(gate) = &mut self.gate else {
            return Err(StoreError::ReadOnly(format!(
                "{} was opened for reading only",
                self.place.folder.display()
            )));
        };
        let inside = gate.enter(WAIT)?;
        self.deadline.restart();
        Frames::before(&self.connection);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| told(error.into()))?;
        let version = migrate::user_version(&transaction).map_err(|error| told(error.into()))?;
        migrate::refuse_newer(version, &self.place, self.known)?;
        let mut view = View::new(&transaction, &self.place, &self.deadline);
        let worked = work(&mut view).and_then(|()| view.flush_counts().map_err(told));
        let large = view.is_large();
        let committed = worked.and_then(|()| {
            self.deadline.restart();
            transaction.commit().map_err(|error| told(error.into()))
        });
        if committed.is_ok() {
            self.frames.after(&self.connection);
        }
        drop(inside);
        if large {
            View::give_memory_back(&self.connection);
        }
        committed
    }

    fn watch(&self, notify: Box<dyn Fn() + Send>) -> Result<Box<dyn WatchGuard>, StoreError> {
        watch::watch(&self.place, notify)
    }
}
