-- What a job runs is what it was submitted with, whatever becomes of the file since.

CREATE TABLE workflow_definition (
    digest TEXT NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    created_at {int} NOT NULL
){strict_rowless};
