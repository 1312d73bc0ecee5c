-- Who is told what becomes of a tree, what there is to tell, and how far each receiver has got.

CREATE TABLE hook (
    root_id {uuid} NOT NULL PRIMARY KEY,
    posted {int} NOT NULL DEFAULT 0,      -- messages written so far
    ended {bool} NOT NULL DEFAULT FALSE   -- the last one is among them
){strict_rowless};
CREATE INDEX hook_open ON hook (root_id) WHERE NOT ended;

CREATE TABLE lane (
    root_id {uuid} NOT NULL,
    position {int} NOT NULL,
    url TEXT NOT NULL,
    sent {int} NOT NULL DEFAULT 0,        -- messages that arrived
    attempts {int} NOT NULL DEFAULT 0,    -- vain ones to send the next
    due_at {int},                         -- when to send it, or to see that who sends it is gone; NULL: there is none
    PRIMARY KEY (root_id, position)
){strict_rowless};
CREATE INDEX lane_due ON lane (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE message (
    root_id {uuid} NOT NULL,
    number {int} NOT NULL,
    task_id {uuid} NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (root_id, number)
){strict_rowless};
