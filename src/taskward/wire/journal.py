"""Events and log lines."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from taskward.wire.instant import Instant


class EventView(Struct, frozen=True):
    """One event. In a stream `cursor` is the SSE id and `kind` the SSE event name."""

    cursor: str
    task_id: UUID
    root_id: UUID
    kind: str
    at: Instant
    data: dict[str, Any]


class LogView(Struct, frozen=True):
    """One line of a task's log."""

    seq: int
    task_id: UUID
    step_id: UUID | None
    at: Instant
    severity: str
    source: str
    message: str
    attempt: int
    fields: dict[str, Any]
