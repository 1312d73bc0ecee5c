"""The distributed database: PostgreSQL through asyncpg. Each plan is one transaction on a pooled connection."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import asyncpg

from taskward.model.errors import Invalid, Unavailable
from taskward.ports import Topic
from taskward.store import together
from taskward.store.catalogue import Batch, Call, Row, Statement, Writes
from taskward.store.migrate import missing
from taskward.store.plan import Clash, Plan, Wake

T = TypeVar("T")
P = ParamSpec("P")

_MIGRATION_LOCK = 0x7461736B77617264
_FOR_EVER = 2**62
"""A connection that is closed after so many queries loses its prepared statements."""
_ATTEMPTS = 8
"""How often a transaction is run that PostgreSQL ended to resolve a deadlock."""
_CLASHES = 2
"""How often one is run that wrote a key somebody else had just written: the second time it sees whose."""
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_SNAPSHOT = {"isolation": "repeatable_read", "readonly": True}
_DOWN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    # What asyncpg says when a connection breaks in the middle of an answer.
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""What means that the database cannot be used now, whatever was asked of it."""

Publish = Callable[[frozenset[Topic]], None]


class PostgresDatabase:
    """Runs plans on a PostgreSQL database. Raises Unavailable when it cannot be reached."""

    def __init__(self, dsn: str, publish: Publish, *, connections: int = 8) -> None:
        self._dsn = dsn
        self._publish = publish
        self._connections = connections
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._types: dict[str, tuple[str, ...]] = {}
        """Of the parameters of statements, by name; the same for every connection."""
        self.statements = 0
        """How many statements (round trips) were run: what the cost tests count."""
        self.commits = 0

    # -------------------------------------------------------------- life

    async def open(self) -> None:
        try:
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=self._connections, init=_prepare, reset=_leave_as_it_is,
                command_timeout=60, statement_cache_size=500, max_queries=_FOR_EVER,
            )  # fmt: skip
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable(f"cannot reach PostgreSQL: {error}") from error
        try:
            async with self._pool.acquire() as connection:
                await self._migrate(connection)
        except BaseException:
            await self.close()
            raise

    async def _migrate(self, connection: Any) -> None:
        """Brings the schema up to date under an advisory lock."""
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
            await connection.execute("CREATE TABLE IF NOT EXISTS taskward_schema (version BIGINT NOT NULL)")
            version = await connection.fetchval("SELECT max(version) FROM taskward_schema") or 0
            for migration in missing("postgres", version, "the database"):
                for statement in migration.statements:
                    await connection.execute(statement)
                await connection.execute("INSERT INTO taskward_schema VALUES ($1)", migration.number)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    # -------------------------------------------------------------- plans

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                with _errors_named():
                    async with self._acquire() as connection, connection.transaction():
                        result, topics = await self._run(connection, plan(*args, **kwargs))
            except _AGAIN as error:
                if attempt + 1 == _ATTEMPTS:
                    raise Unavailable(f"PostgreSQL: {error}") from error
                await asyncio.sleep(0.005 * 2**attempt)
                continue
            except asyncpg.UniqueViolationError as error:
                if attempt + 1 >= _CLASHES:
                    raise Clash(str(error)) from error
                continue
            self.commits += 1
            if topics:
                self._publish(topics)
            return result
        raise AssertionError("unreachable")

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Each statement sees its own snapshot: one round trip fewer than a transaction, twice."""
        with _errors_named():
            async with self._acquire() as connection:
                result, _ = await self._run(connection, plan(*args, **kwargs))
        return result

    async def scan(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """All statements see one snapshot."""
        with _errors_named():
            async with self._acquire() as connection, connection.transaction(**_SNAPSHOT):
                result, _ = await self._run(connection, plan(*args, **kwargs))
        return result

    def _acquire(self) -> Any:
        if self._pool is None:
            raise Unavailable("the store is closed")
        return self._pool.acquire()

    async def _run(self, connection: Any, plan: Plan[T]) -> tuple[T, frozenset[Topic]]:
        topics: frozenset[Topic] = frozenset()
        rows: list[Row] = []
        try:
            step = next(plan)
            while True:
                if isinstance(step, Call):
                    rows = await self._call(connection, step)
                elif isinstance(step, Batch):
                    rows = await self._batch(connection, step)
                elif isinstance(step, Writes):
                    await self._writes(connection, step)
                    rows = []
                elif isinstance(step, Wake):
                    rows, topics = [], topics | step.topics
                step = plan.send(rows)
        except StopIteration as stop:
            return stop.value, topics

    async def _call(self, connection: Any, step: Call) -> list[Row]:
        if not step.statement.postgres:
            return []
        self.statements += 1
        rows: list[Row] = await connection.fetch(step.statement.postgres, *step.args)
        return rows

    async def _batch(self, connection: Any, step: Batch) -> list[Row]:
        if not step.rows or not step.statement.postgres:
            return []
        self.statements += 1
        sql = step.statement.postgres
        if len(step.rows) == 1:
            found: list[Row] = await connection.fetch(sql, *step.rows[0])
            return found
        if step.statement.postgres_rows:
            types = await self._types_of(connection, step.statement)
            sql = together.for_postgres(step.statement.postgres_rows, types)
            many: list[Row] = await connection.fetch(sql, *_columns(step))
            return many
        if not step.statement.returns:
            await connection.executemany(sql, step.rows)
            return []
        return await connection.fetchmany(sql, step.rows)  # type: ignore[no-any-return]

    async def _writes(self, connection: Any, step: Writes) -> None:
        """All batches by one statement, of which the last is the main part and the others are before it."""
        self.statements += 1
        texts = [(one.statement.postgres_rows, await self._types_of(connection, one.statement)) for one in step.batches]
        columns = [column for batch in step.batches for column in _columns(batch)]
        await connection.execute(together.all_for_postgres(texts), *columns)

    async def _types_of(self, connection: Any, statement: Statement) -> tuple[str, ...]:
        """What PostgreSQL takes a statement's parameters for."""
        types = self._types.get(statement.name)
        if types is None:
            parameters = (await connection.prepare(statement.postgres)).get_parameters()
            types = self._types[statement.name] = tuple(parameter.name for parameter in parameters)
        return types


def _columns(batch: Batch) -> list[list[Any]]:
    return [list(column) for column in zip(*batch.rows, strict=True)]


@contextmanager
def _errors_named() -> Iterator[None]:
    """Turns what PostgreSQL and the network say into words that callers know; deadlocks and clashes pass."""
    try:
        yield
    except asyncpg.CharacterNotInRepertoireError as error:
        raise Invalid("", f"has a character that cannot be stored: {error}") from error
    except _DOWN as error:
        raise Unavailable(f"PostgreSQL: {error}") from error


async def _leave_as_it_is(_: Any) -> None:
    """No plan leaves anything in a session: to clear it after each would cost a round trip every time."""


async def _prepare(connection: Any) -> None:
    """Ids travel as 16 bytes, as in the embedded database."""
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
