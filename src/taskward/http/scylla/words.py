"""Our tasks in ScyllaDB's words: pure functions, one pair per edition."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Raw, UnsetType

from taskward.http.scylla.wire import Number, Stats2024, Stats2026, Status2024, Status2026
from taskward.model.ids import Ids
from taskward.model.states import FINAL, State
from taskward.model.task import Kind, Progress, Task, TaskError
from taskward.model.tree import Folded
from taskward.ports import Relative
from taskward.service.sightings import Sighting

S = State
STATES_2024 = {
    S.SCHEDULED: "created",
    S.BLOCKED: "created",
    S.QUEUED: "created",
    S.PAUSED: "created",
    S.RUNNING: "running",
    S.CANCELING: "running",
    S.COMPLETED: "done",
    S.FAILED: "failed",
    S.CANCELED: "failed",
    S.SKIPPED: "failed",
}
STATES_2026 = STATES_2024 | {S.PAUSED: "suspended"}

NO_PARENT_2024 = "00000000-0000-0000-0000-000000000000"
NO_PARENT_2026 = "none"
NO_NODE = "0.0.0.0"  # noqa: S104 - the address of a node that is not known
_ABORTED = "seastar::abort_requested_exception (abort requested)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NodeOf = Callable[[Relative | None], str]
"""The address of the node that has a child; None stands for one that has folded."""


def stats_2024(task: Task) -> Stats2024:
    """A task in a list."""
    return Stats2024(
        task_id=str(task.id),
        state=STATES_2024[task.state],
        type=type_of(task),
        scope=scope_of(task),
        keyspace=task.labels.get("keyspace", ""),
        table=task.labels.get("table", ""),
        entity=entity_of(task),
        sequence_number=task.sequence,
    )


def stats_2026(task: Task) -> Stats2026:
    """A task in a list."""
    return Stats2026(
        task_id=str(task.id),
        state=STATES_2026[task.state],
        type=type_of(task),
        kind="node",
        scope=scope_of(task),
        keyspace=task.labels.get("keyspace", ""),
        table=task.labels.get("table", ""),
        entity=entity_of(task),
        sequence_number=task.sequence,
        shard=task.shard,
        start_time=time(task.started_at),
        end_time=time(task.finished_at),
    )


def status_2024(seen: Sighting, node_of: NodeOf, *, counts: bool) -> Status2024:  # noqa: ARG001 - knows no nodes
    """A task, or what is left of one."""
    node = seen.node
    total, completed = progress_2024(node.state, seen.progress)
    return Status2024(
        id=str(node.id),
        type=type_of(node),
        scope=scope_of(node),
        state=STATES_2024[node.state],
        is_abortable=node.abortable,
        start_time=time(node.started_at),
        end_time=time(node.finished_at),
        error=error_of(node.state, node.error),
        parent_id=NO_PARENT_2024 if node.parent_id is None else str(node.parent_id),
        sequence_number=seen.sequence,
        shard=seen.shard,
        keyspace=node.labels.get("keyspace", ""),
        table=node.labels.get("table", ""),
        entity=entity_of(node),
        progress_units=node.progress.unit,
        progress_total=total,
        progress_completed=completed,
        children_ids=children_2024(seen),
        dropped=node.dropped if counts else {},
    )


def status_2026(seen: Sighting, node_of: NodeOf, *, counts: bool) -> Status2026:
    """A task, or what is left of one."""
    node = seen.node
    return Status2026(
        id=str(node.id),
        type=type_of(node),
        kind="node",
        scope=scope_of(node),
        state=STATES_2026[node.state],
        is_abortable=node.abortable,
        start_time=time(node.started_at),
        end_time=time(node.finished_at),
        error=error_of(node.state, node.error),
        parent_id=NO_PARENT_2026 if node.parent_id is None else str(node.parent_id),
        sequence_number=seen.sequence,
        shard=seen.shard,
        keyspace=node.labels.get("keyspace", ""),
        table=node.labels.get("table", ""),
        entity=entity_of(node),
        progress_units=node.progress.unit,
        progress_total=number(seen.progress.total or 0),
        progress_completed=number(seen.progress.done),
        children_ids=children_2026(seen, node_of),
        dropped=node.dropped if counts else {},
    )


def children_2024(seen: Sighting) -> Raw | UnsetType:
    """Their ids, as JSON: those with a row before those that have folded."""
    return _array([Ids.of(row.id for row in seen.rows).written(b'"', b'"'), seen.folded.written(b'"', b'"')])


def children_2026(seen: Sighting, node_of: NodeOf) -> Raw | UnsetType:
    """The same, with the address of the node that has each."""

    def written(children: Ids, node: str) -> bytes:
        return children.written(b'{"task_id":"', b'","node":%b}' % msgspec.json.encode(node))

    rows = (written(Ids.of([row.id]), node_of(row)) for row in seen.rows)
    return _array([*rows, written(seen.folded, node_of(None))])


def _array(parts: Iterable[bytes]) -> Raw | UnsetType:
    found = b",".join(part for part in parts if part)
    return Raw(b"[%b]" % found) if found else UNSET


def type_of(node: Task | Folded) -> str:
    """What it does: as declared, else the name of a step, or of the operation without its module."""
    if node.type:
        return node.type
    return node.name if node.kind is Kind.STEP else node.labels.get("type") or node.operation.rpartition(".")[2]


def scope_of(node: Task | Folded) -> str:
    """For which part of the operation it is responsible."""
    return node.scope or node.labels.get("scope", "")


def entity_of(node: Task | Folded) -> str:
    """What it works at: as labelled, else the name it was given, unless that is its type's."""
    if "entity" in node.labels:
        return node.labels["entity"]
    return "" if node.name in {node.operation, type_of(node)} else node.name


def error_of(state: State, error: TaskError | None) -> str:
    """Why it did not end well; empty unless it is over. An aborted one says so in the original's words."""
    if state not in FINAL or state is State.COMPLETED:
        return ""
    if state is State.CANCELED:
        return _ABORTED
    if error is None:
        return state.value
    return f"{error.type} ({error.message})"


def progress_2024(state: State, progress: Progress) -> tuple[Number, Number]:
    """Total and completed; of one that tells no total, 1 and whether it is over."""
    if not progress.total:
        return 1, int(state in FINAL)
    return number(progress.total), number(progress.done)


def time(at: datetime | None) -> str:
    """To the second; the epoch stands for never."""
    return (at or _EPOCH).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(value: float) -> Number:
    """In its shortest form; what is no number is none at all."""
    if not math.isfinite(value):
        return 0
    return int(value) if value == int(value) else value
