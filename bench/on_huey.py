"""Huey in the contest, on SQLite with durable writes: a consumer of one thread, which serves no-op tasks best."""

import asyncio
import logging
import sys
import time

import uvloop
from contest import Entry, in_lines, main, say_start
from huey import SqliteHuey

SAYS_START = "work" in sys.argv


class Huey(Entry):
    """The path of a SQLite file."""

    def __init__(self, database: str) -> None:
        logging.disable(logging.CRITICAL)
        self._huey = SqliteHuey("bench", filename=database, fsync=True, results=False)
        self._ran = 0

        @self._huey.task()
        def idle() -> None:
            self._ran += 1
            if SAYS_START:
                say_start()

        self._idle = idle

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        async def submit(size: int) -> None:
            for _ in range(size):
                self._idle()

        await in_lines(count, at_once, batch, submit)

    async def process(self, count: int, at_once: int) -> float:  # noqa: ARG002 - more threads make it slower
        consumer = self._huey.create_consumer(workers=1, periodic=False, initial_delay=0.001, max_delay=0.01)
        before = time.perf_counter()
        consumer.start()
        while self._ran < count:  # noqa: ASYNC110 - its threads do not know this loop
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - before
        consumer.stop(graceful=True)
        return seconds

    async def work(self) -> None:
        self._huey.create_consumer(workers=1, periodic=False).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(Huey, loop_factory=uvloop.new_event_loop)
