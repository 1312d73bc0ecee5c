"""The journal read once per process, for everybody who listens."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from msgspec import Struct

from taskward.model.errors import TaskwardError
from taskward.model.task import Event
from taskward.ports import Journal, Notifier, Topic

_log = structlog.get_logger(__name__)

_POLL = timedelta(seconds=1)
"""How late an event may be when its wake-up was lost."""
_BATCH = 500
_BUFFERED = 10_000


class Scope(Struct, frozen=True):
    """Which events somebody wants: those of some tasks, of one tree, or all; of one client if that is set."""

    task_ids: frozenset[UUID] = frozenset()
    root_id: UUID | None = None
    client: str = ""

    def holds(self, event: Event) -> bool:
        """Whether the event is wanted."""
        if self.client and event.client != self.client:
            return False
        if self.task_ids:
            return event.task_id in self.task_ids
        return self.root_id is None or event.root_id == self.root_id


class Listener:
    """One listener's events since it began to listen."""

    def __init__(self, scope: Scope, since: str) -> None:
        self.scope = scope
        self.since = since
        """The cursor behind which it hears everything."""
        self.is_closed = False
        self.has_lost = False
        """It was too slow and missed some: the journal still has them."""
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()

    async def take(self, timeout: timedelta) -> list[Event]:
        """What came since the last call, as soon as there is something; empty after `timeout` or at the end."""
        try:
            async with asyncio.timeout(max(timeout.total_seconds(), 0)):
                await self._news.wait()
        except TimeoutError:
            return []
        return self.drain()

    def drain(self) -> list[Event]:
        """What came since the last call, which may be nothing."""
        events = list(self._events)
        self._events.clear()
        if not self.is_closed:
            self._news.clear()
        return events

    def put(self, event: Event) -> None:
        """Keeps an event for `take`."""
        if len(self._events) >= _BUFFERED:
            self._events.clear()
            self.has_lost = True
        if not self.has_lost:
            self._events.append(event)
        self._news.set()

    def close(self) -> None:
        """There will be no more events: the process ends."""
        self.is_closed = True
        self._news.set()


class Watcher:
    """Tails the journal while somebody listens and hands each event to those it concerns.

    Woken by Topic.EVENTS; a lost wake-up delays an event by a second at most.
    """

    def __init__(self, journal: Journal, notifier: Notifier) -> None:
        self._journal = journal
        self._notifier = notifier
        self._by_task: dict[UUID, list[Listener]] = {}
        self._by_root: dict[UUID, list[Listener]] = {}
        self._of_all: list[Listener] = []
        self._listeners = 0
        self._cursor = ""
        self._starting = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._tail: asyncio.Task[None] | None = None
        self._closed = False

    async def close(self) -> None:
        """Ends every listener and stream."""
        self._closed = True
        for listener in [*self._of_all, *self._registered(self._by_task), *self._registered(self._by_root)]:
            listener.close()
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.wait([self._tail])

    @asynccontextmanager
    async def listen(self, scope: Scope) -> AsyncIterator[Listener]:
        """Inside the block the listener gets every event that is written after the block was entered."""
        async with self._starting:
            if self._tail is None:
                self._cursor = await self._journal.end()
                self._tail = asyncio.create_task(self._follow(), name="journal watcher")
            listener = Listener(scope, self._cursor)
            self._listeners += 1
            for registered in self._places(scope):
                registered.append(listener)
        if self._closed:
            listener.close()
        try:
            yield listener
        finally:
            self._leave(listener)

    async def stream(self, scope: Scope, after: str | None, beat: timedelta) -> AsyncGenerator[list[Event], None]:
        """Batches of events after a cursor ("" is the beginning, None is now), without a gap or a repetition.

        The first empty batch says that the past has been told, each further one that nothing happened for `beat`.
        Ends when the process ends.
        """
        async with self.listen(scope) as listener:
            cursor = listener.since if after is None else after
            is_behind, is_first = after is not None, True
            # What came since the block was entered may have been told as past already.
            known: set[str] = set()
            while not listener.is_closed:
                if is_behind:
                    told: deque[str] = deque(maxlen=_BUFFERED)
                    async with aclosing(self._past(scope, cursor)) as past:
                        async for batch in past:
                            told.extend(event.cursor for event in batch)
                            cursor = batch[-1].cursor
                            yield batch
                    listener.has_lost = False
                    await self._read()
                    known.update(told)
                    batch = listener.drain()
                elif is_first:
                    batch = []
                else:
                    batch = await listener.take(beat)
                if known and batch:
                    batch = [event for event in batch if event.cursor not in known]
                is_behind = listener.has_lost
                if is_behind:
                    continue
                if batch:
                    cursor = batch[-1].cursor
                    yield batch
                if is_first or not batch:
                    yield []
                is_first = False

    async def _past(self, scope: Scope, cursor: str) -> AsyncGenerator[list[Event], None]:
        task_id = next(iter(scope.task_ids)) if len(scope.task_ids) == 1 else None
        while True:
            events = await self._journal.events(cursor, task_id=task_id, root_id=scope.root_id, limit=_BATCH)
            if wanted := [event for event in events if scope.holds(event)]:
                yield wanted
            if len(events) < _BATCH:
                return
            cursor = events[-1].cursor

    async def _follow(self) -> None:
        async with self._notifier.subscribe(Topic.EVENTS) as subscription:
            while True:
                try:
                    await self._read()
                except TaskwardError:
                    _log.warning("the journal could not be read; trying again", exc_info=True)
                await subscription.wait(_POLL)

    async def _read(self) -> None:
        """Hands out all that is in the journal when it is called, and perhaps more."""
        async with self._reading:
            while True:
                events = await self._journal.events(self._cursor, limit=_BATCH)
                for event in events:
                    self._hand_out(event)
                if events:
                    self._cursor = events[-1].cursor
                if len(events) < _BATCH:
                    return

    def _hand_out(self, event: Event) -> None:
        for listener in self._by_task.get(event.task_id, ()):
            listener.put(event)
        for listener in self._by_root.get(event.root_id, ()):
            if listener.scope.holds(event):
                listener.put(event)
        for listener in self._of_all:
            if listener.scope.holds(event):
                listener.put(event)

    def _places(self, scope: Scope) -> Iterable[list[Listener]]:
        if scope.task_ids:
            return [self._by_task.setdefault(task_id, []) for task_id in scope.task_ids]
        if scope.root_id is not None:
            return [self._by_root.setdefault(scope.root_id, [])]
        return [self._of_all]

    def _leave(self, listener: Listener) -> None:
        for registered in self._places(listener.scope):
            registered.remove(listener)
        for task_id in listener.scope.task_ids:
            if not self._by_task[task_id]:
                del self._by_task[task_id]
        if (root_id := listener.scope.root_id) and not self._by_root.get(root_id, True):
            del self._by_root[root_id]
        self._listeners -= 1
        if not self._listeners and self._tail is not None:
            self._tail.cancel()
            self._tail = None

    @staticmethod
    def _registered(table: dict[UUID, list[Listener]]) -> list[Listener]:
        return [listener for listeners in table.values() for listener in listeners]
