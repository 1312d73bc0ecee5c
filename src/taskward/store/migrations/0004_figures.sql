-- What charts show: counts by minute, kept by every change as the tallies are, and forgotten after a day.

-- `bucket` is a class of durations (see taskward.model.pace), -1 where nothing lasted; `micros` sums them.
CREATE TABLE pace (
    minute {int} NOT NULL,
    client TEXT NOT NULL,
    measure TEXT NOT NULL,
    bucket {int} NOT NULL,
    shard {int} NOT NULL,
    count {int} NOT NULL,
    micros {int} NOT NULL,
    PRIMARY KEY (minute, client, measure, bucket, shard)
){strict_rowless};

-- Tasks that failed, by operation and kind of error, with the newest of them.
CREATE TABLE failure (
    minute {int} NOT NULL,
    client TEXT NOT NULL,
    operation TEXT NOT NULL,
    type TEXT NOT NULL,
    shard {int} NOT NULL,
    count {int} NOT NULL,
    task_id {uuid} NOT NULL,
    message TEXT NOT NULL,
    at {int} NOT NULL,
    PRIMARY KEY (minute, client, operation, type, shard)
){strict_rowless};

-- Why tasks are blocked is told by two counts up to a bound: those that wait for others, and the rest.
CREATE INDEX task_unmet ON task (number) WHERE state = 'blocked' AND unmet > 0;
