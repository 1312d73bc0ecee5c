-- name: due sqlite
SELECT {brief} FROM task WHERE state = 'scheduled' AND gate IS NULL AND run_at <= $1 AND (pool = '' OR attempt > 0 OR NOT EXISTS (SELECT 1 FROM pool WHERE name = task.pool AND scheduled_from > $1))
ORDER BY run_at LIMIT $2

-- name: due postgres
SELECT {brief} FROM task WHERE state = 'scheduled' AND gate IS NULL AND run_at <= $1 AND (pool = '' OR attempt > 0 OR NOT EXISTS (SELECT 1 FROM pool WHERE name = task.pool AND scheduled_from > $1))
ORDER BY run_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED

-- name: next_run_at
-- What its pool holds back is due when the pool lets go.
SELECT run_at FROM task WHERE state = 'scheduled' AND gate IS NULL AND (pool = '' OR attempt > 0 OR NOT EXISTS (SELECT 1 FROM pool WHERE name = task.pool AND scheduled_from > $1))
ORDER BY run_at LIMIT 1

-- name: next_release
SELECT scheduled_from FROM pool WHERE scheduled_from > $1 ORDER BY scheduled_from LIMIT 1

-- name: next_expiry
SELECT expires_at FROM task WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1

-- name: next_tick
SELECT next_at FROM schedule WHERE active AND next_at IS NOT NULL AND NOT name IN ($1[]) ORDER BY next_at LIMIT 1

-- name: gated sqlite
-- No gate is asked more often than the shortest interval; which are due by their own is looked up for the others.
SELECT {task} FROM task WHERE state = 'scheduled' AND gate IS NOT NULL AND (run_at IS NULL OR run_at <= $1)
AND gate_checked_at <= $1 - (
    SELECT min(each) FROM (SELECT gate_interval AS each FROM pool UNION ALL SELECT CAST($2 AS bigint)) AS intervals
)
AND gate_checked_at <= $1 - COALESCE((SELECT gate_interval FROM pool WHERE name = task.pool), CAST($2 AS bigint))
AND (pool = '' OR attempt > 0 OR NOT EXISTS (SELECT 1 FROM pool WHERE name = task.pool AND scheduled_from > $1))
ORDER BY gate_checked_at LIMIT $3

-- name: gated postgres
SELECT {task} FROM task WHERE state = 'scheduled' AND gate IS NOT NULL AND (run_at IS NULL OR run_at <= $1)
AND gate_checked_at <= $1 - (
    SELECT min(each) FROM (SELECT gate_interval AS each FROM pool UNION ALL SELECT CAST($2 AS bigint)) AS intervals
)
AND gate_checked_at <= $1 - COALESCE((SELECT gate_interval FROM pool WHERE name = task.pool), CAST($2 AS bigint))
AND (pool = '' OR attempt > 0 OR NOT EXISTS (SELECT 1 FROM pool WHERE name = task.pool AND scheduled_from > $1))
ORDER BY gate_checked_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED

-- name: clear_gate
UPDATE task SET gate = NULL, opened_gate = gate, updated_at = $2, version = version + 1
WHERE id = $1 AND gate IS NOT NULL
RETURNING {brief}

-- name: note_probe
UPDATE task SET gate_checked_at = $2 WHERE id = $1

-- name: note_closed
UPDATE task SET gate_said = $2 WHERE id = $1 AND gate IS NOT NULL AND gate_said <> $2 RETURNING id

-- name: gate_said
SELECT gate_said FROM task WHERE id = $1

-- name: root_expiry
-- A root is kept while anything below it is to be kept for good.
UPDATE task SET expires_at = CASE
    WHEN persist OR EXISTS (SELECT 1 FROM task below WHERE below.root_id = task.id AND below.persist) THEN NULL
    ELSE finished_at + {ttl} END
WHERE id = $1 AND finished_at IS NOT NULL

-- name: expired sqlite
SELECT id FROM task WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2

-- name: expired postgres
-- Those that another process is at are its own.
SELECT id FROM task WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED

-- name: root_of
SELECT root_id FROM task WHERE id = $1 AND root_id <> id

-- name: tree_ids
SELECT id, number, client, operation, queue, state, kind, persist, {role} FROM task WHERE root_id = $1 ORDER BY number

-- name: subtree_ids
WITH RECURSIVE below(id) AS (
    SELECT id FROM task WHERE id = $1
    UNION ALL
    SELECT t.id FROM task t JOIN below ON t.parent_id = below.id
)
SELECT id, number, client, operation, queue, state, kind, persist, {role} FROM task WHERE id IN (SELECT id FROM below)
ORDER BY number

-- name: delete_tree_folds
DELETE FROM fold WHERE root_id = $1

-- name: delete_tree_events
DELETE FROM event WHERE root_id = $1 AND kind <> 'deleted'

-- name: delete_task_events
DELETE FROM event WHERE task_id = $1 AND kind <> 'deleted'

-- name: delete_old_deletions
DELETE FROM event WHERE kind = 'deleted' AND at < $1

-- name: delete_logs
DELETE FROM log WHERE task_id = $1

-- name: delete_reports
DELETE FROM report WHERE task_id = $1

-- name: delete_tree_logs
-- Folded members have no row any more; the journal of the tree still names them.
DELETE FROM log WHERE task_id IN (SELECT task_id FROM event WHERE root_id = $1)

-- name: delete_tree_reports
DELETE FROM report WHERE task_id IN (SELECT task_id FROM event WHERE root_id = $1)

-- name: bury
INSERT INTO tombstone (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: delete_old_tombstones
DELETE FROM tombstone WHERE at < $1

-- name: delete_old_keys
DELETE FROM idempotency WHERE created_at < $1

-- name: postpone_expiry
UPDATE task SET expires_at = $2 WHERE id = $1
