-- name: insert_hook
INSERT INTO hook (root_id) VALUES ($1) ON CONFLICT DO NOTHING

-- name: insert_lane
INSERT INTO lane (root_id, position, url) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: lane_urls
-- NULL for a tree that is followed and that nobody is told of.
SELECT l.url FROM hook h LEFT JOIN lane l ON l.root_id = h.root_id WHERE h.root_id = $1 ORDER BY l.position

-- name: any_hook
SELECT 1 FROM hook WHERE NOT ended LIMIT 1

-- name: take_lead
-- Who leads goes on; another takes over when nothing was heard of it for so long.
INSERT INTO setting (client, name, value, updated_at) VALUES ('', '.herald', $1, $2)
ON CONFLICT (client, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
WHERE setting.value = excluded.value OR setting.updated_at <= $3
RETURNING value

-- name: told_until
SELECT value FROM setting WHERE client = '' AND name = '.told'

-- name: start_telling
INSERT INTO setting (client, name, value, updated_at) VALUES ('', '.told', $1, $2) ON CONFLICT DO NOTHING RETURNING value

-- name: go_on_telling
UPDATE setting SET value = $2, updated_at = $3 WHERE client = '' AND name = '.told' AND value = $1 RETURNING value

-- name: hooked_events sqlite
SELECT seq, task_id, root_id, client, kind, at, data FROM event
WHERE seq > $2 AND $1 >= 0 AND kind IN ('created', 'state') AND +root_id IN (SELECT root_id FROM hook WHERE NOT ended)
ORDER BY seq LIMIT $3

-- name: hooked_events postgres
SELECT xid || '.' || seq, task_id, root_id, client, kind, at, data FROM event
WHERE (xid, seq) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
AND kind IN ('created', 'state') AND root_id IN (SELECT root_id FROM hook WHERE NOT ended)
ORDER BY xid, seq LIMIT $3

-- name: post
UPDATE hook SET posted = posted + $2, ended = ended OR $3 WHERE root_id = $1 RETURNING root_id, posted

-- name: insert_message
INSERT INTO message (root_id, number, task_id, title, body, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING

-- name: wake_lanes
-- One that is being sent from goes on to the new message by itself.
UPDATE lane SET due_at = COALESCE(due_at, $2) WHERE root_id = $1

-- name: due_lanes sqlite
SELECT root_id, position, url, sent, attempts FROM lane WHERE due_at <= $1 ORDER BY due_at LIMIT $2

-- name: due_lanes postgres
SELECT root_id, position, url, sent, attempts FROM lane WHERE due_at <= $1 ORDER BY due_at LIMIT $2
FOR NO KEY UPDATE SKIP LOCKED

-- name: hold_lane
UPDATE lane SET due_at = $3 WHERE root_id = $1 AND position = $2

-- name: note_sent
UPDATE lane SET sent = $3, attempts = 0, due_at = $4 WHERE root_id = $1 AND position = $2 AND sent = $3 - 1
RETURNING url

-- name: note_unsent
UPDATE lane SET attempts = attempts + 1, due_at = $4 WHERE root_id = $1 AND position = $2 AND sent = $3 - 1
RETURNING url

-- name: park_lane
UPDATE lane SET due_at = NULL, attempts = 0 WHERE root_id = $1 AND position = $2

-- name: next_message
SELECT m.task_id, m.title, m.body, m.at, t.client FROM message m JOIN task t ON t.id = m.root_id
WHERE m.root_id = $1 AND m.number = $2

-- name: next_lane
SELECT due_at FROM lane WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1

-- name: is_telling
SELECT 1 FROM hook WHERE root_id = $1 AND NOT ended
UNION ALL SELECT 1 FROM lane WHERE root_id = $1 AND due_at IS NOT NULL LIMIT 1

-- name: delete_hook
DELETE FROM hook WHERE root_id = $1 RETURNING root_id

-- name: delete_lanes
DELETE FROM lane WHERE root_id = $1

-- name: delete_messages
DELETE FROM message WHERE root_id = $1
