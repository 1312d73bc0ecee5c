"""Waiting for the ends of tasks, by events."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from msgspec import Struct, structs

from taskward.auth import Principal
from taskward.model.errors import NotFound
from taskward.model.states import FINAL, State
from taskward.model.task import Event, Task
from taskward.ports import Journal, TaskQuery, Tasks
from taskward.service.tasks import Ref, TaskDesk
from taskward.service.watcher import Listener, Scope, Watcher

_UNFINISHED = tuple(state for state in State if state not in FINAL)
_PAGE = 1000
SHOWN_AT_MOST = 1000


class Awaited(Struct, frozen=True):
    """How a wait for several tasks ended: whether all are final, and the tasks as they are now."""

    done: bool
    tasks: Sequence[Task]


class Waiting:
    """Waits end when they can, after their timeout, or with the process. They need the scope read."""

    def __init__(self, desk: TaskDesk, tasks: Tasks, journal: Journal, watcher: Watcher) -> None:
        self._desk = desk
        self._tasks = tasks
        self._journal = journal
        self._watcher = watcher

    async def for_end(self, principal: Principal, ref: Ref, timeout: timedelta) -> Task:
        """The task once it is final, or as it is after `timeout`. Raises NotFound, Gone."""
        return await self.for_end_of(await self._desk.get(principal, ref), timeout)

    async def for_end_of(self, task: Task, timeout: timedelta) -> Task:
        """As `for_end`, of a task as it was when the caller submitted it: it may be forgotten before anybody looks."""
        if task.is_final:
            return task
        async with self._watcher.listen(Scope(frozenset([task.id]))) as listener:
            task = await self._now(task)
            deadline = _Deadline(timeout)
            while not task.is_final:
                events = await _next(listener, deadline)
                if events is None:
                    return await self._now(task)
                ends = [event for event in events if _is_end(event)]
                if ends or not events:
                    task = await self._now(task, ends)
        return task

    async def for_change(self, principal: Principal, ref: Ref, version: int, timeout: timedelta) -> Task:
        """The task once it is another version than this, or as it is after `timeout`. Raises NotFound, Gone."""
        task = await self._desk.get(principal, ref)
        if task.version != version:
            return task
        async with self._watcher.listen(Scope(frozenset([task.id]))) as listener:
            deadline = _Deadline(timeout)
            task = await self._tasks.get(task.id)
            while task.version == version and await _next(listener, deadline) is not None:
                task = await self._tasks.get(task.id)
        return task

    async def for_all(self, principal: Principal, ids: Sequence[UUID], timeout: timedelta) -> Awaited:
        """These tasks, in this order, once all are final or after `timeout`. Raises NotFound for one there is not."""
        wanted = list(dict.fromkeys(ids))
        async with self._watcher.listen(Scope(frozenset(wanted))) as listener:
            tasks = await self._desk.get_many(principal, wanted)
            for task_id in wanted:
                if task_id not in tasks:
                    # Tells a task that is gone from one that never was.
                    tasks[task_id] = await self._desk.get(principal, task_id)
            await self._drain(listener, {task.id for task in tasks.values() if not task.is_final}, timeout)
        now = await self._tasks.get_many(wanted)
        # What was removed since is shown as it was last seen; it can only have been final.
        last = [now.get(task_id, tasks[task_id]) for task_id in wanted]
        return Awaited(all(task.is_final or task.id not in now for task in last), last)

    async def for_none(self, principal: Principal, query: TaskQuery, timeout: timedelta) -> Awaited:
        """Waits until none of the tasks is left that are unfinished now and match.

        The answer shows up to 1,000 that are left.
        """
        query = structs.replace(query, states=_UNFINISHED, limit=_PAGE)
        async with self._watcher.listen(Scope(client=query.client or principal.client)) as listener:
            pending: set[UUID] = set()
            after: str | None = None
            while True:
                page = await self._desk.page(principal, structs.replace(query, after=after))
                pending.update(task.id for task in page.tasks)
                after = page.next
                if after is None:
                    break
            pending = await self._drain(listener, pending, timeout)
        left = await self._tasks.get_many(list(pending)[:SHOWN_AT_MOST])
        tasks = [task for task in left.values() if not task.is_final]
        return Awaited(not tasks, tasks)

    async def _drain(self, listener: Listener, pending: set[UUID], timeout: timedelta) -> set[UUID]:
        """Those of `pending` whose ends were not seen within `timeout`."""
        deadline = _Deadline(timeout)
        while pending:
            events = await _next(listener, deadline)
            if events is None:
                break
            if not events:
                pending = await self._unfinished(pending)
            pending.difference_update(event.task_id for event in events if _is_end(event))
        return pending

    async def _unfinished(self, ids: Collection[UUID]) -> set[UUID]:
        found = await self._tasks.get_many(list(ids))
        return {task.id for task in found.values() if not task.is_final}

    async def _now(self, task: Task, ends: Sequence[Event] = ()) -> Task:
        """The task as it is now; one that was removed as soon as it had ended, as its last event tells."""
        try:
            return await self._tasks.get(task.id)
        except NotFound:
            # Its removal may overtake what was to be told of its end; the journal keeps that it was removed.
            told = [
                event
                for event in (*ends, *await self._journal.events("", task_id=task.id))
                if event.data.get("state") in FINAL
            ]
            if not told:
                raise
            event = told[-1]
            return structs.replace(task, state=State(event.data["state"]), finished_at=event.at, updated_at=event.at)


class _Deadline:
    """An instant on the loop's clock."""

    def __init__(self, timeout: timedelta) -> None:
        self._clock = asyncio.get_running_loop().time
        self._end = self._clock() + timeout.total_seconds()

    def left(self) -> timedelta:
        """What remains, not less than nothing."""
        return timedelta(seconds=max(self._end - self._clock(), 0))


async def _next(listener: Listener, deadline: _Deadline) -> list[Event] | None:
    """The next events; none when some were missed, None when the time is over or the process ends."""
    while not listener.is_closed:
        left = deadline.left()
        events = await listener.take(left)
        if listener.has_lost:
            listener.has_lost = False
            return []
        if events:
            return events
        if not left:
            return None
    return None


def _is_end(event: Event) -> bool:
    """Whether the event says that its task is final, or no more."""
    return event.kind == "deleted" or (event.kind in {"state", "created"} and event.data.get("state") in FINAL)
