-- What a registry of tasks needs that forgets what has ended: numbers by module, and when each is to be forgotten.

ALTER TABLE task ADD COLUMN sequence {int} NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN shard {int} NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN user_task {bool} NOT NULL DEFAULT FALSE;
ALTER TABLE task ADD COLUMN unregistered_at {int};
UPDATE task SET unregistered_at = COALESCE(expires_at, finished_at) WHERE finished_at IS NOT NULL AND NOT persist;

-- What is registered of a module: two stretches of this index, those without an end and those with a later one.
CREATE INDEX task_registered ON task (module, unregistered_at, number);

CREATE TABLE module_sequence (
    module TEXT NOT NULL,
    shard {int} NOT NULL,
    value {int} NOT NULL,
    PRIMARY KEY (module, shard)
){strict_rowless};

-- Which child a record is of, and whether it did not end well or keeps one that did not, without reading the record.
ALTER TABLE fold ADD COLUMN child_id {uuid};
ALTER TABLE fold ADD COLUMN marred {bool} NOT NULL DEFAULT TRUE;
CREATE INDEX fold_marred ON fold (root_id) WHERE marred;
