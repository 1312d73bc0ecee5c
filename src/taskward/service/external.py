"""Work that something outside runs: it tells its progress, its log lines and its end."""

from collections.abc import Sequence

import msgspec

from taskward.auth import Principal
from taskward.model.errors import Conflict, Invalid
from taskward.model.masking import mask_text, mask_value
from taskward.model.states import State
from taskward.model.task import Kind, Progress, Report, Task, TaskError
from taskward.ports import Clock, LogNote, Note, ProgressNote, ReportNote, Tasks
from taskward.service.tasks import Ref, TaskDesk
from taskward.wire import ExternalEnd, ExternalLog, ExternalProgress

SEVERITIES = ("debug", "info", "warning", "error", "fatal")
"""By number."""

_ENDS = (State.COMPLETED, State.FAILED, State.CANCELED)


class ExternalWork:
    """Reports from outside. Each method needs the scope write and raises NotFound, and Conflict for a worker's task."""

    def __init__(self, desk: TaskDesk, tasks: Tasks, clock: Clock) -> None:
        self._desk = desk
        self._tasks = tasks
        self._clock = clock

    async def progress(self, principal: Principal, ref: Ref, told: ExternalProgress) -> Task:
        """How far it is. Raises Conflict when it has ended."""
        task = await self._external(principal, ref)
        note: Note
        if told.code is None:
            progress = Progress(told.done, told.total, told.unit, told.message)
            note = ProgressNote(task.id, task.attempt, progress)
        elif told.code:
            report = Report(told.code, told.done, told.total, told.unit, told.message, told.state)
            note = ReportNote(task.id, task.attempt, report)
        else:
            raise Invalid("/code", "must not be empty; leave it out for the task's own progress")
        if await self._tasks.record(None, [note], self._clock.now()):
            raise Conflict(f"task {task.number} has ended: {(await self._tasks.get(task.id)).state}")
        return await self._tasks.get(task.id)

    async def log(self, principal: Principal, ref: Ref, lines: Sequence[ExternalLog]) -> None:
        """Log lines, also after its end. Raises Invalid for an unknown severity."""
        task = await self._external(principal, ref)
        now = self._clock.now()
        notes = [
            LogNote(
                task_id=task.id,
                at=now,
                severity=severity_number(f"/lines/{index}/severity", line.severity),
                source=line.source,
                message=mask_text(line.message),
                attempt=task.attempt,
                fields=mask_value(line.fields),
            )
            for index, line in enumerate(lines)
        ]
        await self._tasks.record(None, notes, now)

    async def finish(self, principal: Principal, ref: Ref, end: ExternalEnd) -> Task:
        """Its end. Raises IllegalTransition when it has ended already."""
        task = await self._external(principal, ref)
        if end.state not in _ENDS:
            raise Invalid("/state", f"must be one of {', '.join(_ENDS)}")
        if end.error is not None and end.state is State.COMPLETED:
            raise Invalid("/error", "what has completed has no error; use state failed")
        result = None if end.result is None else msgspec.json.encode(end.result)
        error = None if end.error is None else TaskError(type="External", message=mask_text(end.error))
        return await self._tasks.finish_external(task.id, end.state, result, error, self._clock.now())

    async def _external(self, principal: Principal, ref: Ref) -> Task:
        principal.require("write")
        task = await self._desk.find(principal, ref)
        if task.kind is not Kind.EXTERNAL:
            raise Conflict(f"task {task.number} is run by a worker, which reports on it itself")
        return task


def severity_number(field: str, name: str) -> int:
    """Raises Invalid for a word that is not a severity."""
    try:
        return SEVERITIES.index(name)
    except ValueError:
        raise Invalid(field, f"must be one of {', '.join(SEVERITIES)}") from None
