"""Keeps a peer's cache within its bounds: drops what nobody wanted for long, and what was wanted longest ago first."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import structlog
from msgspec import Struct

from taskward.peer.content import Content
from taskward.peer.storage import Storage
from taskward.ports import Clock

_log = structlog.get_logger(__name__)


class Bounds(Struct, frozen=True, kw_only=True):
    """What a cache may take. Contents unused for `ttl` go. Above `high_percent` of the room the least recently used go
    until `low_percent` is reached; the room is `capacity` bytes, or, when that is 0, the disk with all that is on it.
    """

    ttl: timedelta = timedelta(days=30)
    capacity: int = 0
    high_percent: int = 80
    low_percent: int = 60
    interval: timedelta = timedelta(minutes=1)


class Eviction:
    """Sweeps now and then, and when there is no room. What is being downloaded stays."""

    def __init__(
        self,
        storage: Storage,
        bounds: Bounds,
        clock: Clock,
        *,
        folder: Path,
        is_running: Callable[[str], bool],
        remove: Callable[[Content], Awaitable[None]],
    ) -> None:
        self._storage = storage
        self._bounds = bounds
        self._clock = clock
        self._folder = folder
        self._is_running = is_running
        self._remove = remove
        self._sweeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to sweep."""
        self._sweeping = asyncio.create_task(self._sweep_again_and_again())

    async def close(self) -> None:
        """Ends it."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _sweep_again_and_again(self) -> None:
        while True:
            await self.sweep()
            await asyncio.sleep(self._bounds.interval.total_seconds())

    async def sweep(self) -> None:
        """Once."""
        since = self._clock.now() - self._bounds.ttl
        for content in self._idle():
            if content.used_at < since:
                await self._evict(content, "nobody wanted it for long")
        used, room = self._used()
        if used > room * self._bounds.high_percent / 100:
            await self.make_room(used - int(room * self._bounds.low_percent / 100))
        await self._storage.save_uses()

    async def admit(self, length: int) -> bool:
        """Whether so many bytes more are within the capacity, others dropped for them if need be."""
        used, room = self._used()
        return not self._bounds.capacity or used + length <= room or await self.make_room(used + length - room)

    async def make_room(self, length: int) -> bool:
        """Drops contents of so many bytes; false when there are not as many that may go."""
        for content in self._idle():
            if length <= 0:
                break
            length -= _taken(content)
            await self._evict(content, "there was no room")
        return length <= 0

    async def _evict(self, content: Content, reason: str) -> None:
        _log.info("evicted", task_id=content.task_id, url=content.origin.url, reason=reason)
        await self._remove(content)

    def _idle(self) -> list[Content]:
        """What may go, the least recently used first."""
        idle = [content for content in self._storage.contents() if not self._is_running(content.task_id)]
        return sorted(idle, key=lambda content: content.used_at)

    def _used(self) -> tuple[int, int]:
        """How many bytes are taken, and of how many."""
        if self._bounds.capacity:
            return sum(map(_taken, self._storage.contents())), self._bounds.capacity
        usage = shutil.disk_usage(self._folder)
        # Not of `total`: what the system keeps for itself is no room for anybody.
        return usage.used, usage.used + usage.free


def _taken(content: Content) -> int:
    """How many bytes its file takes: room for all of it is taken at once where its length is known."""
    return content.kept_bytes if content.length is None else content.length
