"""Who runs tasks: workers with their leases, and the queues, pools and operations they work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from taskward.model.pools import Pool
from taskward.model.task import Task


class WorkerInfo(Struct, frozen=True, kw_only=True):
    """A process that claims and runs tasks, alive while its heartbeat is."""

    id: UUID
    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    operations: tuple[str, ...]
    concurrency: int
    version: str
    started_at: datetime
    heartbeat_at: datetime
    state: str = "online"
    """online, draining, gone (said goodbye) or lost (stopped without)."""
    running: int = 0
    current_task: UUID | None = None
    """One of those it runs: the oldest."""


class Pulse(Struct, frozen=True):
    """The store's answer to a heartbeat.

    `alive` is False when the worker was declared lost meanwhile: it must stop what it runs.
    `stop` are the attempts it runs that were asked to end, `pause` those asked to pause at a checkpoint.
    """

    alive: bool
    stop: tuple[tuple[UUID, int], ...] = ()
    pause: tuple[tuple[UUID, int], ...] = ()


class Queue(Struct, frozen=True):
    """A named line of claimable tasks; `paused` stops claims from it."""

    name: str
    paused: bool = False
    queued: int = 0
    running: int = 0
    workers: int = 0


class OperationInfo(Struct, frozen=True, kw_only=True):
    """What a process tells of an operation it can run, so that every server can list it and check arguments."""

    name: str
    module: str
    description: str
    spec: dict[str, Any]
    """The defaults and policies, as `taskward.operations.Operation.describe` gives them."""
    schema: dict[str, Any]
    """JSON Schema of the arguments object."""
    seen_at: datetime


class Workers(Protocol):
    """Workers, their leases, and the queues and pools they work."""

    async def register(self, info: WorkerInfo) -> None:
        """Makes a worker known and its lease begin."""
        ...

    async def heartbeat(self, worker_id: UUID, now: datetime) -> Pulse:
        """Renews every lease of the worker with one statement."""
        ...

    async def stops(self, worker_id: UUID) -> Pulse:
        """What `heartbeat` tells, without renewing."""
        ...

    async def held(self, worker_id: UUID) -> list[tuple[UUID, int]]:
        """The tasks and attempts that the worker holds the leases of."""
        ...

    async def retire(self, worker_id: UUID, state: str, now: datetime) -> None:
        """Sets draining or gone."""
        ...

    async def reap(self, before: datetime, now: datetime, limit: int) -> list[Task]:
        """Declares workers lost whose last heartbeat is older than `before`, and ends the attempts of lost and gone
        workers: canceling ones are canceled; the others run again while their policy's `lost_limit` allows, and
        fail with code `worker-lost` after that. Returns up to `limit` tasks it changed.
        """
        ...

    async def workers(self, client: str = "") -> list[WorkerInfo]:
        """Every worker not forgotten, oldest first; for a client, those that run its tasks, as if only these."""
        ...

    async def forget(self, before: datetime) -> int:
        """Removes workers gone or lost since before an instant."""
        ...

    async def set_pool(self, pool: Pool, now: datetime) -> Pool:
        """Makes or changes a pool; never touches what runs; wakes the dispatchers."""
        ...

    async def enclose(self, outer: Pool, names: Sequence[str]) -> None:
        """Makes or changes a pool, and puts pools of these names within it, with what runs in them."""
        ...

    async def delete_pool(self, name: str) -> None:
        """Raises NotFound; Conflict while tasks wait for or run in it."""
        ...

    async def pools(self, client: str = "") -> list[Pool]:
        """Every pool, by name; for a client, as if nothing of others ran in them."""
        ...

    async def set_queue_paused(self, name: str, *, paused: bool) -> None:
        """Stops or resumes claims from a queue; what runs goes on."""
        ...

    async def queues(self, client: str = "") -> list[Queue]:
        """Every queue that has tasks, workers or a pause; for a client, those its tasks are in, as if it were alone."""
        ...

    async def publish_operations(self, operations: Sequence[OperationInfo]) -> None:
        """Stores what a process can run, replacing what was known by the same names."""
        ...

    async def operations(self) -> list[OperationInfo]:
        """Every operation ever published, by name."""
        ...
