"""What APIs of jobs need of a store: pools within a pool, pools that hold back, places in line, counters of roots."""

from datetime import timedelta

from taskward.model.conditions import ALWAYS, Condition, Field, Known, Mentions, Not, Numbered, OneOf, Order, Some
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.ports import Change, LogNote, Role, Search
from tests.house import House, new_task

HOUR = timedelta(hours=1)


async def pool_of(house: House, name: str) -> Pool:
    return next(pool for pool in await house.store.workers.pools() if pool.name == name)


async def running(house: House, name: str) -> tuple[int, int]:
    pool = await pool_of(house, name)
    return pool.running, pool.running_ordinary


# ---------------------------------------------------------------- pools within a pool


async def test_an_outer_pool_bounds_what_the_inner_ones_would_run(house: House) -> None:
    for name in ("a", "b"):
        await house.store.workers.set_pool(Pool(name, 2), house.now)
    await house.store.workers.enclose(Pool("all", 3), ["a", "b"])
    for name in "aaabbb":
        await house.submit(pool=name, priority=9)
    claimed = await house.claim(9)
    assert len(claimed) == 3
    assert await running(house, "all") == (3, 3)
    assert await house.claim(9, worker="v") == []
    await house.finish(claimed[0])
    assert await running(house, "all") == (2, 2)
    assert len(await house.claim(9)) == 1
    assert await running(house, "all") == (3, 3)


async def test_what_runs_already_counts_in_a_pool_put_around_it(house: House) -> None:
    await house.store.workers.set_pool(Pool("a", 5), house.now)
    tasks = [await house.run(pool="a") for _ in range(2)]
    await house.submit(pool="a")
    await house.store.workers.enclose(Pool("all", 2), ["a"])
    assert await running(house, "all") == (2, 0)
    assert await house.claim(9) == []
    for task in tasks:
        await house.finish(task)
    assert await running(house, "all") == (0, 0)
    # A change of the inner one keeps both right.
    await house.claim(9)
    inner = await pool_of(house, "a")
    assert inner.within == "all"
    await house.store.workers.set_pool(Pool("a", 5, threshold=1, within="all"), house.now)
    assert await running(house, "a") == await running(house, "all") == (1, 1)


async def test_the_outer_pool_is_named_as_what_a_task_waits_for(house: House) -> None:
    await house.store.workers.set_pool(Pool("a", 5), house.now)
    await house.store.workers.enclose(Pool("all", 1), ["a"])
    await house.run(pool="a")
    waiting = await house.submit(pool="a")
    [obstacle] = await house.store.tasks.obstacles(waiting.id, house.now)
    assert (obstacle.gate, obstacle.detail) == ("pool", "all 1 slots of pool all, around pool a, are taken")


# ---------------------------------------------------------------- pools that hold back


async def test_a_pool_holds_its_scheduled_tasks_back(house: House) -> None:
    held_until = house.now + 2 * HOUR
    await house.store.workers.set_pool(Pool("p", 9, scheduled_from=held_until), house.now)
    task = await house.submit(pool="p", run_at=house.now + timedelta(minutes=1))
    gated = await house.submit(pool="p", gate="http://g")
    other = await house.submit(run_at=house.now + HOUR)
    assert await house.store.tasks.next_due(house.now) == other.run_at
    assert await house.store.tasks.gated(house.now, HOUR, 9) == []
    house.now += HOUR
    assert await house.store.tasks.advance(house.now, 9) == 1
    assert await house.states(task, other) == [State.SCHEDULED, State.QUEUED]
    assert await house.store.tasks.next_due(house.now) == held_until
    house.now = held_until
    assert await house.store.tasks.advance(house.now, 9) == 1
    assert await house.state(task) == State.QUEUED
    assert [one.id for one in await house.store.tasks.gated(house.now, HOUR, 9)] == [gated.id]


async def test_gates_are_asked_as_often_as_their_pool_says(house: House) -> None:
    await house.store.workers.set_pool(Pool("often", 9, gate_interval=timedelta(seconds=5)), house.now)
    often, seldom = await house.submit(gate="http://g", pool="often"), await house.submit(gate="http://g")
    gated = house.store.tasks.gated
    assert {task.id for task in await gated(house.now, HOUR, 9)} == {often.id, seldom.id}
    assert await gated(house.tick(4), HOUR, 9) == []
    assert [task.id for task in await gated(house.tick(1), HOUR, 9)] == [often.id]
    assert {task.id for task in await gated(house.tick(3600), HOUR, 9)} == {often.id, seldom.id}


async def test_a_closed_gate_is_told_once_for_each_reason_and_remembered_when_open(house: House) -> None:
    task = await house.submit(gate="http://g")
    tell = house.store.tasks.gate_closed
    for reason in ("it answered 503", "it answered 503", "no answer"):
        await tell([task.id], reason, house.tick())
    await house.store.tasks.open_gate(task.id, house.tick())
    lines = await house.store.journal.logs(task.id)
    assert [(line.severity, line.message) for line in lines] == [
        (2, "the gate is closed: it answered 503"),
        (2, "the gate is closed: no answer"),
        (1, "the gate is open"),
    ]
    assert (await house.store.tasks.asked(task.id)).gate == "http://g"
    await house.store.tasks.change(task.id, Change(gate="http://other"), house.now)
    assert (await house.store.tasks.asked(task.id)).gate == "http://other"


