"""Recurring submissions."""

from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct, field


class Schedule(Struct, frozen=True, kw_only=True):
    """A recurring submission. Exactly one of `every` and `cron` is set; missed ticks collapse into one."""

    name: str
    operation: str
    args: dict[str, Any] = field(default_factory=dict)
    every: timedelta | None = None
    cron: str | None = None
    timezone: str = "UTC"
    first_in: timedelta | None = None
    """Until the first tick after it is made or activated; None means one interval."""
    client: str = ""
    priority: int | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""
    active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When it was last made anew by somebody; ticks do not count."""
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_task_id: UUID | None = None


class Schedules(Protocol):
    """Recurring submissions."""

    async def save(self, schedule: Schedule, now: datetime) -> Schedule:
        """Makes or replaces one."""
        ...

    async def delete(self, name: str) -> None:
        """Raises NotFound."""
        ...

    async def all(self) -> list[Schedule]:
        """Every schedule, by name."""
        ...

    async def due(self, now: datetime) -> list[Schedule]:
        """Active ones whose next tick has come."""
        ...

    async def tick(
        self, name: str, expected: datetime, next_at: datetime | None, task_id: UUID | None, now: datetime
    ) -> bool:
        """Moves a schedule on if its next tick is still `expected`: of many processes, one gets True.

        None for a tick that submitted nothing: the last task stays the one of the tick before.
        """
        ...
