"""One round of a worker with the store: attempts that ended, tasks claimed."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from taskward.model.states import State
from taskward.model.task import Progress, Task, TaskError


class Finish(Struct, frozen=True, kw_only=True):
    """The end of one attempt.

    `state` is final, or one of: scheduled (retry not before `run_at`), queued (handed back: the attempt did not
    count against anything), paused (stopped at a checkpoint).
    """

    task_id: UUID
    attempt: int
    state: State
    result: bytes | None = None
    error: TaskError | None = None
    progress: Progress | None = None
    run_at: datetime | None = None


class Claim(Struct, frozen=True):
    """A worker's wish for work."""

    queues: tuple[str, ...]
    limit: int
    operations: tuple[str, ...]
    """Full names it can run; others are left for workers that can."""


class Exchange(Struct, frozen=True):
    """What one round with the store brought. `lost` are indexes into the finishes that came too late."""

    claimed: tuple[Task, ...]
    lost: frozenset[int]
