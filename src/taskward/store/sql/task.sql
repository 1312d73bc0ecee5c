-- name: insert_task
-- number is RETURNED with the id, because rows of a batch come back flat.
INSERT INTO task (
    id, kind, operation, name, module, type, scope, labels, client, created_by, correlation_id, root_id, parent_id,
    key, rerun_of, state, attempt, priority, queue, pool, gate, resources, args, args_shown, rules, ttl, lost_limit,
    abortable, internal, persist, folds, pausable, unmet, ungranted, even_if_failed, created_at, run_at, queued_at,
    started_at, sequence, shard, user_task, updated_at
) SELECT
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $36
{rows}
RETURNING id, number

-- name: insert_label
INSERT INTO label (number, name, value) VALUES ($1, $2, $3)

-- name: delete_labels
DELETE FROM label WHERE number = $1

-- name: insert_task_resource
INSERT INTO task_resource (number, resource) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: get_task
SELECT {task} FROM task WHERE id = $1

-- name: get_task_by_number
SELECT {task} FROM task WHERE number = $1

-- name: get_tasks
SELECT {task} FROM task WHERE id IN ($1[])

-- name: get_asked
-- As submitted, for a rerun.
SELECT args, COALESCE(gate, opened_gate) FROM task WHERE id = $1

-- name: lock_task sqlite
SELECT {brief} FROM task WHERE id = $1

-- name: lock_task postgres
SELECT {brief} FROM task WHERE id = $1 FOR NO KEY UPDATE

-- name: lock_tasks sqlite
SELECT {brief} FROM task WHERE id IN ($1[])

-- name: lock_tasks postgres
SELECT {brief} FROM task WHERE id IN ($1[]) ORDER BY id FOR NO KEY UPDATE

-- name: wants postgres
-- What a waiting task wants: its lines are locked before its row is. The embedded database locks nothing.
SELECT resources FROM task WHERE id = $1 AND resources <> '[]' AND state IN ('blocked', 'queued')

-- name: wants_below postgres
WITH RECURSIVE below(id, resources, state) AS (
    SELECT id, resources, state FROM task WHERE id = $1
    UNION ALL
    SELECT t.id, t.resources, t.state FROM task t JOIN below ON t.parent_id = below.id
)
SELECT DISTINCT resources FROM below WHERE resources <> '[]' AND state IN ('blocked', 'queued')

-- name: share_tasks sqlite
SELECT {brief} FROM task WHERE id IN ($1[])

-- name: share_tasks postgres
-- Held to the end of the transaction, so that none of them can end between being looked at and being relied on.
SELECT {brief} FROM task WHERE id IN ($1[]) ORDER BY id FOR SHARE

-- name: find_key
SELECT {brief} FROM task WHERE parent_id = $1 AND key = $2

-- name: release_key
UPDATE task SET key = NULL, superseded_by = $2, version = version + 1, updated_at = $3 WHERE id = $1

-- name: supersede_first
UPDATE task SET superseded_by = $2, version = version + 1, updated_at = $3 WHERE id = $1 AND superseded_by IS NULL
RETURNING state

-- name: supersede
UPDATE task SET superseded_by = $2, version = version + 1, updated_at = $3 WHERE id = $1

-- name: is_buried
SELECT 1 FROM tombstone WHERE id = $1

-- name: mark_has_dependents
UPDATE task SET has_dependents = TRUE WHERE id = $1

-- name: insert_dependency
INSERT INTO dependency (task_id, on_id) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: take_dependents
-- Those that wait for a task that has ended: nothing waits for it any more.
DELETE FROM dependency WHERE on_id = $1 RETURNING task_id

-- name: dependencies
SELECT d.on_id, t.state, t.number, t.name FROM dependency d JOIN task t ON t.id = d.on_id WHERE d.task_id = $1 ORDER BY t.number

-- name: meet
-- One dependency fewer.
UPDATE task SET unmet = unmet - 1 WHERE id = $1 AND unmet > 0
RETURNING {brief}

-- name: place
-- Every change between waiting states, and into them, by guard of the state it comes from.
UPDATE task SET state = $3, ungranted = $4, run_at = $5,
    queued_at = CASE WHEN $3 = 'queued' THEN CAST($6 AS bigint) END,
    pausing = FALSE, version = version + 1, updated_at = CAST($6 AS bigint)
WHERE id = $1 AND state = $2
RETURNING id

-- name: end_waiting
-- A task no worker is at ends: canceled or skipped.
UPDATE task SET state = $3, error = $4, finished_at = CAST($5 AS bigint), updated_at = CAST($5 AS bigint), version = version + 1,
    pausing = FALSE, ungranted = 0,
    cancel_requested_at = CASE WHEN $3 = 'canceled' THEN CAST($5 AS bigint) ELSE cancel_requested_at END,
    expires_at = CASE WHEN persist OR parent_id IS NOT NULL THEN NULL ELSE CAST($5 AS bigint) + {ttl} END,
    unregistered_at = CASE WHEN persist AND parent_id IS NULL THEN NULL WHEN internal OR parent_id IS NOT NULL
        THEN CAST($5 AS bigint) ELSE CAST($5 AS bigint) + {registry_ttl} END
{rows}
WHERE id = $1 AND state || '' = $2
RETURNING {brief}

-- name: ask_to_stop
UPDATE task SET state = 'canceling', cancel_requested_at = CAST($2 AS bigint), updated_at = CAST($2 AS bigint),
    pausing = FALSE, version = version + 1
{rows}
WHERE id = $1 AND state || '' = 'running'
RETURNING {brief}

-- name: ask_to_pause
UPDATE task SET pausing = $2, updated_at = $3, version = version + 1 WHERE id = $1 AND state = 'running'
RETURNING id

