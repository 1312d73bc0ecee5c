-- Who did what, when: every request that changes something, as it was answered.

CREATE TABLE audit (
    seq {serial},
    at {int} NOT NULL,
    principal TEXT NOT NULL,
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    status {int} NOT NULL,
    address TEXT NOT NULL,
    correlation_id TEXT NOT NULL
){strict};
CREATE INDEX audit_at ON audit (at, seq);
CREATE INDEX audit_principal ON audit (principal, at, seq);
