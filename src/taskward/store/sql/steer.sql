-- name: due sqlite
SELECT {brief} FROM task WHERE state = 'scheduled' AND gate IS NULL AND run_at <= $1 ORDER BY run_at LIMIT $2

-- name: due postgres
SELECT {brief} FROM task WHERE state = 'scheduled' AND gate IS NULL AND run_at <= $1 ORDER BY run_at LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED

-- name: next_run_at
SELECT run_at FROM task WHERE state = 'scheduled' AND gate IS NULL ORDER BY run_at LIMIT 1

-- name: next_expiry
SELECT expires_at FROM task WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1

-- name: next_tick
SELECT next_at FROM schedule WHERE active AND next_at IS NOT NULL ORDER BY next_at LIMIT 1

-- name: gated
SELECT {task} FROM task WHERE state = 'scheduled' AND gate IS NOT NULL AND (run_at IS NULL OR run_at <= $1)
AND (gate_checked_at IS NULL OR gate_checked_at <= $2) ORDER BY gate_checked_at NULLS FIRST LIMIT $3

-- name: clear_gate
UPDATE task SET gate = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND gate IS NOT NULL
RETURNING {brief}

-- name: note_probe
UPDATE task SET gate_checked_at = $2 WHERE id = $1

-- name: expired
SELECT id FROM task WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2

-- name: tree_ids
SELECT id, number, client, operation, queue, state, kind FROM task WHERE root_id = $1

-- name: subtree_ids
WITH RECURSIVE below(id) AS (
    SELECT id FROM task WHERE id = $1
    UNION ALL
    SELECT t.id FROM task t JOIN below ON t.parent_id = below.id
)
SELECT t.id, t.number, t.client, t.operation, t.queue, t.state, t.kind FROM task t JOIN below ON t.id = below.id

-- name: delete_tree_folds
DELETE FROM fold WHERE root_id = $1

-- name: delete_folds_of
DELETE FROM fold WHERE parent_id = $1

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

-- name: delete_dependencies
DELETE FROM dependency WHERE task_id = $1

-- name: delete_dependency_on
DELETE FROM dependency WHERE on_id = $1

-- name: bury
INSERT INTO tombstone (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: delete_old_tombstones
DELETE FROM tombstone WHERE at < $1

-- name: delete_old_keys
DELETE FROM idempotency WHERE created_at < $1

-- name: old_keys_exist
SELECT 1 FROM idempotency WHERE created_at < $1 LIMIT 1

-- name: postpone_expiry
UPDATE task SET expires_at = $2 WHERE id = $1
