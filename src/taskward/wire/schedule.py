"""A recurring submission."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from taskward.model.policy import Priority
from taskward.wire.instant import Instant


class ScheduleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/schedules/{name}`: exactly one of `every_seconds` and `cron`."""

    operation: str
    args: dict[str, Any] = field(default_factory=dict)
    every_seconds: Annotated[float, Meta(ge=1)] | None = None
    cron: str | None = None
    timezone: str = "UTC"
    first_in_seconds: Annotated[float, Meta(ge=0)] | None = None
    priority: Priority | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""
    active: bool = True


class ScheduleView(Struct, frozen=True, kw_only=True):
    """A recurring submission."""

    name: str
    operation: str
    args: dict[str, Any]
    every_seconds: float | None
    cron: str | None
    timezone: str
    priority: int | None
    queue: str | None
    labels: dict[str, str]
    description: str
    active: bool
    next_at: Instant | None
    last_at: Instant | None
    last_task_id: UUID | None
    in_words: str
    """When it ticks, in English."""
    next_ticks: list[Instant]
    """The next five."""


class SchedulePatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/schedules/{name}`."""

    active: bool


class RecurrenceBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/schedules:preview`: exactly one of `every_seconds` and `cron`."""

    every_seconds: Annotated[float, Meta(ge=1)] | None = None
    cron: str | None = None
    timezone: str = "UTC"


class RecurrenceView(Struct, frozen=True, kw_only=True):
    """When a schedule made now would tick: in English, and the next five instants."""

    in_words: str
    next_ticks: list[Instant]
