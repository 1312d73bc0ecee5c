import asyncio
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from taskward.model.errors import InvalidFilter
from taskward.model.states import State, is_legal
from taskward.model.task import Event, Progress
from taskward.ports import ProgressNote
from taskward.store import PostgresStore, SqlStore
from taskward.store.plan import Ledger
from tests.house import House, new_task


async def follow(store: SqlStore, after: str = "", limit: int = 500, **scope: Any) -> list[Event]:
    """Everything behind a cursor, page by page."""
    found: list[Event] = []
    while page := await store.journal.events(after, limit=limit, **scope):
        found += page
        after = page[-1].cursor
    return found


async def test_an_event_says_what_happened(house: House) -> None:
    task = await house.submit(client="c", name="n")
    house.tick()
    child = await house.child_of(task)
    created, of_child = await house.events()
    assert (created.task_id, created.root_id, created.client, created.kind) == (task.id, task.id, "c", "created")
    assert created.data == {
        "state": "queued", "from": None, "attempt": 0, "number": task.number, "operation": "m.op", "name": "n",
    }  # fmt: skip
    assert created.at == task.created_at
    assert (of_child.task_id, of_child.root_id, of_child.at) == (child.id, task.id, house.now)


async def test_a_reader_goes_on_from_any_cursor(house: House) -> None:
    for _ in range(5):
        await house.complete()
    events = await house.events()
    assert len(events) == 15
    for limit in (1, 4, 100):
        assert await follow(house.store, limit=limit) == events
    for n, event in enumerate(events):
        assert await follow(house.store, event.cursor) == events[n + 1 :]
    assert await follow(house.store, await house.store.journal.end()) == []


async def test_the_end_is_behind_everything_and_before_what_comes(house: House) -> None:
    assert await house.store.journal.events(await house.store.journal.end()) == []
    await house.submit()
    end = await house.store.journal.end()
    assert await house.store.journal.events(end) == []
    task = await house.submit()
    scopes: list[dict[str, Any]] = [{}, {"task_id": task.id}, {"root_id": task.id}]
    for scope in scopes:
        assert [event.task_id for event in await follow(house.store, end, **scope)] == [task.id]


async def test_events_of_one_task_and_of_one_tree(house: House) -> None:
    root = await house.run()
    child = await house.run(parent_id=root.id, folds=True)
    await house.submit()
    await house.finish(child)
    of_child = [event for event in await house.events() if event.task_id == child.id]
    of_tree = [event for event in await house.events() if event.root_id == root.id]
    assert await follow(house.store, task_id=child.id, limit=2) == of_child
    assert await follow(house.store, root_id=root.id, limit=2) == of_tree
    assert (len(of_child), len(of_tree)) == (3, 5)
    assert await follow(house.store, of_tree[2].cursor, root_id=root.id) == of_tree[3:]
    assert await house.store.journal.events("", task_id=uuid7()) == []


@pytest.mark.parametrize("cursor", ["x", "-1", "1.x", ".", "9" * 30, "1.-2", "1 x"])
async def test_what_is_no_cursor_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(InvalidFilter):
        await house.store.journal.events(cursor)


async def test_a_forgotten_tree_takes_its_events_along(house: House) -> None:
    task = await house.complete()
    cursor = (await house.events())[-1].cursor
    await house.store.tasks.delete(task.id, house.now)
    assert [event.kind for event in await follow(house.store)] == ["deleted"]
    assert [event.kind for event in await follow(house.store, cursor)] == ["deleted"]


async def test_the_journal_tells_only_legal_changes(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.SCHEDULED, run_at=house.now)
    [task] = await house.claim()
    await house.store.tasks.cancel(task.id, "", house.now)
    await house.finish(task)
    states = [(event.data["from"], event.data["state"]) for event in await house.events()]
    assert all(before is None or is_legal(State(before), State(after)) for before, after in states)
    assert [after for _, after in states[:-1]] == [before for before, _ in states[1:]]


async def test_no_reader_skips_what_commits_late(house: House, other_house: House) -> None:
    """Events get their numbers before they are seen: a transaction that is open longer has lower ones."""
    store = house.store
    if not isinstance(store, PostgresStore):
        pytest.skip("one writer: what is numbered first is seen first")
    root = await house.submit(paused=True)
    cursors = dict.fromkeys(["all", "root"], await store.journal.end())
    seen: dict[str, list[Event]] = {"all": [], "root": []}
    scopes: dict[str, dict[str, object]] = {"all": {}, "root": {"root_id": root.id}}
    slow_wrote, slow_may_end = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        for name, scope in scopes.items():
            page = await store.journal.events(cursors[name], **scope)  # type: ignore[arg-type]
            seen[name] += page
            cursors[name] = page[-1].cursor if page else cursors[name]

    async def slow() -> None:
        pool = other_house.store.database._pool  # type: ignore[attr-defined]
        async with pool.acquire() as connection, connection.transaction():
            ledger = Ledger(0)
            ledger.event(root.id.bytes, root.id.bytes, "", "updated", {"by": "slow"})
            await other_house.store.database._run(connection, ledger.write())  # type: ignore[attr-defined]
            slow_wrote.set()
            await slow_may_end.wait()

    writing = asyncio.ensure_future(slow())
    await slow_wrote.wait()
    await read()
    await house.store.tasks.resume(root.id, house.now)
    await read()
    end = await store.journal.end()
    slow_may_end.set()
    await writing
    await house.store.tasks.pause(root.id, house.now)
    await read()
    for name in scopes:
        facts = [event.data.get("by") or event.data["state"] for event in seen[name]]
        assert sorted(facts) == ["paused", "queued", "slow"], name
    # Whoever began at an end that was told meanwhile sees it too.
    assert "slow" in [event.data.get("by") for event in await store.journal.events(end)]


async def test_a_reader_beside_many_writers_sees_everything_once(house: House, other_house: House) -> None:
    root = await house.submit(paused=True)
    start = await house.store.journal.end()
    total = 60
    seen: dict[str, list[Event]] = {"all": [], "root": []}

    async def write(one: House) -> None:
        for _ in range(total // 4):
            await one.submit(parent_id=root.id, paused=True)

    async def read(name: str, **scope: object) -> None:
        cursor = start
        while len(seen[name]) < total:
            page = await house.store.journal.events(cursor, limit=7, **scope)  # type: ignore[arg-type]
            seen[name] += page
            cursor = page[-1].cursor if page else cursor
            await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await asyncio.gather(
            *(write(one) for one in (house, other_house) for _ in range(2)), read("all"), read("root", root_id=root.id)
        )
    for events in seen.values():
        assert len({event.task_id for event in events}) == len(events) == total


async def test_the_newest_progress_comes_again_at_its_new_place(house: House) -> None:
    task = await house.run()
    worker = await house.worker()
    await house.store.tasks.record(worker, [ProgressNote(task.id, 1, Progress(1))], house.now)
    cursor = (await house.events())[-1].cursor
    await house.submit_all(*(new_task() for _ in range(3)))
    await house.store.tasks.record(worker, [ProgressNote(task.id, 1, Progress(2))], house.now)
    after = await follow(house.store, cursor)
    assert [event.kind for event in after] == ["created", "created", "created", "progress"]
