"""The context: what a body is given to tell how far it is, to start children, and to see that it should stop."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from taskward.model.errors import Invalid
from taskward.model.policy import LONGEST_NAME, Retry
from taskward.model.states import State
from taskward.model.task import Progress, Report, Task
from taskward.operations.operation import Operation
from taskward.operations.run import AsyncRun, BlockingRun, Canceled, ChildFailed, Paused, Run, SpawnRequest, StepOpening
from taskward.operations.step import Meter, Step, finite, innermost_step, severity_of


class RunContext:
    """What the contexts of all bodies share. Every method here is a plain call that never blocks."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._meter: Meter | None = None
        self._reports: dict[str, Meter] = {}

    @property
    def task_id(self) -> UUID:
        """The id of the task."""
        return self._run.task.id

    @property
    def number(self) -> int:
        """The integer name of the task."""
        return self._run.task.number

    @property
    def attempt(self) -> int:
        """1 for the first run of the task, then 2, 3, ..."""
        return self._run.task.attempt

    @property
    def operation(self) -> str:
        """Full name of the operation."""
        return self._run.task.operation

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels its submitter gave it."""
        return self._run.task.labels

    @property
    def client(self) -> str:
        """The tenant the task belongs to; empty for the house itself."""
        return self._run.task.client

    @property
    def created_by(self) -> str:
        """The name of whoever submitted it, or its root."""
        return self._run.task.created_by

    @property
    def timeout(self) -> timedelta | None:
        """Longest this run may take; None for no limit."""
        return self._run.task.rules.timeout

    @property
    def correlation_id(self) -> str:
        """What ties it to a request outside; children inherit it."""
        return self._run.task.correlation_id

    @property
    def parent_id(self) -> UUID | None:
        """None for a root."""
        return self._run.task.parent_id

    @property
    def root_id(self) -> UUID:
        """The task's own id for a root."""
        return self._run.task.root_id

    @property
    def canceled(self) -> bool:
        """The body is to end: the task was canceled, is out of time, or its worker shuts down."""
        return self._run.stop_requested

    def progress(
        self,
        done: float | None = None,
        *,
        total: float | None = None,
        unit: str | None = None,
        message: str | None = None,
        advance: float | None = None,
    ) -> None:
        """How far the task is; what is not given stays, `advance` is added to what is done.

        Call it as often as you like: only the newest progress is written, at most every 100 ms.
        """
        if self._meter is None:
            self._meter = Meter(Progress())
        self._run.note_progress(self._meter.update(done, total, unit, message, advance), None)

    def report(
        self,
        code: str,
        *,
        done: float | None = None,
        total: float | None = None,
        unit: str | None = None,
        message: str | None = None,
        advance: float | None = None,
        state: State = State.RUNNING,
    ) -> None:
        """As `progress`, for a report of its own beside the task's: a task may have several, each under its code."""
        meter = self._reports.setdefault(code, Meter(Progress()))
        newest = meter.update(done, total, unit, message, advance)
        self._run.note_report(Report(code, newest.done, newest.total, newest.unit, newest.message, state))

    def created(self, name: str) -> None:
        """Tells that the body has created a resource: a URL, a path, any name of 1 to 500 characters.

        Others find the task by it. What was told stays, whatever becomes of the task. Raises Invalid.
        """
        if not 0 < len(name) <= LONGEST_NAME:
            raise Invalid("/name", f"the name of a created resource has 1 to {LONGEST_NAME} characters")
        self._run.note_creation(name)

    def log(self, message: str, severity: str = "info", *, visible: bool = True, **fields: Any) -> None:
        """A line in the task's log, of the innermost open step if there is one.

        `severity` is debug, info, warning, error or fatal; `fields` are any JSON values. A line that is not `visible`
        is for those who ask for hidden ones too. Raises ValueError.
        """
        step = innermost_step(self._run)
        self._run.note_log(severity_of(severity), message, fields, step.id if step else None, visible=visible)

    def step(
        self,
        name: str,
        *,
        type: str = "",  # noqa: A002 - the word of the vocabulary
        scope: str = "",
        total: float | None = None,
        unit: str = "",
        labels: Mapping[str, str] = {},
    ) -> Step:
        """A part of the task, open inside `with`; inside another open step it is a part of that one.

        `total` counts in `unit`. Raises nothing; see `Step` for how its outcome is told.
        """
        parent = innermost_step(self._run)
        parent_id = parent.id if parent else self._run.task.id
        opening = StepOpening(
            uuid7(), parent_id, name, type, scope, dict(labels), Progress(total=finite(total), unit=unit)
        )
        return Step(self._run, opening)


def _full_name(operation: str | Callable[..., Any]) -> str:
    return operation if isinstance(operation, str) else Operation.of(operation).name


def _result(task: Task) -> Any:
    """What the child returned. Raises ChildFailed."""
    if task.state is not State.COMPLETED:
        raise ChildFailed(task)
    return None if task.result is None else msgspec.json.decode(task.result)


