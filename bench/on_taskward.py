"""Taskward in the contest: its store and its worker, as a worker process has them."""

import asyncio
import sys
import time
from pathlib import Path

import uvloop
from contest import Entry, in_lines, main, say_start
from uuid_utils.compat import uuid7

from taskward import Context, Module
from taskward.bootstrap.house import open_house
from taskward.bootstrap.logs import configure_logs
from taskward.engine import Worker
from taskward.model.states import State
from taskward.operations import Operation, Registry
from taskward.ports import Submission, Topic
from taskward.settings import LogSettings, load

bench = Module("bench")
SAYS_START = "work" in sys.argv


@bench.operation()
async def idle(ctx: Context) -> None:  # noqa: ARG001 - an operation takes its context
    """Does nothing."""
    if SAYS_START:
        say_start()


class Taskward(Entry):
    """A database URL, or the path of a SQLite file."""

    def __init__(self, database: str) -> None:
        url = database if "://" in database else f"sqlite:///{database}"
        self._settings = load({"server.database": url, "server.data_dir": Path.cwd()}, environ={}).settings
        configure_logs(LogSettings(level="error"))

    async def open(self) -> None:
        self._opening = open_house(self._settings)
        self._house = await self._opening.__aenter__()
        self._operation = Operation.of(idle)

    async def close(self) -> None:
        await self._opening.__aexit__(None, None, None)

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        tasks, clock, operation = self._house.store.tasks, self._house.clock, self._operation

        async def submit(size: int) -> None:
            await tasks.submit(Submission(tuple(operation.new_task(uuid7(), {}) for _ in range(size))), clock.now())

        await in_lines(count, at_once, batch, submit)

    async def process(self, count: int, at_once: int) -> float:
        worker = self._worker(at_once)
        before = time.perf_counter()
        await worker.start()
        async with self._house.notifier.subscribe(Topic.EVENTS) as events:
            while await self._completed() < count:
                await events.wait()
                await asyncio.sleep(0.01)
        seconds = time.perf_counter() - before
        await worker.stop()
        return seconds

    async def work(self) -> None:
        await self.open()
        await self._worker(100).start()
        await asyncio.Event().wait()

    def _worker(self, concurrency: int) -> Worker:
        house = self._house
        return Worker(house.store, house.notifier, Registry([bench]), house.clock, concurrency=concurrency)

    async def _completed(self) -> int:
        tallies = await self._house.store.tasks.tallies()
        return sum(tally.count for tally in tallies if tally.state is State.COMPLETED)


if __name__ == "__main__":
    main(Taskward, loop_factory=uvloop.new_event_loop)
