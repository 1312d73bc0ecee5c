"""A chore: one part of the housekeeping, done again and again."""

import asyncio
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar

import structlog

from taskward.model.errors import Unavailable
from taskward.ports import Notifier, Topic

_log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=0.5)
_LONGEST_PAUSE = timedelta(seconds=30)


class Chore(ABC):
    """Takes turns until it is stopped. Whatever a turn raises is logged, and after a pause the next turn is taken."""

    topics: ClassVar[tuple[Topic, ...]] = ()
    """What makes the next turn come at once."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._loop: asyncio.Task[None] | None = None

    @abstractmethod
    async def turn(self) -> timedelta:
        """Does what is to be done now; returns how long to wait before the next turn."""

    def start(self) -> None:
        """Begins with a turn."""
        self._loop = asyncio.create_task(self._take_turns(), name=f"taskward-{type(self).__name__.lower()}")

    async def stop(self) -> None:
        """Breaks off the turn that is being taken, if one is."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])

    async def _take_turns(self) -> None:
        pause = timedelta(0)
        async with self._notifier.subscribe(*self.topics) as wakes:
            while True:
                try:
                    wait = await self.turn()
                    pause = timedelta(0)
                except Exception as error:  # noqa: BLE001 - whatever it is, the house must be kept
                    pause = min(pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
                    if isinstance(error, Unavailable):
                        _log.warning("a chore cannot be done now", chore=type(self).__name__, error=str(error))
                    else:
                        _log.exception("a chore failed", chore=type(self).__name__)
                    await asyncio.sleep(pause.total_seconds())
                    continue
                await wakes.wait(max(wait, timedelta(0)))
                # However often it is woken, others get their turn too.
                await asyncio.sleep(0)
