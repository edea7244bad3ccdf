-- What was used on which day, by whom and by which model: sums over what attempts and chats tell.
-- day: days since 1970-01-01. task: also the place of a chat in the graph. model: '' is none that is known,
-- '+' comes before any other. Counters may be less than nothing, where something was taken back on a later day.
-- priced: how often a cost was told.
CREATE TABLE used (
    day INTEGER NOT NULL,
    task TEXT NOT NULL,
    adapter TEXT NOT NULL,
    model TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost_micros INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    PRIMARY KEY (day, task, adapter, model)
) STRICT, WITHOUT ROWID;

-- The same, as it follows from the history: each version of an attempt or a chat adds what it tells more than the
-- version before it, to the day of its operation. Nothing counts for more than 10^13.
CREATE VIEW used_by_history AS
WITH
    versions AS (
        SELECT c.kind, c.key, c.op, o.at,
            CASE c.kind WHEN 1 THEN c.body ->> '$.task' ELSE '.chat-' || c.key END AS task,
            CASE c.kind WHEN 1 THEN c.body ->> '$.adapter' ELSE c.body ->> '$.run.adapter' END AS adapter,
            CASE c.kind WHEN 1 THEN c.body ->> '$.model' ELSE c.body ->> '$.run.model' END AS asked,
            CASE c.kind WHEN 1 THEN c.body -> '$.progress.turns' ELSE c.body -> '$.usage' END AS past,
            c.body -> '$.progress.in_flight' AS flight
        FROM changes c JOIN operations o ON o.seq = c.op
        WHERE c.kind IN (1, 3)
    ),
    told AS (
        SELECT kind, key, op, task, adapter,
            (at - (at % 86400000000000 + 86400000000000) % 86400000000000) / 86400000000000 AS day,
            coalesce('+' || coalesce(flight ->> 'model', past ->> 'model', asked), '') AS model,
            min(ifnull(past ->> 'input', 0) + ifnull(flight ->> 'input', 0), 10000000000000) AS input,
            min(ifnull(past ->> 'cache_read', 0) + ifnull(flight ->> 'cache_read', 0), 10000000000000)
                AS cache_read,
            min(ifnull(past ->> 'cache_write', 0) + ifnull(flight ->> 'cache_write', 0), 10000000000000)
                AS cache_write,
            min(ifnull(past ->> 'output', 0) + ifnull(flight ->> 'output', 0), 10000000000000) AS output,
            min(ifnull(past ->> 'reasoning', 0) + ifnull(flight ->> 'reasoning', 0), 10000000000000)
                AS reasoning,
            min(ifnull(past ->> 'cost_micros', 0) + ifnull(flight ->> 'cost_micros', 0), 10000000000000)
                AS cost_micros,
            coalesce(past ->> 'cost_micros', flight ->> 'cost_micros') IS NOT NULL AS has_cost
        FROM versions
    ),
    more AS (
        SELECT day, task, adapter, model,
            input - lag(input, 1, 0) OVER history AS input,
            cache_read - lag(cache_read, 1, 0) OVER history AS cache_read,
            cache_write - lag(cache_write, 1, 0) OVER history AS cache_write,
            output - lag(output, 1, 0) OVER history AS output,
            reasoning - lag(reasoning, 1, 0) OVER history AS reasoning,
            cost_micros - lag(cost_micros, 1, 0) OVER history AS cost_micros,
            has_cost, has_cost > lag(has_cost, 1, 0) OVER history AS newly
        FROM told
        WINDOW history AS (PARTITION BY kind, key ORDER BY op)
    ),
    priced AS (
        SELECT *, has_cost AND (newly OR input <> 0 OR cache_read <> 0 OR cache_write <> 0 OR output <> 0
            OR reasoning <> 0 OR cost_micros <> 0) AS priced
        FROM more
    )
SELECT day, task, adapter, model, sum(input) AS input, sum(cache_read) AS cache_read,
    sum(cache_write) AS cache_write, sum(output) AS output, sum(reasoning) AS reasoning,
    sum(cost_micros) AS cost_micros, sum(priced) AS priced
FROM priced
GROUP BY day, task, adapter, model
HAVING sum(input) <> 0 OR sum(cache_read) <> 0 OR sum(cache_write) <> 0 OR sum(output) <> 0
    OR sum(reasoning) <> 0 OR sum(cost_micros) <> 0 OR sum(priced) <> 0;

INSERT INTO used SELECT * FROM used_by_history;
