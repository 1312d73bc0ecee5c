"""How many tasks are in which state, from maintained counters."""

from collections import defaultdict

from msgspec import Struct

from taskward.auth import Principal
from taskward.ports import Tally, Tasks, Workers


class Stats(Struct, frozen=True):
    """Counts by state, by operation and state, by queue and state; and the workers that are alive."""

    states: dict[str, int]
    operations: dict[str, dict[str, int]]
    queues: dict[str, dict[str, int]]
    workers: int


class Counters:
    """Counts what the principal sees, without counting a task."""

    def __init__(self, tasks: Tasks, workers: Workers) -> None:
        self._tasks = tasks
        self._workers = workers

    async def stats(self, principal: Principal) -> Stats:
        """Needs read."""
        principal.require("read")
        tallies = [tally for tally in await self._tasks.tallies() if principal.sees(tally.client) and tally.count]
        states: dict[str, int] = defaultdict(int)
        for tally in tallies:
            states[tally.state] += tally.count
        online = sum(worker.state == "online" for worker in await self._workers.workers())
        return Stats(
            dict(states),
            _by({tally.operation for tally in tallies}, tallies, "operation"),
            _by({tally.queue for tally in tallies}, tallies, "queue"),
            online,
        )


def _by(names: set[str], tallies: list[Tally], member: str) -> dict[str, dict[str, int]]:
    table: dict[str, dict[str, int]] = {name: defaultdict(int) for name in sorted(names)}
    for tally in tallies:
        table[getattr(tally, member)][tally.state] += tally.count
    return {name: dict(states) for name, states in table.items()}
