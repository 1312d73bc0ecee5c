"""What charts show: throughput, latency, why tasks wait, what failed; from counts that every change keeps."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from taskward.auth import Principal
from taskward.model.errors import InvalidFilter
from taskward.model.pace import quantile
from taskward.model.states import State
from taskward.ports import Clock, FailureGroup, Figures, Pace, Queue, Tasks, WaitingCounts, Workers

LONGEST_SPAN = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MOST_WAITING = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Lasting(Struct, frozen=True):
    """How long something lasted: the mean, and what half and 95 of 100 did not exceed."""

    mean: timedelta
    p50: timedelta
    p95: timedelta


class Point(Struct, frozen=True):
    """One stretch of time: how often each measure was counted, and how long waits and runs lasted."""

    at: datetime
    counts: dict[str, int]
    wait: Lasting | None
    run: Lasting | None


class Waiting(Struct, frozen=True):
    """How many tasks wait for one reason; `at_least` when counting stopped there."""

    reason: str
    count: int
    name: str = ""
    at_least: bool = False


class FigureDesk:
    """Everything here needs read; a client sees figures of its own tasks."""

    def __init__(self, figures: Figures, tasks: Tasks, workers: Workers, clock: Clock) -> None:
        self._figures = figures
        self._tasks = tasks
        self._workers = workers
        self._clock = clock

    async def series(self, principal: Principal, span: timedelta, step: timedelta) -> list[Point]:
        """The last `span` in stretches of `step`, oldest first; the newest is not over. Raises InvalidFilter."""
        principal.require("read")
        if not _MINUTE <= span <= LONGEST_SPAN:
            raise InvalidFilter("span_seconds", "must be between 60 and 86400: figures are kept for a day")
        if step % _MINUTE or not _MINUTE <= step <= span:
            raise InvalidFilter(
                "step_seconds", "must be whole minutes (a multiple of 60), not longer than span_seconds"
            )
        now = self._clock.now()
        last = _EPOCH + (now - _EPOCH) // step * step
        count = -(-span // step)
        first = last - (count - 1) * step
        found: dict[datetime, list[Pace]] = defaultdict(list)
        for pace in await self._figures.paces(first, last + step, step, principal.client):
            found[_EPOCH + (pace.at - _EPOCH) // step * step].append(pace)
        return [_point(first + n * step, found[first + n * step]) for n in range(count)]

    async def failures(self, principal: Principal, span: timedelta, limit: int) -> list[FailureGroup]:
        """What failed within the last `span`, by operation and kind of error, newest first. Raises InvalidFilter."""
        principal.require("read")
        if not _MINUTE <= span <= LONGEST_SPAN:
            raise InvalidFilter("span_seconds", "must be between 60 and 86400: figures are kept for a day")
        return await self._figures.failures(self._clock.now() - span, principal.client, limit)

    async def waiting(self, principal: Principal) -> list[Waiting]:
        """Why tasks wait: the reasons that hold for any, in the order of the gates."""
        principal.require("read")
        tallies = [tally for tally in await self._tasks.tallies() if principal.sees(tally.client)]
        states: Counter[str] = Counter()
        queued: Counter[str] = Counter()
        for tally in tallies:
            states[tally.state] += tally.count
            if tally.state is State.QUEUED:
                queued[tally.queue] += tally.count
        # What is told apart by counting tasks is not told to tenants: they would be counts of others.
        counts = WaitingCounts(0, 0, ()) if principal.client else await self._figures.waiting(_MOST_WAITING)
        queues = {queue.name: queue for queue in await self._workers.queues()}
        return [one for one in (*_held(states, counts), *_queued(queued, counts, queues)) if one.count > 0]


def _held(states: Counter[str], counts: WaitingCounts) -> Iterable[Waiting]:
    gated = min(counts.gated, states[State.SCHEDULED])
    unmet = min(counts.unmet, states[State.BLOCKED])
    yield Waiting("run_at", states[State.SCHEDULED] - gated)
    yield Waiting("gate", gated, at_least=gated == _MOST_WAITING)
    yield Waiting("dependencies", unmet, at_least=unmet == _MOST_WAITING)
    yield Waiting("resources", states[State.BLOCKED] - unmet)
    yield Waiting("paused", states[State.PAUSED])


def _queued(queued: Counter[str], counts: WaitingCounts, queues: dict[str, Queue]) -> Iterable[Waiting]:
    rest = queued.total()
    for name, count in sorted(queued.items()):
        queue = queues.get(name, Queue(name))
        if queue.paused or not queue.workers:
            rest -= count
            yield Waiting("queue-paused" if queue.paused else "worker", count, name)
    for pool in counts.pools:
        if pool.running >= pool.slots:
            full = min(pool.queued, rest)
            rest -= full
            yield Waiting("pool", full, pool.name, at_least=full == _MOST_WAITING)
    yield Waiting("position", rest)


def _point(at: datetime, paces: Iterable[Pace]) -> Point:
    counts: Counter[str] = Counter()
    waits: list[Pace] = []
    runs: list[Pace] = []
    for pace in paces:
        counts[pace.measure] += pace.count
        if pace.bucket >= 0:
            (waits if pace.measure == "started" else runs).append(pace)
    return Point(at, dict(counts), _lasting(waits), _lasting(runs))


def _lasting(paces: list[Pace]) -> Lasting | None:
    if not paces:
        return None
    buckets: Counter[int] = Counter()
    for pace in paces:
        buckets[pace.bucket] += pace.count
    mean = sum((pace.lasted for pace in paces), timedelta()) / buckets.total()
    return Lasting(mean, quantile(buckets, 0.5) or mean, quantile(buckets, 0.95) or mean)
