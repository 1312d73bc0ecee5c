"""A whole peer, and a whole scheduler: their servers, and what runs beside them."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
from aiohttp import web
from msgspec import Struct

from taskward.model.errors import Unavailable
from taskward.outbound import OutboundClient
from taskward.peer.announcer import Announcer
from taskward.peer.daemon import Daemon
from taskward.peer.downloads import Downloads
from taskward.peer.eviction import Bounds, Eviction
from taskward.peer.host import HostIdentity
from taskward.peer.links import KEEPALIVE_MS, Links
from taskward.peer.proxy import Proxy, ProxyRules
from taskward.peer.removal import Removal
from taskward.peer.scheduler import Scheduler
from taskward.peer.schedulers import Schedulers
from taskward.peer.storage import Storage
from taskward.peer.upload import upload_app
from taskward.ports import Clock

DEFAULT_PORT = 4000
_BACKLOG = 1024
_SERVER_OPTIONS = (
    # Two servers on one port would share its calls.
    ("grpc.so_reuseport", 0),
    # Peers ask more often whether one is alive than the library thinks polite.
    ("grpc.http2.min_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
)


class PeerConfig(Struct, frozen=True, kw_only=True):
    """How a peer is run. `ip` is announced, `listen` bound; port 0 takes a free one; no `name` is the machine's."""

    schedulers: Sequence[str]
    cache_dir: Path
    is_seed: bool = False
    ip: str = "127.0.0.1"
    listen: str = "127.0.0.1"
    name: str = ""
    port: int = 0
    upload_port: int = 0
    shares: bool = True
    proxy_port: int = 0
    proxy: ProxyRules = ProxyRules()
    bounds: Bounds = Bounds()
    announce_interval: timedelta = timedelta(seconds=10)
    idle_timeout: timedelta = timedelta(seconds=30)


@dataclass(frozen=True)
class Peer:
    """A peer that runs."""

    host: HostIdentity
    storage: Storage
    downloads: Downloads
    links: Links
    announcer: Announcer

    async def announced(self) -> None:
        """Returns when the network knows of the peer."""
        await self.announcer.announced()

    @property
    def address(self) -> str:
        """Its gRPC services, `host:port`."""
        return f"{self.host.ip}:{self.host.port}"


@asynccontextmanager
async def running_scheduler(listen: str, port: int, clock: Clock) -> AsyncIterator[str]:
    """A scheduler inside the block; its address, `host:port`. Raises Unavailable when the port is taken."""
    async with AsyncExitStack() as stack:
        links = Links(idle_seconds=60)
        stack.push_async_callback(links.close)
        scheduler = Scheduler(clock, links)
        stack.push_async_callback(scheduler.close)
        server = grpc.aio.server(options=_SERVER_OPTIONS)
        stack.push_async_callback(server.stop, 0.5)
        port = _bound(server, listen, port)
        scheduler.add_to(server)
        await server.start()
        yield f"{listen}:{port}"


@asynccontextmanager
async def running_peer(config: PeerConfig, outbound: OutboundClient, clock: Clock) -> AsyncIterator[Peer]:
    """A peer inside the block. Raises Unavailable when a port is taken or the cache cannot be used."""
    async with AsyncExitStack() as stack:
        storage = Storage(config.cache_dir, clock)
        stack.push_async_callback(storage.close)
        await storage.open()
        links = Links(idle_seconds=config.idle_timeout.total_seconds())
        stack.push_async_callback(links.close)
        schedulers = Schedulers(config.schedulers, links)
        server = grpc.aio.server(options=_SERVER_OPTIONS)
        port = _bound(server, config.listen, config.port)
        upload_socket = stack.enter_context(_listening(config.listen, config.upload_port))
        proxy_socket = stack.enter_context(_listening(config.listen, config.proxy_port))
        host = HostIdentity(
            ip=config.ip,
            name=config.name or _default_name(port),
            is_seed=config.is_seed,
            port=port,
            upload_port=upload_socket.getsockname()[1],
            proxy_port=proxy_socket.getsockname()[1],
            shares=config.shares,
        )
        announcer = Announcer(
            host,
            storage,
            schedulers,
            interval=config.announce_interval,
            is_running=lambda task_id: downloads.find(task_id) is not None,
        )
        downloads = Downloads(
            host,
            storage,
            schedulers,
            links=links,
            outbound=outbound,
            clock=clock,
            idle_timeout=config.idle_timeout,
            untold=announcer.tell_again,
        )
        stack.push_async_callback(downloads.close)
        removal = Removal(host.id, storage, schedulers)
        eviction = Eviction(
            storage,
            config.bounds,
            clock,
            folder=config.cache_dir,
            is_running=lambda task_id: downloads.find(task_id) is not None,
            remove=removal.remove,
        )
        storage.bound_by(eviction)
        eviction.start()
        stack.push_async_callback(eviction.close)
        proxy = Proxy(config.proxy, storage, downloads, outbound)
        await _serve(stack, web.AppRunner(upload_app(storage), access_log=None, shutdown_timeout=1), upload_socket)
        await _serve(
            stack, web.ServerRunner(web.Server(proxy.answer, access_log=None), shutdown_timeout=1), proxy_socket
        )
        Daemon(host, storage, downloads, schedulers, removal).add_to(server)
        await server.start()
        stack.push_async_callback(server.stop, 0.5)
        announcer.start()
        stack.push_async_callback(announcer.close)
        yield Peer(host, storage, downloads, links, announcer)


def _default_name(port: int) -> str:
    """The machine's name; with the port where it is not the usual one, as several peers may share a machine."""
    name = socket.gethostname()
    return name if port == DEFAULT_PORT else f"{name}-{port}"


def _bound(server: grpc.aio.Server, listen: str, port: int) -> int:
    host = f"[{listen}]" if ":" in listen else listen
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError:
        bound = 0
    if not bound:
        raise Unavailable(f"cannot listen on {listen} port {port}: it is taken, or not an address of this machine")
    return bound


def _listening(listen: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in listen else socket.AF_INET
        return socket.create_server((listen, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(f"cannot listen on {listen} port {port}: {error.strerror or error}") from None


async def _serve(stack: AsyncExitStack, runner: web.BaseRunner, listener: socket.socket) -> None:
    """Answers over HTTP until the stack ends."""
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, listener).start()
