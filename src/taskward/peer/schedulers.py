"""The schedulers of the network: every one knows every host, and one of them all peers of a content."""

import hashlib
from collections.abc import Sequence

from dragonfly_api.scheduler_pb2_grpc import SchedulerStub

from taskward.peer.links import Links


class Schedulers:
    """Addresses are `host:port`; there is at least one."""

    def __init__(self, addresses: Sequence[str], links: Links) -> None:
        self._addresses = tuple(addresses)
        self._links = links

    def all(self) -> list[tuple[str, SchedulerStub]]:
        """Every scheduler, by address."""
        return [(address, self._links.scheduler(address)) for address in self._addresses]

    def of_task(self, task_id: str) -> list[SchedulerStub]:
        """The schedulers to ask about a content, one after the other: every peer asks them in the same order."""
        ordered = sorted(self._addresses, key=lambda address: hashlib.sha256(f"{address} {task_id}".encode()).digest())
        return [self._links.scheduler(address) for address in ordered]
