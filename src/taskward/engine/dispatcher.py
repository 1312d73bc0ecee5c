"""The dispatcher: one loop that tells the store what has ended and claims what is next, in one round."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from uuid import UUID

import structlog

from taskward.engine.recorder import Recorder
from taskward.engine.slots import Slots
from taskward.engine.tempo import Tempo
from taskward.model.errors import Unavailable
from taskward.model.states import State
from taskward.model.task import Task, TaskError
from taskward.ports import Claim, Clock, Exchange, Finish, Notifier, Tasks, Topic

_log = structlog.get_logger(__name__)

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_LAST_ROUND_SECONDS = 5.0
"""How long a store that does not answer may hold up the end of the worker."""


class Dispatcher:
    """Fuses finishes and claims. What ended while one round was under way goes with the next.

    `on_claimed` gets each claimed task, `on_ended` the ids of those whose end is durable. `find_unheard` gives the
    tasks and attempts that the store believes to run here and that do not.
    """

    def __init__(
        self,
        tasks: Tasks,
        notifier: Notifier,
        *,
        worker_id: UUID,
        queues: Sequence[str],
        operations: Iterable[str],
        slots: Slots,
        recorder: Recorder,
        clock: Clock,
        tempo: Tempo,
        on_claimed: Callable[[Task], None],
        on_ended: Callable[[Iterable[UUID]], None],
        find_unheard: Callable[[], Awaitable[Iterable[tuple[UUID, int]]]],
    ) -> None:
        self.worker_id = worker_id
        self._tasks = tasks
        self._notifier = notifier
        self._queues = tuple(queues)
        self._operations = tuple(operations)
        self._slots = slots
        self._recorder = recorder
        self._clock = clock
        self._poll_seconds = tempo.poll_interval.total_seconds()
        self._on_claimed = on_claimed
        self._on_ended = on_ended
        self._find_unheard = find_unheard
        self._may_be_unheard = False
        self._finishes: list[Finish] = []
        self._must_flush = False
        self._claims = False
        self._may_find_work = True
        self._pause_seconds = 0.0
        self._wake = asyncio.Event()
        self._round = asyncio.Lock()
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to claim."""
        self._claims = True
        self._wake.set()
        self._loops = [
            asyncio.create_task(self._listen(), name="taskward-dispatcher-wake"),
            asyncio.create_task(self._dispatch(), name="taskward-dispatcher"),
        ]

    def stop_claiming(self) -> None:
        """From now on it only tells what has ended; tasks that are being claimed go back."""
        self._claims = False

    def claim_again(self) -> None:
        """Goes on claiming, after `stop_claiming`."""
        self._claims = self._may_find_work = True
        self._wake.set()

    async def stop(self) -> None:
        """Stops; what has ended and could not be told yet is tried once more."""
        self._claims = False
        # A round under way may be claiming: what it claims must be known, to be handed back.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ROUND_SECONDS), self._round:
                pass
        for loop in self._loops:
            loop.cancel()
        if self._loops:
            await asyncio.wait(self._loops)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ROUND_SECONDS):
                await self.tell()

    def add(self, finish: Finish, must_flush: bool) -> None:  # noqa: FBT001 - given by position, as a callback is
        """An attempt has ended. `must_flush`: notes of it are to be written before."""
        self._finishes.append(finish)
        self._must_flush |= must_flush
        self._wake.set()

    def on_free_slot(self) -> None:
        """A slot is free again."""
        self._wake.set()

    async def tell(self) -> None:
        """Tells what has ended, once. Keeps it if the store is unavailable."""
        async with self._round:
            if self._finishes:
                await self._one_round(claim=None)

    async def _listen(self) -> None:
        async with self._notifier.subscribe(Topic.WORK) as work:
            while True:
                await work.wait()
                self._may_find_work = True
                self._wake.set()

    async def _dispatch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._wake.wait()
            except TimeoutError:
                self._may_find_work = True
            self._wake.clear()
            async with self._round:
                claim = self._next_claim()
                if claim is not None or self._finishes:
                    await self._one_round(claim)
            if self._pause_seconds:
                await asyncio.sleep(self._pause_seconds)
                self._wake.set()

    def _next_claim(self) -> Claim | None:
        """What to ask for now. A finish may have made way for others, so with finishes it always asks."""
        free = self._slots.free
        if not self._claims or not free or not (self._may_find_work or self._finishes):
            return None
        return Claim(self._queues, free, self._operations)

    async def _one_round(self, claim: Claim | None) -> None:
        finishes, self._finishes = self._finishes, []
        if claim is not None:
            self._may_find_work = False
        try:
            await self._flush_if_needed()
            if self._may_be_unheard:
                finishes += await self._unheard(finishes)
            exchange = await self._exchange(finishes, claim)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on
            self._finishes = finishes + self._finishes
            self._may_find_work = True
            self._may_be_unheard = self._may_be_unheard or claim is not None
            self._pause_seconds = min(self._pause_seconds * 2 or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            if isinstance(error, Unavailable):
                _log.warning("the store is unavailable", finishes=len(finishes), error=str(error))
            else:
                _log.exception("a round with the store failed", finishes=len(finishes))
            return
        except asyncio.CancelledError:
            # Whether it was written is not known: told again, a finish that was is found too late and changes nothing.
            self._finishes = finishes + self._finishes
            raise
        self._pause_seconds = 0
        self._may_be_unheard = False
        self._settle(finishes, claim, exchange)

    async def _flush_if_needed(self) -> None:
        if not self._must_flush:
            return
        # At once, not afterwards: what ends meanwhile may have notes of its own to be written before.
        self._must_flush = False
        try:
            await self._recorder.flush()
        except BaseException:
            self._must_flush = True
            raise

    async def _unheard(self, finishes: Sequence[Finish]) -> list[Finish]:
        """A claim whose answer was lost may have been granted: then nobody runs what it took, and it goes back."""
        told = {(finish.task_id, finish.attempt) for finish in (*finishes, *self._finishes)}
        unheard = [
            Finish(task_id=task_id, attempt=attempt, state=State.QUEUED)
            for task_id, attempt in await self._find_unheard()
            if (task_id, attempt) not in told
        ]
        if unheard:
            _log.warning("claims were granted unheard; handing them back", count=len(unheard))
        return unheard

    def _settle(self, finishes: Sequence[Finish], claim: Claim | None, exchange: Exchange) -> None:
        if exchange.lost:
            for index in exchange.lost:
                _log.warning("an end came too late", task_id=str(finishes[index].task_id))
        if finishes:
            self._on_ended(finish.task_id for finish in finishes)
        if claim is not None and len(exchange.claimed) >= claim.limit:
            self._may_find_work = True
        for task in exchange.claimed:
            if self._claims:
                self._on_claimed(task)
            else:
                self.add(Finish(task_id=task.id, attempt=task.attempt, state=State.QUEUED), must_flush=False)

    async def _exchange(self, finishes: Sequence[Finish], claim: Claim | None) -> Exchange:
        try:
            return await self._tasks.exchange(self.worker_id, finishes, claim, self._clock.now())
        except Unavailable:
            raise
        except Exception:
            if not finishes:
                raise
            _log.exception("ends were refused; telling them one by one")
            await self._exchange_apart(finishes)
            return Exchange((), frozenset())

    async def _exchange_apart(self, finishes: Sequence[Finish]) -> None:
        """Lets one bad finish spoil nothing but its own task, which fails."""
        for finish in finishes:
            try:
                await self._tasks.exchange(self.worker_id, [finish], None, self._clock.now())
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the task must end
                failure = TaskError("Unstorable", f"the end could not be stored: {type(error).__name__}", code="result")
                failed = Finish(task_id=finish.task_id, attempt=finish.attempt, state=State.FAILED, error=failure)
                try:
                    await self._tasks.exchange(self.worker_id, [failed], None, self._clock.now())
                except Unavailable:
                    raise
                except Exception:  # noqa: BLE001 - its lease ends with the worker
                    _log.exception("a task cannot be ended", task_id=str(finish.task_id))
