"""Figures: throughput and latency, reasons to wait, failures."""

from uuid import UUID

from msgspec import Struct

from taskward.wire.instant import Instant


class Latency(Struct, frozen=True, kw_only=True):
    """How long something lasted: the mean, and what half and 95 of 100 did not exceed (to within a fifth)."""

    mean_seconds: float
    p50_seconds: float
    p95_seconds: float


class SeriesPoint(Struct, frozen=True, kw_only=True):
    """What happened in one stretch of time; what did not is 0."""

    at: Instant
    """Where the stretch begins."""
    accepted: int
    started: int
    completed: int
    failed: int
    canceled: int
    skipped: int
    wait: Latency | None
    """From the place in line to the start, of those that started; None when none did."""
    run: Latency | None
    """From the start to the end, of those that ended after a run."""


class SeriesView(Struct, frozen=True, kw_only=True):
    """Throughput and latency over time, oldest first, without gaps."""

    step_seconds: int
    items: list[SeriesPoint]


class WaitingView(Struct, frozen=True, kw_only=True):
    """How many tasks wait for one reason. `name` is the queue or pool of the reason, where it has one."""

    reason: str
    """run_at, gate, dependencies, resources, paused, queue-paused, worker, pool or position, as in `why`."""
    name: str
    count: int
    at_least: bool
    """Counting stopped here: there may be more."""


class FailureView(Struct, frozen=True, kw_only=True):
    """Tasks of one operation that failed by one kind of error: how many, and the newest of them."""

    operation: str
    type: str
    count: int
    last_at: Instant
    last_task_id: UUID
    last_message: str
