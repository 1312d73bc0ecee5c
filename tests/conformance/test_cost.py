"""What things cost: how many statements, along which indexes, whatever is stored."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind
from taskward.ports import Claim, Finish, TaskQuery
from taskward.store import PostgresStore, SqliteStore, SqlStore, listing, together
from taskward.store.catalogue import Call, Statement, load
from taskward.store.plan import Plan, Q
from tests.conftest import MakeStore
from tests.house import House, RecordingNotifier, exclusive, new_task

GROWING = (
    "task", "event", "log", "line", "fold", "label", "task_resource", "created_resource", "dependency", "report",
    "idempotency", "tombstone", "pace", "failure", "audit",
)  # fmt: skip
"""Tables with no bound: none of them is ever read whole."""
ALIASES = {"t": "task", "l": "line", "d": "dependency"}
READ_WHOLE = {
    "label_values": "every value of a label, by the index of labels, is what was asked for",
    "drain": "an administrator empties a registry",
    "unregister": "an administrator empties a registry",
}


class Meter:
    """Statements and commits of a database since the last look."""

    def __init__(self, store: SqlStore) -> None:
        self._database = store.database
        self.taken()

    def taken(self) -> tuple[int, int]:
        statements, commits = self._database.statements, self._database.commits
        before = getattr(self, "_before", (0, 0))
        self._before = (statements, commits)
        return statements - before[0], commits - before[1]


# ---------------------------------------------------------------- statements


def ledger_of(house: House) -> int:
    """Statements for the journal, the counters of now and those of the minute: PostgreSQL takes them as one."""
    return 1 if isinstance(house.store, PostgresStore) else 3


async def test_a_submission_is_few_statements_and_one_commit(house: House) -> None:
    """The rows, their sequence numbers; the journal, the counters of now and of the minute."""
    expected = 2 + ledger_of(house)
    await house.submit()
    meter = Meter(house.store)
    await house.submit()
    assert meter.taken() == (expected, 1)
    await house.submit_all(*(new_task() for _ in range(100)))
    assert meter.taken() == (expected, 1)
    await house.submit_all(*(new_task(labels={"a": "b"}) for _ in range(100)))
    assert meter.taken() == (expected + 1, 1)


async def test_resources_cost_the_same_for_one_and_for_many(house: House) -> None:
    await house.submit(resources=exclusive("r"))
    meter = Meter(house.store)
    await house.submit(resources=exclusive("a", "b"))
    alone, _ = meter.taken()
    await house.submit_all(*(new_task(resources=exclusive("a", f"r{n}")) for n in range(100)))
    assert meter.taken() == (alone, 1)
    # A ticket, the places in line, and what searches by resource need; PostgreSQL locks the lines.
    assert alone == 2 + ledger_of(house) + (4 if isinstance(house.store, PostgresStore) else 3)


async def test_submissions_at_once_share_statements_and_commits(house: House) -> None:
    meter = Meter(house.store)
    await asyncio.gather(*(house.submit() for _ in range(100)))
    statements, commits = meter.taken()
    assert statements <= 12
    assert commits <= 3


async def test_a_round_is_few_statements_and_one_commit_for_one_and_for_a_hundred(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(303)))
    claimed = await house.claim(1)
    for size in (1, 100, 100):
        meter = Meter(house.store)
        finishes = [Finish(task_id=task.id, attempt=1, state=State.COMPLETED, result=b"1") for task in claimed]
        wish = Claim(("default",), size, ("m.op",))
        exchange = await house.store.tasks.exchange(await house.worker(), finishes, wish, house.now)
        claimed = list(exchange.claimed)
        assert (len(claimed), exchange.lost) == (size, frozenset())
        # finish; claim the heads of the line; the journal, the counters of now and of the minute
        assert meter.taken() == (2 + ledger_of(house), 1)


async def test_a_link_of_a_chain_behind_a_lock_is_few_statements_and_one_commit(house: House) -> None:
    one, *_ = (await house.submit_all(*(new_task(resources=exclusive("r")) for _ in range(3)))).tasks
    await house.claim()
    meter = Meter(house.store)
    finish = Finish(task_id=one.id, attempt=1, state=State.COMPLETED)
    wish = Claim(("default",), 1, ("m.op",))
    assert len((await house.store.tasks.exchange(await house.worker(), [finish], wish, house.now)).claimed) == 1
    # finish, leave the line, let the next go, make it ready, claim it; PostgreSQL locks the line
    assert meter.taken() == (5 + ledger_of(house) + isinstance(house.store, PostgresStore), 1)


async def test_an_idle_round_only_looks(house: House) -> None:
    await house.claim()
    meter = Meter(house.store)
    await house.claim(50)
    assert meter.taken()[0] <= 2


async def test_pools_and_resources_add_a_bounded_number(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 200), house.now)
    await house.submit_all(*(new_task(pool="p", resources=exclusive(f"r{n}")) for n in range(101)))
    [one] = await house.claim()
    meter = Meter(house.store)
    await house.finish(one)
    alone, _ = meter.taken()
    many = await house.claim(100)
    assert meter.taken()[0] <= 11
    finishes = [Finish(task_id=task.id, attempt=1, state=State.COMPLETED) for task in many]
    await house.store.tasks.exchange(await house.worker(), finishes, None, house.now)
    # Only the heads of the hundred lines are looked at one by one.
    assert meter.taken()[0] <= alone + 99


async def test_reading_one_and_a_page_is_one_statement(house: House) -> None:
    tasks = (await house.submit_all(*(new_task(labels={"a": "b"}) for _ in range(60)))).tasks
    meter = Meter(house.store)
    await house.get(tasks[0])
    assert meter.taken()[0] == 1
    for query in (
        TaskQuery(),
        TaskQuery(states=(State.QUEUED,)),
        TaskQuery(labels=(("a", "b"),)),
        TaskQuery(client="c"),
    ):
        await house.store.tasks.page(query)
        assert meter.taken()[0] == 1
    await house.store.tasks.tallies()
    assert meter.taken()[0] == 1


async def test_a_heartbeat_is_two_statements_however_much_runs(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(200)))
    await house.claim(200)
    meter = Meter(house.store)
    await house.store.workers.heartbeat(await house.worker(), house.now)
    assert meter.taken() == (2, 1)


async def test_steps_cost_the_same_for_one_and_for_many(house: House) -> None:
    from tests.conformance.test_folding import record, step

    task = await house.run()
    await record(house, task, step(task, house, State.COMPLETED))
    meter = Meter(house.store)
    await record(house, task, step(task, house, State.COMPLETED))
    alone, _ = meter.taken()
    await record(house, task, *(step(task, house, State.COMPLETED) for _ in range(500)))
    assert meter.taken() == (alone, 1)
    assert alone <= 8


async def test_a_claim_steps_over_no_backlog(house: House) -> None:
    """17,000 tasks behind one lock: SQLite's own count of its work for another task does not grow."""
    if not isinstance(house.store, SqliteStore):
        pytest.skip("PostgreSQL keeps no such count; its plans are asserted below")
    connection = house.store.database._writer  # type: ignore[attr-defined]

    async def work() -> int:
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        connection.set_progress_handler(count, 10)
        task = await house.submit(queue="other", resources=exclusive("free"))
        [claimed] = await house.claim(queues=("other",), worker="v")
        assert claimed.id == task.id
        await house.finish(claimed, worker="v")
        connection.set_progress_handler(None, 0)
        return steps

    await work()
    alone = await work()
    for _ in range(17):
        await house.submit_all(*(new_task(resources=exclusive("hot")) for _ in range(1000)))
    assert await work() <= alone * 1.2


