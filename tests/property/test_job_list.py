"""Whatever is asked of `GET /jobs`, it finds what a model of its documentation finds, on both databases."""

import asyncio
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskward.auth import HOUSE, Authenticator
from taskward.http.task_engine import filters
from taskward.http.task_engine.errors import Refused
from taskward.http.task_engine.wire import encode
from taskward.http.task_engine.words import listed_job
from taskward.model.conditions import ALWAYS
from taskward.model.policy import Rules
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.modules.workflow import Shelf
from taskward.notify import LocalNotifier
from taskward.operations import Registry
from taskward.ports import Change
from taskward.service import Service
from taskward.store import PostgresStore, SqliteStore, SqlStore
from taskward.testing import ManualClock
from tests.house import House, RecordingNotifier, exclusive, new_task
from tests.postgres import PostgresServer
from tests.property.job_list_model import NUMBERS, Shown, listed

CLIENTS = ("acme", "beta")
CONTENT = ("abc", "ABC_1", "ä%b", "x'y")


class Jobs:
    """A house with some sixty jobs in every state, and the door that lists them."""

    def __init__(self, runner: asyncio.Runner, house: House) -> None:
        self.run = runner.run
        self.house = house
        clock = ManualClock()
        self.service = Service.of(
            house.store,
            notifier=LocalNotifier(),
            clock=clock,
            operations=Registry(),
            authenticator=Authenticator(house.store.registry, clock),
            shelf=Shelf([], Path()),
        )
        self.desk = self.service.jobs
        self.run(self._fill(random.Random(7)))  # noqa: S311 - the same jobs every time
        found = self.run(self.desk.find(HOUSE, ALWAYS, (), offset=0, limit=1000))
        self.shown: list[Shown] = [
            msgspec.json.decode(encode(listed_job(job))) | {"persist": job.task.persist} for job in found
        ]

    def ids(self, query: dict[str, str]) -> list[int]:
        wanted = filters.read(query, sees_parameters=True)
        found = self.run(self.desk.find(HOUSE, wanted.where, wanted.order, offset=wanted.offset, limit=wanted.limit))
        return [job.task.number for job in found]

    def pages(self, query: dict[str, str]) -> list[int]:
        """All ids, page by page along the cursors."""
        seen: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            wanted = filters.read(query | cursor, sees_parameters=True)
            found = self.run(
                self.desk.find(HOUSE, wanted.where, wanted.order, offset=wanted.offset, limit=wanted.limit)
            )
            seen += [job.task.number for job in found]
            if len(found) < wanted.limit:
                return seen
            cursor = {"cursor": wanted.following(found[-1].task.number)}

    async def _fill(self, chance: random.Random) -> None:
        house = self.house
        for client in CLIENTS:
            await house.store.workers.set_pool(Pool(f"jobs:{client}", 100), house.now)
        for number in range(60):
            house.tick(chance.choice([0.001, 0.4, 30, 3600, 20_000]))
            client = chance.choice(CLIENTS)
            name = chance.choice(["vodcapture", "createmp4", "m.op"])
            given = {"content_id": chance.choice(CONTENT), "clips": [{"start": number}]}
            arguments = {"workflow": name, "parameters": given, "definition": "abc0123"}
            task = await house.submit(
                client=client,
                pool=f"jobs:{client}",
                name=name,
                args=msgspec.json.encode(arguments),
                priority=chance.randint(1, 10),
                persist=chance.random() < 0.3,
                rules=Rules(pausable=True),
                resources=exclusive("lock") if number % 10 == 9 else (),
                run_at=house.now + timedelta(hours=chance.randint(1, 50)) if number % 6 == 1 else None,
            )
            await self._steer(task.id, number, chance)
        # Neither what is below a job nor what the house does for itself is a job.
        [claimed] = await house.claim(1, worker="w")
        await house.child_of(claimed)
        await house.submit(internal=True)

    async def _steer(self, task_id: object, number: int, chance: random.Random) -> None:
        house = self.house
        task = await house.get(task_id)  # type: ignore[arg-type]
        if task.state is not State.QUEUED or number % 3 == 0:
            return
        fate = chance.choice(["run", "completed", "failed", "paused", "canceled", "canceling", "repeated"])
        if fate == "paused":
            await house.store.tasks.change(task.id, Change(state=State.PAUSED), house.tick(0.01))
            return
        if fate == "canceled":
            await house.store.tasks.cancel(task.id, "", house.tick(0.01))
            return
        claimed = [one for one in await house.claim(1000) if one.state is State.RUNNING]
        for one in claimed:
            if one.id != task.id:
                await house.finish(one, State.QUEUED)
        mine = next(one for one in claimed if one.id == task.id)
        if fate == "canceling":
            await house.store.tasks.cancel(task.id, "", house.tick(0.01))
        elif fate != "run":
            await house.finish(mine, State.FAILED if fate == "failed" or chance.random() < 0.4 else State.COMPLETED)
        if fate == "repeated":
            again = new_task(
                client=task.client,
                name=task.name,
                args=bytes(task.args),
                pool=task.pool,
                run_at=house.now + timedelta(9),
            )
            await house.submit_all(again, supersedes=task.id)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def jobs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    notifier = RecordingNotifier()
    if request.param == "sqlite":
        yield from _jobs(SqliteStore(tmp_path_factory.mktemp("jobs") / "taskward.db", notifier), notifier)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    server.create_database("job_list")
    yield from _jobs(PostgresStore(server.dsn("job_list"), notifier), notifier)
    server.drop_database("job_list")


