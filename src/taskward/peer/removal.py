"""Takes contents out of a peer's cache, and tells the schedulers that they are gone."""

import grpc
from dragonfly_api import scheduler_pb2 as scheduler

from taskward.peer.content import Content
from taskward.peer.schedulers import Schedulers
from taskward.peer.storage import Storage

_PATIENCE_SECONDS = 5.0


class Removal:
    """For one host."""

    def __init__(self, host_id: str, storage: Storage, schedulers: Schedulers) -> None:
        self._host_id = host_id
        self._storage = storage
        self._schedulers = schedulers

    async def remove(self, content: Content) -> None:
        """The content must not be downloaded at the time. A scheduler that is not reached learns it when it is back."""
        await self._storage.delete(content)
        forgotten = scheduler.DeleteTaskRequest(host_id=self._host_id, task_id=content.task_id)
        for stub in self._schedulers.of_task(content.task_id):
            try:
                await stub.DeleteTask(forgotten, timeout=_PATIENCE_SECONDS)
            except grpc.aio.AioRpcError:
                continue
