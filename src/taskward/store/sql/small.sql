-- name: save_schedule
INSERT INTO schedule (name, body, active, next_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET body = excluded.body, active = excluded.active, next_at = excluded.next_at

-- name: get_schedule
SELECT body, active, next_at, last_at, last_task_id FROM schedule WHERE name = $1

-- name: schedules
SELECT body, active, next_at, last_at, last_task_id FROM schedule ORDER BY name

-- name: due_schedules
SELECT body, active, next_at, last_at, last_task_id FROM schedule WHERE active AND next_at <= $1 ORDER BY next_at

-- name: delete_schedule
DELETE FROM schedule WHERE name = $1 RETURNING name

-- name: tick_schedule
UPDATE schedule SET next_at = $3, last_at = $5, last_task_id = COALESCE($4, last_task_id)
WHERE name = $1 AND next_at = $2 AND active RETURNING name

-- name: settings
SELECT name, value FROM setting WHERE client = $1 ORDER BY name

-- name: get_setting
SELECT value FROM setting WHERE client = $1 AND name = $2

-- name: put_setting
INSERT INTO setting (client, name, value, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (client, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at

-- name: delete_setting
DELETE FROM setting WHERE client = $1 AND name = $2

-- name: insert_credential
INSERT INTO credential (id, kind, name, secret_hash, scopes, client, owner, description, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING RETURNING id

-- name: credential_by_name
SELECT id, kind, name, secret_hash, scopes, client, owner, description, created_at, expires_at, revoked_at, used_at,
    suspended_at
FROM credential WHERE kind = $1 AND name = $2 AND revoked_at IS NULL

-- name: credential_by_secret
SELECT id, kind, name, secret_hash, scopes, client, owner, description, created_at, expires_at, revoked_at, used_at,
    suspended_at
FROM credential WHERE secret_hash = $2 AND kind = $1 AND revoked_at IS NULL

-- name: credentials
SELECT id, kind, name, secret_hash, scopes, client, owner, description, created_at, expires_at, revoked_at, used_at,
    suspended_at
FROM credential WHERE kind = $1 AND revoked_at IS NULL ORDER BY created_at, id

-- name: revoke_credential
UPDATE credential SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id

-- name: change_credential
UPDATE credential SET scopes = $2, description = $3, expires_at = $4, suspended_at = $5
WHERE id = $1 AND revoked_at IS NULL RETURNING id

-- name: touch_credential
UPDATE credential SET used_at = $2 WHERE id = $1

-- name: insert_definition
INSERT INTO workflow_definition (digest, document, created_at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING

-- name: definition
SELECT document FROM workflow_definition WHERE digest = $1

-- name: ping
SELECT 1

-- name: prove_writable
INSERT INTO setting (client, name, value, updated_at) VALUES ('', '.alive', '1', $1)
ON CONFLICT (client, name) DO UPDATE SET updated_at = excluded.updated_at
