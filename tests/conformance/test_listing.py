"""Lists show exactly what a look at every task would, in order, page by page."""

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.model.task import Kind, Task
from taskward.model.tree import Folded
from taskward.ports import Range, StepOpened, TaskPage, TaskQuery
from taskward.store import SqliteStore, SqlStore, listing
from tests.conftest import MakeStore
from tests.house import BOOM, House, RecordingNotifier, exclusive, new_task
from tests.tasks import NOON

CLIENTS = ["", "", "acme", "umbrella"]
OPERATIONS = ["m.op", "m.other", "n.op"]
QUEUES = ["default", "slow"]
LABELS = [{}, {}, {"a": "1"}, {"a": "1", "b": "2"}, {"b": "2", "c": "100%"}]
NAMES = ["m.op", "Report", "report_2", "re%port", "ÄPFEL", "back\\slash"]
ARGS = [b"{}", b'{"path":"/tmp/Xyz"}', b'{"n":17}']


class Town:
    """A store full of tasks of all kinds, and a list of them."""

    def __init__(self, store: SqlStore) -> None:
        self.house = House(store, RecordingNotifier())
        self.tasks: list[Task] = []
        self.parents: set[UUID] = set()
        self.worker_names = ("w", "v")

    async def build(self) -> None:
        """The same town each time."""
        chance, house = random.Random(7), self.house  # noqa: S311 - for variety
        parents: list[Task] = []
        ids: list[UUID] = []
        for _ in range(160):
            parent = chance.choice(parents) if parents and chance.random() < 0.3 else None
            operation = chance.choice(OPERATIONS)
            task = await house.submit(
                id=chance.choice([uuid7, uuid4])(),
                operation=operation,
                module=operation.partition(".")[0],
                name=chance.choice(NAMES),
                client=chance.choice(CLIENTS),
                queue=chance.choice(QUEUES),
                labels=chance.choice(LABELS),
                args=chance.choice(ARGS),
                correlation_id=chance.choice(["", "", "c1", "c2"]),
                resources=exclusive(*chance.sample(["r1", "r2", "r3"], chance.choice([0, 0, 1, 2]))),
                parent_id=parent.id if parent else None,
                internal=chance.random() < 0.15,
                paused=chance.random() < 0.1,
                run_at=house.now + timedelta(hours=9) if chance.random() < 0.1 else None,
                kind=Kind.EXTERNAL if chance.random() < 0.05 else Kind.TASK,
            )
            ids.append(task.id)
            if parent is None and chance.random() < 0.3:
                parents.append(task)
                self.parents.add(task.id)
            if chance.random() < 0.6:
                house.tick(chance.choice([0, 1, 30]))
            if chance.random() < 0.5:
                await self._work(chance)
        [running] = [task for task in await self._all(ids) if task.state is State.RUNNING and task.worker == "w"][:1]
        step = Folded(id=uuid7(), parent_id=running.id, kind=Kind.STEP, operation=running.operation, name="step",
                      state=State.RUNNING, created_at=house.now)  # fmt: skip
        await house.store.tasks.record(await house.worker("w"), [StepOpened(running.id, 1, step)], house.now)
        self.tasks = sorted(await self._all([*ids, step.id]), key=lambda task: task.number)

    async def _work(self, chance: random.Random) -> None:
        worker = chance.choice(self.worker_names)
        for task in await self.house.claim(2, worker=worker, queues=QUEUES, operations=OPERATIONS):
            self.house.tick(chance.choice([0, 1]))
            end = chance.choice([State.COMPLETED, State.COMPLETED, State.FAILED, State.CANCELED, None, None])
            if end is not None and task.id not in self.parents:
                await self.house.finish(task, end, worker=worker, error=BOOM)

    async def _all(self, ids: list[UUID]) -> list[Task]:
        return list((await self.house.store.tasks.get_many(ids)).values())

    # ---------------------------------------------------------------- both ways to look

    def expected(self, query: TaskQuery) -> list[Task]:
        """By looking at every task."""
        column = {"created": "number", "started": "started_at", "finished": "finished_at"}[query.sort.lstrip("-")]
        found = [task for task in self.tasks if getattr(task, column) is not None and matches(task, query)]
        return sorted(found, key=lambda task: (getattr(task, column), task.number), reverse=query.sort[0] == "-")

    async def shown(self, query: TaskQuery) -> list[Task]:
        """By turning the pages."""
        found: list[Task] = []
        page = await self.house.store.tasks.page(query)
        for _ in range(1000):
            assert len(page.tasks) <= query.limit
            found += page.tasks
            if page.next is None:
                return found
            page = await self.house.store.tasks.page(msgspec.structs.replace(query, after=page.next))
        raise AssertionError("a list without end")


