"""What charts show."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class Pace(Struct, frozen=True):
    """A maintained count of what happened within a stretch of time.

    `measure` is accepted, started (`bucket`: how long it had waited) or a final state (`bucket`: how long it had run);
    `bucket` is a class of durations of `taskward.model.pace`.
    """

    at: datetime
    measure: str
    bucket: int
    count: int
    lasted: timedelta
    """The sum of their durations."""


class FailureGroup(Struct, frozen=True):
    """Tasks of one operation that failed by one kind of error: how many, and the newest."""

    operation: str
    type: str
    count: int
    at: datetime
    task_id: UUID
    message: str


class PoolLine(Struct, frozen=True):
    """How many queued tasks wait for a pool, up to a bound, and how full it is."""

    name: str
    slots: int
    running: int
    queued: int


class WaitingCounts(Struct, frozen=True):
    """What tells apart why tasks wait that are in one state; each counted up to a bound."""

    gated: int
    """Scheduled ones with a gate."""
    unmet: int
    """Blocked ones that wait for other tasks."""
    pools: tuple[PoolLine, ...]


class Figures(Protocol):
    """What charts show: counts that every change keeps, by the minute, for a day.

    A client sees its own; "" sees all.
    """

    async def paces(self, since: datetime, before: datetime, step: timedelta, client: str) -> list[Pace]:
        """What happened, oldest first, in stretches of `step` (whole minutes) counted from 1970."""
        ...

    async def failures(self, since: datetime, client: str, limit: int) -> list[FailureGroup]:
        """What failed since then, the newest group first."""
        ...

    async def waiting(self, most: int) -> WaitingCounts:
        """Counts no further than `most` of each kind."""
        ...

    async def prune(self, now: datetime) -> None:
        """Forgets what is older than a day."""
        ...
