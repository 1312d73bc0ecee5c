"""What the clusters' schedulers tell now."""

import asyncio
import time
from datetime import timedelta

import msgspec

from taskward.auth import HOUSE
from taskward.modules.cache.findings import ClusterHosts
from taskward.service import Service
from taskward.wire import Submit

_PATIENCE = timedelta(seconds=15)
_FRESH_SECONDS = 5.0


class Inventory:
    """The clusters' schedulers and hosts, asked for by a task of the house, and remembered for a moment."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = asyncio.Lock()
        self._known: list[ClusterHosts] = []
        self._until = 0.0

    async def now(self) -> list[ClusterHosts]:
        """Empty when no worker answers in time."""
        async with self._lock:
            if time.monotonic() >= self._until:
                self._known = await self._look()
                self._until = time.monotonic() + _FRESH_SECONDS
        return self._known

    async def _look(self) -> list[ClusterHosts]:
        submitted = await self._service.submissions.submit(HOUSE, [Submit(operation="cache.clusters")], prefix="")
        task = await self._service.waiting.for_end_of(submitted.tasks[0], _PATIENCE)
        return [] if task.result is None else msgspec.json.decode(task.result, type=list[ClusterHosts])