def matches(task: Task, query: TaskQuery) -> bool:
    wanted: list[tuple[Any, Any]] = [
        (query.client, task.client), (query.parent_id, task.parent_id), (query.root_id, task.root_id),
        (query.worker, task.worker), (query.queue, task.queue), (query.pool, task.pool),
        (query.correlation_id, task.correlation_id),
    ]  # fmt: skip
    ranges = [(query.created, task.created_at), (query.started, task.started_at), (query.finished, task.finished_at)]
    return (
        all(value is None or value == own for value, own in wanted)
        and (not query.states or task.state in query.states)
        and (not query.modules or task.module in query.modules)
        and (not query.operations or task.operation in query.operations)
        and (not query.roots_only or task.is_root)
        and all(task.labels.get(name) == value for name, value in query.labels)
        and (query.resource is None or query.resource in {resource.name for resource in task.resources})
        and all(within(span, instant) for span, instant in ranges)
        and (query.internal or not task.internal)
        and (query.text is None or says(task, query.text))
    )


def within(span: Range, instant: datetime | None) -> bool:
    if span == Range():
        return True
    return (
        instant is not None
        and (span.since is None or span.since <= instant)
        and (span.before is None or instant < span.before)
    )


def says(task: Task, text: str) -> bool:
    fields = (task.name, task.operation, msgspec.json.encode(task.labels).decode(), bytes(task.args).decode())
    return any(text.lower() in field.lower() for field in fields)


@pytest.fixture
def town(make_store: MakeStore) -> Iterator[Callable[[Any], Any]]:
    """Runs a coroutine function with the town, on a loop that outlives it."""
    with asyncio.Runner() as runner:
        store = make_store(RecordingNotifier())
        runner.run(store.open())
        try:
            built = Town(store)
            runner.run(built.build())
            yield lambda visit: runner.run(visit(built))
        finally:
            runner.run(store.close())


SOME = ("paused", "queued", "blocked", "running", "completed", "failed", "scheduled", "canceled")
instants = st.integers(-60, 3000).map(lambda seconds: NOON + timedelta(seconds=seconds))
ranges = st.just(Range()) | st.builds(Range, st.none() | instants, st.none() | instants)
sorts = st.sampled_from([sign + sort for sort in ("created", "started", "finished") for sign in ("", "-")])
texts = st.sampled_from(["report", "RE%P", "_2", "xyz", "m.OP", '"a":"1"', "äpfel", "\\", "17", "nowhere"])
FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "states": st.lists(st.sampled_from([State(name) for name in SOME]), min_size=1, max_size=3, unique=True).map(tuple),
    "modules": st.lists(st.sampled_from(["m", "n", "x"]), min_size=1, max_size=2, unique=True).map(tuple),
    "operations": st.lists(st.sampled_from([*OPERATIONS, "x.y"]), min_size=1, max_size=2, unique=True).map(tuple),
    "client": st.sampled_from(["", "acme", "nobody"]),
    "parent_id": st.integers(0, 200),
    "root_id": st.integers(0, 200),
    "roots_only": st.just(value=True),
    "labels": st.sampled_from([(("a", "1"),), (("a", "1"), ("b", "2")), (("c", "100%"),), (("a", "2"),)]),
    "resource": st.sampled_from(["r1", "r2", "r9"]),
    "worker": st.sampled_from(["w", "v", "x"]),
    "queue": st.sampled_from(QUEUES),
    "pool": st.sampled_from(["", "p"]),
    "correlation_id": st.sampled_from(["c1", "c2", "c3"]),
    "created": ranges,
    "started": ranges,
    "finished": ranges,
    "text": texts,
    "internal": st.booleans(),
}


