"""The embedded database: one SQLite file, one writer thread with group commit, reader connections.

Whatever transactions wait when the writer comes round are run, each in its savepoint, and committed together: one
fsync for all. A caller is answered after the commit, so what it was told is durable.
"""

import asyncio
import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from taskward.model.errors import Unavailable
from taskward.ports import Topic
from taskward.store import together
from taskward.store.catalogue import Batch, Call, Row, Statement, Writes
from taskward.store.migrate import missing
from taskward.store.plan import Clash, Plan, Wake

T = TypeVar("T")
P = ParamSpec("P")

_TOGETHER = (64, 16, 4)
"""For how many rows of parameters a statement is prepared."""
_PARAMETER = re.compile(r"\$(\d+)")
_GROUP = 500
"""Most transactions committed together: bounds how long the first of them waits."""

Publish = Callable[[frozenset[Topic]], None]


class _Job:
    """A plan on its way through the writer."""

    __slots__ = ("error", "future", "loop", "plan", "result", "topics")

    def __init__(self, plan: Callable[[], Plan[Any]], loop: asyncio.AbstractEventLoop) -> None:
        self.plan = plan
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None
        self.topics: frozenset[Topic] = frozenset()

    def resolve(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class SqliteDatabase:
    """Runs plans on one SQLite file (or, for tests, `:memory:`). Raises Unavailable when it cannot be opened."""

    def __init__(self, path: str | Path, publish: Publish) -> None:
        self._path = str(path)
        self._publish = publish
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._texts: dict[str, str] = {}
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._thread: threading.Thread | None = None
        self._scanner: sqlite3.Connection | None = None
        self._scans: ThreadPoolExecutor | None = None
        self.statements = 0
        """How many statements were run: what the cost tests count."""
        self.commits = 0

    # -------------------------------------------------------------- life

    async def open(self) -> None:
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        # A database in memory belongs to its connection: reads go through the writer.
        private = self._path == ":memory:"
        try:
            if not private:
                Path(self._path).parent.mkdir(parents=True, exist_ok=True)
                # Arguments and results are in it as they were given. Its companions (-wal, -shm) get the same mode.
                Path(self._path).touch(mode=0o600)
            self._writer = self._connect(cache_kib=12_000)
            self._migrate(self._writer)
            if not private:
                # What they read the system keeps in memory too: a second copy is worth little.
                self._reader = self._connect(cache_kib=4000)
                self._scanner = self._connect(cache_kib=4000)
        except BaseException as error:
            self._disconnect()
            if isinstance(error, sqlite3.Error | OSError):
                raise Unavailable(f"cannot open {self._path}: {error}") from error
            raise
        self._scans = ThreadPoolExecutor(1, "taskward-scan")
        self._thread = threading.Thread(target=self._write_loop, name="taskward-writer", daemon=True)
        self._thread.start()

    def _connect(self, *, cache_kib: int) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=60, isolation_level=None, check_same_thread=False, cached_statements=500
        )
        connection.create_function("unicode_lower", 1, str.lower, deterministic=True)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        """Brings the schema up to date under the database's write lock."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            [version] = connection.execute("PRAGMA user_version").fetchone()
            for migration in missing("sqlite", version, self._path):
                for statement in migration.statements:
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {migration.number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise

    async def close(self) -> None:
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self._jobs.put(None)
        await asyncio.to_thread(thread.join)
        if self._scans is not None:
            self._scans.shutdown()
        self._disconnect()

    def _disconnect(self) -> None:
        for connection in (self._scanner, self._reader, self._writer):
            if connection is not None:
                connection.close()
        self._scanner = self._reader = self._writer = None

    # -------------------------------------------------------------- plans

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._thread is None:
            raise Unavailable("the store is closed")
        job = _Job(lambda: plan(*args, **kwargs), asyncio.get_running_loop())
        self._jobs.put(job)
        result: T = await job.future
        return result

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs on the caller's loop: a read by index takes less than the hop to a thread."""
        if self._reader is None:
            return await self.write(plan, *args, **kwargs)
        return self._snapshot(self._reader, plan(*args, **kwargs))

    async def scan(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Like `read`, in a thread: for reads that may take longer than a loop should stand still."""
        if self._scanner is None or self._scans is None:
            return await self.write(plan, *args, **kwargs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._scans, self._snapshot, self._scanner, plan(*args, **kwargs))

    def _snapshot(self, connection: sqlite3.Connection, plan: Generator[Any, Any, T]) -> T:
        try:
            connection.execute("BEGIN")
            try:
                return self._run(connection, plan)[0]
            finally:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._named(error) from error

    # -------------------------------------------------------------- the writer

    def _write_loop(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            group = [job]
            last = False
            while len(group) < _GROUP:
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    last = True
                    break
                group.append(job)
            self._commit(group)
            if last:
                return

    def _commit(self, group: Sequence[_Job]) -> None:
        connection = self._writer
        if connection is None:
            raise Unavailable("the store is closed")
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in group:
                self._run_job(connection, job, alone=len(group) == 1)
            connection.execute("COMMIT")
            self.commits += 1
        except BaseException as error:  # noqa: BLE001 - each caller gets it
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for job in group:
                job.error = job.error or self._named(error)
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
        for job in group:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, jobs in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._answer, jobs)

    def _named(self, error: BaseException) -> BaseException:
        """The error in words that the plans' callers know."""
        if isinstance(error, sqlite3.IntegrityError):
            return Clash(str(error))
        return Unavailable(f"{self._path}: {error}") if isinstance(error, sqlite3.Error) else error

    def _answer(self, jobs: Sequence[_Job]) -> None:
        """On the callers' loop: what they asked for is durable now."""
        topics = frozenset(chain.from_iterable(job.topics for job in jobs if job.error is None))
        if topics:
            self._publish(topics)
        for job in jobs:
            job.resolve()

    def _run_job(self, connection: sqlite3.Connection, job: _Job, *, alone: bool) -> None:
        """One transaction of the group: in a savepoint, unless a failure may roll back the whole."""
        if alone:
            job.result, job.topics = self._run(connection, job.plan())
            return
        connection.execute("SAVEPOINT job")
        try:
            job.result, job.topics = self._run(connection, job.plan())
        except sqlite3.OperationalError:
            # The disk is full, the file is locked: nothing of the group can be promised.
            raise
        except BaseException as error:  # noqa: BLE001 - this caller's, not the group's
            job.error = self._named(error)
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")

    def _run(self, connection: sqlite3.Connection, plan: Generator[Any, Any, T]) -> tuple[T, frozenset[Topic]]:
        topics: frozenset[Topic] = frozenset()
        rows: list[Row] = []
        try:
            step = next(plan)
            while True:
                if isinstance(step, Call):
                    rows = self._call(connection, step)
                elif isinstance(step, Batch):
                    rows = self._batch(connection, step)
                elif isinstance(step, Writes):
                    for batch in step.batches:
                        self._batch(connection, batch)
                    rows = []
                elif isinstance(step, Wake):
                    rows, topics = [], topics | step.topics
                step = plan.send(rows)
        except StopIteration as stop:
            return stop.value, topics

    def _call(self, connection: sqlite3.Connection, step: Call) -> list[Row]:
        if not step.statement.sqlite:
            return []
        self.statements += 1
        sql, args = self._prepare(step.statement, step.args)
        return connection.execute(sql, args).fetchall()

    def _batch(self, connection: sqlite3.Connection, step: Batch) -> list[Row]:
        if not step.rows or not step.statement.sqlite:
            return []
        self.statements += 1
        sql = self._text(step.statement)
        if not step.statement.returns:
            connection.executemany(sql, step.rows)
            return []
        execute = connection.execute
        found: list[Row] = []
        done = 0
        if step.statement.sqlite_rows:
            # Giving rows back costs more than all the rest: it is done for many at once.
            for size in _TOGETHER:
                while done + size <= len(step.rows):
                    many = self._text_of_rows(step.statement, len(step.rows[0]), size)
                    found += execute(many, tuple(chain.from_iterable(step.rows[done : done + size]))).fetchall()
                    done += size
        for args in step.rows[done:]:
            found += execute(sql, args).fetchall()
        return found

    def _text(self, statement: Statement) -> str:
        sql = self._texts.get(statement.sqlite)
        if sql is None:
            sql = self._texts[statement.sqlite] = _PARAMETER.sub(r"?\1", statement.sqlite)
        return sql

    def _text_of_rows(self, statement: Statement, width: int, count: int) -> str:
        key = f"{statement.name} {count}"
        sql = self._texts.get(key)
        if sql is None:
            sql = self._texts[key] = together.for_sqlite(statement.sqlite_rows, width, count)
        return sql

    def _prepare(self, statement: Statement, args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        """The text SQLite takes; a list parameter becomes as many markers as it has members."""
        if not statement.listed:
            return self._text(statement), args
        flat: list[Any] = []

        def marker(match: re.Match[str]) -> str:
            number = int(match.group(1))
            value = args[number - 1]
            if match.group(2) is None:
                flat.append(value)
                return "?"
            flat.extend(value)
            return ",".join("?" * len(value))

        sql = _MARKER.sub(marker, statement.sqlite)
        return sql, tuple(flat)


_MARKER = re.compile(r"\$(\d+)(\[\])?")
