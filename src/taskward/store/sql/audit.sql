-- name: add_audit
INSERT INTO audit (at, principal, kind, client, method, path, status, address, correlation_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: audits
SELECT seq, at, principal, kind, client, method, path, status, address, correlation_id FROM audit
WHERE (at, seq) < ($1, $2) AND at >= $3 ORDER BY at DESC, seq DESC LIMIT $4

-- name: audits_of
SELECT seq, at, principal, kind, client, method, path, status, address, correlation_id FROM audit
WHERE principal = $5 AND (at, seq) < ($1, $2) AND at >= $3 ORDER BY at DESC, seq DESC LIMIT $4

-- name: delete_old_audits
DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < $1 ORDER BY at, seq LIMIT $2)
