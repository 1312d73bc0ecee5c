"""Workers, queues and pools, as operators see and set them."""

import re
from uuid import UUID

from msgspec import structs

from taskward.auth import Principal
from taskward.model.errors import Forbidden, Invalid, NotFound
from taskward.model.pools import Pool, is_open_to
from taskward.ports import Clock, Queue, WorkerInfo, Workers
from taskward.wire import PoolBody

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


class Fleet:
    """What claims tasks, and what bounds it. Looking needs read; the house alone may change.

    A client sees of it what has to do with its own tasks: who runs them, the queues they are in, the rules of pools.
    """

    def __init__(self, workers: Workers, clock: Clock) -> None:
        self._workers = workers
        self._clock = clock

    async def workers(self, principal: Principal) -> list[WorkerInfo]:
        """Alive first, then by name."""
        principal.require("read")
        found = await self._workers.workers(principal.client)
        return sorted(found, key=lambda one: (one.state != "online", one.name, one.started_at))

    async def worker(self, principal: Principal, worker_id: UUID) -> WorkerInfo:
        """Raises NotFound."""
        for worker in await self.workers(principal):
            if worker.id == worker_id:
                return worker
        raise NotFound("worker", worker_id)

    async def queues(self, principal: Principal) -> list[Queue]:
        """By name."""
        principal.require("read")
        return sorted(await self._workers.queues(principal.client), key=lambda queue: queue.name)

    async def set_queue_paused(self, principal: Principal, name: str, *, paused: bool) -> Queue:
        """Stops or allows claims from a queue; one nobody has used yet may be paused too. Needs write."""
        _require_house(principal, "write")
        _check_name(name)
        await self._workers.set_queue_paused(name, paused=paused)
        found = [queue for queue in await self._workers.queues() if queue.name == name]
        return found[0] if found else Queue(name, paused)

    async def pools(self, principal: Principal) -> list[Pool]:
        """By name."""
        principal.require("read")
        pools = [
            pool for pool in await self._workers.pools(principal.client) if is_open_to(pool.name, principal.client)
        ]
        return sorted(pools, key=lambda pool: pool.name)

    async def pool(self, principal: Principal, name: str) -> Pool:
        """Raises NotFound."""
        for pool in await self.pools(principal):
            if pool.name == name:
                return pool
        raise NotFound("pool", name)

    async def put_pool(self, principal: Principal, name: str, body: PoolBody) -> tuple[Pool, bool]:
        """Makes or changes one; True when it is new. Needs admin. Raises Invalid."""
        _require_house(principal, "admin")
        _check_name(name)
        if body.reserved > body.limit:
            raise Invalid("/reserved", f"must not be more than limit ({body.limit})")
        known = next((pool for pool in await self._workers.pools() if pool.name == name), None)
        pool = structs.replace(
            known or Pool(name, body.limit), limit=body.limit, reserved=body.reserved, threshold=body.threshold
        )
        return await self._workers.set_pool(pool, self._clock.now()), known is None

    async def delete_pool(self, principal: Principal, name: str) -> None:
        """Needs admin. Raises NotFound, and Conflict while tasks wait for or run in it."""
        _require_house(principal, "admin")
        await self._workers.delete_pool(name)


def _require_house(principal: Principal, scope: str) -> None:
    principal.require(scope)
    if principal.client:
        raise Forbidden("queues and pools are shared by all clients; only the house itself may change them")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid("name", "up to 100 letters, digits, `_`, `-`, `.` and `:`, beginning with a letter or digit")
