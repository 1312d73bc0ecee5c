-- The ids of what has folded under a task are listed from the index alone: there may be very many, and records are long.
DROP INDEX fold_parent;
CREATE INDEX fold_parent ON fold (parent_id, seq, child_id);
