"""Attempts of a task."""

from msgspec import Struct

from taskward.model.states import State
from taskward.model.task import TaskError
from taskward.wire.instant import Instant


class AttemptView(Struct, frozen=True, kw_only=True):
    """One run of a task by a worker."""

    attempt: int
    worker: str | None
    started_at: Instant
    ended_at: Instant | None
    state: State
    """Where it brought the task: still running, a final state, or back to wait (scheduled, queued, paused)."""
    error: TaskError | None
