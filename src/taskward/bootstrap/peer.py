"""The processes of a download network: a peer, a scheduler, and a fetch that is its own peer."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from taskward.bootstrap.logs import configure_logs
from taskward.bootstrap.signals import stop_on_signals
from taskward.clock import SystemClock
from taskward.model.errors import Invalid, Unavailable
from taskward.outbound import OutboundClient
from taskward.peer.content import Content, Origin
from taskward.peer.eviction import Bounds
from taskward.peer.fetch import Progress, fetch
from taskward.peer.links import Links
from taskward.peer.node import Peer, PeerConfig, running_peer, running_scheduler
from taskward.peer.proxy import ProxyRules
from taskward.settings import Settings, embedded_scheduler

# Read when the first server or channel is made: what the library would write is in the errors it raises.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def run_peer(settings: Settings, announce: Callable[[Peer], None]) -> None:
    """Runs a peer until SIGTERM or SIGINT; `announce` is called when it answers.

    Raises Unavailable when a port or the cache is used by another, and Invalid when no scheduler is named.
    """
    if not settings.peer.schedulers:
        raise Invalid("peer.schedulers", "names no scheduler; give --scheduler HOST:PORT")
    configure_logs(settings.log)
    # Not uvloop: it cannot have the kernel copy files to sockets.
    asyncio.run(_run_peer(settings, announce))


async def _run_peer(settings: Settings, announce: Callable[[Peer], None]) -> None:
    with stop_on_signals() as requests:
        async with _outbound(settings) as outbound, running_peer(_config(settings), outbound, SystemClock()) as peer:
            announce(peer)
            await requests.first.wait()


def run_scheduler(settings: Settings, announce: Callable[[str], None]) -> None:
    """Runs a scheduler until SIGTERM or SIGINT; `announce` gets its address. Raises Unavailable."""
    configure_logs(settings.log)
    asyncio.run(_run_scheduler(settings, announce))


async def _run_scheduler(settings: Settings, announce: Callable[[str], None]) -> None:
    peer = settings.peer
    with stop_on_signals() as requests:
        async with running_scheduler(peer.listen or peer.ip, peer.scheduler_port, SystemClock()) as address:
            announce(address)
            await requests.first.wait()


def run_network(settings: Settings) -> None:
    """Runs a scheduler and a seed peer of its own until SIGTERM or SIGINT. Raises Unavailable."""
    configure_logs(settings.log)
    asyncio.run(_run_network(settings))


async def _run_network(settings: Settings) -> None:
    own = (embedded_scheduler(settings.peer), *settings.peer.schedulers)
    seed = msgspec.structs.replace(_config(settings), schedulers=own, is_seed=True)
    listen, port = settings.peer.listen or settings.peer.ip, settings.peer.scheduler_port
    with stop_on_signals() as requests:
        async with (
            _outbound(settings) as outbound,
            running_scheduler(listen, port, SystemClock()),
            running_peer(seed, outbound, SystemClock()),
        ):
            await requests.first.wait()


async def fetch_through_peer(
    settings: Settings, peer: str, origin: Origin, output: Path, progress: Progress
) -> Content:
    """Fetches through a peer that runs at `host:port`. Raises as `taskward.peer.fetch.fetch`."""
    _log_errors_alone(settings)
    links = Links(idle_seconds=settings.peer.idle_timeout.total_seconds())
    try:
        return await fetch(links, peer, origin, output, progress)
    finally:
        await links.close()


async def fetch_as_peer(settings: Settings, origin: Origin, output: Path, progress: Progress) -> Content:
    """Fetches by a peer that lives for this fetch and gives others nothing.

    What it has got of a content that it did not get whole, the next fetch finds. Raises as `taskward.peer.fetch.fetch`.
    """
    _log_errors_alone(settings)
    async with _outbound(settings) as outbound, _own_peer(settings, outbound) as peer:
        written = await fetch(peer.links, peer.address, origin, output, progress)
        if (kept := peer.storage.find(written.task_id)) is not None:
            await peer.storage.delete(kept)
        return written


@asynccontextmanager
async def _own_peer(settings: Settings, outbound: OutboundClient) -> AsyncIterator[Peer]:
    folder = Path(settings.peer.cache_dir or settings.server.data_dir / "fetch")
    config = PeerConfig(
        schedulers=settings.peer.schedulers,
        cache_dir=folder,
        ip=settings.peer.ip,
        listen=settings.peer.listen or settings.peer.ip,
        shares=False,
        idle_timeout=settings.peer.idle_timeout,
    )
    try:
        async with running_peer(config, outbound, SystemClock()) as peer:
            yield peer
            return
    except Unavailable:
        # Another fetch uses it.
        pass
    with tempfile.TemporaryDirectory() as aside:
        async with running_peer(
            msgspec.structs.replace(config, cache_dir=Path(aside)), outbound, SystemClock()
        ) as peer:
            yield peer


def _log_errors_alone(settings: Settings) -> None:
    """What goes wrong is told by whoever called; the steps on the way are of interest to nobody."""
    configure_logs(msgspec.structs.replace(settings.log, level="error"))


def _outbound(settings: Settings) -> OutboundClient:
    return OutboundClient(allow_private=settings.outbound.allow_private, allow=settings.outbound.allow)


def _config(settings: Settings) -> PeerConfig:
    peer = settings.peer
    return PeerConfig(
        schedulers=peer.schedulers,
        cache_dir=Path(peer.cache_dir or settings.server.data_dir / "peer"),
        is_seed=peer.seed,
        ip=peer.ip,
        listen=peer.listen or peer.ip,
        name=peer.name,
        port=peer.grpc_port,
        upload_port=peer.upload_port,
        proxy_port=peer.proxy_port,
        proxy=ProxyRules(
            cached=peer.cached,
            mirrors=dict(mirror.split("=", 1) for mirror in peer.mirrors),
            idle_timeout=peer.idle_timeout,
        ),
        bounds=Bounds(
            ttl=peer.ttl,
            capacity=peer.capacity,
            high_percent=peer.high_percent,
            low_percent=peer.low_percent,
        ),
        announce_interval=peer.announce_interval,
        idle_timeout=peer.idle_timeout,
    )
