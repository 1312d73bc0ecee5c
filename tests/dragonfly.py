"""Stand-ins for the programs of a Dragonfly cluster, on loopback, built on the servicers of its own package."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
import msgspec
from dragonfly_api.common_pb2 import Host, Piece
from dragonfly_api.dfdaemon_pb2 import (
    DownloadPieceFinishedResponse,
    DownloadTaskResponse,
    DownloadTaskStartedResponse,
    ListLocalTasksResponse,
    StatLocalTaskResponse,
)
from dragonfly_api.dfdaemon_pb2_grpc import (
    DfdaemonDownloadServicer,
    DfdaemonUploadServicer,
    add_DfdaemonDownloadServicer_to_server,
    add_DfdaemonUploadServicer_to_server,
)
from dragonfly_api.scheduler_pb2 import ListHostsResponse
from dragonfly_api.scheduler_pb2_grpc import SchedulerServicer, add_SchedulerServicer_to_server
from google.protobuf.empty_pb2 import Empty

from taskward.modules.cache.identity import host_id, task_id
from taskward.settings import ClusterSettings

T = TypeVar("T")

NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
LENGTH = 12_345_678


@dataclass
class Daemon(DfdaemonUploadServicer, DfdaemonDownloadServicer):
    """A host. `keeps` maps task ids to how the copy is: finished, partial or failed."""

    hostname: str
    is_seed: bool = False
    keeps: dict[str, str] = field(default_factory=dict)
    hangs: str = ""
    """The call that is never answered."""
    refuses: str = ""
    """Why every deletion fails."""
    busy: int = 0
    """So many calls are answered by RESOURCE_EXHAUSTED first."""
    lies: bool = False
    """A deletion is done and reported as failed."""
    tells_all: bool = False
    port: int = 0
    ip: str = "127.0.0.1"
    asked: list[str] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    was_hung: asyncio.Event = field(default_factory=asyncio.Event)
    """A call is not being answered."""
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    """By URL, of what it was told to download."""

    @property
    def id(self) -> str:
        return host_id(self.ip, self.hostname, is_seed=self.is_seed)

    def host(self) -> Host:
        return Host(id=self.id, type=1 if self.is_seed else 0, hostname=self.hostname, ip=self.ip, port=self.port)

    async def StatLocalTask(self, request: Any, context: Any) -> StatLocalTaskResponse:  # noqa: N802
        await self._receive("stat", context)
        if request.task_id not in self.keeps:
            await context.abort(grpc.StatusCode.NOT_FOUND, "task not found")
        return self._copy(request.task_id)

    async def DeleteTask(self, request: Any, context: Any) -> Empty:  # noqa: N802
        await self._receive("delete", context)
        if self.refuses:
            await context.abort(grpc.StatusCode.INTERNAL, self.refuses)
        if request.task_id not in self.keeps:
            await context.abort(grpc.StatusCode.INTERNAL, f"task {request.task_id} not found")
        del self.keeps[request.task_id]
        if self.lies:
            await context.abort(grpc.StatusCode.INTERNAL, "the scheduler cannot be told")
        return Empty()

    async def ListLocalTasks(self, request: Any, context: Any) -> ListLocalTasksResponse:  # noqa: N802
        if not self.tells_all:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "unknown service")
        return ListLocalTasksResponse(tasks=[self._copy(each) for each in self.keeps])

    async def DownloadTask(self, request: Any, context: Any) -> AsyncIterator[DownloadTaskResponse]:  # noqa: N802
        await self._receive("download", context)
        wanted = request.download
        if self.refuses:
            await context.abort(grpc.StatusCode.INTERNAL, self.refuses)
        self.headers[wanted.url] = dict(wanted.request_header)
        name = task_id(
            wanted.url,
            tag=wanted.tag,
            application=wanted.application,
            piece_length=wanted.piece_length if wanted.HasField("piece_length") else None,
            filtered_query_params=wanted.filtered_query_params,
        )
        yield DownloadTaskResponse(
            task_id=name, download_task_started_response=DownloadTaskStartedResponse(content_length=LENGTH)
        )
        yield DownloadTaskResponse(
            task_id=name, download_piece_finished_response=DownloadPieceFinishedResponse(piece=Piece(number=0))
        )
        self.keeps[name] = "finished"

    async def _receive(self, call: str, context: Any) -> None:
        self.asked.append(call)
        self.was_asked.set()
        if self.busy:
            self.busy -= 1
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests")
        if call == self.hangs:
            self.was_hung.set()
            await asyncio.Event().wait()

    def _copy(self, name: str) -> StatLocalTaskResponse:
        answer = StatLocalTaskResponse(task_id=name, piece_length=4 * 1024 * 1024, content_length=LENGTH)
        answer.created_at.FromDatetime(NOON)
        answer.updated_at.FromDatetime(NOON)
        if self.keeps[name] == "finished":
            answer.finished_at.FromDatetime(NOON)
        elif self.keeps[name] == "failed":
            answer.failed_at.FromDatetime(NOON)
        return answer


class Scheduler(SchedulerServicer):
    """A scheduler that knows these hosts."""

    def __init__(self, daemons: Iterable[Daemon]) -> None:
        self.daemons = list(daemons)

    async def ListHosts(self, request: Any, context: Any) -> ListHostsResponse:  # noqa: N802
        return ListHostsResponse(hosts=[daemon.host() for daemon in self.daemons])


class FakeClusters:
    """Starts servers, and ends them with the block that opened it."""

    def __init__(self, closing: AsyncExitStack) -> None:
        self._closing = closing
        self._tls: Path | None = None
        self.servers: dict[str, grpc.aio.Server] = {}

    async def cluster(
        self,
        *daemons: Daemon,
        id: int = 1,  # noqa: A002
        schedulers: int = 1,
        tls: Path | None = None,
    ) -> ClusterSettings:
        """A cluster whose schedulers all know these hosts; with `tls` (a certificate and its key) all is encrypted."""
        self._tls = tls
        for daemon in daemons:
            server = grpc.aio.server()
            add_DfdaemonUploadServicer_to_server(daemon, server)
            add_DfdaemonDownloadServicer_to_server(daemon, server)
            daemon.port = await self._start(daemon.id, server)
        addresses = [await self.scheduler(daemons) for _ in range(schedulers)]
        return ClusterSettings(id=id, name=f"cluster-{id}", schedulers=tuple(addresses))

    async def scheduler(self, daemons: Iterable[Daemon]) -> str:
        """The address of a new scheduler."""
        server = grpc.aio.server()
        add_SchedulerServicer_to_server(Scheduler(daemons), server)
        port = await self._start("", server)
        return f"127.0.0.1:{port}"

    async def stop(self, daemon: Daemon) -> None:
        """Ends a host, as if its machine had died."""
        await self.servers[daemon.id].stop(None)

    async def _start(self, name: str, server: grpc.aio.Server) -> int:
        if self._tls is None:
            port = int(server.add_insecure_port("127.0.0.1:0"))
        else:
            both = self._tls.read_bytes()
            port = int(server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(both, both)])))
        await server.start()
        self._closing.push_async_callback(server.stop, None)
        self.servers[name] = server
        return port


@asynccontextmanager
async def fake_clusters() -> AsyncIterator[FakeClusters]:
    async with AsyncExitStack() as closing:
        yield FakeClusters(closing)


class ClustersBeside:
    """Stand-ins in a thread of their own, for tests whose server is another process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._closing = AsyncExitStack()
        self._fakes = FakeClusters(self._closing)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._closing.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def cluster(self, *daemons: Daemon, id: int = 1, schedulers: int = 1) -> ClusterSettings:  # noqa: A002
        return self._run(self._fakes.cluster(*daemons, id=id, schedulers=schedulers))

    def stop(self, daemon: Daemon) -> None:
        self._run(self._fakes.stop(daemon))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)


def as_flag(*clusters: ClusterSettings) -> list[Any]:
    """Clusters as the flags of a server have them."""
    found: list[Any] = msgspec.to_builtins(clusters)
    return found