def _jobs(store: SqlStore, notifier: RecordingNotifier) -> Iterator[Jobs]:
    with asyncio.Runner() as runner:
        runner.run(store.open())
        jobs = Jobs(runner, House(store, notifier))
        yield jobs
        runner.run(jobs.service.close())
        runner.run(store.close())


def queries(shown: list[Shown]) -> st.SearchStrategy[dict[str, str]]:
    """Queries that make sense, of what there is and of what there is not."""
    instants = sorted({job["created_at"] for job in shown})
    lengths = st.sampled_from([10, 16, 19, 23])
    times = st.builds(lambda at, length: at[:length], st.sampled_from(instants), lengths)
    truths = st.sampled_from(["0", "1", "true", "false"])
    ids = st.lists(st.sampled_from([*(job["id"] for job in shown), 999_999]), min_size=1, max_size=15)
    return st.fixed_dictionaries(
        {},
        optional={
            "limit": st.integers(1, 80).map(str),
            "order_by": st.sampled_from(list(filters.ORDERS)),
            "asc": truths,
            "state": st.sampled_from([*map(str, range(8)), *NUMBERS]),
            "failed": truths,
            "from": times,
            "to": times,
            "search": st.sampled_from(
                [*CONTENT, "AB", "%", "_", "vod", "start", "abc0123", "definition", "M.OP", "7", "12"]
            ),
            "job_ids": ids.map(lambda some: ",".join(map(str, some))),
            "client": st.sampled_from([*CLIENTS, "nobody"]),
            "persist": truths,
        },
    )


def test_there_is_a_job_in_every_state(jobs: Jobs) -> None:
    """Else the test below would say little."""
    assert {job["queue_state"] for job in jobs.shown} == set(NUMBERS)
    assert {(job["queue_state"], job["failed"]) for job in jobs.shown} >= {("completed", True), ("broken", True)}


def test_it_finds_what_the_model_finds(jobs: Jobs) -> None:
    @settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(queries(jobs.shown))
    def check(query: dict[str, str]) -> None:
        try:
            found = jobs.ids(query)
        except Refused:
            assert "from" in query
            assert "to" in query
            return
        assert found == listed(jobs.shown, query), query

    check()


def test_pages_put_together_are_the_whole_list(jobs: Jobs) -> None:
    for order_by in filters.ORDERS:
        for asc in ("0", "1"):
            whole = listed(jobs.shown, {"order_by": order_by, "asc": asc, "limit": "1000"})
            assert jobs.pages({"order_by": order_by, "asc": asc, "limit": "7"}) == whole
