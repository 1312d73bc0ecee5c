"""The client's methods for work that something outside runs: tell Taskward of it, so that it is tracked."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from taskward.client.tasks import TaskMethods, TaskRef
from taskward.client.transport import Transport, segment
from taskward.model.states import FINAL, State
from taskward.wire import ExternalEnd, ExternalLog, ExternalLogs, ExternalProgress, Submit, TaskView

OUTSIDE = "external.work"
"""The operation of tracked work whose kind has no better name."""


class ExternalMethods(TaskMethods):
    """Track work that no worker runs."""

    _transport: Transport

    async def begin(
        self,
        name: str,
        *,
        operation: str = OUTSIDE,
        args: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        parent_id: UUID | None = None,
        abortable: bool = False,
    ) -> TaskView:
        """Makes a task in state running for work that has begun outside.

        `abortable` says that whoever runs it looks at the task's state and stops when asked to.
        """
        body = Submit(
            operation=operation,
            name=name,
            args=dict(args or {}),
            labels=dict(labels or {}),
            parent_id=parent_id,
            state=State.RUNNING,
            abortable=abortable,
        )
        return await self.submit_one(body)

    async def report(self, task: TaskRef, progress: ExternalProgress) -> TaskView:
        """Tells how far outside work is."""
        return await self._transport.call("POST", f"/v1/tasks/{segment(task)}/progress", TaskView, body=progress)

    async def add_logs(self, task: TaskRef, *lines: ExternalLog) -> None:
        """Adds log lines to outside work."""
        await self._transport.do("POST", f"/v1/tasks/{segment(task)}/logs", body=ExternalLogs(lines=list(lines)))

    async def finish(
        self, task: TaskRef, state: State | str = State.COMPLETED, *, result: Any = None, error: str | None = None
    ) -> TaskView:
        """Tells how outside work ended: completed, failed or canceled."""
        body = ExternalEnd(state=State(state), result=result, error=error)
        return await self._transport.call("POST", f"/v1/tasks/{segment(task)}:finish", TaskView, body=body)

    @asynccontextmanager
    async def track(
        self,
        name: str,
        *,
        operation: str = OUTSIDE,
        args: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        parent_id: UUID | None = None,
    ) -> AsyncGenerator["Tracked", None]:
        """Tracks what its block does as a task: completed when the block ends, failed when it raises.

        async with client.track("nightly import", labels={"source": "crm"}) as work:
            await work.progress(3, total=10, unit="files")
        """
        task = await self.begin(name, operation=operation, args=args, labels=labels, parent_id=parent_id)
        tracked = Tracked(self, task)
        try:
            yield tracked
        except asyncio.CancelledError:
            await tracked.finish(State.CANCELED)
            raise
        except BaseException as error:
            await tracked.finish(State.FAILED, error=f"{type(error).__name__}: {error}")
            raise
        await tracked.finish(result=tracked.result)


class Tracked:
    """Work that is being tracked. Set `result` to what the task shall have as its result."""

    def __init__(self, client: ExternalMethods, task: TaskView) -> None:
        self._client = client
        self.task = task
        self.result: Any = None

    async def progress(
        self, done: float, total: float | None = None, *, unit: str = "", message: str = "", code: str | None = None
    ) -> None:
        """Tells how far it is; with `code`, in a named report beside the task's own progress."""
        progress = ExternalProgress(done=done, total=total, unit=unit, message=message, code=code)
        self.task = await self._client.report(self.task.id, progress)

    async def log(self, message: str, /, severity: str = "info", **fields: Any) -> None:
        """Adds a log line."""
        await self._client.add_logs(self.task.id, ExternalLog(message=message, severity=severity, fields=fields))

    async def finish(
        self, state: State | str = State.COMPLETED, *, result: Any = None, error: str | None = None
    ) -> None:
        """Ends it, unless it has ended already."""
        if self.task.state not in FINAL:
            self.task = await self._client.finish(self.task.id, state, result=result, error=error)
