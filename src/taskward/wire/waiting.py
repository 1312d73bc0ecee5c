"""Waiting for tasks to end."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

from taskward.wire.task import TaskView


class WaitBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks:wait`: answered when every task meant is final, or after `timeout_seconds`.

    Meant are the tasks named by `ids`; without ids, every root that the other members let through.
    """

    ids: Annotated[list[UUID], Meta(max_length=1000)] | None = None
    module: str | None = None
    operation: str | None = None
    client: str | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    timeout_seconds: Annotated[float, Meta(ge=0, le=300)] = 30


class Waited(Struct, frozen=True):
    """Answer to a wait. `done` is False when the time was over first."""

    done: bool
    items: list[TaskView]
    """The tasks named, as they are now and in the order named; of a filter, up to 1,000 that are still unfinished."""
