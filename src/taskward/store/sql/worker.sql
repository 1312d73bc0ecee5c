-- name: register_worker
INSERT INTO worker (id, name, host, pid, queues, operations, concurrency, version, started_at, heartbeat_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 'online')

-- name: heartbeat
UPDATE worker SET heartbeat_at = $2 WHERE id = $1 AND state IN ('online', 'draining') RETURNING state

-- name: worker_state
SELECT state FROM worker WHERE id = $1

-- name: stops
SELECT id, attempt, state FROM task WHERE worker_id = $1 AND state IN ('running', 'canceling') AND (state = 'canceling' OR pausing)

-- name: held
SELECT id, attempt FROM task WHERE worker_id = $1 AND state IN ('running', 'canceling')

-- name: retire_worker
UPDATE worker SET state = $2, heartbeat_at = $3 WHERE id = $1 AND state IN ('online', 'draining')

-- name: lose_workers
UPDATE worker SET state = 'lost' WHERE state IN ('online', 'draining') AND heartbeat_at < $1 RETURNING id, name

-- name: orphans sqlite
-- Attempts whose worker is over, found by the lease index of the few workers that are.
SELECT {brief} FROM task WHERE worker_id IN (SELECT id FROM worker WHERE state IN ('lost', 'gone'))
AND state IN ('running', 'canceling') LIMIT $1

-- name: orphans postgres
SELECT {brief} FROM task WHERE worker_id IN (SELECT id FROM worker WHERE state IN ('lost', 'gone'))
AND state IN ('running', 'canceling') LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED

-- name: lose_attempt
-- The worker is lost: the attempt ends, and the task waits again.
UPDATE task SET state = 'queued', losses = losses + 1, worker_id = NULL, pausing = FALSE, queued_at = CAST($3 AS bigint),
    updated_at = CAST($3 AS bigint), version = version + 1
{rows}
WHERE id = $1 AND attempt = $2 AND state || '' = 'running'
RETURNING {brief}

-- name: workers
-- As one client sees them, what they run of others is not there.
SELECT w.id, w.name, w.host, w.pid, w.queues, w.operations, w.concurrency, w.version, w.started_at, w.heartbeat_at, w.state,
    (SELECT count(*) FROM task t WHERE t.worker_id = w.id AND t.state IN ('running', 'canceling') AND t.kind = 'task'
        AND (CAST($1 AS text) = '' OR t.client = $1)),
    (SELECT t.id FROM task t WHERE t.worker_id = w.id AND t.state IN ('running', 'canceling')
        AND (CAST($1 AS text) = '' OR t.client = $1) ORDER BY t.number LIMIT 1)
FROM worker w ORDER BY w.started_at, w.id

-- name: forget_workers
DELETE FROM worker WHERE state IN ('lost', 'gone') AND heartbeat_at < $1
AND NOT EXISTS (SELECT 1 FROM task WHERE worker_id = worker.id AND state IN ('running', 'canceling'))
RETURNING id

-- name: set_pool
INSERT INTO pool (name, slots, reserved, threshold, within, scheduled_from, gate_interval)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (name) DO UPDATE SET slots = excluded.slots, reserved = excluded.reserved, threshold = excluded.threshold,
    within = excluded.within, scheduled_from = excluded.scheduled_from, gate_interval = excluded.gate_interval

-- name: put_within
UPDATE pool SET within = $1 WHERE name IN ($2[])

-- name: recharge
-- The threshold may have moved: running tasks are charged again by today's rule.
UPDATE task SET charge = CASE WHEN priority <= $2 THEN 1 ELSE 2 END
WHERE pool = $1 AND charge > 0 AND state IN ('running', 'canceling')

-- name: pools
SELECT {pool} FROM pool ORDER BY name

-- name: slots_of_client
-- What one client has running in pools, by the kind of slot.
SELECT pool, charge, COUNT(*) FROM task WHERE client = $1 AND charge > 0 AND state IN ('running', 'canceling')
GROUP BY pool, charge

-- name: pool_in_use
SELECT 1 FROM task WHERE pool = $1 AND state IN ('scheduled', 'blocked', 'queued', 'paused', 'running', 'canceling') LIMIT 1

-- name: lock_pool sqlite
SELECT name FROM pool WHERE name = $1

-- name: lock_pool postgres
-- Waits for submissions that have just named it.
SELECT name FROM pool WHERE name = $1 FOR UPDATE

-- name: delete_pool
DELETE FROM pool WHERE name = $1

-- name: pause_queue
INSERT INTO queue (name, paused) VALUES ($1, TRUE) ON CONFLICT (name) DO NOTHING

-- name: resume_queue
DELETE FROM queue WHERE name = $1

-- name: queues
SELECT name, paused FROM queue ORDER BY name

-- name: queue_tallies
SELECT queue, state, CAST(SUM(count) AS bigint) FROM tally
WHERE state NOT IN ('completed', 'failed', 'canceled', 'skipped', 'forgotten') AND (CAST($1 AS text) = '' OR client = $1)
GROUP BY queue, state HAVING SUM(count) > 0

-- name: live_workers
SELECT queues, operations FROM worker WHERE state = 'online'

-- name: publish_operation
INSERT INTO operation (name, module, description, spec, schema, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET module = excluded.module, description = excluded.description, spec = excluded.spec,
    schema = excluded.schema, seen_at = excluded.seen_at

-- name: operations
SELECT name, module, description, spec, schema, seen_at FROM operation ORDER BY name

-- name: get_pool
SELECT {pool} FROM pool WHERE name = $1

-- name: recount_pool
-- Only when an operator changes a pool: its few running tasks, by the index of what runs.
UPDATE pool SET
    running = (
        SELECT count(*) FROM task WHERE state IN ('running', 'canceling') AND charge > 0
        AND task.pool IN (SELECT name FROM pool each WHERE each.name = $1 OR each.within = $1)
    ),
    running_ordinary = (
        SELECT count(*) FROM task WHERE state IN ('running', 'canceling') AND charge = 2
        AND task.pool IN (SELECT name FROM pool each WHERE each.name = $1 OR each.within = $1)
    )
WHERE name = $1