class Child:
    """A child that an async body spawned. While all the body does is wait for children, its worker slot is free."""

    def __init__(self, run: AsyncRun, task: Task) -> None:
        self._run = run
        self._task = task

    @property
    def id(self) -> UUID:
        """The id of the child."""
        return self._task.id

    async def wait(self, timeout: timedelta | None = None) -> Task:
        """The child when it has ended, however it did. Raises TimeoutError."""
        (self._task,) = await self._run.wait_for([self._task], timeout)
        return self._task

    async def result(self, timeout: timedelta | None = None) -> Any:
        """What the child returned, when it has ended. Raises ChildFailed, TimeoutError."""
        return _result(await self.wait(timeout))


class Context(RunContext):
    """The first argument of an `async def` body. A stop arrives as `asyncio.CancelledError` at an `await`."""

    def __init__(self, run: AsyncRun) -> None:
        super().__init__(run)
        self._run: AsyncRun = run

    def check(self) -> None:
        """Raises `asyncio.CancelledError` when the body is to end, for a long stretch without `await`."""
        if self._run.stop_requested:
            raise asyncio.CancelledError

    async def checkpoint(self) -> None:
        """A boundary at which the body may be stopped, paused (if declared `pausable`) or made to wait for the store.

        Ends the run when an operator asked to pause; resumed, the task is run anew, so keep what was done somewhere.
        """
        self.check()
        if self._run.pause_requested:
            raise Paused
        await self._run.breathe()

    async def spawn(
        self,
        operation: str | Callable[..., Any],
        /,
        *,
        key: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int | None = None,
        queue: str | None = None,
        run_at: datetime | None = None,
        timeout: timedelta | None = None,
        retry: Retry | None = None,
        arguments: Mapping[str, Any] = {},
        **args: Any,
    ) -> Child:
        """Submits a child, which any worker may run.

        Not before `run_at`; `timeout` bounds each run, and `retry` says when one that failed is repeated.
        With a `key` that an earlier child of this task has, that child is found again instead, unless it failed or
        was canceled. `arguments` are for those whose names are taken here, such as `name`.
        Raises NotFound (operation), Invalid (argument).
        """
        request = SpawnRequest(
            operation=_full_name(operation),
            args={**arguments, **args},
            key=key,
            name=name,
            labels=dict(labels or {}),
            priority=priority,
            queue=queue,
            run_at=run_at,
            timeout=timeout,
            retry=retry,
        )
        return Child(self._run, await self._run.spawn(request))

    async def gather(self, *children: Child) -> list[Any]:
        """The results of children in their order, when all have ended. Raises ChildFailed of the first that failed."""
        tasks = await self._run.wait_for([child._task for child in children], None)  # noqa: SLF001 - of this module
        return [_result(task) for task in tasks]


class SyncChild:
    """A child that a `def` body spawned; as `Child`, blocking."""

    def __init__(self, run: BlockingRun, task: Task) -> None:
        self._run = run
        self._task = task

    @property
    def id(self) -> UUID:
        """The id of the child."""
        return self._task.id

    def wait(self, timeout: timedelta | None = None) -> Task:
        """The child when it has ended, however it did. Raises TimeoutError, Canceled."""
        (self._task,) = self._run.wait_for([self._task], timeout)
        return self._task

    def result(self, timeout: timedelta | None = None) -> Any:
        """What the child returned, when it has ended. Raises ChildFailed, TimeoutError, Canceled."""
        return _result(self.wait(timeout))


class SyncContext(RunContext):
    """The first argument of a `def` body, in a thread or a process of its own.

    A thread cannot be interrupted: such a body looks at `canceled` or calls `check()` often enough. In a process a stop
    also arrives as `Canceled`, raised wherever the body is.
    """

    def __init__(self, run: BlockingRun) -> None:
        super().__init__(run)
        self._run: BlockingRun = run

    def check(self) -> None:
        """Raises Canceled when the body is to end."""
        if self._run.stop_requested:
            raise Canceled

    def checkpoint(self) -> None:
        """As `check`; ends the run also when an operator asked to pause (if declared `pausable`).

        Resumed, the task is run anew, so keep what was done somewhere.
        """
        self.check()
        if self._run.pause_requested:
            raise Paused

    def sleep(self, duration: timedelta) -> None:
        """Sleeps; raises Canceled as soon as the body is to end."""
        self._run.sleep(duration)

    def spawn(
        self,
        operation: str | Callable[..., Any],
        /,
        *,
        key: str | None = None,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int | None = None,
        queue: str | None = None,
        run_at: datetime | None = None,
        timeout: timedelta | None = None,
        retry: Retry | None = None,
        arguments: Mapping[str, Any] = {},
        **args: Any,
    ) -> SyncChild:
        """As `Context.spawn`. Raises NotFound, Invalid, Canceled."""
        request = SpawnRequest(
            operation=_full_name(operation),
            args={**arguments, **args},
            key=key,
            name=name,
            labels=dict(labels or {}),
            priority=priority,
            queue=queue,
            run_at=run_at,
            timeout=timeout,
            retry=retry,
        )
        return SyncChild(self._run, self._run.spawn(request))

    def gather(self, *children: SyncChild) -> list[Any]:
        """As `Context.gather`. Raises ChildFailed, Canceled."""
        tasks = self._run.wait_for([child._task for child in children], None)  # noqa: SLF001 - of this module
        return [_result(task) for task in tasks]
