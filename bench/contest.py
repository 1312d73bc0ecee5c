"""What every contestant does alike, whatever it is made of: read its task, time itself, say the result.

Only the standard library is used here: contestants run in virtual environments of their own. One contest is a process,
`python on_something.py QUESTION OPTIONS`, whose last line on stdout is a JSON object of figures.
"""

import argparse
import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

PAUSE_SECONDS = 0.02
"""Between two tasks of the latency question: the worker is idle again."""


class Entry:
    """What one contestant can be asked. Each answer is a dict of figures, rates per second."""

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        """Durably submits `count` no-op tasks: by `at_once` submitters, `batch` of them together."""
        raise NotImplementedError

    async def process(self, count: int, at_once: int) -> float:
        """Runs `count` tasks that were submitted, `at_once` at a time; returns the seconds it took."""
        raise NotImplementedError

    async def work(self) -> None:
        """Runs tasks until the process is ended; each says when it began by `say_start`."""
        raise NotImplementedError

    async def open(self) -> None:
        """Gets ready to submit."""

    async def close(self) -> None:
        """The opposite."""


def main(make: Callable[[str], Entry], *, loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Runs what the command line asks for. `make` gets the database's address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("question", choices=["submit", "process", "latency", "work"])
    parser.add_argument("--database", required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    answers: dict[str, Callable[[], Coroutine[Any, Any, dict[str, float]]]] = {
        "submit": lambda: _submit(make(options.database), options.count, options.at_once, options.batch),
        "process": lambda: _process(make(options.database), options.count, options.at_once),
        "latency": lambda: _latency(make(options.database), options.database, options.count),
        "work": lambda: _work(make(options.database)),
    }
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        print(json.dumps(runner.run(answers[options.question]())))


async def _submit(entry: Entry, count: int, at_once: int, batch: int) -> dict[str, float]:
    await entry.open()
    try:
        await entry.submit(batch * at_once, at_once, batch)
        before, cpu_before = time.perf_counter(), time.process_time()
        await entry.submit(count, at_once, batch)
        seconds, cpu_seconds = time.perf_counter() - before, time.process_time() - cpu_before
        return {"rate": count / seconds, "cpu_us": cpu_seconds / count * 1e6}
    finally:
        await entry.close()


async def _process(entry: Entry, count: int, at_once: int) -> dict[str, float]:
    await entry.open()
    try:
        await entry.submit(count, 1, 1000)
        cpu_before = time.process_time()
        seconds = await entry.process(count, at_once)
        cpu_seconds = time.process_time() - cpu_before
        return {"rate": count / seconds, "cpu_us": cpu_seconds / count * 1e6, "rss_mb": resident_bytes() / 1e6}
    finally:
        await entry.close()


async def _latency(entry: Entry, database: str, count: int) -> dict[str, float]:
    """From the call that submits in one process to the start of the body in another."""
    await entry.open()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, sys.argv[0], "work", "--database", database), stdout=subprocess.PIPE
    )
    try:
        samples: list[float] = []
        for number in range(-count // 10, count):
            await asyncio.sleep(PAUSE_SECONDS)
            called = time.monotonic_ns()
            await entry.submit(1, 1, 1)
            began = await _start_of_next(worker)
            if number >= 0:
                samples.append((began - called) / 1e6)
        samples.sort()
        return {
            "p50_ms": samples[len(samples) // 2],
            "p99_ms": samples[len(samples) * 99 // 100],
            "rss_mb": resident_bytes(worker.pid) / 1e6,
        }
    finally:
        worker.kill()
        await worker.wait()
        await entry.close()


async def _start_of_next(worker: asyncio.subprocess.Process) -> int:
    if worker.stdout is None:
        raise RuntimeError("the worker has no stdout")
    async with asyncio.timeout(30):
        while line := await worker.stdout.readline():
            if line.startswith(b"began "):
                return int(line.split()[1])
    raise RuntimeError("the worker ended")


async def _work(entry: Entry) -> dict[str, float]:
    await entry.work()
    return {}


def say_start() -> None:
    """For the body of a no-op task, when somebody asks for its latency."""
    print("began", time.monotonic_ns(), flush=True)


async def in_lines(count: int, at_once: int, batch: int, submit: Callable[[int], Awaitable[Any]]) -> None:
    """Submits `count` tasks, `batch` at a time, in `at_once` lines that each wait for their answers."""
    rest = count

    async def line() -> None:
        nonlocal rest
        while rest > 0:
            size = min(batch, rest)
            rest -= size
            await submit(size)

    await asyncio.gather(*(line() for _ in range(at_once)))


def resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process has now; 0 where that cannot be asked."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmRSS:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0
