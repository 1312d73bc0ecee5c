-- The tables of Taskward. Written once: {words in braces} stand for what the two databases spell differently
-- (see migrate.py). Instants are microseconds since 1970 UTC, durations microseconds, ids 16 bytes.

CREATE TABLE task (
    number {serial},
    id {uuid} NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    operation TEXT NOT NULL,
    name TEXT NOT NULL,
    module TEXT NOT NULL,
    type TEXT NOT NULL,
    scope TEXT NOT NULL,
    labels TEXT NOT NULL,
    client TEXT NOT NULL,
    created_by TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    root_id {uuid} NOT NULL,
    parent_id {uuid},
    key TEXT,
    rerun_of {uuid},
    superseded_by {uuid},
    state TEXT NOT NULL,
    attempt {int} NOT NULL DEFAULT 0,
    failures {int} NOT NULL DEFAULT 0,
    losses {int} NOT NULL DEFAULT 0,
    version {int} NOT NULL DEFAULT 1,
    worker_id {uuid},
    worker TEXT,
    priority {int} NOT NULL,
    queue TEXT NOT NULL,
    pool TEXT NOT NULL,
    charge {int} NOT NULL DEFAULT 0,      -- the pool slot it holds: 0 none, 1 urgent, 2 ordinary
    gate TEXT,
    gate_checked_at {int} NOT NULL DEFAULT 0,
    resources TEXT NOT NULL,
    args TEXT NOT NULL,
    args_shown TEXT,
    result TEXT,
    error TEXT,
    progress_done {real} NOT NULL DEFAULT 0,
    progress_total {real},
    progress_unit TEXT NOT NULL DEFAULT '',
    progress_message TEXT NOT NULL DEFAULT '',
    rules TEXT NOT NULL,
    ttl {int},
    lost_limit {int} NOT NULL,
    abortable {bool} NOT NULL,
    internal {bool} NOT NULL,
    persist {bool} NOT NULL,
    folds {bool} NOT NULL,
    pausable {bool} NOT NULL,
    pausing {bool} NOT NULL DEFAULT FALSE,
    unmet {int} NOT NULL DEFAULT 0,       -- dependencies that have not ended
    ungranted {int} NOT NULL DEFAULT 0,   -- lines in which others are ahead
    even_if_failed {bool} NOT NULL,
    has_dependents {bool} NOT NULL DEFAULT FALSE,
    has_steps {bool} NOT NULL DEFAULT FALSE,       -- steps of its run are, or were, rows of this table
    keeps_children {bool} NOT NULL DEFAULT FALSE,  -- children with a key have ended, and fold when it has
    created_at {int} NOT NULL,
    run_at {int},
    queued_at {int},
    started_at {int},
    finished_at {int},
    cancel_requested_at {int},
    updated_at {int} NOT NULL,
    expires_at {int},
    folded_count {int} NOT NULL DEFAULT 0,
    folded_done {real} NOT NULL DEFAULT 0,
    folded_total {real} NOT NULL DEFAULT 0,
    dropped TEXT NOT NULL DEFAULT '{}'
){strict};

