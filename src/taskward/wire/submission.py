"""Tasks handed over, and the answer to many."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from taskward.model.policy import Priority, Resource, Retry
from taskward.model.states import State
from taskward.wire.instant import Instant
from taskward.wire.task import TaskView


class Submit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks` (or one of up to 1,000 in `{"tasks": [...]}`)."""

    operation: Annotated[str, Meta(min_length=1, max_length=200)]
    args: dict[str, Any] = field(default_factory=dict)
    name: Annotated[str, Meta(max_length=200)] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    priority: Priority | None = None
    queue: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    pool: Annotated[str, Meta(max_length=100)] | None = None
    run_at: Instant | None = None
    gate: str | None = None
    """A URL that must answer 2xx or 3xx to GET before the task may start."""
    depends_on: list[UUID] = field(default_factory=list)
    even_if_failed: bool = False
    resources: list[Resource] | None = None
    """Added to those the operation declares."""
    parent_id: UUID | None = None
    key: str | None = None
    paused: bool = False
    callbacks: list[str] | None = None
    """URLs that are told, by POST, when tasks of its tree start and end and when it ends itself."""
    persist: bool | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] | None = None
    retry: Retry | None = None
    state: State | None = None
    """`running` creates a task tracked from outside: no worker runs it; `operation` need not be registered."""
    abortable: bool | None = None
    """Only with `state: running`."""


class SubmitMany(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted together or not at all."""

    tasks: Annotated[list[Submit], Meta(min_length=1, max_length=1000)]


class Replayed(Struct, frozen=True):
    """Answer to a submission of many: `{"items": [...]}` in the order of the request."""

    items: list[TaskView]
