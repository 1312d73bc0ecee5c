"""The least that a durable task engine can be, on SQLite or PostgreSQL: the limit that others are measured against.

One table of 21 columns with 5 indexes, claims with priorities, attempts and leases, batches that are finished and
claimed in one transaction, and on SQLite one writer thread with group commit. There are no retries, heartbeats,
cancellations, trees, events, counters or logs.
"""

import asyncio
import json
import queue
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import uvloop
from contest import Entry, in_lines, main, say_start

SAYS_START = "work" in sys.argv
LEASE_SECONDS = 10
GROUP = 500
POLL_SECONDS = 0.001

SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    number {serial}, id {uuid} NOT NULL, operation TEXT NOT NULL, queue TEXT NOT NULL, priority INT NOT NULL,
    state TEXT NOT NULL, attempt INT NOT NULL, worker TEXT, lease_until BIGINT, args TEXT NOT NULL, result TEXT,
    error TEXT, labels TEXT NOT NULL, client TEXT NOT NULL, parent_id {uuid}, root_id {uuid} NOT NULL,
    created_at BIGINT NOT NULL, run_at BIGINT, started_at BIGINT, finished_at BIGINT, updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS job_id ON job (id);
CREATE INDEX IF NOT EXISTS job_ready ON job (queue, priority, number) WHERE state = 'queued';
CREATE INDEX IF NOT EXISTS job_lease ON job (lease_until) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS job_state ON job (state, number);
CREATE INDEX IF NOT EXISTS job_operation ON job (operation, number);
"""
COLUMNS = "id, operation, queue, priority, state, attempt, args, labels, client, root_id, created_at, updated_at"

Row = tuple[Any, ...]


def new_row() -> Row:
    """A no-op task as it is inserted."""
    task_id = uuid.uuid4().bytes
    now = time.time_ns() // 1000
    return (task_id, "bench.idle", "default", 5, "queued", 0, "{}", "{}", "", task_id, now, now)


class SqliteJobs:
    """The table in a SQLite file. Whatever waits when the writer comes round is committed together."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()

    async def open(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.executescript(SCHEMA.format(serial="INTEGER PRIMARY KEY", uuid="BLOB"))
        self._thread = threading.Thread(target=self._write_loop, daemon=True)
        self._thread.start()

    async def close(self) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    async def insert(self, rows: Sequence[Row]) -> None:
        def run() -> None:
            self._connection.executemany(_insert("?"), rows)

        await self._write(run)

    async def exchange(self, finished: Sequence[int], limit: int) -> list[tuple[int, str]]:
        """Ends these and claims up to `limit` others, in one transaction."""

        def run() -> list[tuple[int, str]]:
            now = time.time_ns() // 1000
            execute, executemany = self._connection.execute, self._connection.executemany
            if finished:
                executemany(
                    "UPDATE job SET state = 'completed', result = 'null', finished_at = ?1, updated_at = ?1,"
                    " lease_until = NULL WHERE number = ?2 AND state = 'running'",
                    [(now, number) for number in finished],
                )
            if not limit:
                return []
            return execute(
                "UPDATE job SET state = 'running', attempt = attempt + 1, worker = 'w', lease_until = ?2,"
                " started_at = ?1, updated_at = ?1 WHERE number IN (SELECT number FROM job WHERE state = 'queued'"
                " AND queue = 'default' ORDER BY priority, number LIMIT ?3) RETURNING number, args",
                (now, now + LEASE_SECONDS * 1_000_000, limit),
            ).fetchall()

        return await self._write(run)

    async def _write(self, run: Callable[[], Any]) -> Any:
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.put((run, future))
        return await future

    def _write_loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            while len(group) < GROUP and not self._jobs.empty():
                if (job := self._jobs.get()) is None:
                    self._jobs.put(None)
                    break
                group.append(job)
            self._connection.execute("BEGIN IMMEDIATE")
            results = [run() for run, _ in group]
            self._connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_resolve, group, results)


