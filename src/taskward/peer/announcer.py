"""Tells the schedulers, again and again, that this host is there, and each of them once what it keeps."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import timedelta

import grpc
import structlog
from dragonfly_api import scheduler_pb2 as scheduler
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub
from google.protobuf.duration_pb2 import Duration

from taskward.peer.host import HostIdentity
from taskward.peer.messages import reason_of
from taskward.peer.registration import Registration
from taskward.peer.scheduler import ACQUAINTANCE_KEY
from taskward.peer.schedulers import Schedulers
from taskward.peer.storage import Storage

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS = 1.0
"""Before a scheduler that was not reached is tried again."""


class Announcer:
    """A scheduler that has forgotten the host, as one that starts anew, says so when it answers, and is told all."""

    def __init__(
        self,
        host: HostIdentity,
        storage: Storage,
        schedulers: Schedulers,
        *,
        interval: timedelta,
        is_running: Callable[[str], bool],
    ) -> None:
        self._host = host
        self._storage = storage
        self._schedulers = schedulers
        self._interval = interval
        self._is_running = is_running
        self._told: dict[str, str] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._telling: set[asyncio.Task[None]] = set()
        self._is_known = asyncio.Event()

    def start(self) -> None:
        """Begins to announce."""
        self._loops = [asyncio.create_task(self._announce(address, stub)) for address, stub in self._schedulers.all()]

    async def announced(self) -> None:
        """Returns when one scheduler at least knows the host."""
        await self._is_known.wait()

    async def close(self) -> None:
        """Takes leave of the schedulers."""
        tasks = [*self._loops, *self._telling]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, stub in self._schedulers.all():
            try:
                await stub.DeleteHost(scheduler.DeleteHostRequest(host_id=self._host.id), timeout=1)
            except grpc.aio.AioRpcError:
                continue

    def tell_again(self) -> None:
        """A scheduler may not know of everything that is here."""
        self._told.clear()

    async def _announce(self, address: str, stub: SchedulerStub) -> None:
        interval = Duration()
        interval.FromTimedelta(self._interval)
        request = scheduler.AnnounceHostRequest(host=self._host.message(), interval=interval)
        while True:
            pause = self._interval.total_seconds()
            try:
                call = stub.AnnounceHost(request, timeout=5)
                await call
                self._is_known.set()
                acquaintance = dict(await call.trailing_metadata() or ()).get(ACQUAINTANCE_KEY, "")
                if acquaintance and self._told.get(address) != acquaintance:
                    self._told[address] = acquaintance
                    telling = asyncio.create_task(self._tell(stub))
                    self._telling.add(telling)
                    telling.add_done_callback(self._telling.discard)
            except grpc.aio.AioRpcError as error:
                _log.warning("a scheduler is not reached", scheduler=address, reason=reason_of(error))
                pause = min(pause, _PAUSE_SECONDS)
            await asyncio.sleep(pause)

    async def _tell(self, stub: SchedulerStub) -> None:
        for content in self._storage.contents():
            await self._storage.check(content)
            if self._is_running(content.task_id):
                # It has a conversation of its own.
                continue
            if self._storage.find(content.task_id) is content and content.pieces:
                registration = Registration(stub, self._host.id)
                registration.hold(self._host.peer_id(str(uuid.uuid4())), content)
                await registration.close()
