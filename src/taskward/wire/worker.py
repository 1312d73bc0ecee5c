"""A process that runs tasks."""

from uuid import UUID

from msgspec import Struct

from taskward.wire.instant import Instant


class WorkerView(Struct, frozen=True, kw_only=True):
    """A process that claims and runs tasks."""

    id: UUID
    name: str
    host: str
    pid: int
    state: str
    queues: list[str]
    operations: list[str]
    concurrency: int
    running: int
    version: str
    started_at: Instant
    heartbeat_at: Instant
