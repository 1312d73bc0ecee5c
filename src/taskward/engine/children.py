"""Children of running bodies: submitting them, and waiting for very many of them at little cost."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import structlog
from uuid_utils.compat import uuid7

from taskward.engine.tempo import Tempo
from taskward.model.errors import Conflict, Unavailable
from taskward.model.states import FINAL, State
from taskward.model.task import NewTask, Task, TaskError
from taskward.operations import Operation, Wishes
from taskward.operations.run import SpawnRequest
from taskward.ports import Clock, Notifier, Store, Submission, Topic

FindOperation = Callable[[str], Awaitable[Operation]]
"""The operation of a full name, which need not be one that this worker can run. Raises NotFound."""

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_CHUNK = 500
"""Children asked for in one query."""
_REST = 4
"""Looking at every awaited child is followed by a pause so many times as long."""
_SHORTEST_REST_SECONDS = 0.01
_UNAVAILABLE_SECONDS = 1.0


class _Wait:
    """One body's wait for some children."""

    __slots__ = ("ended", "future", "missing")

    def __init__(self, children: Sequence[Task], future: asyncio.Future[None]) -> None:
        self.ended: dict[UUID, Task] = {child.id: child for child in children}
        self.missing = {child.id for child in children if not child.is_final}
        self.future = future

    def meet(self, child: Task) -> None:
        self.missing.discard(child.id)
        self.ended[child.id] = child
        if not self.missing and not self.future.done():
            self.future.set_result(None)


class Children:
    """Spawns for every run of one worker, and watches all the children they wait for together."""

    def __init__(self, store: Store, notifier: Notifier, find: FindOperation, clock: Clock, tempo: Tempo) -> None:
        self._store = store
        self._notifier = notifier
        self._find = find
        self._clock = clock
        self._tempo = tempo
        self._waits: dict[UUID, list[_Wait]] = {}
        self._ended_here: set[UUID] = set()
        self._anything = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch."""
        self._watching = asyncio.create_task(self._watch(), name="taskward-children")

    async def stop(self) -> None:
        """Stops to watch; who still waits waits on."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def spawn(self, parent: Task, request: SpawnRequest) -> Task:
        """Submits a child of `parent`, or finds the one its key names.

        While the store is away it goes on trying: how long is for the leases to say, which end meanwhile. Raises
        NotFound (operation), Invalid (arguments), Conflict (the parent has ended).
        """
        operation = await self._patiently(lambda: self._find(request.operation))
        wishes = Wishes(
            parent=parent,
            key=request.key,
            name=request.name,
            labels=request.labels,
            priority=request.priority,
            queue=request.queue,
            run_at=request.run_at,
            timeout=request.timeout,
            retry=request.retry,
        )
        child = operation.new_task(uuid7(), request.args, wishes)
        return await self._patiently(lambda: self._submit(child))

    async def _submit(self, child: NewTask) -> Task:
        try:
            submitted = await self._store.tasks.submit(Submission((child,)), self._clock.now())
        except Conflict:
            # An answer that was lost on its way may have been that it is accepted.
            accepted = await self._store.tasks.get_many([child.id])
            if child.id not in accepted:
                raise
            return accepted[child.id]
        return submitted.tasks[0]

    async def is_canceled(self, task: Task) -> bool:
        """Whether a running task was asked to stop."""
        found = await self._patiently(lambda: self._store.tasks.get_many([task.id]))
        return task.id in found and found[task.id].state is State.CANCELING

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await ask()
            except Unavailable as error:
                _log.warning("the store is unavailable; a body waits for it", error=str(error))
                await asyncio.sleep(_UNAVAILABLE_SECONDS)

    async def wait(self, children: Sequence[Task]) -> list[Task]:
        """The children as they ended, in the same order, when all have."""
        wait = _Wait(children, asyncio.get_running_loop().create_future())
        if not wait.missing:
            return list(children)
        awaited = list(wait.missing)
        for child_id in awaited:
            self._waits.setdefault(child_id, []).append(wait)
        self._anything.set()
        try:
            # They may have ended before anybody looked.
            await self._patiently(lambda: self._look(awaited))
            await wait.future
        finally:
            for child_id in awaited:
                self._forget(child_id, wait)
        return [wait.ended[child.id] for child in children]

    def ended_here(self, task_ids: Iterable[UUID]) -> None:
        """Tasks this worker has just ended: whoever waits for one need not wait for the next look at all."""
        if self._waits:
            self._ended_here.update(task_id for task_id in task_ids if task_id in self._waits)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        next_look = 0.0
        poll_seconds = self._tempo.poll_interval.total_seconds()
        wait_seconds = poll_seconds
        async with self._notifier.subscribe(Topic.EVENTS) as events:
            while True:
                await self._anything.wait()
                await events.wait(timedelta(seconds=wait_seconds))
                try:
                    ended, self._ended_here = self._ended_here, set()
                    await self._look(list(ended))
                    # Woken again and again, it still leaves most of the time to others.
                    wait_seconds = next_look - loop.time()
                    if wait_seconds <= 0:
                        before = loop.time()
                        await self._look(list(self._waits))
                        next_look = loop.time() + max(_REST * (loop.time() - before), _SHORTEST_REST_SECONDS)
                        wait_seconds = poll_seconds
                except Exception as error:  # noqa: BLE001 - whatever it is, bodies wait for this loop
                    _log.warning("children cannot be looked at now", waiting=len(self._waits), error=repr(error))
                    await asyncio.sleep(poll_seconds)
                if not self._waits:
                    self._anything.clear()

    async def _look(self, child_ids: Sequence[UUID]) -> None:
        for start in range(0, len(child_ids), _CHUNK):
            chunk = child_ids[start : start + _CHUNK]
            found = await self._store.tasks.get_many(chunk)
            for child_id in chunk:
                child = found.get(child_id)
                if child is not None and child.is_final:
                    self._meet(child)
                elif child is None and child_id in self._waits:
                    await self._recall(child_id)

    def _meet(self, child: Task) -> None:
        for wait in self._waits.pop(child.id, ()):
            wait.meet(child)

    def _forget(self, child_id: UUID, wait: _Wait) -> None:
        waits = self._waits.get(child_id)
        if waits is not None and wait in waits:
            waits.remove(wait)
            if not waits:
                del self._waits[child_id]

    async def _recall(self, child_id: UUID) -> None:
        """The end of a child that has folded into its parent, or was removed: the journal still tells it."""
        last: dict[str, Any] = {}
        at: datetime | None = None
        cursor = ""
        while page := await self._store.journal.events(cursor, task_id=child_id):
            cursor = page[-1].cursor
            for event in page:
                if event.data.get("state") in FINAL:
                    last, at = event.data, event.at
        for wait in list(self._waits.get(child_id, ())):
            self._meet(_ended(wait.ended[child_id], last, at))


def _ended(accepted: Task, facts: dict[str, Any], at: datetime | None) -> Task:
    """A child that is not there any more, as the journal remembers its end."""
    if not facts:
        gone = TaskError("Gone", "the child was removed before its end was seen", code="gone")
        return msgspec.structs.replace(accepted, state=State.FAILED, error=gone)
    error, result = facts.get("error"), facts.get("result")
    return msgspec.structs.replace(
        accepted,
        state=State(facts["state"]),
        attempt=facts.get("attempt", accepted.attempt),
        error=None if error is None else msgspec.convert(error, TaskError),
        result=None if result is None else msgspec.Raw(result.encode()),
        finished_at=at,
    )
