"""What SQLite reads for searches that have to stay quick: the index that is meant, in order, sorting nothing wide."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from taskward.model.conditions import (
    ALWAYS,
    Between,
    Condition,
    Contains,
    Every,
    Field,
    Labeled,
    Locks,
    Made,
    Not,
    OneOf,
    Order,
    ParentOf,
)
from taskward.model.states import State
from taskward.ports import Search
from taskward.store import SqliteStore, search
from taskward.store.catalogue import Call
from tests.house import RecordingNotifier
from tests.tasks import NOON

NEWEST = Order(Field.CREATED, descending=True)
RANKS = tuple((state.value,) for state in State)


@pytest.fixture
async def store(tmp_path: Path) -> Any:
    store = SqliteStore(tmp_path / "taskward.db", RecordingNotifier())
    await store.open()
    yield store
    await store.close()


def statement(wanted: Search) -> Call:
    """The one that reads the page, as if every span were short."""
    plan = search.search(wanted)
    step: Any = next(plan)
    while "count(*)" in step.statement.sqlite or step.statement.name.startswith("number_"):
        step = plan.send([(1,)])
    assert isinstance(step, Call)
    return step


def explained(store: SqliteStore, call: Call) -> list[str]:
    """Each step of SQLite's plan."""
    connection = store.database._reader  # type: ignore[attr-defined]
    sql, args = store.database._prepare(call.statement, call.args)  # type: ignore[attr-defined]
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", args)]


def indexes(steps: list[str]) -> set[str]:
    """What is searched, by index or by its key."""
    found: set[str] = set()
    for step in steps:
        if match := re.search(r"USING (?:COVERING )?INDEX (\w+)", step):
            found.add(match[1])
        elif "PRIMARY KEY" in step or "INTEGER PRIMARY KEY" in step:
            found.add("key")
    return found


ID = uuid4()

CASES: list[tuple[Condition, set[str]]] = [
    (OneOf(Field.ID, (ID,)), {"sqlite_autoindex_task_1"}),
    (ParentOf(ID), {"sqlite_autoindex_task_1"}),
    (OneOf(Field.PARENT, (ID,)), {"task_parent"}),
    (OneOf(Field.CORRELATION, ("c",)), {"task_correlation"}),
    (OneOf(Field.STATE, ("failed",)), {"task_state"}),
    (OneOf(Field.STATE, ("queued", "blocked", "paused")), {"task_state", "key"}),
    (Not(OneOf(Field.STATE, ("completed",))), {"task_state", "key"}),
    (OneOf(Field.NAME, ("sync",)), {"task_operation", "task_name", "key"}),
    (OneOf(Field.CLIENT, ("acme",)), {"task_client"}),
    (OneOf(Field.OPERATION, ("files.sync",)), {"task_operation"}),
    (Labeled("group", "g"), {"label_value", "key"}),
    (Made("/x/"), {"created_resource_name", "key"}),
    (Locks(("/x/",)), {"task_resource_name", "key"}),
    (Between(Field.FINISHED, NOON), {"task_finished"}),
    (Between(Field.STARTED, NOON, NOON + timedelta(1)), {"task_started"}),
    (Every((OneOf(Field.STATE, ("failed",)), Contains(Field.NAME, "x"))), {"task_state"}),
]


@pytest.mark.parametrize(("condition", "used"), CASES)
async def test_a_condition_is_driven_by_its_index(store: SqliteStore, condition: Condition, used: set[str]) -> None:
    steps = explained(store, statement(Search(where=condition, limit=10)))
    main = [step for step in steps if "LIST SUBQUERY" not in step]
    assert used <= indexes(main), steps
    assert not [step for step in steps if re.fullmatch(r"SCAN t", step)], steps


async def test_everything_is_read_backwards_by_number(store: SqliteStore) -> None:
    assert explained(store, statement(Search())) == ["SCAN t"]
    assert explained(store, statement(Search(order=(Order(Field.CREATED),)))) == ["SCAN t"]


@pytest.mark.parametrize(
    ("key", "used"),
    [
        (Order(Field.STARTED), {"task_started", "task_state"}),
        (Order(Field.FINISHED, descending=True), {"task_finished", "task_state"}),
        (Order(Field.STATE, ranks=RANKS), {"task_state"}),
    ],
)
async def test_an_order_is_read_along_its_index(store: SqliteStore, key: Order, used: set[str]) -> None:
    steps = explained(store, statement(Search(order=(key, NEWEST))))
    assert used <= indexes(steps), steps
    assert not [step for step in steps if re.fullmatch(r"SCAN t", step)], steps


@pytest.mark.parametrize(
    ("wanted", "quick"),
    [
        (Search(), True),
        (Search(offset=2000), False),
        (Search(where=OneOf(Field.STATE, ("failed",))), True),
        (Search(where=Not(OneOf(Field.STATE, ("completed",)))), True),
        (Search(where=Labeled("group", "g")), True),
        (Search(where=Contains(Field.NAME, "x")), False),
        (Search(where=Locks(("x",), exclusive=True)), False),
        (Search(order=(Order(Field.NAME),)), False),
        (Search(where=Every((OneOf(Field.STATE, ("failed",)), Contains(Field.NAME, "x")))), False),
    ],
    ids=lambda each: str(each)[:80],
)
def test_only_what_reads_little_is_read_beside_other_work(wanted: Search, quick: bool) -> None:  # noqa: FBT001
    assert search.is_quick(wanted) is quick


def test_counts_are_told_by_counters_where_they_can() -> None:
    assert search.is_tallied(ALWAYS)
    assert search.is_tallied(Not(OneOf(Field.STATE, ("completed",))))
    assert not search.is_tallied(OneOf(Field.NAME, ("x",)))
