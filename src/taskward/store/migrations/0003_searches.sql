-- What searches of any kind need: what tasks told that they created, and names that are not their operation's.

CREATE TABLE created_resource (
    number {int} NOT NULL,
    name TEXT NOT NULL,
    position {int} NOT NULL,
    PRIMARY KEY (number, name)
){strict_rowless};
CREATE INDEX created_resource_name ON created_resource (name, number);

-- Most tasks are called what their operation is: those are found by it.
CREATE INDEX task_name ON task (name, number) WHERE name <> operation;
