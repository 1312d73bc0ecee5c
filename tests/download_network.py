"""A download network inside the process of a test: a scheduler, seeds and peers that are quick to start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from taskward.clock import SystemClock
from taskward.outbound import OutboundClient
from taskward.peer.content import Content, Origin
from taskward.peer.eviction import Bounds
from taskward.peer.fetch import fetch
from taskward.peer.links import Links
from taskward.peer.node import Peer, PeerConfig, running_peer, running_scheduler


class SmallNetwork:
    """Peers by name, each with its cache in the folder of that name."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.folder = folder
        self.scheduler = ""
        self._stack = stack
        self._links = Links(idle_seconds=20)
        stack.push_async_callback(self._links.close)
        self._stacks: dict[str, AsyncExitStack] = {}

    async def start_scheduler(self, port: int = 0) -> None:
        self._stacks[""] = await self._stack.enter_async_context(AsyncExitStack())
        self.scheduler = await self._stacks[""].enter_async_context(running_scheduler("127.0.0.1", port, SystemClock()))

    async def stop_scheduler(self) -> None:
        await self.stop("")

    async def restart_scheduler(self) -> None:
        """On the same port, with nothing that it knew."""
        await self.stop_scheduler()
        await self.start_scheduler(int(self.scheduler.rpartition(":")[2]))

    async def start(self, name: str, *, outbound_allows: bool = True, **config: Any) -> Peer:
        """A peer; `stop` ends it before the network does."""
        self._stacks[name] = await self._stack.enter_async_context(AsyncExitStack())
        settings = {"announce_interval": timedelta(seconds=0.3), "idle_timeout": timedelta(seconds=20), **config}
        # How full the disk of the tests is must not matter.
        settings = {"bounds": Bounds(capacity=10**10), **settings}
        settings = {"schedulers": [self.scheduler], "cache_dir": self.folder / name, "name": name, **settings}
        outbound = await self._stacks[name].enter_async_context(OutboundClient(allow_private=outbound_allows))
        peer = await self._stacks[name].enter_async_context(
            running_peer(PeerConfig(**settings), outbound, SystemClock())
        )
        await peer.announced()
        return peer

    async def stop(self, name: str) -> None:
        await self._stacks.pop(name).aclose()

    async def fetch(self, peer: Peer, url: str, name: str = "out", **origin: Any) -> bytes:
        """What a fetch through the peer writes."""
        output = self.folder / name
        await self.fetched(peer, url, output, **origin)
        return await asyncio.to_thread(output.read_bytes)

    async def fetched(self, peer: Peer, url: str, output: Path, **origin: Any) -> Content:
        return await fetch(self._links, peer.address, Origin(url=url, **origin), output, lambda *_: None)


@asynccontextmanager
async def small_network(folder: Path) -> AsyncIterator[SmallNetwork]:
    """A network with a scheduler."""
    async with AsyncExitStack() as stack:
        network = SmallNetwork(folder, stack)
        await network.start_scheduler()
        yield network
