-- Chats. In `changes` they are of kind 3, by their number.
-- In `tasks` and `counts`, lane '.' is a task that is a chat's place in the graph: in no lane that is served,
-- and counted apart from the work.
CREATE INDEX tasks_of_chats ON tasks (id) WHERE lane = '.';

-- standing: 0 dormant, 1 stirring (it has a handler or waits for one), 2 gave up, 3 held, 4 archived.
-- waiting: how many of its messages wait to be answered.
CREATE TABLE chats (
    number INTEGER PRIMARY KEY,
    change INTEGER NOT NULL,
    standing INTEGER NOT NULL,
    waiting INTEGER NOT NULL
) STRICT;
CREATE INDEX chats_unarchived ON chats (number) WHERE standing < 4;
CREATE INDEX chats_awake ON chats (number) WHERE standing = 1 OR standing = 0 AND waiting > 0;
CREATE INDEX chats_gave_up ON chats (number) WHERE standing = 2;

-- What was said in a chat, numbered from 1 within it. body: JSON.
CREATE TABLE entries (
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (chat, number)
) STRICT, WITHOUT ROWID;

-- Where each message of a chat stands, by the number of its entry.
-- state: 0 waiting, 1 set aside, 2 answered.
CREATE TABLE inbox (
    chat INTEGER NOT NULL,
    number INTEGER NOT NULL,
    kills INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    state INTEGER NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (chat, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_open ON inbox (chat, state, number) WHERE state < 2;

-- Who consumed a chat last: no part of any operation.
CREATE TABLE consumers (
    chat INTEGER PRIMARY KEY,
    last_at INTEGER,
    ping_until INTEGER,
    sum INTEGER NOT NULL
) STRICT;
CREATE INDEX consumers_pinged ON consumers (ping_until, chat) WHERE ping_until IS NOT NULL;
