-- name: bump_pace sqlite
INSERT INTO pace (minute, client, measure, bucket, shard, count, micros) VALUES ($1, $2, $3, $4, 0, $5, $6)
ON CONFLICT (minute, client, measure, bucket, shard) DO UPDATE
SET count = count + excluded.count, micros = micros + excluded.micros

-- name: bump_pace postgres
INSERT INTO pace (minute, client, measure, bucket, shard, count, micros)
SELECT $1, $2, $3, $4, pg_backend_pid() % 16, $5, $6
{rows}
ON CONFLICT (minute, client, measure, bucket, shard) DO UPDATE
SET count = pace.count + excluded.count, micros = pace.micros + excluded.micros

-- name: paces
-- One row per stretch of $3 minutes, measure and class of durations.
SELECT minute - minute % $3, measure, bucket, CAST(SUM(count) AS bigint), CAST(SUM(micros) AS bigint) FROM pace
WHERE minute >= $1 AND minute < $2 AND (CAST($4 AS text) = '' OR client = $4)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: delete_old_paces
DELETE FROM pace WHERE minute < $1

-- name: add_failure sqlite
INSERT INTO failure (minute, client, operation, type, shard, count, task_id, message, at)
VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)
ON CONFLICT (minute, client, operation, type, shard) DO UPDATE
SET count = count + excluded.count, task_id = excluded.task_id, message = excluded.message, at = excluded.at

-- name: add_failure postgres
INSERT INTO failure (minute, client, operation, type, shard, count, task_id, message, at)
SELECT $1, $2, $3, $4, pg_backend_pid() % 16, $5, $6, $7, $8
{rows}
ON CONFLICT (minute, client, operation, type, shard) DO UPDATE
SET count = failure.count + excluded.count, task_id = excluded.task_id, message = excluded.message, at = excluded.at

-- name: failures
SELECT operation, type, total, at, task_id, message FROM (
    SELECT operation, type, CAST(SUM(count) OVER (PARTITION BY operation, type) AS bigint) AS total, at, task_id, message,
        ROW_NUMBER() OVER (PARTITION BY operation, type ORDER BY at DESC, task_id DESC) AS place
    FROM failure WHERE minute >= $1 AND (CAST($2 AS text) = '' OR client = $2)
) AS known WHERE place = 1 ORDER BY at DESC, operation, type LIMIT $3

-- name: delete_old_failures
DELETE FROM failure WHERE minute < $1

-- name: waiting_counts
-- Each up to a bound, along the index of what waits so: those with a gate, those behind other tasks.
SELECT (SELECT count(*) FROM (SELECT 1 AS one FROM task WHERE state = 'scheduled' AND gate IS NOT NULL LIMIT $1) AS gated),
    (SELECT count(*) FROM (SELECT 1 AS one FROM task WHERE state = 'blocked' AND unmet > 0 LIMIT $1) AS unmet)

-- name: waiting_in_pools
SELECT name, slots, running,
    (SELECT count(*) FROM (SELECT 1 AS one FROM task WHERE state = 'queued' AND pool = p.name LIMIT $1) AS queued)
FROM pool p ORDER BY name
