"""Whatever tree grows and ends in whatever order, it is shown as ScyllaDB's task manager would show it."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, UnsetType

from taskward.auth import HOUSE, Authenticator
from taskward.http.scylla.words import NO_PARENT_2024, NO_PARENT_2026, status_2024, status_2026
from taskward.model.errors import NotFound
from taskward.model.states import State
from taskward.model.task import Kind, Progress, Task, TaskError
from taskward.modules.workflow import Shelf
from taskward.notify import LocalNotifier
from taskward.operations import Registry
from taskward.ports import ProgressNote, Submission
from taskward.service import Service
from taskward.service.sightings import Sighting
from taskward.store import PostgresStore, SqliteStore, SqlStore
from taskward.testing import ManualClock
from tests.house import new_task
from tests.property.folding_model import Forest, Live, Shown

moves = st.lists(
    st.tuples(st.sampled_from(["add", "add", "finish", "fail", "tell"]), st.integers(0, 30), st.integers(0, 5)),
    min_size=5,
    max_size=40,
)
"""What is done to which of the unfinished tasks, and a number that some of it takes."""


def listed(written: Raw | UnsetType) -> list[Any]:
    """What is listed; nothing where the list is left out."""
    return msgspec.json.decode(written) if isinstance(written, Raw) else []


class Trees:
    """Trees in a real store, looked at as the dialect does."""

    def __init__(self, make_store: Callable[[LocalNotifier], SqlStore]) -> None:
        self._runner = asyncio.Runner()
        self.run = self._runner.run
        self.clock = ManualClock()
        self.run(self._open(make_store))

    async def _open(self, make_store: Callable[[LocalNotifier], SqlStore]) -> None:
        notifier = LocalNotifier()
        self.store = make_store(notifier)
        await self.store.open()
        self.service = Service.of(
            self.store,
            notifier=notifier,
            clock=self.clock,
            operations=Registry(),
            authenticator=Authenticator(self.store.registry, self.clock),
            shelf=Shelf([], Path()),
        )
        await self.service.rehearsal.begin(HOUSE)

    def close(self) -> None:
        self.run(self.service.close())
        self.run(self.store.close())
        self._runner.close()


class Grown:
    """One tree in a store beside its model."""

    def __init__(self, trees: Trees, *, folds: bool) -> None:
        self.trees = trees
        self.folds = folds
        self.model = Forest()
        self.ids: dict[int, UUID] = {}
        self.names: dict[UUID, int] = {}

    async def begin(self) -> None:
        await self._make(self.model.root)

    async def apply(self, move: str, which: int, number: int) -> None:
        unfinished = self.model.unfinished
        if not unfinished:
            return
        task = unfinished[which % len(unfinished)]
        task_id = self.ids[task.name]
        match move:
            case "add":
                await self._make(self.model.add(task))
            case "tell":
                note = ProgressNote(task_id, 1, Progress(number, 10, "units"))
                await self.trees.store.tasks.record(None, [note], self.trees.clock.now())
                task.own = (number, 10)
            case _:
                failed = move == "fail"
                await self._finish(task_id, failed=failed)
                self.model.finish(task, failed=failed)

    async def _make(self, task: Live) -> None:
        parent_id = None if task.parent is None else self.ids[task.parent.name]
        if self.folds:
            made = await self.trees.service.rehearsal.make(HOUSE, None, parent_id, 0, {})
            task_id = made.id
        else:
            new = new_task(
                kind=Kind.EXTERNAL, parent_id=parent_id, root_id=self.ids.get(0), operation="test.test", module="test"
            )
            await self.trees.store.tasks.submit(Submission((new,)), self.trees.clock.now())
            task_id = new.id
        self.ids[task.name] = task_id
        self.names[task_id] = task.name

    async def _finish(self, task_id: UUID, *, failed: bool) -> None:
        error = TaskError("std::runtime_error", "as asked") if failed else None
        state = State.FAILED if failed else State.COMPLETED
        await self.trees.store.tasks.finish_external(task_id, state, None, error, self.trees.clock.now())

    async def seen(self, start: Live) -> list[Sighting]:
        return [one async for piece in self.trees.service.roster.walk(HOUSE, self.ids[start.name]) for one in piece]

    def shown(self, seen: list[Sighting]) -> list[Shown]:
        """What edition 2026 sends; 2024 must say the same in its way."""
        lines = []
        for one in seen:
            new = status_2026(one, lambda _: "127.0.0.1", counts=False)
            old = status_2024(one, lambda _: "127.0.0.1", counts=False)
            below = listed(new.children_ids)
            assert listed(old.children_ids) == [child["task_id"] for child in below]
            assert (old.id, old.state, old.error) == (new.id, new.state, new.error)
            assert (old.parent_id == NO_PARENT_2024) is (new.parent_id == NO_PARENT_2026)
            assert bool(new.error) is (new.state == "failed")
            parent = None if new.parent_id == NO_PARENT_2026 else self.names[UUID(new.parent_id)]
            children = tuple(self.names[UUID(child["task_id"])] for child in below)
            lines.append(
                Shown(self.names[UUID(new.id)], parent, new.state, children, new.progress_completed, new.progress_total)
            )
        return lines

    async def check_registered(self) -> None:
        """What has ended and is no root is not to be found; everything else is."""
        for task in self.model.tasks:
            is_registered = task.parent is None or not task.finished
            try:
                await self.trees.service.roster.find(HOUSE, self.ids[task.name])
            except NotFound:
                assert not is_registered
            else:
                assert is_registered


@pytest.fixture(params=["sqlite", "postgres"])
def trees(request: pytest.FixtureRequest) -> Iterator[Trees]:
    if request.param == "sqlite":
        trees = Trees(lambda notifier: SqliteStore(":memory:", notifier))
    else:
        dsn: str = request.getfixturevalue("postgres_dsn")
        trees = Trees(lambda notifier: PostgresStore(dsn, notifier))
    yield trees
    trees.close()


def examples(trees: Trees) -> int:
    return 200 if isinstance(trees.store, SqliteStore) else 15


def test_what_folds_is_shown_as_the_model_says(trees: Trees) -> None:
    @settings(max_examples=examples(trees), deadline=None)
    @given(moves)
    def hold(script: list[tuple[str, int, int]]) -> None:
        async def play() -> None:
            grown = Grown(trees, folds=True)
            await grown.begin()
            for move in script:
                await grown.apply(*move)
                seen = await grown.seen(grown.model.root)
                assert grown.shown(seen) == grown.model.shown(grown.model.root)
            await grown.check_registered()
            for task in grown.model.unfinished:
                assert grown.shown(await grown.seen(task)) == grown.model.shown(task)
            seen = await grown.seen(grown.model.root)
            # A record's are counted by what it folded into.
            dropped = sum(sum(one.node.dropped.values()) for one in seen if isinstance(one.node, Task))
            assert len(seen) + dropped == len(grown.model.tasks)

        trees.run(play())

    hold()


def test_what_does_not_fold_is_shown_as_if_it_had(trees: Trees) -> None:
    """Children that the house keeps: in the order of their beginnings, not of their ends."""

    @settings(max_examples=examples(trees), deadline=None)
    @given(moves)
    def hold(script: list[tuple[str, int, int]]) -> None:
        async def play() -> None:
            grown = Grown(trees, folds=False)
            await grown.begin()
            for move in script:
                await grown.apply(*move)
            for task in [grown.model.root, *grown.model.unfinished]:
                shown = grown.shown(await grown.seen(task))
                assert sorted(map(unordered, shown)) == sorted(map(unordered, grown.model.shown(task)))
                assert is_breadth_first(shown)
            await grown.check_registered()

        trees.run(play())

    hold()


def unordered(line: Shown) -> tuple[int, str, tuple[int, ...], float, float]:
    return line.name, line.state, tuple(sorted(line.children)), line.done, line.total


def is_breadth_first(lines: list[Shown]) -> bool:
    """Whether each line's children come in its order, behind those of the lines before it."""
    return [line.name for line in lines[1:]] == [child for line in lines for child in line.children]