@st.composite
def queries(draw: st.DrawFn, *, most: int) -> tuple[dict[str, Any], str, int]:
    names = draw(st.lists(st.sampled_from(sorted(FILTERS)), max_size=most, unique=True))
    return {name: draw(FILTERS[name]) for name in names}, draw(sorts), draw(st.integers(1, 60))


def query_of(town: Town, drawn: tuple[dict[str, Any], str, int]) -> TaskQuery:
    filters, sort, limit = drawn
    for name in ("parent_id", "root_id"):
        if name in filters:
            some = town.tasks[filters[name] % len(town.tasks)]
            filters = filters | {name: getattr(some, name) or some.id}
    return TaskQuery(**filters, sort=sort, limit=limit)


def number_of_examples(town: Town) -> int:
    return 300 if isinstance(town.house.store, SqliteStore) else 120


def test_every_list_shows_what_a_look_at_every_task_would(
    town: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin(built: Town) -> Town:
        return built

    built: Town = town(begin)

    @settings(max_examples=number_of_examples(built), deadline=None, suppress_health_check=list(HealthCheck))
    @given(queries(most=4), st.sampled_from([20_000, 13]))
    def hold(drawn: tuple[dict[str, Any], str, int], stretch: int) -> None:
        query = query_of(built, drawn)
        monkeypatch.setattr(listing, "STRETCH", stretch)

        async def compare(built: Town) -> None:
            assert await built.shown(query) == built.expected(query)

        town(compare)

    hold()


def test_what_is_rare_is_looked_for_stretch_by_stretch(
    town: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "STRETCH", 20)
    monkeypatch.setattr(listing, "STRETCHES", 2)

    async def compare(built: Town) -> None:
        filters: list[dict[str, Any]] = [
            *({"text": text} for text in ("report", "nowhere", "äpfel", "100%")),
            {"queue": "nowhere"},
            {"roots_only": True, "states": (State.FAILED, State.RUNNING)},
        ]
        for some in filters:
            for sort in ("created", "-created", "started", "-finished"):
                for limit in (3, 50):
                    query = TaskQuery(**some, sort=sort, limit=limit, internal=True)
                    assert await built.shown(query) == built.expected(query), query
        page = await built.house.store.tasks.page(TaskQuery(text="nowhere"))
        assert (page.tasks, page.next is None) == ((), False)

    town(compare)


def test_each_filter_alone(town: Callable[[Any], Any]) -> None:
    """Once more by name, so that a broken one is seen at a glance."""

    async def compare(built: Town) -> None:
        some = built.tasks[40]
        values: dict[str, list[Any]] = {
            "states": [(State.COMPLETED,), (State.RUNNING,), (State.BLOCKED, State.FAILED, State.PAUSED)],
            "modules": [("m",), ("m", "n")],
            "operations": [("n.op",), ("m.op", "m.other")],
            "client": ["", "acme"],
            "parent_id": [task.parent_id for task in built.tasks if task.parent_id][:3],
            "root_id": [some.root_id],
            "roots_only": [True],
            "labels": [(("a", "1"),), (("b", "2"), ("a", "1"))],
            "resource": ["r1"],
            "worker": ["w"],
            "queue": ["slow"],
            "pool": [""],
            "correlation_id": ["c1"],
            "created": [Range(some.created_at), Range(None, some.created_at), Range(NOON, some.created_at)],
            "started": [Range(some.created_at), Range(None, some.created_at)],
            "finished": [Range(some.created_at), Range(None, some.created_at)],
            "text": ["report", "äPF", "%"],
            "internal": [True, False],
        }
        assert values.keys() == FILTERS.keys()
        for name, some_values in values.items():
            sizes = set()
            for value in some_values:
                for sort in ("created", "-created", "started", "-finished"):
                    query = TaskQuery(**{name: value, "sort": sort, "limit": 7})
                    found = await built.shown(query)
                    assert found == built.expected(query), query
                    sizes.add(len(found))
            assert max(sizes) > 0, f"{name} finds nothing and so proves nothing"

    town(compare)


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("sort", ["created", "-created", "started", "-started"])
async def test_pages_are_complete_while_tasks_are_added(house: House, sort: str) -> None:
    """What was there when the reading began comes once, whatever is added meanwhile."""
    await house.submit_all(*(new_task(kind=Kind.EXTERNAL) for _ in range(25)))
    before = {task.id for task in (await house.store.tasks.page(TaskQuery(limit=100))).tasks}
    seen: list[UUID] = []
    after: str | None = None
    while True:
        page = await house.store.tasks.page(TaskQuery(sort=sort, after=after, limit=4))
        seen += (task.id for task in page.tasks)
        if page.next is None or len(seen) > 60:
            break
        after = page.next
        house.tick()
        await house.submit_all(*(new_task(kind=Kind.EXTERNAL) for _ in range(2)))
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert (len(seen) > 25) == (not sort.startswith("-"))


async def test_tasks_that_end_at_the_same_instant_are_paged_apart(house: House) -> None:
    for _ in range(9):
        await house.complete()
    pages, after = [], None
    while True:
        page = await house.store.tasks.page(TaskQuery(sort="-finished", after=after, limit=2))
        pages.append([task.number for task in page.tasks])
        after = page.next
        if after is None:
            break
    assert [number for page in pages for number in page] == sorted((n for page in pages for n in page), reverse=True)
    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]


