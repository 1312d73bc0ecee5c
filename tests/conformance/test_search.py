"""Searches find the same on both stores, by whatever they are driven."""

from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from taskward.model.conditions import (
    ALWAYS,
    NEVER,
    Between,
    Condition,
    Contains,
    Every,
    Field,
    Known,
    Labeled,
    Locks,
    Made,
    Not,
    OneOf,
    Order,
    ParentOf,
    Some,
)
from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.model.task import Kind, Report, Task
from taskward.model.tree import Folded
from taskward.ports import CreationNote, Note, ReportNote, Search, StepOpened
from tests.house import BOOM, House, exclusive, shared


class Crowd:
    """Tasks that differ in everything a condition can see."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.tasks: dict[str, Task] = {}

    async def gather(self) -> None:
        house = self.house
        # Ids tell when they were made, as real ones do.
        self.tasks["plain"] = await house.submit()
        house.tick()
        self.tasks["named"] = await house.submit(name="Import", correlation_id="c-1")
        house.tick()
        self.tasks["locking"] = await house.submit(resources=(*exclusive("disk"), *shared("net")))
        self.tasks["blocked"] = await house.submit(resources=shared("disk"))
        house.tick()
        self.tasks["labeled"] = await house.submit(labels={"group": "g1"}, client="acme", name="m.op2")
        self.tasks["failed"] = await house.run(queue="other", operation="m.bad", name="m.bad", module="m")
        house.tick()
        await self._tell(self.tasks["failed"])
        assert await house.finish(self.tasks["failed"], State.FAILED, error=BOOM)
        house.tick()
        self.tasks["parent"] = await house.run(queue="third", operation="m.parent", name="m.parent")
        self.tasks["child"] = await house.child_of(self.tasks["parent"])
        await self._step(self.tasks["parent"])

    async def _tell(self, task: Task) -> None:
        notes: list[Note] = [
            CreationNote(task.id, task.attempt, "/repositories/2/"),
            CreationNote(task.id, task.attempt, "/repositories/1/"),
            CreationNote(task.id, task.attempt, "/repositories/2/"),
            ReportNote(task.id, task.attempt, Report("load", 1, 2, "files", "Loading")),
        ]
        worker = await self.house.worker()
        assert not await self.house.store.tasks.record(worker, notes, self.house.now)

    async def _step(self, task: Task) -> None:
        record = Folded(
            id=uuid7(), parent_id=task.id, kind=Kind.STEP, operation="m.parent", name="part", state=State.RUNNING,
            created_at=self.house.now,
        )  # fmt: skip
        worker = await self.house.worker()
        await self.house.store.tasks.record(worker, [StepOpened(task.id, task.attempt, record)], self.house.now)

    async def found(self, where: Condition = ALWAYS, **members: object) -> list[str]:
        names = {task.id: name for name, task in self.tasks.items()}
        tasks = await self.house.store.tasks.search(Search(where=where, **members))  # type: ignore[arg-type]
        return [names[task.id] for task in tasks]


NEWEST_FIRST = ["child", "parent", "failed", "labeled", "blocked", "locking", "named", "plain"]


@pytest.fixture
async def crowd(house: House) -> Crowd:
    crowd = Crowd(house)
    await crowd.gather()
    return crowd


async def test_everything_is_found_newest_first_but_steps(crowd: Crowd) -> None:
    assert await crowd.found() == NEWEST_FIRST
    assert await crowd.found(NEVER) == []
    assert await crowd.house.store.tasks.count(ALWAYS, 100) == 8
    assert await crowd.house.store.tasks.count(NEVER, 100) == 0


async def test_each_condition_finds_its_tasks_and_its_opposite_all_others(crowd: Crowd) -> None:
    tasks, noon = crowd.tasks, crowd.tasks["plain"].created_at
    second = timedelta(seconds=1)
    expected: list[tuple[Condition, set[str]]] = [
        (OneOf(Field.ID, (tasks["plain"].id, tasks["child"].id)), {"plain", "child"}),
        (OneOf(Field.ID, ()), set()),
        (OneOf(Field.NAME, ("Import",)), {"named"}),
        (OneOf(Field.NAME, ("m.op", "Import", "unheard of")), {"plain", "named", "locking", "blocked", "child"}),
        (OneOf(Field.OPERATION, ("m.bad", "m.parent")), {"failed", "parent"}),
        (OneOf(Field.CLIENT, ("acme",)), {"labeled"}),
        (OneOf(Field.STATE, ("blocked", "failed")), {"blocked", "failed"}),
        (OneOf(Field.STATE, ("blocked", "blocked")), {"blocked"}),
        (OneOf(Field.STATE, ("completed", "running")), {"parent"}),
        (OneOf(Field.PARENT, (tasks["parent"].id,)), {"child"}),
        (OneOf(Field.CORRELATION, ("c-1",)), {"named"}),
        (Contains(Field.NAME, "mport"), {"named"}),
        (Contains(Field.NAME, "IMPORT"), set()),
        (Contains(Field.NAME, "%"), set()),
        (Contains(Field.CORRELATION, "c-"), {"named"}),
        (Locks(("disk",)), {"locking", "blocked"}),
        (Locks(("disk",), exclusive=True), {"locking"}),
        (Locks(("disk",), exclusive=False), {"blocked"}),
        (Locks(("disk", "net")), {"locking"}),
        (Locks(("disk", "net"), exclusive=True), set()),
        (Made("/repositories/1/"), {"failed"}),
        (Made("/repositories/"), set()),
        (Labeled("group", "g1"), {"labeled"}),
        (ParentOf(tasks["child"].id), {"parent"}),
        (ParentOf(tasks["parent"].id), set()),
        (Known(Field.FINISHED), {"failed"}),
        (Known(Field.ERROR), {"failed"}),
        (Known(Field.QUEUED), {"plain", "named", "locking", "labeled", "failed", "parent", "child"}),
        (Between(Field.FINISHED, noon), {"failed"}),
        (Between(Field.FINISHED, noon, noon + second), set()),
        (Between(Field.STARTED, noon + 3 * second, noon + 4 * second), {"failed"}),
        (Between(Field.UPDATED), set(NEWEST_FIRST)),
        (Some((Made("/repositories/1/"), Labeled("group", "g1"))), {"failed", "labeled"}),
        (Every((OneOf(Field.STATE, ("failed",)), Made("/repositories/1/"))), {"failed"}),
        (Every((OneOf(Field.STATE, ("failed",)), Labeled("group", "g1"))), set()),
        (Every((Locks(("disk",)), OneOf(Field.NAME, ("m.op",)), OneOf(Field.STATE, ("blocked",)))), {"blocked"}),
    ]
    for condition, names in expected:
        ordered = [name for name in NEWEST_FIRST if name in names]
        others = [name for name in NEWEST_FIRST if name not in names]
        assert await crowd.found(condition) == ordered, condition
        assert await crowd.found(Not(condition)) == others, condition
        assert await crowd.house.store.tasks.count(condition, 100) == len(names), condition


async def test_a_span_of_creation_is_found_by_the_instants_and_not_only_by_the_numbers(crowd: Crowd) -> None:
    house = crowd.house
    # Ids are made of real time.
    begin = house.now = datetime.now(UTC)
    first, second = await house.submit(), await house.submit()
    house.tick()
    third = await house.submit()
    crowd.tasks = {"first": first, "second": second, "third": third}
    assert await crowd.found(Between(Field.CREATED, house.now)) == ["third"]
    assert await crowd.found(Between(Field.CREATED, begin, house.now)) == ["second", "first"]
    assert await house.store.tasks.count(Between(Field.CREATED, begin), 100) == 3


async def test_a_window_is_cut_from_the_same_order_whatever_drives(crowd: Crowd) -> None:
    conditions: list[Condition] = [
        ALWAYS,
        OneOf(Field.STATE, tuple(State)),
        OneOf(Field.NAME, ("m.op", "Import", "m.op2", "m.bad", "m.parent")),
        Not(Labeled("no", "such")),
    ]
    for condition in conditions:
        whole = await crowd.found(condition)
        for offset in range(len(whole) + 1):
            assert await crowd.found(condition, offset=offset, limit=3) == whole[offset : offset + 3], condition
        oldest = await crowd.found(condition, order=(Order(Field.CREATED),), offset=1, limit=4)
        assert oldest == whole[::-1][1:5], condition


async def test_orders_put_what_has_no_value_last_or_first_when_descending(crowd: Crowd) -> None:
    assert (await crowd.found(order=(Order(Field.FINISHED),)))[0] == "failed"
    assert (await crowd.found(order=(Order(Field.FINISHED, descending=True),)))[-1] == "failed"
    assert (await crowd.found(order=(Order(Field.STARTED),)))[:2] == ["failed", "parent"]
    by_name = await crowd.found(order=(Order(Field.NAME),))
    assert by_name == ["named", "failed", "child", "blocked", "locking", "plain", "labeled", "parent"]


async def test_an_order_may_rank_the_values_of_a_field(crowd: Crowd) -> None:
    ranks = (("failed",), ("running", "canceling"), ("blocked",), ("queued",), ("completed", "canceled"))
    found = await crowd.found(order=(Order(Field.STATE, ranks=ranks), Order(Field.CREATED)))
    assert found == ["failed", "parent", "blocked", "plain", "named", "locking", "labeled", "child"]
    found = await crowd.found(order=(Order(Field.STATE, descending=True, ranks=ranks),))
    assert found == ["child", "labeled", "locking", "named", "plain", "blocked", "parent", "failed"]
    together = (("failed", "queued"), ("running", "blocked"))
    found = await crowd.found(order=(Order(Field.STATE, ranks=together),), offset=1, limit=6)
    assert found == ["failed", "labeled", "locking", "named", "plain", "parent"]
    waiting = OneOf(Field.STATE, ("queued", "blocked"))
    found = await crowd.found(waiting, order=(Order(Field.STATE, descending=True, ranks=together),), limit=2)
    assert found == ["blocked", "child"]


async def test_every_field_can_be_ordered_by(crowd: Crowd) -> None:
    for field in Field:
        for descending in (False, True):
            found = await crowd.found(order=(Order(field, descending=descending),))
            assert sorted(found) == sorted(NEWEST_FIRST), field


async def test_a_count_stops_at_its_bound_except_where_counters_tell(crowd: Crowd) -> None:
    count = crowd.house.store.tasks.count
    assert await count(Contains(Field.NAME, "m"), 3) == 3
    assert await count(ALWAYS, 3) == 8
    assert await count(OneOf(Field.STATE, ("queued", "blocked")), 3) == 6
    assert await count(Every((OneOf(Field.CLIENT, ("acme",)), OneOf(Field.STATE, ("queued",)))), 0) == 1


async def test_counts_follow_what_is_forgotten(crowd: Crowd) -> None:
    failed = crowd.tasks["failed"]
    await crowd.house.store.tasks.delete(failed.id, crowd.house.now)
    assert await crowd.house.store.tasks.count(ALWAYS, 100) == 7
    assert await crowd.found(Made("/repositories/1/")) == []
    assert await crowd.found(OneOf(Field.ID, (failed.id,))) == []


async def test_particulars_are_told_in_their_order(crowd: Crowd) -> None:
    tasks = crowd.tasks
    wanted = [tasks["failed"].id, tasks["parent"].id, tasks["plain"].id]
    particulars = await crowd.house.store.tasks.particulars(wanted)
    assert particulars[tasks["failed"].id].created == ("/repositories/2/", "/repositories/1/")
    assert particulars[tasks["failed"].id].reports == (Report("load", 1, 2, "files", "Loading"),)
    assert particulars[tasks["parent"].id].children == (tasks["child"].id,)
    assert particulars[tasks["plain"].id].children == ()


async def test_the_values_of_a_label_are_told_once_each(house: House) -> None:
    for value, client in (("b", ""), ("a", "acme"), ("b", ""), ("c", "acme"), ("a", "acme")):
        await house.submit(labels={"group": value, "other": "z"}, client=client)
    values = house.store.tasks.label_values
    assert await values("group", client="", offset=0, limit=10) == ["a", "b", "c"]
    assert await values("group", client="", offset=1, limit=1) == ["b"]
    assert await values("group", client="acme", offset=0, limit=10) == ["a", "c"]
    assert await values("none", client="", offset=0, limit=10) == []


async def test_a_window_must_be_one(house: House) -> None:
    with pytest.raises(InvalidFilter, match="limit"):
        await house.store.tasks.search(Search(limit=10_001))
    with pytest.raises(InvalidFilter, match="limit"):
        await house.store.tasks.search(Search(offset=-1))
