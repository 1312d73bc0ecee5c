"""What a running attempt tells before it ends: progress, reports, log lines, steps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from taskward.model.task import Progress, Report
from taskward.model.tree import Folded


class ProgressNote(Struct, frozen=True):
    """New progress of a running task, or of one of its steps."""

    task_id: UUID
    attempt: int
    progress: Progress
    step_id: UUID | None = None


class ReportNote(Struct, frozen=True):
    """A named report of a running task."""

    task_id: UUID
    attempt: int
    report: Report


class LogNote(Struct, frozen=True):
    """A log line to keep."""

    task_id: UUID
    at: datetime
    severity: int
    source: str
    message: str
    attempt: int = 0
    step_id: UUID | None = None
    visible: bool = True
    fields: dict[str, Any] = field(default_factory=dict)


class StepOpened(Struct, frozen=True):
    """A step that is still open when the notes are written: it becomes an addressable task of kind step.

    `record.state` is running; `record.parent_id` is the run's task or an outer step.
    """

    task_id: UUID
    attempt: int
    record: Folded


class StepClosed(Struct, frozen=True):
    """A step that ended: its record goes to its parent, already folded (see `taskward.model.tree`)."""

    task_id: UUID
    attempt: int
    record: Folded


class CreationNote(Struct, frozen=True):
    """A running task has created a resource."""

    task_id: UUID
    attempt: int
    name: str


Note = ProgressNote | ReportNote | CreationNote | LogNote | StepOpened | StepClosed
