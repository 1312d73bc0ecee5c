"""The seam between a body's context and whatever runs the body."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct, field

from taskward.model.policy import Retry
from taskward.model.states import State
from taskward.model.task import Progress, Report, Task, TaskError


class Canceled(BaseException):
    """Raised in a body that is not on an event loop when it was asked to stop and looks (`ctx.check()`).

    Not an `Exception`, so that a body's `except Exception` lets it pass. A body may raise it to cancel itself.
    """


class Paused(BaseException):
    """Raised by `ctx.checkpoint()` when an operator asked to pause; ends the run, which starts anew when resumed."""


class ChildFailed(Exception):
    """A child whose result was asked for did not complete. `task` is the child as it ended."""

    def __init__(self, task: Task) -> None:
        reason = f": {task.error.type}: {task.error.message}" if task.error else ""
        super().__init__(f"child {task.name} #{task.number} {task.state}{reason}")
        self.task = task
        self.state = task.state
        self.error = task.error


class StepOpening(Struct, frozen=True):
    """A step about to begin."""

    id: UUID
    parent_id: UUID
    """The run's task or an outer step."""
    name: str
    type: str
    scope: str
    labels: dict[str, str]
    progress: Progress


class SpawnRequest(Struct, frozen=True):
    """A child that a body wants."""

    operation: str
    """Full name."""
    args: dict[str, Any]
    key: str | None = None
    name: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    priority: int | None = None
    queue: str | None = None
    run_at: datetime | None = None
    timeout: timedelta | None = None
    retry: Retry | None = None


class Run(Protocol):
    """One attempt at a task, as its body's context sees it. Nothing here blocks; every thread may call it."""

    @property
    def task(self) -> Task:
        """The task as it was claimed."""
        ...

    @property
    def stop_requested(self) -> bool:
        """The body is to end: it was canceled, it is out of time, or its worker shuts down."""
        ...

    @property
    def pause_requested(self) -> bool:
        """The body is to end at its next checkpoint, to be run anew later."""
        ...

    def note_progress(self, progress: Progress, step_id: UUID | None) -> None:
        """The newest progress of the task, or of a step; only the last one of a moment is kept."""
        ...

    def note_report(self, report: Report) -> None:
        """The newest state of a named report."""
        ...

    def note_creation(self, name: str) -> None:
        """The name of a resource the body has created."""
        ...

    def note_log(
        self, severity: int, message: str, fields: Mapping[str, Any], step_id: UUID | None, *, visible: bool = True
    ) -> None:
        """A line for the task's log."""
        ...

    def open_step(self, opening: StepOpening) -> None:
        """A step begins."""
        ...

    def close_step(self, step_id: UUID, state: State, error: TaskError | None) -> None:
        """An open step has ended; steps still open inside it end with it. One that is not open is left alone."""
        ...


class AsyncRun(Run, Protocol):
    """A run whose body is on an event loop."""

    async def spawn(self, request: SpawnRequest) -> Task:
        """Submits a child, or finds the one its key names. Raises NotFound, Invalid."""
        ...

    async def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """The children when all are final, in the same order. Raises TimeoutError."""
        ...

    async def breathe(self) -> None:
        """Lets others run, and waits while more notes are unwritten than memory should hold."""
        ...


class BlockingRun(Run, Protocol):
    """A run whose body has a thread to itself. What blocks raises Canceled when the body is asked to stop."""

    def spawn(self, request: SpawnRequest) -> Task:
        """As `AsyncRun.spawn`."""
        ...

    def wait_for(self, children: Sequence[Task], timeout: timedelta | None) -> list[Task]:
        """As `AsyncRun.wait_for`."""
        ...

    def sleep(self, duration: timedelta) -> None:
        """Blocks so long."""
        ...
