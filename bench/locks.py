"""17,000 tasks behind one lock: how fast an unrelated task starts meanwhile, and how fast the chain drains.

    python bench/locks.py [--quick] [--json FILE]

A store, and a worker in this process, on each database. The start of an unrelated task is measured from the call that
submits it to the first line of its body, on an empty queue and then with the crowd waiting. Medians of the probes.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from uuid_utils.compat import uuid7

sys.path.insert(0, str(Path(__file__).parents[1]))

from taskward import Context, Module, exclusive
from taskward.bootstrap.house import House, open_house
from taskward.bootstrap.logs import configure_logs
from taskward.engine import Worker
from taskward.model.states import State
from taskward.operations import Operation, Registry
from taskward.ports import Submission, Topic
from taskward.settings import LogSettings, load
from tests.postgres import running_postgres

CROWD, PROBES = 17_000, 200
BATCH = 1000
SLOWER, DRAINED = 1.5, 500
"""What is to be reached: so many times an empty queue's start at most, so many tasks per second at least."""
PAUSE_SECONDS = 0.005
"""Between two probes: the worker is idle again."""

locks = Module("locks")
began: asyncio.Queue[float] = asyncio.Queue()
opened = asyncio.Event()


@locks.operation()
async def probe(ctx: Context) -> None:  # noqa: ARG001 - an operation takes its context
    """Says when it began."""
    began.put_nowait(time.perf_counter())


@locks.operation(resources=[exclusive("hot")])
async def holder(ctx: Context) -> None:  # noqa: ARG001 - as above
    """Holds the lock until the crowd waits."""
    began.put_nowait(time.perf_counter())
    await opened.wait()


@locks.operation(resources=[exclusive("hot")])
async def waiter(ctx: Context) -> None:
    """Does nothing, behind the lock."""


def main() -> int:
    """Asks on both databases, prints, and writes the figures as JSON where told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the crowd and of the probes")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    share = 10 if options.quick else 1
    configure_logs(LogSettings(level="error"))
    print(f"{os.cpu_count()} cores, {CROWD // share:,} tasks behind one lock")
    found = uvloop.run(_ask_both(CROWD // share, PROBES // share))
    if options.json:
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "crowd": CROWD // share, **found}, indent=1))
    return 0


def line(store: str, figures: dict[str, float]) -> str:
    """A row of the table."""
    slower = figures["crowded_ms"] / figures["empty_ms"]
    return (
        f"{store:<9} unrelated task starts after {figures['empty_ms']:.2f} ms on an empty queue,"
        f" {figures['crowded_ms']:.2f} ms beside the crowd: x {slower:.2f} ({_verdict(slower <= SLOWER)}: {SLOWER});"
        f" chain drains at {figures['drained']:,.0f}/s ({_verdict(figures['drained'] >= DRAINED)}: {DRAINED})"
    )


def _verdict(reached: bool) -> str:  # noqa: FBT001 - its only question
    return "reached" if reached else "NOT reached"


@contextmanager
def _database(store: str) -> Iterator[str]:
    if store == "sqlite":
        with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
            yield f"sqlite:///{folder}/bench.db"
        return
    with running_postgres({}) as server:
        server.create_database("bench")
        yield server.dsn("bench")


async def _ask_both(crowd: int, probes: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for store in ("sqlite", "postgres"):
        with _database(store) as url:
            found[store] = await _ask(url, crowd, probes)
        print(line(store, found[store]), flush=True)
    return found


async def _ask(url: str, crowd: int, probes: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="taskward-bench-") as folder:
        settings = load({"server.database": url, "server.data_dir": folder}, environ={}).settings
        async with open_house(settings) as house:
            worker = Worker(house.store, house.notifier, Registry([locks]), house.clock)
            await worker.start()
            try:
                return await _figures(house, crowd, probes)
            finally:
                await worker.stop()


async def _figures(house: House, crowd: int, probes: int) -> dict[str, float]:
    await _starts(house, probes // 5)
    empty = await _starts(house, probes)
    opened.clear()
    await _submit(house, holder, 1)
    await began.get()
    for _ in range(crowd // BATCH):
        await _submit(house, waiter, BATCH)
    crowded = await _starts(house, probes)
    before = time.perf_counter()
    opened.set()
    async with house.notifier.subscribe(Topic.EVENTS) as events:
        while await _ended(house, "locks.waiter") < crowd // BATCH * BATCH:
            await events.wait()
            await asyncio.sleep(0.05)
    seconds = time.perf_counter() - before
    return {"empty_ms": empty, "crowded_ms": crowded, "drained": crowd // BATCH * BATCH / seconds}


async def _starts(house: House, probes: int) -> float:
    """Milliseconds from a submission to the start of its body: the median."""
    taken: list[float] = []
    for _ in range(probes):
        await asyncio.sleep(PAUSE_SECONDS)
        before = time.perf_counter()
        await _submit(house, probe, 1)
        taken.append((await began.get() - before) * 1000)
    return sorted(taken)[probes // 2]


async def _submit(house: House, function: object, count: int) -> None:
    operation = Operation.of(function)
    tasks = tuple(operation.new_task(uuid7(), {}) for _ in range(count))
    await house.store.tasks.submit(Submission(tasks), house.clock.now())


async def _ended(house: House, operation: str) -> int:
    tallies = await house.store.tasks.tallies()
    return sum(tally.count for tally in tallies if tally.operation == operation and tally.state is State.COMPLETED)


if __name__ == "__main__":
    sys.exit(main())
