"""Procrastinate in the contest, as its documentation sets it up: psycopg, a worker with LISTEN/NOTIFY."""

import asyncio
import logging
import sys
import time

import procrastinate
from contest import Entry, in_lines, main, say_start

SAYS_START = "work" in sys.argv


class Procrastinate(Entry):
    """The address of a PostgreSQL database."""

    def __init__(self, database: str) -> None:
        logging.disable(logging.CRITICAL)
        connector = procrastinate.PsycopgConnector(conninfo=database, min_size=4, max_size=8)
        self._app = procrastinate.App(connector=connector)

        @self._app.task(name="idle")
        async def idle() -> None:
            if SAYS_START:
                say_start()

        self._idle = idle

    async def open(self) -> None:
        await self._app.open_async()
        if not await self._app.check_connection_async():
            await self._app.schema_manager.apply_schema_async()

    async def close(self) -> None:
        await self._app.close_async()

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        async def submit(size: int) -> None:
            if size == 1:
                await self._idle.defer_async()
            else:
                await self._idle.batch_defer_async(*({} for _ in range(size)))

        await in_lines(count, at_once, batch, submit)

    async def process(self, count: int, at_once: int) -> float:  # noqa: ARG002 - it drains what there is
        before = time.perf_counter()
        await self._app.run_worker_async(concurrency=at_once, wait=False, install_signal_handlers=False)
        return time.perf_counter() - before

    async def work(self) -> None:
        await self.open()
        await self._app.run_worker_async(concurrency=100)


if __name__ == "__main__":
    main(Procrastinate, loop_factory=asyncio.SelectorEventLoop)
