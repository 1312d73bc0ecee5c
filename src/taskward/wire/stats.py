"""Counters of tasks."""

from msgspec import Struct


class StatsView(Struct, frozen=True, kw_only=True):
    """Maintained counters; no task is counted to answer this."""

    states: dict[str, int]
    operations: dict[str, dict[str, int]]
    queues: dict[str, dict[str, int]]
    workers: int
    version: str
