"""The same to many tasks."""

from uuid import UUID

from msgspec import Struct

from taskward.wire.instant import Instant
from taskward.wire.task import TaskView


class BulkPreview(Struct, frozen=True, kw_only=True):
    """What a bulk action would reach."""

    count: int
    at_least: bool
    """Counting stopped here: there may be more."""
    items: list[TaskView]
    """The newest of them."""
    at: Instant
    """When this was so: as `created_before` it keeps later tasks out of the action."""


class BulkRefusal(Struct, frozen=True):
    """A task that was not changed, and why."""

    id: UUID
    detail: str


class BulkDone(Struct, frozen=True, kw_only=True):
    """What one request of a bulk action has done."""

    changed: int
    refused: list[BulkRefusal]
    next: str | None
    """Goes into `filter.after` of the next request; null when nothing is left."""
