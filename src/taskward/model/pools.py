"""Pools: how many roots may run at once, with slots reserved for the urgent.

Of `limit` slots, `reserved` are only for tasks whose priority is `threshold` or more urgent. Urgent tasks are charged
to the reserved slots first, so ordinary ones can always reach `limit - reserved` and never exceed it.
"""

from datetime import datetime, timedelta

from msgspec import Struct


class Pool(Struct, frozen=True):
    """A bound on concurrently running roots, and how full it is now."""

    name: str
    limit: int
    reserved: int = 0
    threshold: int = 5
    """A priority number up to and including this is urgent."""
    running: int = 0
    running_ordinary: int = 0
    """Those of `running` that are not urgent."""
    within: str = ""
    """Another pool, of which each of its tasks takes a slot too; that one is in none."""
    scheduled_from: datetime | None = None
    """Scheduled tasks that have not started yet stay so until then."""
    gate_interval: timedelta | None = None
    """How often the gate of one of its tasks is asked again; None follows the setting of that name."""

    def is_urgent(self, priority: int) -> bool:
        """Whether a task of this priority may take a reserved slot."""
        return priority <= self.threshold

    @property
    def free(self) -> int:
        """Slots an urgent task may take."""
        return max(self.limit - self.running, 0)

    @property
    def free_ordinary(self) -> int:
        """Slots an ordinary task may take."""
        return max(min(self.free, self.limit - self.reserved - self.running_ordinary), 0)

    def admits(self, priority: int) -> bool:
        """Whether a task of this priority may start now."""
        return (self.free if self.is_urgent(priority) else self.free_ordinary) > 0


_JOBS = "jobs"


def job_pool(client: str) -> str:
    """The name of the pool of a client's jobs; that of the house itself for ""."""
    return f"{_JOBS}:{client}" if client else _JOBS


def client_of(name: str) -> str | None:
    """Whose jobs a pool is for; None for one that is not for jobs of a client."""
    if name == _JOBS:
        return ""
    return name.removeprefix(f"{_JOBS}:") if name.startswith(f"{_JOBS}:") else None


def is_open_to(name: str, client: str) -> bool:
    """Whether a client (all of them for "") may know of a pool: it is shared, or that of the client's own jobs."""
    return not client or client_of(name) in (None, client)
