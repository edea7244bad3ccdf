//! Whether a database is what it should be: as SQLite sees it, and as the records say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;
use wg_core::attempt::Attempt;
use wg_core::chat::Chat;
use wg_core::control::Control;
use wg_core::id::{OpSeq, TaskId};
use wg_core::port::StoreError;
use wg_core::task::{StateName, Task};
use wg_core::time::Timestamp;

use super::changes::{Key, body, present};
use super::check_chats;
use super::deadline::Deadline;
use super::migrate;
use super::open;
use super::place::Place;
use super::tasks::{Columns, flag};
use super::trouble::Trouble;
use super::view::View;

/// As many findings as anybody reads.
const FINDINGS: usize = 100;

/// Reads the whole graph in a folder (`.wg`) and says what is wrong with it; nothing where all is well. An
/// error where it can't even be opened.
pub fn check(folder: &Path) -> Result<Vec<String>, StoreError> {
    let store = open::for_reading(folder, migrate::MIGRATIONS)?;
    let (place, connection, deadline) = store.into_parts();
    let found = examine(&connection, &place, &deadline);
    match found.map_err(|error| error.tell(&place)) {
        Ok(found) => Ok(found),
        Err(StoreError::Damaged { what, .. }) => Ok(vec![what]),
        Err(error) => Err(error),
    }
}

/// SQLite's quick look at every page.
pub(super) fn quick(connection: &Connection) -> Result<(), Trouble> {
    match pragma(connection, "PRAGMA quick_check(1)")?.pop() {
        None => Ok(()),
        Some(what) => Err(Trouble::Nonsense(what)),
    }
}

fn pragma(connection: &Connection, sql: &str) -> Result<Vec<String>, Trouble> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            found.push(line);
        }
    }
    Ok(found)
}

/// All that is wrong, as far as anybody reads.
pub(super) fn examine(
    connection: &Connection,
    place: &Place,
    deadline: &Deadline,
) -> Result<Vec<String>, Trouble> {
    deadline.lift();
    let transaction = connection.unchecked_transaction()?;
    let mut found = pragma(&transaction, &format!("PRAGMA integrity_check({FINDINGS})"))?;
    if found.is_empty() {
        belonging(&transaction, &mut found)?;
        derived(&transaction, &mut found)?;
        attempts(&transaction, &mut found)?;
        let view = View::new(&transaction, place, deadline);
        check_chats::chats(&view, &mut found)?;
        texts(&view, &mut found)?;
    }
    found.truncate(FINDINGS);
    Ok(found)
}

/// Everything that was written down can be read and is as it was written.
fn texts(view: &View<'_>, found: &mut Vec<String>) -> Result<(), Trouble> {
    const AT_ONCE: usize = 1_000;
    let mut last = OpSeq(0);
    loop {
        let operations = view.read_operations_since(last, AT_ONCE)?;
        let Some(newest) = operations.last() else { break };
        last = newest.seq;
    }
    let mut changes = view.connection.prepare("SELECT kind, body, sum FROM changes")?;
    let mut rows = changes.query([])?;
    while let Some(row) = rows.next()? {
        // Reading is the check.
        match row.get(0)? {
            Key::TASKS => drop(body::<Task>(row, 1)?),
            Key::ATTEMPTS => drop(body::<Attempt>(row, 1)?),
            Key::CONTROL => drop(body::<Control>(row, 1)?),
            Key::CHATS => drop(body::<Chat>(row, 1)?),
            kind => found.push(format!("{kind} is no kind of record")),
        }
    }
    view.read_all_effects()?;
    let listed = |sql: &str| -> Result<Vec<String>, Trouble> {
        let mut statement = view.connection.prepare(sql)?;
        let ids = statement.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    };
    let parsed = |id: &String| {
        TaskId::parse(id).map_err(|error| Trouble::nonsense(format!("{id:?} is no id: {error}")))
    };
    for id in listed(
        "SELECT id FROM tasks WHERE n IN (SELECT task FROM log UNION SELECT task FROM messages \
         UNION SELECT task FROM artifacts)",
    )? {
        let id = parsed(&id)?;
        view.read_log(&id, None)?;
        view.read_artifacts(&id)?;
        view.read_messages(&id)?;
    }
    for id in listed("SELECT id FROM imported")? {
        let id = parsed(&id)?;
        if view.read_imported(&id)?.is_none_or(|task| task.id != id) {
            found.push(format!("task {id}: what was imported is another task"));
        }
    }
    Ok(())
}

