"""A scheduler's side of one AnnouncePeer stream: what a download reports, and what it is told."""

import asyncio
from collections.abc import AsyncIterator

from dragonfly_api import scheduler_pb2 as scheduler

from taskward.peer.errors import PeerError
from taskward.peer.network import Holding, KnownTask


class Conversation:
    """With one download of one host. `parents` are the ids of the hosts that were named to it."""

    def __init__(self, task: KnownTask, holding: Holding) -> None:
        self.task = task
        self.holding = holding
        self.parents: set[str] = set()
        self.refused: set[str] = set()
        self.is_waiting = False
        """Whether it was promised an answer."""
        self._outbox: asyncio.Queue[scheduler.AnnouncePeerResponse | PeerError | None] = asyncio.Queue()

    def send(self, response: scheduler.AnnouncePeerResponse) -> None:
        """Tells it something."""
        self.is_waiting = False
        self._outbox.put_nowait(response)

    def give_up(self, error: PeerError) -> None:
        """Tells it that nothing more will come."""
        self.is_waiting = False
        self._outbox.put_nowait(error)

    def end(self) -> None:
        """It has nothing more to report."""
        self._outbox.put_nowait(None)

    async def sent(self) -> AsyncIterator[scheduler.AnnouncePeerResponse]:
        """What it is told, as it comes. Raises the PeerError it was given up with."""
        while (item := await self._outbox.get()) is not None:
            if isinstance(item, PeerError):
                raise item
            yield item
