"""The scheduler of a download network: scheduler.v2.Scheduler, as far as downloads of the standard kind need it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Never

import grpc
from dragonfly_api import common_pb2 as common
from dragonfly_api import scheduler_pb2 as scheduler
from dragonfly_api.scheduler_pb2_grpc import SchedulerServicer, add_SchedulerServicer_to_server
from google.protobuf.empty_pb2 import Empty

from taskward.peer.conversation import Conversation
from taskward.peer.errors import OriginFailed, PeerError
from taskward.peer.links import Links
from taskward.peer.matchmaker import Matchmaker
from taskward.peer.messages import code_of, details_of, timestamp
from taskward.peer.network import Holding, KnownTask, Network
from taskward.ports import Clock

ACQUAINTANCE_KEY = "taskward-acquaintance"
"""Trailing metadata of AnnounceHost: another value than before means that the scheduler has forgotten the host."""
_SWEEP_SECONDS = 2.0


class Scheduler(SchedulerServicer):
    """Answers over gRPC on one address; start it, and close it."""

    def __init__(self, clock: Clock, links: Links) -> None:
        self._network = Network(clock)
        self._matchmaker = Matchmaker(self._network, links)
        self._sweeping: asyncio.Task[None] | None = None

    def add_to(self, server: grpc.aio.Server) -> None:
        """Makes the server answer for it."""
        add_SchedulerServicer_to_server(self, server)
        self._sweeping = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """Stops what runs beside the answers."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self._matchmaker.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            self._network.forget_silent()

    # ---------------------------------------------------------------- hosts

    async def AnnounceHost(self, request: scheduler.AnnounceHostRequest, context: Any) -> Empty:
        """A host is there."""
        if not request.host.id or not request.host.ip or not request.host.port:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "host needs an id, an ip and a port")
        interval = request.interval.ToTimedelta() if request.HasField("interval") else None
        known = self._network.announce(request.host, interval)
        context.set_trailing_metadata(((ACQUAINTANCE_KEY, known.acquaintance),))
        return Empty()

    async def ListHosts(self, request: scheduler.ListHostsRequest, context: Any) -> scheduler.ListHostsResponse:
        """The hosts that are alive, of one type if one is named; not those that live for one fetch, sharing nothing."""
        self._network.forget_silent()
        hosts = [host.message for host in self._network.hosts.values() if not host.message.disable_shared]
        if request.HasField("type"):
            hosts = [host for host in hosts if host.type == request.type]
        return scheduler.ListHostsResponse(hosts=hosts)

    async def DeleteHost(self, request: scheduler.DeleteHostRequest, context: Any) -> Empty:
        """A host leaves."""
        if not self._network.forget_host(request.host_id):
            await _not_found(context, f"host {request.host_id} not found")
        return Empty()

    # ---------------------------------------------------------------- tasks and peers

    async def StatTask(self, request: scheduler.StatTaskRequest, context: Any) -> common.Task:
        """What is known of a content."""
        return _task_message(await self._task(request.task_id, context))

    async def DeleteTask(self, request: scheduler.DeleteTaskRequest, context: Any) -> Empty:
        """A host has nothing of a content any more."""
        if request.host_id not in self._network.hosts:
            await _not_found(context, f"host {request.host_id} not found")
        self._network.forget(request.task_id, request.host_id)
        return Empty()

    async def StatPeer(self, request: scheduler.StatPeerRequest, context: Any) -> common.Peer:
        """What is known of one download."""
        task = await self._task(request.task_id, context)
        holding = await _holding(task, request.peer_id, context)
        return common.Peer(
            id=holding.peer_id,
            state=holding.state,
            task=_task_message(task),
            host=self._network.hosts[holding.host_id].message,
            created_at=timestamp(holding.created_at),
            updated_at=timestamp(holding.updated_at),
        )

    async def DeletePeer(self, request: scheduler.DeletePeerRequest, context: Any) -> Empty:
        """One download is to be forgotten."""
        task = await self._task(request.task_id, context)
        holding = await _holding(task, request.peer_id, context)
        self._network.forget(request.task_id, holding.host_id)
        return Empty()

    async def _task(self, task_id: str, context: Any) -> KnownTask:
        task = self._network.tasks.get(task_id)
        if task is None:
            await _not_found(context, f"task {task_id} not found")
        return task

    # ---------------------------------------------------------------- downloads

    async def AnnouncePeer(
        self, request_iterator: AsyncIterator[scheduler.AnnouncePeerRequest], context: Any
    ) -> AsyncIterator[scheduler.AnnouncePeerResponse]:
        """One download: registered by its first message, told what to do, and followed by its reports."""
        first = await anext(request_iterator, None)
        if first is None:
            return
        if not first.HasField("register_peer_request"):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message must be register_peer_request")
        if first.host_id not in self._network.hosts:
            await _not_found(context, f"host {first.host_id} not found; AnnounceHost comes first")
        download = first.register_peer_request.download
        task = self._network.task(first.task_id, download)
        holding = self._network.hold(task, first.host_id, first.peer_id)
        conversation = Conversation(task, holding)
        if download.metadata_only:
            conversation.send(scheduler.AnnouncePeerResponse(metadata_only_response=scheduler.MetadataOnlyResponse()))
        else:
            if task.source is None:
                task.download = download
            self._matchmaker.join(conversation)
        reading = asyncio.create_task(self._read(conversation, request_iterator))
        try:
            async for response in conversation.sent():
                yield response
        except PeerError as error:
            await context.abort(code_of(error), str(error), details_of(error))
        finally:
            reading.cancel()
            if not download.metadata_only:
                self._matchmaker.leave(conversation)

    async def _read(self, conversation: Conversation, requests: AsyncIterator[scheduler.AnnouncePeerRequest]) -> None:
        with contextlib.suppress(grpc.aio.UsageError, asyncio.CancelledError):
            async for request in requests:
                self._network.touch(conversation.task, conversation.holding)
                self._hear(conversation, request)
        conversation.end()

    def _hear(self, conversation: Conversation, request: scheduler.AnnouncePeerRequest) -> None:
        """One report."""
        task, holding = conversation.task, conversation.holding
        match request.WhichOneof("request"):
            case "download_piece_finished_request":
                self._has(conversation, request.download_piece_finished_request.piece)
            case "download_piece_back_to_source_finished_request":
                self._has(conversation, request.download_piece_back_to_source_finished_request.piece)
            case "download_peer_finished_request" | "download_peer_back_to_source_finished_request":
                holding.is_finished, holding.is_running, holding.is_reading = True, False, False
                self._matchmaker.wake(task)
            case "download_piece_failed_request":
                peer_id = request.download_piece_failed_request.parent_id
                conversation.refused |= {other.host_id for other in task.holdings.values() if other.peer_id == peer_id}
            case "reschedule_peer_request":
                self._matchmaker.serve(conversation)
            case "download_piece_back_to_source_failed_request":
                backend = request.download_piece_back_to_source_failed_request.backend
                status = backend.status_code if backend.HasField("status_code") else None
                self._matchmaker.fail(task, OriginFailed(backend.message, status, dict(backend.header)))
            case "download_peer_back_to_source_failed_request":
                self._matchmaker.pass_over(task, holding.host_id)

    def _has(self, conversation: Conversation, piece: common.Piece) -> None:
        is_first = not conversation.holding.pieces
        conversation.holding.pieces.add(piece.number)
        if is_first:
            self._matchmaker.wake(conversation.task)


async def _holding(task: KnownTask, peer_id: str, context: Any) -> Holding:
    for holding in task.holdings.values():
        if holding.peer_id == peer_id:
            return holding
    return await _not_found(context, f"peer {peer_id} not found")


async def _not_found(context: Any, reason: str) -> Never:
    await context.abort(grpc.StatusCode.NOT_FOUND, reason)
    raise AssertionError  # abort() raises


def _task_message(task: KnownTask) -> common.Task:
    return common.Task(
        id=task.task_id,
        url=task.download.url,
        tag=task.download.tag or None,
        application=task.download.application or None,
        filtered_query_params=task.download.filtered_query_params,
        content_length=task.length,
        piece_count=task.piece_count,
        state=task.state,
        peer_count=len(task.holdings),
        has_available_peer=any(holding.pieces or holding.is_finished for holding in task.holdings.values()),
        created_at=timestamp(task.created_at),
        updated_at=timestamp(task.updated_at),
    )
