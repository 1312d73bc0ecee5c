"""The states of a task and the one table of legal changes between them."""

from enum import StrEnum


class State(StrEnum):
    """Where a task is in its life. The value is the word used in stores, APIs and logs."""

    SCHEDULED = "scheduled"
    """Not before its time, or until its gate opens."""
    BLOCKED = "blocked"
    """Waits for other tasks: dependencies, or the holders of its resources."""
    QUEUED = "queued"
    """May be claimed by a worker as soon as its pool has a slot."""
    PAUSED = "paused"
    """Held by an operator; holds no resource and no place in a line."""
    RUNNING = "running"
    """A worker, or the outside world, is at it."""
    CANCELING = "canceling"
    """Asked to stop; its body has not ended yet."""
    COMPLETED = "completed"
    """Ended by returning."""
    FAILED = "failed"
    """Ended by an error, with no retry left."""
    CANCELED = "canceled"
    """Ended because it was asked to."""
    SKIPPED = "skipped"
    """Never ran: something it depended on did not complete."""


S = State

WAITING = frozenset({S.SCHEDULED, S.BLOCKED, S.QUEUED, S.PAUSED})
"""Accepted and not started: no worker is involved."""
ACTIVE = frozenset({S.RUNNING, S.CANCELING})
"""A body is running somewhere."""
FINAL = frozenset({S.COMPLETED, S.FAILED, S.CANCELED, S.SKIPPED})
"""Nothing changes any more."""

TRANSITIONS: dict[State, frozenset[State]] = {
    S.SCHEDULED: frozenset({S.BLOCKED, S.QUEUED, S.PAUSED, S.CANCELED, S.SKIPPED}),
    S.BLOCKED: frozenset({S.QUEUED, S.SCHEDULED, S.PAUSED, S.CANCELED, S.SKIPPED}),
    S.QUEUED: frozenset({S.RUNNING, S.SCHEDULED, S.PAUSED, S.CANCELED}),
    S.PAUSED: frozenset({S.SCHEDULED, S.BLOCKED, S.QUEUED, S.CANCELED, S.SKIPPED}),
    # Back to a waiting state: a retry, a hand-back at shutdown, a lost worker, a pause at a boundary.
    S.RUNNING: frozenset({S.COMPLETED, S.FAILED, S.CANCELED, S.CANCELING, S.SCHEDULED, S.BLOCKED, S.QUEUED, S.PAUSED}),
    # Asked to abort and returned normally is canceled, never completed.
    S.CANCELING: frozenset({S.CANCELED, S.FAILED}),
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELED: frozenset(),
    S.SKIPPED: frozenset(),
}

INITIAL = frozenset({S.SCHEDULED, S.BLOCKED, S.QUEUED, S.PAUSED, S.RUNNING})
"""States a task may be created in; `running` only for work tracked from outside."""


def sources_of(target: State) -> frozenset[State]:
    """Every state from which `target` may be entered."""
    return frozenset(source for source, targets in TRANSITIONS.items() if target in targets)


def is_legal(source: State, target: State) -> bool:
    """Whether the table has the edge."""
    return target in TRANSITIONS[source]


def mermaid() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in State if state in INITIAL]
    lines += [f"    {source} --> {target}" for source in State for target in State if is_legal(source, target)]
    lines += [f"    {state} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"
