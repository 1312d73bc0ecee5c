-- name: count_roots sqlite
INSERT INTO module_sequence (module, shard, value) VALUES ($1, COALESCE($2, 0), $3)
ON CONFLICT (module, shard) DO UPDATE SET value = value + excluded.value
RETURNING shard, value

-- name: count_roots postgres
-- On the first shard that no other open transaction counts on; only when all are taken somebody waits.
INSERT INTO module_sequence (module, shard, value)
SELECT $1, COALESCE(
    CAST($2 AS bigint),
    (SELECT free FROM generate_series(0, 63) AS free WHERE pg_try_advisory_xact_lock(1935762529, free) LIMIT 1),
    63), CAST($3 AS bigint)
ON CONFLICT (module, shard) DO UPDATE SET value = module_sequence.value + excluded.value
RETURNING shard, value

-- name: counting_modules
SELECT DISTINCT module FROM module_sequence ORDER BY module

-- name: stop_counting
DELETE FROM module_sequence WHERE module = $1

-- name: registered
-- What has no end yet, and finished roots that are to persist.
SELECT {task} FROM task WHERE module = $1 AND unregistered_at IS NULL AND number > $2 ORDER BY number LIMIT $3

-- name: registered_until
-- Finished roots whose time is not over; those that leave first come first.
SELECT {task} FROM task WHERE module = $1 AND (unregistered_at, number) > ($2, $3)
ORDER BY unregistered_at, number LIMIT $4

-- name: unregister
UPDATE task SET unregistered_at = $2 WHERE id = $1 AND unregistered_at > $2

-- name: drain
UPDATE task SET unregistered_at = $2 WHERE number IN (
    SELECT number FROM task WHERE module = $1 AND unregistered_at > $2 AND (CAST($3 AS text) = '' OR client = $3) LIMIT $4
) RETURNING id

-- name: brood
SELECT parent_id, id, worker, state FROM task WHERE parent_id IN ($1[]) ORDER BY number

-- name: with_folds
SELECT id FROM task WHERE id IN ($1[]) AND folded_count > 0

-- name: folded_brood sqlite
-- All ids in one text: 100,000 rows would cost several times as much.
SELECT group_concat(digits, '') FROM (SELECT hex(child_id) AS digits FROM fold WHERE parent_id = $1 ORDER BY seq)

-- name: folded_brood postgres
SELECT string_agg(encode(uuid_send(child_id), 'hex'), '' ORDER BY seq) FROM fold WHERE parent_id = $1

-- name: marred_brood sqlite
SELECT group_concat(digits, '')
FROM (SELECT hex(child_id) AS digits FROM fold WHERE parent_id = $1 AND marred ORDER BY seq)

-- name: marred_brood postgres
SELECT string_agg(encode(uuid_send(child_id), 'hex'), '' ORDER BY seq) FROM fold WHERE parent_id = $1 AND marred

-- name: parts
-- What the parts of tasks have done, and of how much. A part that counts itself (taskward.model.tree.tells) is not
-- looked into.
WITH RECURSIVE below(top, id, told, totaled) AS (
    SELECT parent_id, id, progress_done <> 0 OR (progress_total IS NOT NULL AND progress_unit <> ''), FALSE
    FROM task WHERE parent_id IN ($1[])
    UNION ALL
    SELECT b.top, t.id, t.progress_done <> 0 OR (t.progress_total IS NOT NULL AND t.progress_unit <> ''),
        b.totaled OR above.progress_total IS NOT NULL
    FROM below b JOIN task above ON above.id = b.id JOIN task t ON t.parent_id = b.id WHERE NOT b.told
)
SELECT b.top,
    SUM(CASE WHEN b.told THEN t.progress_done ELSE t.folded_done END),
    SUM(CASE WHEN b.totaled THEN 0 ELSE COALESCE(t.progress_total, CASE WHEN b.told THEN 0 ELSE t.folded_total END) END)
FROM below b JOIN task t ON t.id = b.id GROUP BY b.top

-- name: records_of
SELECT parent_id, seq, record FROM fold WHERE parent_id IN ($1[]) AND seq > $2 AND (marred OR NOT $3)
ORDER BY seq LIMIT $4

-- name: newest_records
SELECT seq, record FROM fold WHERE parent_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3

-- name: above_unfinished
-- Every task of a tree that has an unfinished one somewhere below it.
WITH RECURSIVE above(id) AS (
    SELECT parent_id FROM task WHERE root_id = $1 AND parent_id IS NOT NULL
        AND state NOT IN ('completed', 'failed', 'canceled', 'skipped')
    UNION
    SELECT t.parent_id FROM task t JOIN above ON t.id = above.id WHERE t.parent_id IS NOT NULL
)
SELECT id FROM above

-- name: above_marred
-- Every task of a tree that has one somewhere below it which did not end well.
WITH RECURSIVE above(id) AS (
    SELECT parent_id FROM task WHERE root_id = $1 AND parent_id IS NOT NULL
        AND state IN ('failed', 'canceled', 'skipped')
    UNION
    SELECT parent_id FROM fold WHERE root_id = $1 AND marred
    UNION
    SELECT t.parent_id FROM task t JOIN above ON t.id = above.id WHERE t.parent_id IS NOT NULL
)
SELECT id FROM above