-- The ready line: a claim reads its head and nothing else.
CREATE INDEX task_ready ON task (pool, queue, priority, number) WHERE state = 'queued';
CREATE INDEX task_created ON task (created_at);
CREATE INDEX task_state ON task (state, number);
CREATE INDEX task_operation ON task (operation, number);
CREATE INDEX task_module ON task (module, number);
CREATE INDEX task_client ON task (client, number) WHERE client <> '';
CREATE INDEX task_correlation ON task (correlation_id, number) WHERE correlation_id <> '';
CREATE INDEX task_parent ON task (parent_id, number) WHERE parent_id IS NOT NULL;
CREATE INDEX task_tree ON task (root_id, number);
CREATE UNIQUE INDEX task_key ON task (parent_id, key) WHERE key IS NOT NULL;
CREATE INDEX task_lease ON task (worker_id) WHERE state IN ('running', 'canceling');
CREATE INDEX task_worker ON task (worker, number) WHERE worker IS NOT NULL;
CREATE INDEX task_due ON task (run_at) WHERE state = 'scheduled' AND gate IS NULL;
CREATE INDEX task_gate ON task (gate_checked_at) WHERE state = 'scheduled' AND gate IS NOT NULL;
CREATE INDEX task_expiry ON task (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX task_started ON task (started_at, number) WHERE started_at IS NOT NULL;
CREATE INDEX task_finished ON task (finished_at, number) WHERE finished_at IS NOT NULL;

CREATE TABLE label (
    number {int} NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (number, name)
){strict_rowless};
CREATE INDEX label_value ON label (name, value, number);

-- Which tasks ever named a resource; `line` says who waits for or holds it now.
CREATE TABLE task_resource (
    number {int} NOT NULL,
    resource TEXT NOT NULL,
    PRIMARY KEY (number, resource)
){strict_rowless};
CREATE INDEX task_resource_name ON task_resource (resource, number);

CREATE TABLE line (
    resource TEXT NOT NULL,
    ticket {int} NOT NULL,
    task_id {uuid} NOT NULL,
    exclusive {bool} NOT NULL,
    granted {bool} NOT NULL,
    PRIMARY KEY (resource, ticket)
){strict_rowless};
CREATE INDEX line_task ON line (task_id);
CREATE INDEX line_waiting ON line (resource, ticket) WHERE NOT granted;
CREATE INDEX line_granted ON line (resource, exclusive) WHERE granted;
CREATE INDEX line_exclusive ON line (resource) WHERE exclusive;

CREATE TABLE dependency (
    task_id {uuid} NOT NULL,
    on_id {uuid} NOT NULL,
    PRIMARY KEY (on_id, task_id)
){strict_rowless};
CREATE INDEX dependency_task ON dependency (task_id);

-- Finished steps and children, folded into their parent; `record` is taskward.model.tree.Folded as JSON.
CREATE TABLE fold (
    seq {serial},
    parent_id {uuid} NOT NULL,
    root_id {uuid} NOT NULL,
    record TEXT NOT NULL
){strict};
CREATE INDEX fold_parent ON fold (parent_id, seq);
CREATE INDEX fold_root ON fold (root_id);

CREATE TABLE event (
    seq {serial},
    {event_xid}
    task_id {uuid} NOT NULL,
    root_id {uuid} NOT NULL,
    client TEXT NOT NULL,
    kind TEXT NOT NULL,
    at {int} NOT NULL,
    data TEXT NOT NULL
){strict};
{event_order}
CREATE INDEX event_task ON event (task_id, {event_place});
CREATE INDEX event_root ON event (root_id, {event_place});
-- A newer progress replaces the older one of the same task.
CREATE INDEX event_progress ON event (task_id) WHERE kind IN ('progress', 'tree');
CREATE INDEX event_deleted ON event (at) WHERE kind = 'deleted';

CREATE TABLE log (
    seq {serial},
    task_id {uuid} NOT NULL,
    at {int} NOT NULL,
    severity {int} NOT NULL,
    source TEXT NOT NULL,
    message TEXT NOT NULL,
    attempt {int} NOT NULL,
    step_id {uuid},
    visible {bool} NOT NULL,
    fields TEXT NOT NULL
){strict};
CREATE INDEX log_task ON log (task_id, seq);

CREATE TABLE report (
    task_id {uuid} NOT NULL,
    code TEXT NOT NULL,
    position {int} NOT NULL,
    done {real} NOT NULL,
    total {real},
    unit TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (task_id, code)
){strict};

-- How many tasks are in each state: kept by every change, summed over shards by readers. Shards let
-- transactions of several servers raise the same count without waiting for each other.
CREATE TABLE tally (
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    shard {int} NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (client, operation, queue, state, shard)
){strict_rowless};

CREATE TABLE idempotency (
    client TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    task_ids TEXT NOT NULL,
    created_at {int} NOT NULL,
    PRIMARY KEY (client, key)
){strict};
CREATE INDEX idempotency_age ON idempotency (created_at);

-- Ids that existed: the difference between "unknown" and "gone".
CREATE TABLE tombstone (
    id {uuid} NOT NULL PRIMARY KEY,
    at {int} NOT NULL
){strict_rowless};
CREATE INDEX tombstone_age ON tombstone (at);

CREATE TABLE worker (
    id {uuid} NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    pid {int} NOT NULL,
    queues TEXT NOT NULL,
    operations TEXT NOT NULL,
    concurrency {int} NOT NULL,
    version TEXT NOT NULL,
    started_at {int} NOT NULL,
    heartbeat_at {int} NOT NULL,
    state TEXT NOT NULL
){strict};
CREATE INDEX worker_state ON worker (state, heartbeat_at);

CREATE TABLE pool (
    name TEXT NOT NULL PRIMARY KEY,
    slots {int} NOT NULL,
    reserved {int} NOT NULL,
    threshold {int} NOT NULL,
    running {int} NOT NULL DEFAULT 0,
    running_ordinary {int} NOT NULL DEFAULT 0
){strict};

CREATE TABLE queue (
    name TEXT NOT NULL PRIMARY KEY,
    paused {bool} NOT NULL
){strict};

CREATE TABLE schedule (
    name TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    active {bool} NOT NULL,
    next_at {int},
    last_at {int},
    last_task_id {uuid}
){strict};
CREATE INDEX schedule_due ON schedule (next_at) WHERE active;

CREATE TABLE operation (
    name TEXT NOT NULL PRIMARY KEY,
    module TEXT NOT NULL,
    description TEXT NOT NULL,
    spec TEXT NOT NULL,
    schema TEXT NOT NULL,
    seen_at {int} NOT NULL
){strict};

CREATE TABLE setting (
    client TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at {int} NOT NULL,
    PRIMARY KEY (client, name)
){strict};

CREATE TABLE credential (
    id {uuid} NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    client TEXT NOT NULL,
    owner TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int},
    revoked_at {int},
    used_at {int}
){strict};
CREATE UNIQUE INDEX credential_name ON credential (kind, name) WHERE revoked_at IS NULL;
CREATE INDEX credential_secret ON credential (secret_hash);

{ticket}
