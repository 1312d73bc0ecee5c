-- What an API of jobs needs: counters that tell roots from what is below them, pools within a pool and with a clock of
-- their own, and gates that are remembered when they have opened.

ALTER TABLE tally RENAME TO tally_before;
CREATE TABLE tally (
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    role TEXT NOT NULL,
    shard {int} NOT NULL,
    count {int} NOT NULL,
    PRIMARY KEY (client, operation, queue, state, role, shard)
){strict_rowless};
INSERT INTO tally (client, operation, queue, state, role, shard, count)
SELECT client, operation, queue, state,
    CASE WHEN parent_id IS NOT NULL OR internal THEN 'part' WHEN superseded_by IS NULL THEN 'root' ELSE 'repeated' END,
    0, count(*)
FROM task WHERE kind <> 'step' GROUP BY 1, 2, 3, 4, 5;
DROP TABLE tally_before;

ALTER TABLE pool ADD COLUMN within TEXT NOT NULL DEFAULT '';
ALTER TABLE pool ADD COLUMN scheduled_from {int};
ALTER TABLE pool ADD COLUMN gate_interval {int};

ALTER TABLE task ADD COLUMN opened_gate TEXT;
ALTER TABLE task ADD COLUMN gate_said TEXT NOT NULL DEFAULT '';
