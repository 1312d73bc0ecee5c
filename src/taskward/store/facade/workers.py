"""Workers, queues, pools and what workers can run, as the engine and the service see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from taskward.model.pools import Pool
from taskward.model.task import Task
from taskward.ports import OperationInfo, Pulse, Queue, WorkerInfo
from taskward.store import fleet, pools
from taskward.store.plan import Database
from taskward.store.rows import to_micros


class Workers:
    """`taskward.ports.Workers` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def register(self, info: WorkerInfo) -> None:
        await self._db.write(fleet.register, info)

    async def heartbeat(self, worker_id: UUID, now: datetime) -> Pulse:
        return await self._db.write(fleet.heartbeat, worker_id.bytes, to_micros(now))

    async def stops(self, worker_id: UUID) -> Pulse:
        return await self._db.read(fleet.stops, worker_id.bytes)

    async def held(self, worker_id: UUID) -> list[tuple[UUID, int]]:
        return await self._db.read(fleet.held, worker_id.bytes)

    async def retire(self, worker_id: UUID, state: str, now: datetime) -> None:
        await self._db.write(fleet.retire, worker_id.bytes, state, to_micros(now))

    async def reap(self, before: datetime, now: datetime, limit: int) -> list[Task]:
        return await self._db.write(fleet.reap, to_micros(before), to_micros(now), limit)

    async def workers(self, client: str = "") -> list[WorkerInfo]:
        return await self._db.read(fleet.workers, client)

    async def forget(self, before: datetime) -> int:
        return await self._db.write(fleet.forget, to_micros(before))

    async def set_pool(self, pool: Pool, now: datetime) -> Pool:  # noqa: ARG002 - the port's shape
        return await self._db.write(pools.set_pool, pool)

    async def enclose(self, outer: Pool, names: Sequence[str]) -> None:
        await self._db.write(pools.enclose, outer, names)

    async def delete_pool(self, name: str) -> None:
        await self._db.write(pools.delete_pool, name)

    async def pools(self, client: str = "") -> list[Pool]:
        return await self._db.read(pools.pools, client)

    async def set_queue_paused(self, name: str, *, paused: bool) -> None:
        await self._db.write(fleet.set_queue_paused, name, paused=paused)

    async def queues(self, client: str = "") -> list[Queue]:
        return await self._db.read(fleet.queues, client)

    async def publish_operations(self, operations: Sequence[OperationInfo]) -> None:
        await self._db.write(fleet.publish_operations, operations)

    async def operations(self) -> list[OperationInfo]:
        return await self._db.read(fleet.operations)
