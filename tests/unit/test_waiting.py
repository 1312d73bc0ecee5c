"""Waits whose listener was too slow to be told everything."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, cast

import pytest
from msgspec import structs

from taskward import Context, Module
from taskward.auth import HOUSE
from taskward.model.states import State
from taskward.model.task import Event, Task
from taskward.operations import Wishes
from taskward.ports import Journal, Tasks
from taskward.service.tasks import TaskDesk
from taskward.service.waiting import Waiting
from taskward.service.watcher import _BUFFERED, Listener, Scope, Watcher
from taskward.testing import TestEngine

module = Module("m")


@module.operation()
async def work(ctx: Context) -> None:
    pass


class Shelf:
    """One task, as a desk and a store show it; ends at the second look unless it is endless."""

    def __init__(self, task: Task, *, endless: bool) -> None:
        self.task = task
        self.endless = endless
        self.looks = 0

    async def get(self, *_: object) -> Task:
        self.looks += 1
        if self.looks > 2 and not self.endless:
            self.task = structs.replace(self.task, state=State.COMPLETED, version=99)
        return self.task


class Flooded:
    """A watcher whose listeners have missed events before they look."""

    @asynccontextmanager
    async def listen(self, scope: Scope) -> AsyncIterator[Listener]:
        listener = Listener(scope, "")
        [task_id] = scope.task_ids
        for _ in range(_BUFFERED + 1):
            listener.put(cast("Event", task_id))
        assert listener.has_lost
        yield listener


@pytest.fixture
async def task() -> Task:
    async with TestEngine([module]) as engine:
        return await engine.submit(work, wishes=Wishes(paused=True))


def waiting(shelf: Shelf) -> Waiting:
    parts: Any = shelf
    return Waiting(cast("TaskDesk", parts), cast("Tasks", parts), cast("Journal", parts), cast("Watcher", Flooded()))


async def test_an_end_that_was_missed_is_looked_up(task: Task) -> None:
    async with asyncio.timeout(30):
        ended = await waiting(Shelf(task, endless=False)).for_end(HOUSE, task.id, timedelta(seconds=60))
    assert ended.state is State.COMPLETED


@pytest.mark.parametrize("wait", ["for_end", "for_change"])
async def test_a_wait_that_missed_something_is_over_in_time(task: Task, wait: str) -> None:
    desk = waiting(Shelf(task, endless=True))
    async with asyncio.timeout(30):
        if wait == "for_end":
            same = await desk.for_end(HOUSE, task.id, timedelta(seconds=0.05))
        else:
            same = await desk.for_change(HOUSE, task.id, task.version, timedelta(seconds=0.05))
    assert same == task
