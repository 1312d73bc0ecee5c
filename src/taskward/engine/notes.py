"""What a body tells, until it is written: the newest progress, log lines, and steps folded in memory."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from taskward.model.masking import mask_text, mask_value
from taskward.model.states import State
from taskward.model.task import Kind, Progress, Report, Task, TaskError
from taskward.model.tree import Folded, absorb, rolled_up
from taskward.operations.run import StepOpening
from taskward.ports import Clock, CreationNote, LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened

ROOM = 2_000
"""Notes of one run that may be unwritten before its body is made to wait, where it can be."""

_MOST_LOG_LINES = 10 * ROOM


class _OpenStep:
    """A step that has not ended yet, and what its ended parts have left."""

    __slots__ = (
        "done", "dropped", "kept", "opening", "parent", "parts", "progress", "sent", "since", "total", "unsent_parts"
    )  # fmt: skip

    def __init__(self, opening: StepOpening, parent: "_OpenStep | None", since: datetime) -> None:
        self.opening = opening
        self.parent = parent
        self.since = since
        self.progress = opening.progress
        self.sent = False
        self.parts = 0
        """Steps open directly inside it."""
        self.unsent_parts: list[UUID] = []
        """Ended steps directly inside it, not written yet: they need not be if it ends before."""
        self.kept: list[Folded] = []
        self.dropped: Counter[str] = Counter()
        self.done = self.total = 0.0
        """What its ended parts have done, and of how much."""

    def absorb(self, record: Folded) -> None:
        kept, dropped = absorb((record,))
        self.kept += kept
        self.dropped.update(dropped)
        self.done += record.progress.done
        self.total += record.progress.total or 0


class RunNotes:
    """The unwritten notes of one run. Any thread may add to them."""

    def __init__(self, task: Task, clock: Clock, on_dirty: "Callable[[RunNotes], None]") -> None:
        self.task_id = task.id
        self._task = task
        self._clock = clock
        self._on_dirty = on_dirty
        self._lock = threading.Lock()
        self._is_dirty = False
        self._is_over = False
        self._progress: Progress | None = None
        self._reports: dict[str, Report] = {}
        self._creations: dict[str, CreationNote] = {}
        self._logs: list[LogNote] = []
        self._lines_lost = 0
        self._open: dict[UUID, _OpenStep] = {}
        self._fresh: dict[UUID, _OpenStep] = {}
        self._moved: dict[UUID, _OpenStep] = {}
        self._closed: dict[UUID, StepClosed] = {}
        self.in_flight = False
        """Notes were taken and are not written yet."""

    @property
    def unwritten(self) -> bool:
        """Whether something would be missing from the store if the task ended now; its own progress aside."""
        unwritten = (self._reports, self._creations, self._logs, self._fresh, self._moved, self._closed)
        return self.in_flight or any(unwritten)

    @property
    def is_full(self) -> bool:
        """Whether the body should wait until some notes are written."""
        return len(self._closed) + len(self._logs) + len(self._fresh) + len(self._creations) >= ROOM

    def progress(self, progress: Progress, step_id: UUID | None) -> None:
        """The newest progress of the task, or of an open step."""
        with self._lock:
            if self._is_over:
                return
            if step_id is None:
                self._progress = progress
            elif (step := self._open.get(step_id)) is not None:
                step.progress = progress
                if step.sent:
                    self._moved[step_id] = step
        self._mark()

    def report(self, report: Report) -> None:
        """The newest state of a named report."""
        with self._lock:
            if self._is_over:
                return
            self._reports[report.code] = report
        self._mark()

    def creation(self, name: str) -> None:
        """The name of a resource that was created."""
        with self._lock:
            if self._is_over:
                return
            self._creations[name] = CreationNote(self.task_id, self._task.attempt, name)
        self._mark()

    def log(
        self,
        severity: int,
        message: str,
        fields: Mapping[str, Any],
        step_id: UUID | None,
        source: str = "task",
        *,
        visible: bool = True,
    ) -> None:
        """A log line. What is not JSON in its fields is shown as text."""
        shown = mask_value(msgspec.to_builtins(dict(fields), enc_hook=str)) if fields else {}
        note = LogNote(
            task_id=self.task_id,
            at=self._clock.now(),
            severity=severity,
            source=source,
            message=mask_text(message),
            attempt=self._task.attempt,
            step_id=step_id,
            visible=visible,
            fields=shown,
        )
        with self._lock:
            if self._is_over:
                return
            if len(self._logs) >= _MOST_LOG_LINES:
                self._lines_lost += 1
            else:
                self._logs.append(note)
        self._mark()

    def open(self, opening: StepOpening) -> None:
        """A step begins."""
        now = self._clock.now()
        with self._lock:
            if self._is_over:
                return
            parent = self._open.get(opening.parent_id)
            step = _OpenStep(opening, parent, now)
            if parent is not None:
                parent.parts += 1
            self._open[opening.id] = self._fresh[opening.id] = step
        self._mark()

    def close(self, step_id: UUID, state: State, error: TaskError | None) -> None:
        """A step has ended, and with it what is still open inside."""
        now = self._clock.now()
        with self._lock:
            step = self._open.get(step_id)
            if step is not None:
                self._close(step, state, error, now)
        self._mark()

    def close_all(self, state: State, error: TaskError | None) -> None:
        """The body has ended: its open steps end as it did, and what still comes is dropped."""
        if self._open:
            now = self._clock.now()
            with self._lock:
                for step in [step for step in self._open.values() if step.parent is None]:
                    self._close(step, state, error, now)
            self._mark()
        self._is_over = True

    def discard(self) -> None:
        """Drops everything: the attempt is not ours any more."""
        with self._lock:
            self._is_over = True
            self._progress = None
            self._reports.clear()
            self._creations.clear()
            self._logs.clear()
            self._open.clear()
            self._fresh.clear()
            self._moved.clear()
            self._closed.clear()

    def take(self) -> list[Note]:
        """Everything unwritten, in the order in which the store is to apply it."""
        task_id, attempt = self.task_id, self._task.attempt
        with self._lock:
            self._is_dirty = False
            notes: list[Note] = [StepOpened(task_id, attempt, self._record(step)) for step in self._fresh.values()]
            notes += (ProgressNote(task_id, attempt, step.progress, step_id) for step_id, step in self._moved.items())
            if self._progress is not None:
                notes.append(ProgressNote(task_id, attempt, self._progress))
            notes += (ReportNote(task_id, attempt, report) for report in self._reports.values())
            notes += self._creations.values()
            notes += self._logs
            if self._lines_lost:
                notes.append(self._loss())
            notes += self._closed.values()
            for step in self._fresh.values():
                step.sent = True
            for step in self._open.values():
                step.unsent_parts.clear()
            self._progress = None
            self._lines_lost = 0
            self._logs = []
            self._reports.clear()
            self._creations.clear()
            self._fresh.clear()
            self._moved.clear()
            self._closed.clear()
            self.in_flight = bool(notes)
        return notes

    def take_progress(self) -> Progress | None:
        """The task's own progress, if it is unwritten: it may travel with the end of the task."""
        with self._lock:
            progress, self._progress = self._progress, None
        return progress

    def _mark(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            self._on_dirty(self)

    def _close(self, step: _OpenStep, state: State, error: TaskError | None, now: datetime) -> None:
        if step.parts:
            for inner in [inner for inner in self._open.values() if inner.parent is step]:
                self._close(inner, state, error, now)
        step_id = step.opening.id
        del self._open[step_id]
        self._fresh.pop(step_id, None)
        self._moved.pop(step_id, None)
        for part_id in step.unsent_parts:
            self._closed.pop(part_id, None)
        record = self._record(step, state, error, now)
        self._closed[step_id] = StepClosed(self.task_id, self._task.attempt, record)
        if step.parent is not None:
            step.parent.parts -= 1
            step.parent.absorb(record)
            # A step the store knows as open must be told to end, whatever becomes of the outer one.
            if not step.sent:
                step.parent.unsent_parts.append(step_id)

    def _record(
        self,
        step: _OpenStep,
        state: State = State.RUNNING,
        error: TaskError | None = None,
        finished_at: datetime | None = None,
    ) -> Folded:
        opening = step.opening
        return Folded(
            id=opening.id,
            parent_id=opening.parent_id,
            kind=Kind.STEP,
            operation=self._task.operation,
            name=opening.name,
            type=opening.type,
            scope=opening.scope,
            labels=opening.labels,
            state=state,
            attempt=self._task.attempt,
            created_at=step.since,
            started_at=step.since,
            finished_at=finished_at,
            error=error,
            progress=rolled_up(step.progress, step.done, step.total) if finished_at else step.progress,
            children=tuple(step.kept) if finished_at else (),
            dropped=dict(step.dropped) if finished_at else {},
        )

    def _loss(self) -> LogNote:
        return LogNote(
            task_id=self.task_id,
            at=self._clock.now(),
            severity=2,
            source="worker",
            message=f"{self._lines_lost} log lines were dropped: they came faster than they could be written",
            attempt=self._task.attempt,
        )
