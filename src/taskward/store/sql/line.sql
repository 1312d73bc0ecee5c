-- name: lock_resources postgres
-- The embedded database has one writer: there it is nothing.
-- The lines of these resources change only under these locks; sorted, so that two transactions cannot cross.
SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM (SELECT unnest($1::text[]) AS name ORDER BY 1) AS wanted

-- name: next_ticket sqlite
UPDATE ticket SET value = value + 1 RETURNING value

-- name: next_ticket postgres
SELECT nextval('ticket')

-- name: join_line
-- Granted at once unless somebody older conflicts: anybody for an exclusive lock, an exclusive one for a shared lock.
INSERT INTO line (resource, ticket, task_id, exclusive, granted)
SELECT CAST($1 AS text), $2, $3, $4, CASE WHEN $4
    THEN NOT EXISTS (SELECT 1 FROM line WHERE resource = CAST($1 AS text))
    ELSE NOT EXISTS (SELECT 1 FROM line WHERE resource = CAST($1 AS text) AND exclusive) END
RETURNING granted

-- name: leave_lines
DELETE FROM line WHERE task_id = $1 RETURNING resource

-- name: grant_next
-- Lets the head of those that wait go, unless whoever holds the resource keeps it from going.
UPDATE line SET granted = TRUE
WHERE resource = $1
    AND ticket = (SELECT ticket FROM line WHERE resource = $1 AND NOT granted ORDER BY ticket LIMIT 1)
    AND NOT EXISTS (
        SELECT 1 FROM line AS holder WHERE resource = $1 AND holder.granted AND (line.exclusive OR holder.exclusive)
    )
RETURNING task_id, exclusive

-- name: unblock
UPDATE task SET ungranted = ungranted - 1,
    state = CASE WHEN ungranted = 1 THEN 'queued' ELSE state END,
    queued_at = CASE WHEN ungranted = 1 THEN CAST($2 AS bigint) END,
    updated_at = CAST($2 AS bigint), version = version + 1
WHERE id = $1 AND state = 'blocked'
RETURNING {brief}

-- name: wanted
SELECT resource, ticket, exclusive, granted FROM line WHERE task_id = $1 ORDER BY resource

-- name: ahead
-- Who is in front of a place and conflicts with it, oldest first; a few are enough to explain a wait.
SELECT l.task_id, l.exclusive, l.granted, t.number, t.name, t.state FROM line l JOIN task t ON t.id = l.task_id
WHERE l.resource = $1 AND l.ticket < $2 AND (l.exclusive OR $3) ORDER BY l.ticket LIMIT $4
