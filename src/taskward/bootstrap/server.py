"""The server process: the API on one port, and workers beside it."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import uvicorn
import uvloop

from taskward.auth import Authenticator, ensure_admin_token
from taskward.bootstrap.beside import download_network, more_workers
from taskward.bootstrap.dialects import dialect_routes
from taskward.bootstrap.engine import keeping_house, work_until
from taskward.bootstrap.house import House, open_house
from taskward.bootstrap.logs import configure_logs
from taskward.bootstrap.signals import StopRequests, stop_on_signals
from taskward.client.discovery import ServerFile
from taskward.http.app import create_app
from taskward.model.errors import Unavailable
from taskward.service import Service
from taskward.settings import PeerSettings, ServerSettings, Settings, embedded_scheduler

_BACKLOG = 2048


@dataclass(frozen=True)
class Started:
    """A server that answers. `admin_token_file` is set when this start made the first administrator's token.

    `scheduler` is where the embedded download network is, `host:port`, if there is one.
    """

    url: str
    admin_token_file: Path | None
    scheduler: str | None


Announce = Callable[[Started], None]


def serve(
    settings: Settings, apps: Sequence[str] = (), *, workers: int = 1, announce: Announce = lambda _: None
) -> None:
    """Runs until SIGTERM or SIGINT: streams end, requests and tasks get `server.shutdown_grace`, then all stops.

    The first of `workers` shares this process, each further one has its own. `announce` is called when the server
    answers. Raises Unavailable (the address is taken, no database), SchemaTooNew, Invalid at the start.
    """
    configure_logs(settings.log)
    if settings.peer.embedded:
        _check_network_ports(settings.peer)
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        more_workers(settings, apps, workers - 1),
        download_network(settings),
    ):
        runner.run(_serve(settings, apps, has_worker=workers > 0, announce=announce))


async def _serve(settings: Settings, apps: Sequence[str], *, has_worker: bool, announce: Announce) -> None:
    with stop_on_signals() as requests:
        async with open_house(settings, apps) as house, keeping_house(house):
            # What is wrong with a workflow's file is better known now than when a job is submitted.
            await house.workflows.all("")
            token_file = await ensure_admin_token(house.store.registry, house.clock, settings.server.data_dir)
            working = asyncio.create_task(work_until(house, requests) if has_worker else requests.first.wait())
            # Whichever of the two ends first ends the other.
            working.add_done_callback(lambda _: requests.first.set())
            scheduler = embedded_scheduler(settings.peer) if settings.peer.embedded else None
            try:
                await serve_until(house, requests, lambda url: announce(Started(url, token_file, scheduler)))
            finally:
                requests.first.set()
                await working


async def serve_until(house: House, requests: StopRequests, announce: Callable[[str], None]) -> None:
    """Answers requests until a stop is requested; `announce` is called with the URL as soon as it does."""
    settings = house.settings
    authenticator = Authenticator(house.store.registry, house.clock)
    service = Service.of(
        house.store,
        notifier=house.notifier,
        clock=house.clock,
        operations=house.registry,
        authenticator=authenticator,
        defaults=house.defaults,
        shelf=house.workflows,
    )
    with _listening(settings.server) as listener:
        url = _url_of(listener)
        server = _Server(
            uvicorn.Config(
                create_app(service, authenticator, settings, dialect_routes(service, authenticator, settings)),
                http="httptools",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=max(int(settings.server.shutdown_grace.total_seconds()), 1),
            ),
            on_ready=lambda: announce(url),
        )
        async with _told(settings.server.data_dir, url):
            answering = asyncio.create_task(server.serve([listener]))
            asked = asyncio.create_task(requests.first.wait())
            await asyncio.wait([answering, asked], return_when=asyncio.FIRST_COMPLETED)
            # Streams and waits would last as long as their readers.
            await service.close()
            server.should_exit = True
            insisted = asyncio.create_task(requests.second.wait())
            await asyncio.wait([answering, insisted], return_when=asyncio.FIRST_COMPLETED)
            server.force_exit = True
            for task in (asked, insisted):
                task.cancel()
            await answering


class _Server(uvicorn.Server):
    """Leaves signals to us, and says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listening(settings: ServerSettings) -> Iterator[socket.socket]:
    listener = _listener(settings.host, settings.port)
    try:
        yield listener
    finally:
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(f"cannot listen on {host} port {port}: {error.strerror or error}") from None


def _check_network_ports(settings: PeerSettings) -> None:
    """Raises Unavailable at the start rather than in a process that nobody looks at."""
    for port in (settings.scheduler_port, settings.grpc_port, settings.upload_port, settings.proxy_port):
        _listener(settings.listen or settings.ip, port).close()


def _url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - told apart, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _told(data_dir: Path, url: str) -> AsyncIterator[None]:
    """While the server runs, `server.json` in the data folder tells programs of this machine where it is.

    Of several servers on one folder it tells of the newest, and of the one before when that ends first.
    """
    path = data_dir / "server.json"
    own = msgspec.json.encode(ServerFile(url=url, pid=os.getpid()))
    before = _told_of(path)
    await asyncio.to_thread(_write, path, own)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_bytes() == own:
                if before is not None and _is_alive(before):
                    _write(path, msgspec.json.encode(before))
                else:
                    path.unlink()


def _told_of(path: Path) -> ServerFile | None:
    """The server that the file tells of."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ServerFile)
    except (OSError, msgspec.MsgspecError):
        return None


def _is_alive(server: ServerFile) -> bool:
    try:
        os.kill(server.pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_bytes(content)
    aside.replace(path)