# ---------------------------------------------------------------- plans


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def explained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Explainer"]:
    """A store with many tasks of every kind, analysed, which tells its plans."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("plans") / "taskward.db"
        make: MakeStore = lambda notifier: SqliteStore(path, notifier)  # noqa: E731 - as the fixture make_store
        yield from _explained(make)
        return
    server = request.getfixturevalue("postgres_server")
    database = f"plans_{uuid4().hex}"
    server.create_database(database)
    yield from _explained(lambda notifier: PostgresStore(server.dsn(database), notifier))
    server.drop_database(database)


def _explained(make_store: MakeStore) -> Iterator["Explainer"]:
    with asyncio.Runner() as runner:
        store = make_store(RecordingNotifier())
        runner.run(store.open())
        try:
            explainer = Explainer(store, runner)
            runner.run(explainer.seed())
            yield explainer
        finally:
            runner.run(store.close())


SEEDED = 20_000


class Explainer:
    """Says how a database would run a statement."""

    def __init__(self, store: SqlStore, runner: asyncio.Runner) -> None:
        self.store = store
        self.runner = runner
        self.is_sqlite = isinstance(store, SqliteStore)

    async def seed(self) -> None:
        house = House(self.store, RecordingNotifier())
        for thousand in range(SEEDED // 1000):
            root = new_task(kind=Kind.EXTERNAL)
            await house.submit_all(
                root,
                *(
                    new_task(
                        operation=f"m{n % 3}.op{n % 20}",
                        module=f"m{n % 3}",
                        client=f"client{n % 50}" if n % 2 else "",
                        queue=f"q{n % 4}",
                        labels={"a": str(n % 10), "b": str(n % 7)},
                        correlation_id=f"c{n % 100}" if n % 3 else "",
                        parent_id=root.id if n % 4 == 0 else None,
                        resources=exclusive(f"r{n}") if n % 5 == 0 else (),
                        paused=n % 9 == 0,
                    )
                    for n in range(999)
                ),
            )
            house.tick(60)
            assert thousand >= 0
        await self._write(
            "UPDATE task SET state = 'completed', started_at = created_at + number % 1000, worker = 'w' || number % 8,"
            " finished_at = created_at + number WHERE number % 3 > 0"
        )
        await self._write("ANALYZE")

    async def _write(self, sql: str) -> None:
        def change() -> Plan[None]:
            yield Call(Statement("change", sql, sql, returns=False), ())

        if sql == "ANALYZE" and not self.is_sqlite:
            async with self.store.database._pool.acquire() as connection:  # type: ignore[attr-defined]
                await connection.execute(sql)
            return
        await self.store.database.write(change)

    def plan_of(self, call: Call, *, forced: bool = False) -> str:
        """`forced` keeps PostgreSQL from sorting or reading whole tables where there is any other way."""
        statement = call.statement
        told = Statement(
            statement.name,
            f"EXPLAIN QUERY PLAN {statement.sqlite}",
            f"EXPLAIN {statement.postgres}",
            returns=True,
            listed=statement.listed,
        )

        def explain() -> Plan[str]:
            if forced:
                for kind in ("seqscan", "sort", "bitmapscan", "hashjoin", "incremental_sort"):
                    yield Call(Statement("set", "", f"SET LOCAL enable_{kind} = off", returns=False), ())
            rows = yield Call(told, call.args)
            return "\n".join(str(row[-1]) for row in rows)

        return self.runner.run(self.store.database.scan(explain))


BY_INDEX: list[tuple[dict[str, Any], str]] = [
    ({"states": (State.FAILED,)}, "task_state"),
    ({"states": (State.CANCELED,), "queue": "nowhere"}, "task_state"),
    ({"operations": ("rare.op",)}, "task_operation"),
    ({"modules": ("rare",)}, "task_module"),
    ({"client": "client1"}, "task_client"),
    ({"parent_id": UUID(int=1)}, "task_parent"),
    ({"root_id": UUID(int=1)}, "task_tree"),
    ({"labels": (("a", "1"),)}, "label_value"),
    ({"labels": (("a", "1"), ("b", "2"))}, "label_value"),
    ({"resource": "r0"}, "task_resource_name"),
    ({"worker": "rare"}, "task_worker"),
    ({"correlation_id": "c1"}, "task_correlation"),
    ({"client": "client1", "operations": ("m0.op0",)}, "task_client"),
    ({"states": (State.FAILED,), "roots_only": True, "queue": "q1"}, "task_state"),
    ({"modules": ("rare",), "text": "x"}, "task_module"),
]
"""Filters, and the index that a list sorted by creation is read along."""
ALONG_NUMBERS: list[dict[str, Any]] = [
    {}, {"client": ""}, {"roots_only": True}, {"queue": "q1"}, {"pool": "p"}, {"text": "x"}, {"internal": True},
    {"operations": ("m0.op0", "m1.op1")}, {"correlation_id": ""},
]  # fmt: skip
SORTED = {"started": "task_started", "finished": "task_finished"}


def selects(query: TaskQuery, after: listing.Cursor | None) -> list[Call]:
    state = query.states[0] if query.states else None
    select = listing._Select(query, state, (0, 2**63 - 1), after)
    return [select.page(), select.stretch_end()] if select.is_bounded else [select.page()]


def sorts(plan: str) -> bool:
    return bool(re.search(r"TEMP B-TREE|\bSort\b", plan))


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("later", [False, True])
def test_every_list_is_read_in_order_along_its_index(explained: Explainer, sign: str, *, later: bool) -> None:
    after = listing.Cursor(5, 10_000) if later else None
    shapes = [*BY_INDEX, *((filters, "") for filters in ALONG_NUMBERS)]
    for filters, index in shapes:
        for sort in ("created", "started", "finished"):
            query = TaskQuery(**filters, sort=sign + sort)
            expected = index if sort == "created" else SORTED[sort]
            for call in selects(query, after):
                plan = explained.plan_of(call, forced=True)
                assert not sorts(plan), (query, plan)
                assert expected in plan or not expected, (query, plan)
                assert "Seq Scan" not in plan, (query, plan)
                if explained.is_sqlite and expected:
                    assert re.search(
                        rf"SEARCH \w+ USING (COVERING )?INDEX {expected}|SCAN t USING.*{expected}", plan
                    ), plan
                if explained.is_sqlite and not expected:
                    assert ("SEARCH t USING INTEGER PRIMARY KEY (rowid" in plan) or not later, (query, plan)


def test_left_to_itself_postgresql_reads_no_table_whole(explained: Explainer) -> None:
    """A page without filters, and with each that an index answers, as the planner likes best."""
    for filters, _ in [({}, ""), *BY_INDEX]:
        plan = explained.plan_of(listing._Select(TaskQuery(**filters), *_first(filters), None).page())
        assert "Seq Scan on task" not in plan, (filters, plan)


def _first(filters: dict[str, Any]) -> tuple[State | None, tuple[int, int]]:
    return (filters.get("states") or (None,))[0], (0, 2**63 - 1)


def test_a_claim_reads_the_head_of_the_ready_line(explained: Explainer) -> None:
    for pool in ("", "p"):
        for forced in (False, True):
            plan = explained.plan_of(Q.ready_heads(pool, "q1", 10, ["m0.op0", "m1.op1"]), forced=forced)
            assert "task_ready" in plan
            assert not sorts(plan), plan
            assert "Seq Scan" not in plan
    for forced in (False, True):
        plan = explained.plan_of(Q.claim_heads("q1", bytes(16), 1, 10, ["m0.op0", "m1.op1"]), forced=forced)
        assert "task_ready" in plan
        assert not sorts(plan), plan
        assert "Seq Scan on task" not in plan


def test_no_statement_reads_a_growing_table_whole(explained: Explainer) -> None:
    """All of the catalogue: where no index can answer, a table that grows would be read from end to end."""
    guilty: dict[str, str] = {}
    for statement in load():
        if statement.name in READ_WHOLE:
            continue
        for plan in _generic_plans(explained, statement):
            tables = re.findall(r"SCAN (\w+)\b(?! USING)|Seq Scan on (\w+)", plan)
            if any(ALIASES.get(name, name) in GROWING for names in tables for name in names):
                guilty[statement.name] = plan
    assert guilty == {}


def test_a_statement_for_many_rows_finds_each_by_its_id(explained: Explainer) -> None:
    for statement in load():
        if not statement.sqlite_rows or "INSERT" in statement.sqlite_rows:
            continue
        [_, plan] = _generic_plans(explained, statement)
        assert "sqlite_autoindex_task_1 (id=?)" in plan or "task_id_key" in plan, (statement.name, plan)


def _generic_plans(explained: Explainer, statement: Statement) -> list[str]:
    """How the statement is run for one row of parameters and, where it may be, for many."""
    text = statement.sqlite if explained.is_sqlite else statement.postgres
    if not re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", text):
        return []
    count = max((int(number) for number in re.findall(r"\$(\d+)", text)), default=0)
    if explained.is_sqlite:
        args = tuple([None] if number in statement.listed else None for number in range(1, count + 1))
        plans = [explained.plan_of(Call(statement, args))]
        if statement.sqlite_rows:
            many = together.for_sqlite(statement.sqlite_rows, count, 4)
            plans.append(
                explained.plan_of(Call(Statement(statement.name, many, "", returns=True), (None,) * count * 4))
            )
        return plans
    plans = [explained.runner.run(_generic(explained.store, text, count))]
    if statement.postgres_rows:
        plans.append(explained.runner.run(_generic_of_rows(explained.store, statement, count)))
    return plans


async def _generic_of_rows(store: SqlStore, statement: Statement, count: int) -> str:
    database: Any = store.database
    async with database._pool.acquire() as connection:
        text = together.for_postgres(statement.postgres_rows, await database._types_of(connection, statement))
    return await _generic(store, text, count)


async def _generic(store: SqlStore, sql: str, count: int) -> str:
    pool = store.database._pool  # type: ignore[attr-defined]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE told AS {sql}")
        values = ", ".join(["NULL"] * count)
        rows = await connection.fetch(f"EXPLAIN EXECUTE told{f'({values})' if count else ''}")
        await connection.execute("DEALLOCATE told")
    return "\n".join(str(row[0]) for row in rows)
