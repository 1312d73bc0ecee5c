"""A peer's gRPC services: dfdaemon.v2.DfdaemonUpload, and DfdaemonDownload, as far as both are about the cache.

Both answer on one TCP port. Nothing they offer writes outside the cache: `output_path` is refused.
"""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc
from dragonfly_api import common_pb2 as common
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api import scheduler_pb2 as scheduler
from dragonfly_api.dfdaemon_pb2_grpc import (
    DfdaemonDownloadServicer,
    DfdaemonUploadServicer,
    add_DfdaemonDownloadServicer_to_server,
    add_DfdaemonUploadServicer_to_server,
)
from google.protobuf.empty_pb2 import Empty

from taskward.model.errors import Invalid
from taskward.peer.content import Content, Piece
from taskward.peer.download import Download
from taskward.peer.downloads import Downloads
from taskward.peer.errors import ContentGone, PeerError
from taskward.peer.host import HostIdentity
from taskward.peer.messages import code_of, details_of, local_task, origin_of, piece_message
from taskward.peer.removal import Removal
from taskward.peer.schedulers import Schedulers
from taskward.peer.storage import Storage


class Daemon(DfdaemonUploadServicer, DfdaemonDownloadServicer):
    """Translates; what a call does is done by storage and downloads."""

    def __init__(
        self,
        host: HostIdentity,
        storage: Storage,
        downloads: Downloads,
        schedulers: Schedulers,
        removal: Removal,
    ) -> None:
        self._host = host
        self._storage = storage
        self._downloads = downloads
        self._schedulers = schedulers
        self._removal = removal

    def add_to(self, server: grpc.aio.Server) -> None:
        """Makes the server answer for it."""
        add_DfdaemonUploadServicer_to_server(self, server)
        add_DfdaemonDownloadServicer_to_server(self, server)

    async def DownloadTask(
        self, request: dfdaemon.DownloadTaskRequest, context: Any
    ) -> AsyncIterator[dfdaemon.DownloadTaskResponse]:
        """Brings a content into the cache, or joins a download that does; each piece is told as it comes."""
        if request.download.output_path:
            reason = "output_path: a peer writes to its cache alone; `taskward fetch -o` writes files"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, reason)
        try:
            download = self._downloads.start(origin_of(request.download))
        except Invalid as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        names: dict[str, Any] = {
            "host_id": self._host.id,
            "task_id": download.task_id,
            "peer_id": self._host.peer_id(str(uuid.uuid4())),
        }
        try:
            content = await download.begun()
            started = dfdaemon.DownloadTaskStartedResponse(
                content_length=content.length or 0,
                response_header=content.response_headers,
                is_finished=content.finished_at is not None,
            )
            yield dfdaemon.DownloadTaskResponse(download_task_started_response=started, **names)
            async for piece in _all_pieces(download):
                finished = dfdaemon.DownloadPieceFinishedResponse(piece=piece_message(piece, common.LOCAL_PEER))
                yield dfdaemon.DownloadTaskResponse(download_piece_finished_response=finished, **names)
        except PeerError as error:
            await context.abort(code_of(error), str(error), details_of(error))

    async def SyncPieces(
        self, request: dfdaemon.SyncPiecesRequest, context: Any
    ) -> AsyncIterator[dfdaemon.SyncPiecesResponse]:
        """The pieces that are here, then those that come, as long as they are downloaded. No number: all of them."""
        interesting = frozenset(request.interested_piece_numbers)
        if (download := self._downloads.find(request.task_id)) is not None:
            try:
                async for piece in download.pieces():
                    if not interesting or piece.number in interesting:
                        yield self._offer(piece)
            except PeerError as error:
                await context.abort(code_of(error), str(error), details_of(error))
            return
        content = await self._content(request.task_id, context)
        await self._storage.check(content)
        for piece in list(content.pieces.values()):
            if not interesting or piece.number in interesting:
                yield self._offer(piece)

    def _offer(self, piece: Piece) -> dfdaemon.SyncPiecesResponse:
        return dfdaemon.SyncPiecesResponse(
            number=piece.number,
            offset=piece.offset,
            length=piece.length,
            ip=self._host.ip,
            tcp_port=self._host.upload_port,
        )

    async def StatLocalTask(
        self, request: dfdaemon.StatLocalTaskRequest, context: Any
    ) -> dfdaemon.StatLocalTaskResponse:
        """What is here of a content; NOT_FOUND when nothing is."""
        return local_task(await self._content(request.task_id, context))

    async def ListLocalTasks(
        self, request: dfdaemon.ListLocalTasksRequest, context: Any
    ) -> dfdaemon.ListLocalTasksResponse:
        """What is here of every content."""
        return dfdaemon.ListLocalTasksResponse(tasks=[local_task(content) for content in self._storage.contents()])

    async def StatTask(self, request: dfdaemon.StatTaskRequest, context: Any) -> common.Task:
        """What the scheduler knows of a content."""
        question = scheduler.StatTaskRequest(host_id=self._host.id, task_id=request.task_id)
        try:
            task: common.Task = await self._schedulers.of_task(request.task_id)[0].StatTask(question)
            return task
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details())
            raise

    async def DeleteTask(self, request: dfdaemon.DeleteTaskRequest, context: Any) -> Empty:
        """Removes a content, and breaks off its download. INTERNAL when it is not here, as with Dragonfly's hosts."""
        content = self._storage.find(request.task_id)
        if content is None and self._downloads.find(request.task_id) is None:
            await context.abort(grpc.StatusCode.INTERNAL, f"task {request.task_id} not found")
        await self._downloads.stop(request.task_id)
        if (content := self._storage.find(request.task_id)) is not None:
            await self._removal.remove(content)
        return Empty()

    async def DeleteLocalTask(self, request: dfdaemon.DeleteLocalTaskRequest, context: Any) -> Empty:
        """As DeleteTask."""
        return await self.DeleteTask(dfdaemon.DeleteTaskRequest(task_id=request.task_id), context)

    async def _content(self, task_id: str, context: Any) -> Content:
        content = self._storage.find(task_id)
        if content is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"task {task_id} not found")
            raise AssertionError
        return content


async def _all_pieces(download: Download) -> AsyncIterator[Piece]:
    """The pieces as they come, those that are of no use among them. Raises PeerError when the download fails."""
    while True:
        try:
            async for piece in download.pieces():
                yield piece
            return
        except ContentGone:
            if download.is_done:
                raise