-- name: unfinished_below
-- Every unfinished descendant that is a task of its own, nearest first.
WITH RECURSIVE below(id, state, kind, depth) AS (
    SELECT id, state, kind, 1 FROM task WHERE parent_id = $1
    UNION ALL
    SELECT t.id, t.state, t.kind, below.depth + 1 FROM task t JOIN below ON t.parent_id = below.id
)
SELECT id FROM below WHERE state NOT IN ('completed', 'failed', 'canceled', 'skipped') AND kind <> 'step'
ORDER BY depth, id

-- name: is_busy_below
-- Whether anything below a task is unfinished, also below what has ended before its own children.
WITH RECURSIVE below(id, state) AS (
    SELECT id, state FROM task WHERE parent_id = $1
    UNION ALL
    SELECT t.id, t.state FROM task t JOIN below ON t.parent_id = below.id
)
SELECT 1 FROM below WHERE state NOT IN ('completed', 'failed', 'canceled', 'skipped') LIMIT 1

-- name: change_task
UPDATE task SET priority = $2, run_at = $3, gate = $4, persist = $5, labels = $6, updated_at = CAST($7 AS bigint),
    version = version + 1,
    gate_checked_at = CASE WHEN COALESCE(gate, '') = COALESCE($4, '') THEN gate_checked_at ELSE 0 END,
    gate_said = CASE WHEN COALESCE(gate, '') = COALESCE($4, '') THEN gate_said ELSE '' END,
    opened_gate = CASE WHEN COALESCE(gate, '') = COALESCE($4, '') THEN opened_gate END,
    expires_at = CASE WHEN $5 OR parent_id IS NOT NULL OR finished_at IS NULL THEN NULL ELSE finished_at + {ttl} END,
    unregistered_at = CASE WHEN finished_at IS NULL OR parent_id IS NOT NULL THEN unregistered_at WHEN $5 THEN NULL
        WHEN persist THEN finished_at + {registry_ttl} ELSE unregistered_at END
WHERE id = $1
RETURNING number

-- name: add_event
INSERT INTO event (task_id, root_id, client, kind, at, data) SELECT $1, $2, $3, $4, $5, $6 {rows}

-- name: drop_transient_event
DELETE FROM event WHERE task_id = $1 AND kind IN ('progress', 'tree') AND kind = $2

-- name: bump_tally sqlite
INSERT INTO tally (client, operation, queue, state, role, shard, count) VALUES ($1, $2, $3, $4, $5, 0, $6)
ON CONFLICT (client, operation, queue, state, role, shard) DO UPDATE SET count = count + excluded.count

-- name: bump_tally postgres
INSERT INTO tally (client, operation, queue, state, role, shard, count)
SELECT $1, $2, $3, $4, $5, pg_backend_pid() % 16, $6
{rows}
ON CONFLICT (client, operation, queue, state, role, shard) DO UPDATE SET count = tally.count + excluded.count

-- name: tallies
SELECT client, operation, queue, state, role, CAST(SUM(count) AS bigint) FROM tally WHERE state <> 'forgotten'
GROUP BY client, operation, queue, state, role HAVING SUM(count) <> 0 ORDER BY 1, 2, 3, 4, 5

-- name: forgotten
SELECT COALESCE(CAST(SUM(count) AS bigint), 0) FROM tally WHERE state = 'forgotten' AND (client = $1 OR $1 = '')

-- name: board
SELECT {task} FROM task WHERE state = $1 AND parent_id IS NULL AND NOT internal AND (client = $2 OR $2 = '')
ORDER BY CASE WHEN $1 = 'queued' THEN priority WHEN $1 = 'running' THEN started_at ELSE COALESCE(run_at, created_at) END,
    number
LIMIT $3

-- name: queue_places
-- Numbers of queued roots, by their place among those of their client.
SELECT number, place FROM (
    SELECT number, row_number() OVER (PARTITION BY client ORDER BY priority, number) AS place FROM (
        SELECT number, client, priority FROM task
        WHERE state = 'queued' AND pool IN ($1[]) AND client IN ($2[]) AND parent_id IS NULL
        ORDER BY priority, number LIMIT $4
    ) AS waiting
) AS places WHERE number IN ($3[])

-- name: waiting_places
-- The same of those that wait in another state, by their time.
SELECT number, place FROM (
    SELECT number, row_number() OVER (PARTITION BY client ORDER BY due, number) AS place FROM (
        SELECT number, client, COALESCE(run_at, created_at) AS due FROM task
        WHERE state = $1 AND client IN ($2[]) AND parent_id IS NULL
        ORDER BY due, number LIMIT $4
    ) AS waiting
) AS places WHERE number IN ($3[])

-- name: insert_idempotency
INSERT INTO idempotency (client, key, fingerprint, task_ids, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client, key) DO NOTHING RETURNING key

-- name: get_idempotency
SELECT fingerprint, task_ids FROM idempotency WHERE client = $1 AND key = $2

-- name: pools_named sqlite
SELECT name FROM pool WHERE name IN ($1[])

-- name: pools_named postgres
-- None of them is removed before the tasks that name it are there.
SELECT name FROM pool WHERE name IN ($1[]) FOR KEY SHARE

-- name: number_since
SELECT number FROM task WHERE created_at >= $1 ORDER BY created_at LIMIT 1

-- name: number_before
SELECT number FROM task WHERE created_at < $1 ORDER BY created_at DESC LIMIT 1

-- name: ahead_in_queue
-- Counted up to a bound: a place far back needs no exact number.
SELECT count(*) FROM (
    SELECT 1 AS one FROM task
    WHERE state = 'queued' AND pool = $1 AND queue = $2 AND (priority, number) < ($3, $4)
    LIMIT $5
) AS ahead
