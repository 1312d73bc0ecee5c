"""PgQueuer in the contest, as its documentation sets it up: asyncpg, batches, a worker with LISTEN/NOTIFY."""

import logging
import sys
import time
from datetime import timedelta

import asyncpg
import uvloop
from contest import Entry, in_lines, main, say_start
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

SAYS_START = "work" in sys.argv
MOST_IN_BATCH = 100


class PgQueuer(Entry):
    """The address of a PostgreSQL database."""

    def __init__(self, database: str) -> None:
        logging.disable(logging.CRITICAL)
        self._database = database

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(self._database, min_size=4, max_size=8)
        self._queries = Queries(AsyncpgPoolDriver(self._pool))
        if not await self._pool.fetchval("SELECT to_regclass('pgqueuer')"):
            await self._queries.install()

    async def close(self) -> None:
        await self._pool.close()

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        async def submit(size: int) -> None:
            if size == 1:
                await self._queries.enqueue("idle", None)
            else:
                await self._queries.enqueue(["idle"] * size, [None] * size, [0] * size)

        await in_lines(count, at_once, batch, submit)

    async def process(self, count: int, at_once: int) -> float:  # noqa: ARG002 - it drains what there is
        manager = await self._manager()
        before = time.perf_counter()
        await manager.run(
            dequeue_timeout=timedelta(seconds=5),
            batch_size=at_once,
            mode=QueueExecutionMode.drain,
            max_concurrent_tasks=2 * at_once,
        )
        return time.perf_counter() - before

    async def work(self) -> None:
        await self.open()
        manager = await self._manager()
        await manager.run(batch_size=10)

    async def _manager(self) -> QueueManager:
        manager = QueueManager(Queries(AsyncpgDriver(await asyncpg.connect(self._database))))

        @manager.entrypoint("idle")
        async def idle(_: Job) -> None:
            if SAYS_START:
                say_start()

        return manager


if __name__ == "__main__":
    main(PgQueuer, loop_factory=uvloop.new_event_loop)
