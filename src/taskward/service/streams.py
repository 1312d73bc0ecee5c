"""Live streams: what happens to a task and below it, to all tasks, and what a task logs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

from taskward.auth import Principal
from taskward.model.states import FINAL
from taskward.model.task import Event, LogLine, Task
from taskward.ports import Journal, Notifier, Tasks, Topic
from taskward.service.tasks import Ref, TaskDesk
from taskward.service.watcher import Scope, Watcher

BEAT = timedelta(seconds=15)
"""How long a stream is silent before it gives an empty batch."""

_LOG_BATCH = 500
_LOG_POLL = timedelta(seconds=1)
_TREE_LIMIT = 10_000


class Streams:
    """Each stream is a generator of batches, in order, without gaps; an empty batch is a sign of life.

    The first batch (perhaps empty) comes as soon as nothing that happens from then on can be missed. They need the
    scope read.
    """

    def __init__(self, desk: TaskDesk, tasks: Tasks, journal: Journal, watcher: Watcher, notifier: Notifier) -> None:
        self._desk = desk
        self._tasks = tasks
        self._journal = journal
        self._watcher = watcher
        self._notifier = notifier

    async def of_all(self, principal: Principal, after: str | None) -> AsyncGenerator[list[Event], None]:
        """Events of every task the principal sees, behind a cursor ("" the beginning, None now); has no end."""
        principal.require("read")
        async with aclosing(self._watcher.stream(Scope(client=principal.client), after, BEAT)) as batches:
            async for batch in batches:
                yield batch

    async def of_task(self, principal: Principal, ref: Ref, after: str | None) -> AsyncGenerator[list[Event], None]:
        """Events of a task and of what is below it; ends behind the last one of the task. Raises NotFound, Gone.

        Of a task that has ended it gives what is behind `after`, and ends.
        """
        task = await self._desk.get(principal, ref)
        family = None if task.is_root else await self._family(task)
        async with aclosing(self._watcher.stream(Scope(root_id=task.root_id), after, BEAT)) as batches:
            is_past = True
            async for batch in batches:
                if is_past and not batch:
                    is_past = False
                    # Its last event may be older than `after`.
                    if await self._is_over(task.id):
                        return
                wanted = batch if family is None else await self._within(family, batch)
                for index, event in enumerate(wanted):
                    if event.task_id == task.id and _is_last(event):
                        yield wanted[: index + 1]
                        return
                if wanted or not batch:
                    yield wanted

    async def logs(
        self, principal: Principal, ref: Ref, after: int, min_severity: int
    ) -> AsyncGenerator[list[LogLine], None]:
        """Log lines of a task behind `after`; ends with the task. Raises NotFound, Gone."""
        task = await self._desk.get(principal, ref)
        scope = Scope(frozenset([task.id]))
        async with self._notifier.subscribe(Topic.LOGS, Topic.EVENTS) as news, self._watcher.listen(scope) as listener:
            clock = asyncio.get_running_loop().time
            silent_since = clock()
            is_first = True
            while not listener.is_closed:
                # Asked before the lines are read, so that none is written in between.
                is_over = await self._is_over(task.id)
                while lines := await self._journal.logs(
                    task.id, after=after, limit=_LOG_BATCH, min_severity=min_severity
                ):
                    after = lines[-1].seq
                    silent_since, is_first = clock(), False
                    yield lines
                if is_over:
                    return
                if is_first or clock() - silent_since >= BEAT.total_seconds():
                    silent_since, is_first = clock(), False
                    yield []
                await news.wait(_LOG_POLL)

    async def _is_over(self, task_id: UUID) -> bool:
        found = await self._tasks.get_many([task_id])
        return task_id not in found or found[task_id].is_final

    async def _family(self, task: Task) -> set[UUID]:
        """The task and everything below it that can still have events."""
        tree = await self._tasks.tree(task.id, depth=1000, limit=_TREE_LIMIT)
        return {task.id, *(node.task.id for node in tree.nodes if node.task is not None)}

    async def _within(self, family: set[UUID], batch: list[Event]) -> list[Event]:
        strangers = [event.task_id for event in batch if event.kind == "created" and event.task_id not in family]
        if strangers:
            born = await self._tasks.get_many(strangers)
            for task_id in strangers:
                if task_id in born and born[task_id].parent_id in family:
                    family.add(task_id)
        return [event for event in batch if event.task_id in family]


def _is_last(event: Event) -> bool:
    return event.kind == "deleted" or (event.kind in {"state", "created"} and event.data.get("state") in FINAL)
