"""A cluster over gRPC: its schedulers say which hosts there are; each host says what it keeps, and clears it.

The same calls serve a Dragonfly cluster and the embedded network. Each has a deadline, repetitions included; what is
busy or cannot be reached is asked again a few times before it counts as failed. Importing this file costs some 20 MB.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
import grpc.aio
from dragonfly_api.common_pb2 import Download
from dragonfly_api.dfdaemon_pb2 import (
    DeleteTaskRequest,
    DownloadTaskRequest,
    ListLocalTasksRequest,
    StatLocalTaskRequest,
)
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonDownloadStub, DfdaemonUploadStub
from dragonfly_api.scheduler_pb2 import ListHostsRequest
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub
from grpc import StatusCode
from grpc.aio import AioRpcError

from taskward.modules.cache.findings import ClusterHosts, Copy, CopyState, Host, SchedulerStatus
from taskward.settings import ClusterSettings, ClusterTls

T = TypeVar("T")

_PASSING = frozenset({StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED})
_ATTEMPTS = 3
_FIRST_PAUSE_SECONDS = 0.1
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)


class HostError(Exception):
    """A host or scheduler did not do what was asked; the message says why, for people."""


class NotOffered(HostError):
    """The host's program does not know the call."""


class ClusterError(Exception):
    """No scheduler of the cluster answers, so nothing is known of its hosts."""