/// What is kept beside the tasks follows from the tasks.
fn derived(connection: &Connection, found: &mut Vec<String>) -> Result<(), Trouble> {
    let done = states(connection)?;
    let mut counts: BTreeMap<(i64, String), i64> = BTreeMap::new();
    let (mut edges, mut tags) = (BTreeSet::new(), BTreeSet::new());
    let mut statement = connection.prepare(&format!(
        "SELECT t.n, t.id, c.kind, c.key, c.body, c.sum, \
         EXISTS (SELECT 1 FROM changes l WHERE l.kind = 0 AND l.key = t.id AND l.op > c.op), {} \
         FROM tasks t LEFT JOIN changes c ON c.n = t.change",
        Columns::NAMES
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (n, id): (i64, String) = (row.get(0)?, row.get(1)?);
        let mut say = |what: &str| found.push(format!("task {id}: {what}"));
        let task: Task = match present(row, 4) {
            Ok(task) => task,
            Err(error) => {
                say(&error.to_string());
                continue;
            }
        };
        if row.get::<_, i64>(2)? != Key::TASKS || row.get::<_, String>(3)? != id || task.id.as_str() != id {
            say("its row leads to another record");
        }
        if row.get(6)? {
            say("its row leads to an old version");
        }
        let unmet = task.after.iter().filter(|id| !done.contains(*id)).count() as u64;
        let stored = Columns::from_row(row, 7)?;
        let mut expected = Columns::of(&task, unmet, Timestamp::from_nanos(i64::MAX));
        // Whether a time was still to come is no property of the task.
        expected.held = stored.held && expected.not_before.is_some();
        if stored != expected {
            say("its columns do not follow from it");
        }
        *counts.entry((expected.class.number(), expected.lane)).or_default() += 1;
        edges.extend(task.after.iter().map(|id| (id.to_string(), n)));
        tags.extend(task.tags.iter().map(|tag| (tag.clone(), n)));
    }
    let pairs = |sql: &str| -> Result<BTreeSet<(String, i64)>, Trouble> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    if pairs("SELECT after, task FROM dependencies")? != edges {
        found.push("the dependencies do not follow from the tasks".into());
    }
    if pairs("SELECT tag, task FROM tags")? != tags {
        found.push("the tags do not follow from the tasks".into());
    }
    let mut statement = connection.prepare("SELECT class, lane, tasks FROM counts")?;
    let kept = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    if kept.collect::<Result<BTreeMap<(i64, String), i64>, _>>()? != counts {
        found.push("the counts do not follow from the tasks".into());
    }
    Ok(())
}

/// The tasks that are done, by their bodies.
fn states(connection: &Connection) -> Result<BTreeSet<TaskId>, Trouble> {
    let mut statement =
        connection.prepare("SELECT c.body, c.sum FROM tasks t JOIN changes c ON c.n = t.change")?;
    let mut rows = statement.query([])?;
    let mut done = BTreeSet::new();
    while let Some(row) = rows.next()? {
        // One that can't be read is told of elsewhere.
        if let Ok(task) = present::<Task>(row, 0)
            && task.state.name() == StateName::Done
        {
            done.insert(task.id);
        }
    }
    Ok(done)
}

/// The rows of attempts follow from the attempts.
fn attempts(connection: &Connection, found: &mut Vec<String>) -> Result<(), Trouble> {
    let mut statement = connection.prepare(
        "SELECT a.reference, a.task, a.live, c.body, c.sum, \
         EXISTS (SELECT 1 FROM changes l WHERE l.kind = 1 AND l.key = a.reference AND l.op > c.op) \
         FROM attempts a LEFT JOIN changes c ON c.n = a.change",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (reference, task, live): (u64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let attempt: Attempt = present(row, 3)?;
        let follows = attempt.reference.0 == reference
            && attempt.task.as_str() == task
            && attempt.is_live() == flag(live)?;
        if !follows || row.get(5)? {
            found.push(format!("attempt agent-{reference}: its row does not follow from it"));
        }
    }
    Ok(())
}

/// Rows belong to something, and numbers have no gaps.
fn belonging(connection: &Connection, found: &mut Vec<String>) -> Result<(), Trouble> {
    for (sql, what) in [
        (
            "SELECT count(*) FROM (SELECT key, kind FROM changes GROUP BY kind, key \
             HAVING max(version) <> count(*) OR min(version) <> 1)",
            "records whose versions have gaps",
        ),
        (
            "SELECT count(*) FROM changes c LEFT JOIN operations o ON o.seq = c.op \
             LEFT JOIN operations l ON l.seq = c.op + 1 \
             WHERE o.seq IS NULL OR c.n < o.first_change OR c.n >= l.first_change",
            "changes that belong to no operation",
        ),
        ("SELECT max(seq) - count(*) FROM operations", "operations that are missing"),
        (
            "SELECT count(*) FROM changes c WHERE kind = 0 AND body IS NOT NULL \
             AND op = (SELECT max(op) FROM changes l WHERE l.kind = 0 AND l.key = c.key) \
             AND NOT EXISTS (SELECT 1 FROM tasks WHERE id = c.key)",
            "tasks that are recorded and not listed",
        ),
        (
            "SELECT count(DISTINCT key) FROM changes WHERE kind = 1 \
             AND key NOT IN (SELECT reference FROM attempts)",
            "attempts that are recorded and not listed",
        ),
        (
            "SELECT count(*) FROM (SELECT task FROM log UNION SELECT task FROM messages \
             UNION SELECT task FROM artifacts) WHERE task NOT IN (SELECT n FROM tasks)",
            "tasks that are not there and have log entries, messages or artifacts",
        ),
        (
            "SELECT sum(n) FROM (SELECT max(number) - count(*) AS n FROM log GROUP BY task \
             UNION ALL SELECT max(number) - count(*) FROM messages GROUP BY task \
             UNION ALL SELECT max(number) - count(*) FROM artifacts GROUP BY task)",
            "log entries, messages or artifacts that are missing",
        ),
    ]
    .into_iter()
    .chain(check_chats::BELONGING)
    {
        let number: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        if number.is_some_and(|number| number != 0) {
            found.push(format!("{} {what}", number.unwrap_or_default()));
        }
    }
    Ok(())
}
