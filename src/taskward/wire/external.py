"""Work tracked from outside: its progress, its log and its end."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from taskward.model.states import State


class ExternalProgress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}/progress`, for work tracked from outside.

    With `code` it is a named report, else the task's own progress.
    """

    done: float = 0
    total: float | None = None
    unit: str = ""
    message: str = ""
    code: str | None = None
    state: State = State.RUNNING


class ExternalLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `POST /v1/tasks/{id}/logs` (`{"lines": [...]}`)."""

    message: str
    severity: str = "info"
    """debug, info, warning, error or fatal."""
    source: str = "external"
    fields: dict[str, Any] = field(default_factory=dict)


class ExternalLogs(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}/logs`."""

    lines: Annotated[list[ExternalLog], Meta(min_length=1, max_length=1000)]


class ExternalEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}:finish`: how work tracked from outside ended."""

    state: State
    """completed, failed or canceled."""
    result: Any = None
    error: str | None = None
