-- name: owners sqlite
-- Whose notes may change their task: the attempt that runs now, and goes on running while they are written.
SELECT id, root_id, client, attempt, worker_id, kind FROM task WHERE id IN ($1[]) AND state IN ('running', 'canceling')

-- name: owners postgres
SELECT id, root_id, client, attempt, worker_id, kind FROM task WHERE id IN ($1[]) AND state IN ('running', 'canceling')
ORDER BY id FOR NO KEY UPDATE

-- name: set_progress
UPDATE task SET progress_done = $2, progress_total = $3, progress_unit = $4, progress_message = $5,
    updated_at = CAST($6 AS bigint), version = version + 1
{rows}
WHERE id = $1 AND state || '' IN ('running', 'canceling')

-- name: set_report
INSERT INTO report (task_id, code, position, done, total, unit, message, state)
SELECT $1, $2, (SELECT count(*) FROM report WHERE task_id = $1), $3, $4, $5, $6, $7
WHERE TRUE
ON CONFLICT (task_id, code) DO UPDATE
SET done = excluded.done, total = excluded.total, unit = excluded.unit, message = excluded.message, state = excluded.state

-- name: reports
SELECT code, done, total, unit, message, state FROM report WHERE task_id = $1 ORDER BY position

-- name: insert_log
-- Also for what has ended or folded, but not for what was removed: the journal goes with the tree, and so do lines.
INSERT INTO log (task_id, at, severity, source, message, attempt, step_id, visible, fields)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
WHERE EXISTS (SELECT 1 FROM event WHERE task_id = $1 AND kind = 'created')

-- name: mark_has_steps
UPDATE task SET has_steps = TRUE WHERE id = $1 AND NOT has_steps

-- name: insert_step
INSERT INTO task (
    id, kind, operation, name, module, type, scope, labels, client, created_by, correlation_id, root_id, parent_id,
    state, attempt, priority, queue, pool, resources, args, rules, lost_limit, abortable, internal, persist, folds,
    pausable, even_if_failed, created_at, started_at, updated_at,
    progress_done, progress_total, progress_unit, progress_message, sequence, shard
)
SELECT $2, 'step', $3, $4, t.module, $5, $6, $7, t.client, t.created_by, t.correlation_id, t.root_id, $8,
    'running', t.attempt, t.priority, t.queue, '', '[]', '{}', '{}', 0, FALSE, TRUE, FALSE, TRUE,
    FALSE, FALSE, CAST($9 AS bigint), CAST($9 AS bigint), CAST($9 AS bigint), $10, $11, $12, $13,
    t.sequence, t.shard
FROM task t WHERE t.id = $1
ON CONFLICT DO NOTHING

-- name: events_of sqlite
SELECT seq, task_id, root_id, client, kind, at, data FROM event
WHERE task_id = $4 AND seq > $2 AND $1 >= 0 ORDER BY seq LIMIT $3

-- name: events_of postgres
SELECT xid || '.' || seq, task_id, root_id, client, kind, at, data FROM event
WHERE task_id = $4 AND (xid, seq) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid, seq LIMIT $3

-- name: events_under sqlite
SELECT seq, task_id, root_id, client, kind, at, data FROM event
WHERE root_id = $4 AND seq > $2 AND $1 >= 0 ORDER BY seq LIMIT $3

-- name: events_under postgres
SELECT xid || '.' || seq, task_id, root_id, client, kind, at, data FROM event
WHERE root_id = $4 AND (xid, seq) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid, seq LIMIT $3

-- name: events_after sqlite
SELECT seq, task_id, root_id, client, kind, at, data FROM event WHERE seq > $2 AND $1 >= 0 ORDER BY seq LIMIT $3

-- name: events_after postgres
-- Only transactions that can no longer be joined by an older one: sequence numbers are given before the commit.
SELECT xid || '.' || seq, task_id, root_id, client, kind, at, data FROM event
WHERE (xid, seq) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY xid, seq LIMIT $3

-- name: last_event sqlite
SELECT 0, COALESCE(max(seq), 0) FROM event

-- name: last_event postgres
-- What began before this instant and commits later is still to be seen.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, 9223372036854775807

-- name: logs
SELECT seq, task_id, at, severity, source, message, attempt, step_id, visible, fields FROM log
WHERE task_id = $1 AND seq > $2 AND severity >= $3 AND (visible OR $4) ORDER BY seq LIMIT $5

-- name: tree_logs
-- The journal names every member of a tree, folded ones too.
SELECT COALESCE(t.number, 0), l.seq, l.task_id, l.at, l.severity, l.source, l.message, l.attempt, l.step_id, l.visible,
    l.fields
FROM (SELECT DISTINCT task_id FROM event WHERE root_id = $1 AND kind = 'created') AS member
JOIN log l ON l.task_id = member.task_id LEFT JOIN task t ON t.id = l.task_id
WHERE l.seq > $2 AND (l.visible OR $3) ORDER BY l.seq LIMIT $4

-- name: step_logs
SELECT seq, task_id, at, severity, source, message, attempt, step_id, visible, fields FROM log
WHERE task_id = $1 AND seq > $2 AND severity >= $3 AND (visible OR $4) AND step_id = $6 ORDER BY seq LIMIT $5
