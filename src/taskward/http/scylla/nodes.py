"""The addresses of nodes: ScyllaDB names a node by its address, we know workers by their names and hosts."""

import asyncio
import socket
import time
from collections.abc import Iterable
from ipaddress import ip_address

from taskward.http.scylla.words import NO_NODE, NodeOf
from taskward.ports import Relative, Workers

_KNOWN_FOR_SECONDS = 30.0


class Nodes:
    """Looks up the hosts of workers, and remembers them for a while."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._by_worker: dict[str, str] = {}
        self._until = 0.0

    async def of(self, here: str, rows: Iterable[Relative]) -> NodeOf:
        """The addresses of those that have these children; here is what no worker has, and what has folded."""
        unknown = {row.worker for row in rows if row.worker is not None} - self._by_worker.keys()
        if unknown or time.monotonic() > self._until:
            await self._learn()
        known = self._by_worker

        def node_of(child: Relative | None) -> str:
            if child is None or child.worker is None:
                return here
            return known.get(child.worker, NO_NODE)

        return node_of

    async def _learn(self) -> None:
        workers = await self._workers.workers()
        hosts = {worker.host for worker in workers}
        addresses = dict(zip(hosts, await asyncio.gather(*map(_address, hosts)), strict=True))
        # A worker that is forgotten may still be named by what it ran.
        self._by_worker |= {worker.name: addresses[worker.host] for worker in workers}
        self._until = time.monotonic() + _KNOWN_FOR_SECONDS


async def _address(host: str) -> str:
    """The address of a host; a null address when its name is not known."""
    if is_address(host):
        return host
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return NO_NODE
    return str(found[0][4][0]) if found else NO_NODE


def is_address(text: str) -> bool:
    """Whether it is an address, not a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
