"""Folding: what stays of a finished child under its parent.

The rule is ScyllaDB's task manager's: when a task that is not a root has finished with all below it, its
parent keeps a record of it; of the record's own children only those on a path to a failure stay.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field, structs

from taskward.model.states import State
from taskward.model.task import Kind, Progress, TaskError


class Folded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of a finished child, kept by its parent."""

    id: UUID
    parent_id: UUID
    kind: Kind
    operation: str
    name: str
    type: str = ""
    scope: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    state: State
    abortable: bool = False
    internal: bool = True
    number: int = 0
    """0 for a step that was never addressable."""
    attempt: int = 0
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: TaskError | None = None
    progress: Progress = Progress()
    children: tuple["Folded", ...] = ()
    """Its own folded children that failed, or that keep failed descendants."""
    dropped: dict[str, int] = field(default_factory=dict)
    """How many descendants were forgotten, by final state."""
    shard: int | None = None
    """None: that of its parent."""


def on_failed_path(record: Folded) -> bool:
    """Whether the record did not end well, or keeps a descendant that did not."""
    return record.state is not State.COMPLETED or bool(record.children)


def absorb(children: Iterable[Folded]) -> tuple[tuple[Folded, ...], dict[str, int]]:
    """What a folding task keeps of its own children: the failed paths, and a count of the rest by state."""
    kept: list[Folded] = []
    dropped: Counter[str] = Counter()
    for child in children:
        dropped.update(child.dropped)
        if on_failed_path(child):
            kept.append(child)
        else:
            dropped[child.state] += 1
    return tuple(kept), dict(dropped)


def tells(own: Progress) -> bool:
    """Whether a task counts itself: it has told something done, or a total in a unit.

    Sums over parts have no unit, so they are no measure of a total that has one. A bare total is what the parts are
    expected to add up to.
    """
    return bool(own.done) or (own.total is not None and bool(own.unit))


def rolled_up(own: Progress, done: float, total: float) -> Progress:
    """How far a task is whose parts have `done` of `total` between them.

    What it tells itself goes before that; one that tells nothing but a bare total has done what its parts have. Parts
    that have done more than that total count something else; those of a sum that is beyond its total tell no total.
    """
    if tells(own) or (own.total is not None and done > own.total):
        return own
    if own.total is None and total and total >= done:
        return structs.replace(own, done=done, total=total)
    return structs.replace(own, done=done)