def _resolve(group: Sequence[Any], results: Sequence[Any]) -> None:
    for (_, future), result in zip(group, results, strict=True):
        if not future.done():
            future.set_result(result)


class PostgresJobs:
    """The table in PostgreSQL, through a pool of connections."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(self._dsn, min_size=4, max_size=8)
        async with self._pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock(1)")
            await connection.execute(SCHEMA.format(serial="BIGSERIAL PRIMARY KEY", uuid="BYTEA"))
            await connection.execute("SELECT pg_advisory_unlock(1)")

    async def close(self) -> None:
        await self._pool.close()

    async def insert(self, rows: Sequence[Row]) -> None:
        if len(rows) == 1:
            await self._pool.execute(_insert("$"), *rows[0])
            return
        columns = list(map(list, zip(*rows, strict=True)))
        types = ("bytea", "text", "text", "int", "text", "int", "text", "text", "text", "bytea", "bigint", "bigint")
        arrays = ", ".join(f"${index + 1}::{kind}[]" for index, kind in enumerate(types))
        await self._pool.execute(f"INSERT INTO job ({COLUMNS}) SELECT * FROM unnest({arrays})", *columns)  # noqa: S608

    async def exchange(self, finished: Sequence[int], limit: int) -> list[tuple[int, str]]:
        """Ends these and claims up to `limit` others, in one transaction."""
        now = time.time_ns() // 1000
        async with self._pool.acquire() as connection, connection.transaction():
            if finished:
                await connection.execute(
                    "UPDATE job SET state = 'completed', result = 'null', finished_at = $1, updated_at = $1,"
                    " lease_until = NULL WHERE number = ANY($2::bigint[]) AND state = 'running'",
                    now,
                    finished,
                )
            if not limit:
                return []
            rows: list[tuple[int, str]] = await connection.fetch(
                "UPDATE job SET state = 'running', attempt = attempt + 1, worker = 'w', lease_until = $2,"
                " started_at = $1, updated_at = $1 WHERE number = ANY(ARRAY(SELECT number FROM job WHERE"
                " state = 'queued' AND queue = 'default' ORDER BY priority, number LIMIT $3 FOR UPDATE SKIP LOCKED))"
                " RETURNING number, args",
                now,
                now + LEASE_SECONDS * 1_000_000,
                limit,
            )
            return rows


def _insert(marker: str) -> str:
    count = COLUMNS.count(",") + 1
    values = ", ".join(f"{marker}{index + 1}" for index in range(count))
    return f"INSERT INTO job ({COLUMNS}) VALUES ({values})"  # noqa: S608


class Prototype(Entry):
    """A database URL, or the path of a SQLite file."""

    def __init__(self, database: str) -> None:
        self._jobs = PostgresJobs(database) if "://" in database else SqliteJobs(database)

    async def open(self) -> None:
        await self._jobs.open()

    async def close(self) -> None:
        await self._jobs.close()

    async def submit(self, count: int, at_once: int, batch: int) -> None:
        await in_lines(count, at_once, batch, lambda size: self._jobs.insert([new_row() for _ in range(size)]))

    async def process(self, count: int, at_once: int) -> float:
        before = time.perf_counter()
        done = 0
        finished: list[int] = []
        prefetch = 1 if at_once == 1 else 2 * at_once
        while done < count:
            claimed = await self._jobs.exchange(finished, prefetch)
            done += len(finished)
            finished = []
            await asyncio.gather(*(self._run(number, args, finished) for number, args in claimed))
        return time.perf_counter() - before

    async def work(self) -> None:
        await self.open()
        finished: list[int] = []
        while True:
            claimed = await self._jobs.exchange(finished, 200)
            finished = []
            for number, args in claimed:
                await self._run(number, args, finished)
            if not claimed:
                await asyncio.sleep(POLL_SECONDS)

    async def _run(self, number: int, args: str, finished: list[int]) -> None:
        json.loads(args)
        if SAYS_START:
            say_start()
        finished.append(number)


if __name__ == "__main__":
    main(Prototype, loop_factory=uvloop.new_event_loop)
