"""Maintenance: the chores of a house. Every process may do them all; each is done once."""

import asyncio

from taskward.engine.children import FindOperation
from taskward.engine.chore import Chore
from taskward.engine.courier import Courier, Post, out_of_reach
from taskward.engine.gatekeeper import Gatekeeper, Probe
from taskward.engine.herald import Herald
from taskward.engine.reaper import Reaper
from taskward.engine.tempo import Tempo
from taskward.engine.timekeeper import Timekeeper
from taskward.ports import Clock, Notifier, Store


class Maintenance:
    """Times, schedules, retention, gates, lost workers and callbacks. Belongs to the event loop it is started on.

    Without `post` callbacks are tried in vain.
    """

    def __init__(
        self,
        store: Store,
        notifier: Notifier,
        clock: Clock,
        *,
        find_operation: FindOperation,
        probe: Probe,
        post: Post = out_of_reach,
        tempo: Tempo = Tempo(),  # noqa: B008 - frozen
    ) -> None:
        self._chores: list[Chore] = [
            Reaper(store, notifier, clock, tempo),
            Timekeeper(store, notifier, find_operation, clock, tempo),
            Gatekeeper(store, notifier, probe, clock, tempo),
            Herald(store, notifier, clock, tempo),
            Courier(store, notifier, post, clock, tempo),
        ]

    def start(self) -> None:
        """Begins with every chore."""
        for chore in self._chores:
            chore.start()

    async def stop(self) -> None:
        """Stops them all."""
        await asyncio.gather(*(chore.stop() for chore in self._chores))
