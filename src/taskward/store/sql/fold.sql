-- name: insert_fold
INSERT INTO fold (parent_id, root_id, record, child_id, marred) VALUES ($1, $2, $3, $4, $5)

-- name: take_folds
DELETE FROM fold WHERE parent_id = $1 RETURNING record, seq

-- name: drop_folds
DELETE FROM fold WHERE parent_id = $1

-- name: count_folds
UPDATE task SET folded_count = folded_count + $2, folded_done = folded_done + $3, folded_total = folded_total + $4,
    updated_at = $5, version = version + 1
WHERE id = $1

-- name: dropped
SELECT dropped FROM task WHERE id = $1

-- name: set_dropped
UPDATE task SET dropped = $2 WHERE id = $1

-- name: keep_children
UPDATE task SET keeps_children = TRUE WHERE id = $1

-- name: kept_children
-- What has ended before this task and folds with it, because a spawn key might have asked for it.
SELECT {brief} FROM task WHERE parent_id = $1 AND folds AND state IN ('completed', 'failed', 'canceled', 'skipped')
ORDER BY finished_at, number

-- name: subtree_upwards
-- A task and all below it, what is deepest first.
WITH RECURSIVE below(id, depth) AS (
    SELECT id, 0 FROM task WHERE id = $1
    UNION ALL
    SELECT t.id, below.depth + 1 FROM task t JOIN below ON t.parent_id = below.id
)
SELECT {task} FROM task JOIN (SELECT id AS at, depth FROM below) AS place ON id = at ORDER BY depth DESC, number

-- name: children_of
SELECT {task} FROM task WHERE parent_id = $1 ORDER BY number

-- name: steps_below
-- Open steps of a run, inner ones first.
WITH RECURSIVE below(id, depth) AS (
    SELECT id, 1 FROM task WHERE parent_id = $1 AND kind = 'step'
    UNION ALL
    SELECT t.id, below.depth + 1 FROM task t JOIN below ON t.parent_id = below.id WHERE t.kind = 'step'
)
SELECT id FROM below ORDER BY depth DESC, id

-- name: end_step
UPDATE task SET state = $2, error = $3, finished_at = CAST($4 AS bigint), updated_at = CAST($4 AS bigint),
    version = version + 1
WHERE id = $1 AND kind = 'step' AND state = 'running'

-- name: delete_task
DELETE FROM task WHERE id = $1

-- name: delete_step
DELETE FROM task WHERE id = $1 AND kind = 'step'

-- name: delete_task_resources
DELETE FROM task_resource WHERE number = $1

-- name: live_below
SELECT {task} FROM task WHERE parent_id IN ($1[]) ORDER BY parent_id, number LIMIT $2

-- name: folded_below
SELECT parent_id, record FROM fold WHERE parent_id IN ($1[]) ORDER BY parent_id, seq LIMIT $2
