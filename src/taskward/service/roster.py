"""The roster: what is registered, for front ends that forget what has ended before the house does."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec import structs

from taskward.auth import Principal
from taskward.model.errors import Conflict, NotAbortable, NotFound, Unavailable
from taskward.model.states import State
from taskward.model.task import Event, Kind, Task, TaskError
from taskward.ports import Clock, Store
from taskward.service.catalogue import Catalogue
from taskward.service.sightings import Sighting, Sightings, sighting_of_record
from taskward.service.tasks import TaskDesk
from taskward.service.watcher import Listener, Scope, Watcher

_PAGE = 500
_LOOK_AGAIN = timedelta(minutes=1)
"""Events tell of an end at once; a waiter looks at intervals beside."""


class RosterDesk:
    """Tasks as a registry shows them. What it does not show is NotFound. Reading needs the scope read."""

    def __init__(self, desk: TaskDesk, store: Store, catalogue: Catalogue, watcher: Watcher, clock: Clock) -> None:
        self._desk = desk
        self._roster = store.roster
        self._tasks = store.tasks
        self._catalogue = catalogue
        self._watcher = watcher
        self._clock = clock
        self._sightings = Sightings(store.roster, store.tasks)

    async def modules(self, principal: Principal) -> list[str]:
        """Every module, by name: those with operations, and those of work tracked from outside."""
        known = {module.name for module in await self._catalogue.modules(principal)}
        return sorted(known.union(await self._roster.modules()))

    async def registered(
        self, principal: Principal, module: str, *, internal: bool, labels: Mapping[str, str]
    ) -> AsyncGenerator[list[Task], None]:
        """Pages of what is registered of a module and has these labels. Children, and what is declared to be internal,
        only with `internal`. Raises NotFound for a module there is not.
        """
        await self.check_module(principal, module)
        now = self._clock.now()
        after: tuple[int, int] | None = None
        while True:
            page = await self._roster.registered(module, now, after, _PAGE)
            yield [
                task
                for task in page.tasks
                if (internal or (task.is_root and not task.internal))
                and principal.sees(task.client)
                and all(task.labels.get(name) == value for name, value in labels.items())
            ]
            if page.next is None:
                return
            after = page.next

    async def check_module(self, principal: Principal, module: str) -> None:
        """Raises NotFound."""
        if module not in await self.modules(principal):
            raise NotFound("module", module)

    async def find(self, principal: Principal, task_id: UUID) -> Task:
        """The task as it is now. Raises NotFound."""
        task = await self._desk.get(principal, task_id)
        if not task.is_registered(self._clock.now()):
            raise NotFound("task", task_id)
        return task

    async def sighting(self, principal: Principal, task_id: UUID) -> Sighting:
        """The task, with its children. Raises NotFound."""
        return await self._sightings.of(await self.find(principal, task_id))

    async def walk(self, principal: Principal, task_id: UUID) -> AsyncGenerator[list[Sighting], None]:
        """The task and all below it, breadth first, in pieces. Raises NotFound."""
        async for piece in self._sightings.walk(await self.find(principal, task_id)):
            yield piece

    async def unregister(self, principal: Principal, task_id: UUID) -> None:
        """Lets the registry forget a finished task. The house keeps it, so reading rights are enough."""
        principal.require("read")
        await self._roster.unregister([task_id], self._clock.now())

    async def drain(self, principal: Principal, module: str) -> None:
        """Lets the registry forget everything finished of a module. Needs write. Raises NotFound."""
        principal.require("write")
        await self.check_module(principal, module)
        await self._roster.drain(module, principal.client, self._clock.now())

    async def abort(self, principal: Principal, task_id: UUID) -> None:
        """Asks a task and all below it to stop; one that has ended is left alone. Raises NotFound, NotAbortable."""
        principal.require("write")
        task = await self.find(principal, task_id)
        if not task.abortable:
            raise NotAbortable(f"task {task.number} was declared not abortable")
        try:
            await self._desk.cancel(principal, task_id)
        except (Conflict, NotFound):
            # It ended in this moment.
            return

    async def wait(self, principal: Principal, task_id: UUID, timeout: timedelta | None) -> Sighting:
        """The task when it has ended, whether or not it is registered any more. Raises NotFound, TimeoutError, and
        Unavailable when the process stops.
        """
        task = await self.find(principal, task_id)
        if task.is_final:
            return await self._sightings.of(task)
        # A step has no events of its own: its task tells that some step has ended.
        scope = Scope(root_id=task.root_id) if task.kind is Kind.STEP else Scope(frozenset([task.id]))
        async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
            async with self._watcher.listen(scope) as listener:
                return await self._end_of(task, listener)

    async def _end_of(self, task: Task, listener: Listener) -> Sighting:
        told: list[Event] = []
        while True:
            found = await self._tasks.get_many([task.id])
            if task.id not in found:
                return await self._last_seen(task, told)
            task = found[task.id]
            if task.is_final:
                return await self._sightings.of(task)
            if listener.is_closed:
                raise Unavailable("the server stops")
            told += (event for event in await listener.take(_LOOK_AGAIN) if event.task_id == task.id)

    async def _last_seen(self, task: Task, told: list[Event]) -> Sighting:
        """A task whose row is gone: folded, or removed as soon as it had ended."""
        if task.parent_id is not None:
            record = await self._roster.record(task.parent_id, task.id)
            if record is not None:
                return sighting_of_record(record, task)
        return await self._sightings.of(_ended(task, told, self._clock))


def _ended(task: Task, told: list[Event], clock: Clock) -> Task:
    """As its last event tells. What left neither record nor event was a part that folding forgot: it ended well."""
    for event in reversed(told):
        if "state" in event.data:
            error = event.data.get("error")
            return structs.replace(
                task,
                state=State(event.data["state"]),
                finished_at=event.at,
                error=None if error is None else msgspec.convert(error, TaskError),
            )
    return structs.replace(task, state=State.COMPLETED, finished_at=clock.now())
