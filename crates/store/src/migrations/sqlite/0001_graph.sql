-- Every version of every record: the body is JSON, absent where an operation removed the record. The newest
-- row of a record is the record. kind: 0 task (key: its id), 1 attempt (key: its number), 2 control (key: 0).
-- sum, here and below: of what the row says, so that a turned bit is noticed.
-- An operation writes its rows one after the other: they begin at operations.first_change.
CREATE TABLE changes (
    n INTEGER PRIMARY KEY,
    op INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key ANY NOT NULL,
    version INTEGER NOT NULL,
    body TEXT,
    sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX changes_of_record ON changes (kind, key, op);

CREATE TABLE operations (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    first_change INTEGER NOT NULL,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX operations_by_actor ON operations (actor);

-- What tasks are found by; everything here follows from the body, but for `held`.
-- class: state * 4 + blocked * 2 + paused; 0 is open, unblocked and not paused, with budget left.
-- lane: '' for a task that names no adapter, else '+' and the adapter's name.
-- held: `not_before` was still to come when this row was written or last looked at.
CREATE TABLE tasks (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    change INTEGER NOT NULL,
    class INTEGER NOT NULL,
    unmet INTEGER NOT NULL,
    lane TEXT NOT NULL,
    age_key INTEGER NOT NULL,
    not_before INTEGER,
    held INTEGER NOT NULL,
    wait_task TEXT,
    wait_until INTEGER,
    parent TEXT,
    completed_at INTEGER
) STRICT;
CREATE INDEX tasks_by_id ON tasks (class, id);
CREATE INDEX tasks_by_age ON tasks (class, age_key, id);
CREATE INDEX tasks_by_completion ON tasks (class, completed_at DESC, id);
CREATE INDEX tasks_ready ON tasks (lane, age_key, id) WHERE class = 0 AND held = 0;
CREATE INDEX tasks_due ON tasks (held, not_before) WHERE class = 0 AND not_before IS NOT NULL;
CREATE INDEX tasks_wait_task ON tasks (wait_task, id) WHERE wait_task IS NOT NULL;
CREATE INDEX tasks_wait_until ON tasks (wait_until, id) WHERE wait_until IS NOT NULL;
CREATE INDEX tasks_parent ON tasks (parent, id) WHERE parent IS NOT NULL;

-- Edges by the task that comes first, which need not exist. The other direction is in the task's body.
CREATE TABLE dependencies (
    after TEXT NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (after, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    tag TEXT NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (tag, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE counts (
    class INTEGER NOT NULL,
    lane TEXT NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (class, lane)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    reference INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    task TEXT NOT NULL,
    live INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_of_task ON attempts (task);
CREATE INDEX attempts_live ON attempts (reference) WHERE live = 1;

CREATE TABLE log (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    message TEXT NOT NULL,
    op INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    body TEXT NOT NULL,
    read_by INTEGER,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
    task INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    path TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

-- Tasks as the last import brought them.
CREATE TABLE imported (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL
) STRICT;

-- kind: 0 launch, 1 kill. state: 0 pending, 1 claimed by `host`, 2 settled.
CREATE TABLE effects (
    attempt INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    state INTEGER NOT NULL,
    host TEXT,
    sum INTEGER NOT NULL,
    PRIMARY KEY (attempt, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX effects_open ON effects (attempt, kind) WHERE state < 2;