async def test_a_full_last_page_has_no_next(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(4)))
    assert (await house.store.tasks.page(TaskQuery(limit=4))).next is None
    assert (await house.store.tasks.page(TaskQuery(limit=3))).next is not None


@pytest.mark.parametrize(
    "query",
    [
        TaskQuery(sort="name"), TaskQuery(sort=""), TaskQuery(sort="--created"), TaskQuery(limit=0),
        TaskQuery(limit=10_001), TaskQuery(after=""), TaskQuery(after="x"), TaskQuery(after="1"),
        TaskQuery(after="-1.1"), TaskQuery(after="1.99999999999999999999"), TaskQuery(text="x" * 1001),
        TaskQuery(text="a\0"),
    ],
)  # fmt: skip
async def test_what_makes_no_list_is_refused(house: House, query: TaskQuery) -> None:
    with pytest.raises(InvalidFilter):
        await house.store.tasks.page(query)


async def test_an_empty_store_has_empty_lists(house: House) -> None:
    for query in (TaskQuery(), TaskQuery(created=Range(NOON)), TaskQuery(text="x"), TaskQuery(labels=(("a", "b"),))):
        assert await house.store.tasks.page(query) == TaskPage((), None)


async def test_ids_of_any_kind_are_found_by_their_time(house: House) -> None:
    """Ids may be given by clients; when a task was made is what the house says."""
    tasks = []
    for kind in (uuid4, uuid7, uuid4, uuid7, uuid4):
        tasks.append(await house.submit(id=kind()))
        house.tick(3600)
    page = await house.store.tasks.page(TaskQuery(created=Range(tasks[1].created_at, tasks[4].created_at)))
    assert [task.id for task in page.tasks] == [task.id for task in reversed(tasks[1:4])]