# ---------------------------------------------------------------- places


async def test_places_are_those_of_dispatch_and_of_time(house: House) -> None:
    ended = await house.run(client="e")
    await house.store.workers.set_pool(Pool("p", 9), house.now)
    mine = {"client": "c", "pool": "p"}
    late, early, first = [await house.submit(priority=priority, **mine) for priority in (7, 7, 1)]
    foreign = await house.submit(client="d", pool="p", priority=1)
    tomorrow, today = [await house.submit(run_at=house.now + hours * HOUR, **mine) for hours in (24, 1)]
    tasks = [late, early, first, foreign, tomorrow, today, ended]
    places = await house.store.tasks.places(tasks)
    assert [places.get(task.id) for task in tasks] == [2, 3, 1, 1, 2, 1, None]
    found = await house.store.tasks.search(
        Search(where=OneOf(Field.CLIENT, ("c",)), order=(Order(Field.PLACE), Order(Field.CREATED)))
    )
    assert [task.id for task in found] == [task.id for task in (first, today, late, tomorrow, early)]


# ---------------------------------------------------------------- searches


async def test_conditions_of_jobs(house: House) -> None:
    first = await house.submit(args=b'{"content_id":"Ab_1"}', args_shown=b'{"content_id":"Ab_1"}', priority=2)
    second = await house.submit(name="Caf\N{LATIN CAPITAL LETTER E WITH ACUTE}", persist=True)
    hidden = await house.submit(internal=True)
    child = await house.child_of(first)

    async def found(where: Condition, *order: Order) -> list[int]:
        tasks = await house.store.tasks.search(Search(where=where, order=order))
        assert await house.store.tasks.count(where, 100) == len(tasks)
        return [task.number for task in tasks]

    assert await found(Mentions(Field.ARGS, "aB_")) == [first.number]
    assert await found(Mentions(Field.ARGS, "ab%1")) == []
    assert await found(Mentions(Field.NAME, "caf\N{LATIN SMALL LETTER E WITH ACUTE}")) == [second.number]
    assert await found(OneOf(Field.NUMBER, (first.number, child.number))) == [child.number, first.number]
    assert await found(Numbered(above=first.number, below=child.number)) == [hidden.number, second.number]
    assert await found(OneOf(Field.PERSIST, (True,))) == [second.number]
    assert await found(OneOf(Field.INTERNAL, (False,))) == [child.number, second.number, first.number]
    assert await found(Not(Known(Field.PARENT)), Order(Field.PRIORITY), Order(Field.CREATED)) == [
        first.number, second.number, hidden.number,
    ]  # fmt: skip
    assert await found(Some((OneOf(Field.PRIORITY, (2,)), Known(Field.SUCCESSOR)))) == [first.number]
    assert len(await found(ALWAYS, Order(Field.DUE), Order(Field.CREATED))) == 4


# ---------------------------------------------------------------- counters


async def roles(house: House) -> dict[tuple[Role, State], int]:
    return {(tally.role, tally.state): tally.count for tally in await house.store.tasks.tallies()}


async def test_counters_tell_roots_from_parts_and_what_is_repeated(house: House) -> None:
    root = await house.complete()
    again = await house.submit_all(new_task(), supersedes=root.id)
    await house.submit_all(new_task(), supersedes=root.id)
    await house.submit(internal=True)
    await house.child_of(again.tasks[0])
    assert await roles(house) == {
        (Role.REPEATED, State.COMPLETED): 1,
        (Role.ROOT, State.QUEUED): 2,
        (Role.PART, State.QUEUED): 2,
    }
    assert await house.store.tasks.forgotten("") == 0
    await house.store.tasks.delete(root.id, house.now)
    assert (Role.REPEATED, State.COMPLETED) not in await roles(house)
    assert await house.store.tasks.forgotten("") == await house.store.tasks.forgotten(root.client) == 1
    assert await house.store.tasks.forgotten("another") == 0


# ---------------------------------------------------------------- logs of a tree


async def test_lines_of_a_tree_come_in_order_with_the_numbers_of_their_tasks(house: House) -> None:
    root = await house.submit()
    child, folded = await house.child_of(root), await house.child_of(root, folds=True)
    other = await house.submit()
    told = [(folded, "gone", True), (root, "a", True), (child, "b", True), (root, "c", False), (other, "d", True)]
    for task, message, visible in told:
        note = LogNote(task.id, house.now, 1, "worker", message, visible=visible)
        await house.store.tasks.record(None, [note], house.tick())
    await house.store.tasks.cancel(folded.id, "", house.now)

    async def lines(*, hidden: bool, after: int = 0, limit: int = 9) -> list[tuple[int, str]]:
        found = await house.store.journal.tree_logs(root.id, after=after, limit=limit, hidden=hidden)
        return [(number, line.message) for number, line in found]

    whole = [(0, "gone"), (root.number, "a"), (child.number, "b"), (root.number, "c")]
    assert await lines(hidden=True) == whole
    assert await lines(hidden=False) == whole[:3]
    [(_, first)] = await house.store.journal.tree_logs(root.id, after=0, limit=1, hidden=True)
    assert await lines(hidden=True, after=first.seq, limit=2) == whole[1:3]