class Network:
    """One cluster, inside `async with`. `timeout` bounds each call.

    Connections are made when first needed, and closed with the block.
    """

    def __init__(self, cluster: ClusterSettings, timeout: timedelta) -> None:
        self._cluster = cluster
        self._timeout_seconds = timeout.total_seconds()
        self._credentials = None if cluster.tls is None else _credentials(cluster.tls)
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def hosts(self) -> ClusterHosts:
        """The hosts that any scheduler knows, and how each scheduler is. Raises ClusterError when none answers."""
        found = await self.inventory()
        if not any(scheduler.active for scheduler in found.schedulers):
            reasons = "; ".join(f"{scheduler.address}: {scheduler.error}" for scheduler in found.schedulers)
            raise ClusterError(f"no scheduler of cluster {self._cluster.name} answers ({reasons})")
        return found

    async def inventory(self) -> ClusterHosts:
        """As `hosts`, without hosts when no scheduler answers."""
        addresses = self._cluster.schedulers
        answers = await asyncio.gather(*map(self._list_hosts, addresses))
        schedulers: list[SchedulerStatus] = []
        hosts: dict[str, Host] = {}
        for address, answer in zip(addresses, answers, strict=True):
            if isinstance(answer, HostError):
                schedulers.append(SchedulerStatus(address, active=False, error=str(answer)))
            else:
                schedulers.append(SchedulerStatus(address, active=True))
                hosts.update({host.id: host for host in answer})
        in_order = sorted(hosts.values(), key=lambda host: (host.hostname, host.id))
        return ClusterHosts(self._cluster.id, self._cluster.name, schedulers, in_order)

    async def stat(self, host: Host, task_id: str) -> Copy | None:
        """What the host keeps of a task; None when that is nothing. Raises HostError."""
        stub = DfdaemonUploadStub(self._channel_to(host))
        try:
            return _copy(await self._ask(stub.StatLocalTask, StatLocalTaskRequest(task_id=task_id)))
        except AioRpcError as error:
            if _says_absent(error):
                return None
            raise HostError(_reason(error, self._timeout_seconds)) from None

    async def delete(self, host: Host, task_id: str) -> None:
        """Lets the host forget a task; that it keeps nothing of it is as good. Raises HostError."""
        stub = DfdaemonUploadStub(self._channel_to(host))
        try:
            await self._ask(stub.DeleteTask, DeleteTaskRequest(task_id=task_id))
        except AioRpcError as error:
            if not _says_absent(error):
                raise HostError(_reason(error, self._timeout_seconds)) from None

    async def copies(self, host: Host) -> list[Copy]:
        """Everything the host keeps, oldest first. Raises NotOffered where its program does not tell, HostError."""
        stub = DfdaemonDownloadStub(self._channel_to(host))
        try:
            answer = await self._ask(stub.ListLocalTasks, ListLocalTasksRequest())
        except AioRpcError as error:
            if error.code() is StatusCode.UNIMPLEMENTED:
                raise NotOffered("does not tell over the network what it keeps") from None
            raise HostError(_reason(error, self._timeout_seconds)) from None
        return sorted(map(_copy, answer.tasks), key=lambda copy: (copy.created_at, copy.task_id))

    async def download(self, host: Host, download: Download, timeout: timedelta) -> AsyncIterator[Any]:
        """Lets the host fetch something into its cache; gives its answers as they come. Raises HostError."""
        stub = DfdaemonUploadStub(self._channel_to(host))
        seconds = timeout.total_seconds()
        try:
            async for answer in stub.DownloadTask(DownloadTaskRequest(download=download), timeout=seconds):
                yield answer
        except AioRpcError as error:
            raise HostError(_reason(error, seconds)) from None

    async def _list_hosts(self, address: str) -> list[Host] | HostError:
        stub = SchedulerStub(self._channel(address))
        try:
            answer = await self._ask(stub.ListHosts, ListHostsRequest())
        except AioRpcError as error:
            return HostError(_reason(error, self._timeout_seconds))
        return [_host(host) for host in answer.hosts]

    async def _ask(self, method: Callable[..., Awaitable[T]], request: object) -> T:
        """One answer, within the deadline. Raises AioRpcError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeout_seconds
        pause_seconds = _FIRST_PAUSE_SECONDS
        for _ in range(_ATTEMPTS - 1):
            try:
                return await method(request, timeout=max(deadline - loop.time(), 0))
            except AioRpcError as error:
                if error.code() not in _PASSING or loop.time() + pause_seconds >= deadline:
                    raise
            await asyncio.sleep(pause_seconds)
            pause_seconds *= 2
        return await method(request, timeout=max(deadline - loop.time(), 0))

    def _channel_to(self, host: Host) -> grpc.aio.Channel:
        return self._channel(f"[{host.ip}]:{host.port}" if ":" in host.ip else f"{host.ip}:{host.port}")

    def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = channel = self._open(address)
            self._closing.push_async_callback(channel.close)
        return self._channels[address]

    def _open(self, address: str) -> grpc.aio.Channel:
        if self._credentials is None or self._cluster.tls is None:
            return grpc.aio.insecure_channel(address, _OPTIONS)
        name = self._cluster.tls.server_name
        options = (*_OPTIONS, ("grpc.ssl_target_name_override", name)) if name else _OPTIONS
        return grpc.aio.secure_channel(address, self._credentials, options)


def _credentials(tls: ClusterTls) -> grpc.ChannelCredentials:
    """Raises ClusterError when a file cannot be read."""

    def read(path: str) -> bytes | None:
        try:
            return Path(path).expanduser().read_bytes() if path else None
        except OSError as error:
            raise ClusterError(f"the certificate {path} cannot be read: {error.strerror}") from None

    return grpc.ssl_channel_credentials(read(tls.ca), read(tls.key), read(tls.cert))


def _host(host: Any) -> Host:
    return Host(host.id, host.hostname or host.name, host.ip, host.port, "normal" if host.type == 0 else "seed")


def _copy(answer: Any) -> Copy:
    state: CopyState = "partial"
    if answer.HasField("finished_at"):
        state = "finished"
    elif answer.HasField("failed_at"):
        state = "failed"
    return Copy(
        task_id=answer.task_id,
        state=state,
        content_length=answer.content_length,
        piece_length=answer.piece_length,
        created_at=_instant(answer.created_at),
        updated_at=_instant(answer.updated_at),
        finished_at=_instant(answer.finished_at) if state == "finished" else None,
    )


def _instant(timestamp: Any) -> datetime:
    found: datetime = timestamp.ToDatetime(tzinfo=UTC)
    return found


def _says_absent(error: AioRpcError) -> bool:
    """Dragonfly's hosts answer to the deletion of what they do not keep with an internal error that says so."""
    if error.code() is StatusCode.NOT_FOUND:
        return True
    return error.code() is StatusCode.INTERNAL and "not found" in (error.details() or "").lower()


def _reason(error: AioRpcError, timeout_seconds: float) -> str:
    match error.code():
        case StatusCode.DEADLINE_EXCEEDED:
            return f"no answer within {timeout_seconds:g} s"
        case StatusCode.UNAVAILABLE:
            # gRPC tells the whole way to the cause, address and all; the last part is the cause.
            return f"cannot be reached: {(error.details() or '').rpartition(': ')[2]}"
        case code:
            return f"{code.name}: {error.details()}"
