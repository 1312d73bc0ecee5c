"""What a submission, a round of a worker and a page of a list cost: statements, commits, and indexes used."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from taskward.model.states import State
from taskward.ports import Submission, TaskQuery
from taskward.store import SqliteStore
from tests.house import House, RecordingNotifier, new_task

LISTS = {
    "all": TaskQuery(),
    "states": TaskQuery(states=(State.QUEUED, State.COMPLETED)),
    "module": TaskQuery(modules=("m",)),
    "operation": TaskQuery(operations=("m.op",)),
    "client": TaskQuery(client="acme"),
    "label": TaskQuery(labels=(("a", "b"),)),
    "resource": TaskQuery(resource="r"),
    "queue": TaskQuery(queue="default"),
    "pool": TaskQuery(pool="p"),
    "correlation": TaskQuery(correlation_id="c"),
    "parent": TaskQuery(parent_id=uuid7()),
    "root": TaskQuery(root_id=uuid7()),
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    notifier = RecordingNotifier()
    store = SqliteStore(tmp_path / "taskward.db", notifier)
    await store.open()
    yield House(store, notifier)
    await store.close()


def traced(house: House, name: str) -> list[str]:
    """The statements a connection runs from now on."""
    seen: list[str] = []
    connection: sqlite3.Connection = getattr(house.store.database, name)
    connection.set_trace_callback(seen.append)
    return seen


def scans(path: Path, statements: list[str]) -> list[str]:
    """Steps of the plans that read the table of tasks from end to end without an index."""
    with sqlite3.connect(path) as connection:
        steps = [
            step[3]
            for statement in statements
            if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE"))
            for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    return [step for step in steps if step.startswith("SCAN task") and "INDEX" not in step]


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_read_along_an_index(house: House, tmp_path: Path, name: str) -> None:
    await house.submit()
    seen, more = traced(house, "_reader"), traced(house, "_scanner")
    await house.store.tasks.page(LISTS[name])
    assert seen or more
    assert scans(tmp_path / "taskward.db", seen + more) == []


async def test_a_round_finds_its_tasks_along_an_index(house: House, tmp_path: Path) -> None:
    seen = traced(house, "_writer")
    await house.submit()
    await house.worker()
    assert await house.claim()
    assert any("UPDATE task" in statement for statement in seen)
    assert scans(tmp_path / "taskward.db", seen) == []


async def test_a_submission_is_one_commit_however_many_tasks(house: House) -> None:
    database = house.store.database
    costs = []
    for count in (1, 1000):
        statements, commits = database.statements, database.commits
        await house.store.tasks.submit(Submission(tuple(new_task() for _ in range(count))), house.now)
        costs.append(database.statements - statements)
        assert database.commits == commits + 1
    assert costs[0] <= 8
    assert costs[1] <= costs[0] + 20
