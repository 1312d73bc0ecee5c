"""Reading what happened: events and log lines."""

from uuid import UUID

from taskward.model.errors import InvalidFilter
from taskward.model.task import Event, LogLine
from taskward.store.plan import Plan, Q
from taskward.store.rows import event_from, log_from


def position(cursor: str) -> tuple[int, int]:
    """A cursor as (transaction, sequence); SQLite's have no transaction. Raises InvalidFilter."""
    head, dot, tail = cursor.rpartition(".")
    try:
        place = (int(head) if dot else 0, int(tail) if cursor else 0)
    except ValueError:
        place = (-1, -1)
    if not all(0 <= part < 2**63 for part in place):
        raise InvalidFilter("after", f"{cursor!r} is not an event cursor; give one an event came with, unchanged")
    return place


def events(after: str, task_id: UUID | None, root_id: UUID | None, limit: int) -> Plan[list[Event]]:
    transaction, seq = position(after)
    if task_id is not None:
        rows = yield Q.events_of(transaction, seq, limit, task_id.bytes)
    elif root_id is not None:
        rows = yield Q.events_under(transaction, seq, limit, root_id.bytes)
    else:
        rows = yield Q.events_after(transaction, seq, limit)
    return [event_from(row) for row in rows]


def end() -> Plan[str]:
    [(transaction, seq)] = yield Q.last_event()
    return f"{transaction}.{seq}" if transaction else str(seq)


def logs(
    task_id: UUID, after: int, limit: int, min_severity: int, step_id: UUID | None, *, hidden: bool
) -> Plan[list[LogLine]]:
    if step_id is None:
        rows = yield Q.logs(task_id.bytes, after, min_severity, hidden, limit)
    else:
        rows = yield Q.step_logs(task_id.bytes, after, min_severity, hidden, limit, step_id.bytes)
    return [log_from(row) for row in rows]


def tree_logs(root_id: UUID, after: int, limit: int, *, hidden: bool) -> Plan[list[tuple[int, LogLine]]]:
    rows = yield Q.tree_logs(root_id.bytes, after, hidden, limit)
    return [(number, log_from(line)) for number, *line in rows]
