"""The recorder: writes what bodies tell, together and at intervals."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from taskward.engine.notes import RunNotes
from taskward.engine.tempo import Tempo
from taskward.model.errors import Unavailable
from taskward.model.task import Task
from taskward.ports import Clock, Note, Tasks

_log = structlog.get_logger(__name__)

_BATCH = 2_000
"""Notes written in one call, so that other writers are not kept waiting."""
_PAUSE_SECONDS = 1.0
"""Between attempts while the store is unavailable."""


class Recorder:
    """Collects the notes of all runs of one worker and writes them together, at most every `flush_interval`.

    `on_over` is told of tasks whose attempt is not the worker's any more. Belongs to the running event loop; notes may
    come from any thread.
    """

    def __init__(
        self, tasks: Tasks, clock: Clock, tempo: Tempo, *, worker_id: UUID, on_over: Callable[[frozenset[UUID]], None]
    ) -> None:
        self.worker_id = worker_id
        self._tasks = tasks
        self._clock = clock
        self._interval_seconds = tempo.flush_interval.total_seconds()
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._dirty: dict[RunNotes, None] = {}
        self._dirty_lock = threading.Lock()
        self._unwritten: list[Note] = []
        self._in_flight: list[RunNotes] = []
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._armed = False

    def open(self, task: Task) -> RunNotes:
        """The buffer of one run."""
        return RunNotes(task, self._clock, self._add)

    def put(self, notes: Sequence[Note]) -> None:
        """Adds notes that are ready to be written, in order."""
        self._unwritten += notes
        self._arm()

    @property
    def holds_notes(self) -> bool:
        """Whether notes that were handed over by `put` are not written yet."""
        return bool(self._unwritten) or self._lock.locked()

    @property
    def is_full(self) -> bool:
        """Whether whoever puts notes should wait for `flush`."""
        return len(self._unwritten) > 2 * _BATCH

    async def flush(self) -> None:
        """Writes everything that was told before the call. Raises Unavailable, and keeps what was not written."""
        async with self._lock:
            while self._unwritten or self._dirty:
                self._collect()
                while self._unwritten:
                    await self._write(self._unwritten[:_BATCH])
                for notes in self._in_flight:
                    notes.in_flight = False
                self._in_flight.clear()

    async def close(self) -> None:
        """Writes what is left, if the store lets it."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            await self._flushing
        try:
            await self.flush()
        except Unavailable as error:
            _log.warning("notes were lost at shutdown", count=len(self._unwritten), error=str(error))

    def _add(self, notes: RunNotes) -> None:
        with self._dirty_lock:
            self._dirty[notes] = None
        if self._armed:
            return
        if threading.get_ident() == self._thread_id:
            self._arm()
        else:
            self._loop.call_soon_threadsafe(self._arm)

    def _arm(self, delay_seconds: float | None = None) -> None:
        if not self._armed:
            self._armed = True
            self._timer = self._loop.call_later(delay_seconds or self._interval_seconds, self._fire)

    def _fire(self) -> None:
        self._armed = False
        self._flushing = self._loop.create_task(self._flush_or_wait())

    async def _flush_or_wait(self) -> None:
        try:
            await self.flush()
        except Unavailable as error:
            _log.warning("notes cannot be written now", count=len(self._unwritten), error=str(error))
            self._arm(_PAUSE_SECONDS)

    def _collect(self) -> None:
        with self._dirty_lock:
            dirty, self._dirty = self._dirty, {}
        for notes in dirty:
            self._unwritten += notes.take()
            self._in_flight.append(notes)

    async def _write(self, batch: Sequence[Note]) -> None:
        try:
            over = await self._tasks.record(self.worker_id, batch, self._clock.now())
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the good notes go on
            _log.exception("notes were refused; writing them task by task")
            over = await self._write_apart(batch)
        del self._unwritten[: len(batch)]
        if over:
            self._on_over(over)

    async def _write_apart(self, batch: Sequence[Note]) -> frozenset[UUID]:
        """Lets one task's bad note spoil nothing but that task's notes."""
        by_task: dict[UUID, list[Note]] = {}
        for note in batch:
            by_task.setdefault(note.task_id, []).append(note)
        over: set[UUID] = set()
        for task_id, notes in by_task.items():
            try:
                over |= await self._tasks.record(self.worker_id, notes, self._clock.now())
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is logged and the others go on
                _log.error("notes were dropped", task_id=str(task_id), count=len(notes), error=repr(error))
        return frozenset(over)
