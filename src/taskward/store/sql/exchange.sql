-- name: finish
-- The end of an attempt, fenced by worker and attempt. Completed after a request to stop counts as canceled.
UPDATE task SET
    state = CASE WHEN state = 'canceling' AND $4 NOT IN ('failed', 'canceled') THEN 'canceled' ELSE $4 END,
    result = $5, error = $6,
    progress_done = COALESCE($7, progress_done), progress_total = COALESCE($8, progress_total),
    progress_unit = COALESCE($9, progress_unit), progress_message = COALESCE($10, progress_message),
    finished_at = CAST($11 AS bigint), updated_at = CAST($11 AS bigint), version = version + 1,
    expires_at = CASE WHEN persist OR parent_id IS NOT NULL THEN NULL ELSE CAST($11 AS bigint) + {ttl} END,
    unregistered_at = CASE WHEN persist AND parent_id IS NULL THEN NULL WHEN internal OR parent_id IS NOT NULL
        THEN CAST($11 AS bigint) ELSE CAST($11 AS bigint) + {registry_ttl} END,
    pausing = FALSE
{rows}
WHERE id = $1 AND attempt = $2 AND worker_id = $3 AND state || '' IN ('running', 'canceling')
RETURNING {brief}

-- name: finish_external
UPDATE task SET
    state = $2, result = $3, error = $4,
    finished_at = CAST($5 AS bigint), updated_at = CAST($5 AS bigint), version = version + 1,
    expires_at = CASE WHEN persist OR parent_id IS NOT NULL THEN NULL ELSE CAST($5 AS bigint) + {ttl} END,
    unregistered_at = CASE WHEN persist AND parent_id IS NULL THEN NULL WHEN internal OR parent_id IS NOT NULL
        THEN CAST($5 AS bigint) ELSE CAST($5 AS bigint) + {registry_ttl} END
WHERE id = $1 AND kind = 'external' AND state = 'running'
RETURNING {brief}

-- name: return_to_wait
-- An attempt ends without ending the task: a retry, a hand-back, a pause. Its pool slot is given back.
UPDATE task SET state = $4, run_at = COALESCE($5, run_at), error = $6, failures = failures + $7,
    progress_done = COALESCE($8, progress_done), progress_total = COALESCE($9, progress_total),
    progress_unit = COALESCE($10, progress_unit), progress_message = COALESCE($11, progress_message),
    queued_at = CASE WHEN $4 = 'queued' THEN CAST($12 AS bigint) END,
    worker_id = NULL, pausing = FALSE, updated_at = CAST($12 AS bigint), version = version + 1
{rows}
WHERE id = $1 AND attempt = $2 AND worker_id = $3 AND state || '' = 'running'
RETURNING {brief}

-- name: admission
-- What a claim must know: whether the worker is online, which queues are paused, which pools have work and room.
SELECT 'worker' AS fact, state AS name FROM worker WHERE id = $1
UNION ALL SELECT 'paused', name FROM queue WHERE paused
UNION ALL SELECT 'pool', name FROM pool WHERE {has_work_and_room}

-- name: lock_pools sqlite
SELECT {pool} FROM pool WHERE name IN ($1[]) ORDER BY name

-- name: lock_pools postgres
-- A pool another claim is at is skipped: that claim is filling it.
SELECT {pool} FROM pool WHERE name IN ($1[]) ORDER BY name
FOR NO KEY UPDATE SKIP LOCKED

-- name: lock_outer_pools sqlite
SELECT {pool} FROM pool WHERE name IN ($1[]) ORDER BY name

-- name: lock_outer_pools postgres
-- Those within them are locked before, by claims and by ends alike.
SELECT {pool} FROM pool WHERE name IN ($1[]) ORDER BY name FOR NO KEY UPDATE

-- name: ready_heads sqlite
SELECT number, priority FROM task WHERE state = 'queued' AND pool = $1 AND queue = $2 AND operation IN ($4[])
ORDER BY priority, number LIMIT $3

-- name: ready_heads postgres
-- The concatenation hides the operation from the planner: it would rather collect and sort what a rare one has.
SELECT number, priority FROM task WHERE state = 'queued' AND pool = $1 AND queue = $2 AND operation || '' = ANY($4)
ORDER BY priority, number LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED

-- name: claim
UPDATE task SET {begin}
WHERE number IN ($1[]) AND state = 'queued'
RETURNING {claimed}

-- name: claim_heads sqlite
-- As `admission`, `ready_heads` and `claim` in one, where no other line is to be compared with: that of no pool,
-- of a worker's only queue. It gives nothing where a pool has work and room.
UPDATE task SET {begin}
WHERE number IN (
    SELECT number FROM task WHERE state = 'queued' AND pool = '' AND queue = $1 AND operation IN ($5[])
        AND EXISTS (SELECT 1 FROM worker WHERE id = $2 AND state = 'online')
        AND NOT EXISTS (SELECT 1 FROM queue WHERE name = $1 AND paused)
        AND NOT EXISTS (SELECT 1 FROM pool WHERE {has_work_and_room})
    ORDER BY priority, number LIMIT $4
)
RETURNING {claimed}

-- name: claim_heads postgres
UPDATE task SET {begin}
WHERE number = ANY(ARRAY(
    SELECT number FROM task WHERE state = 'queued' AND pool = '' AND queue = $1 AND operation || '' = ANY($5)
        AND EXISTS (SELECT 1 FROM worker WHERE id = $2 AND state = 'online')
        AND NOT EXISTS (SELECT 1 FROM queue WHERE name = $1 AND paused)
        AND NOT EXISTS (SELECT 1 FROM pool WHERE {has_work_and_room})
    ORDER BY priority, number LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
)) AND state = 'queued'
RETURNING {claimed}

-- name: charge
UPDATE task SET charge = $2 WHERE number = $1

-- name: fill_pool
UPDATE pool SET running = running + $2, running_ordinary = running_ordinary + $3 WHERE name = $1
RETURNING name, within

