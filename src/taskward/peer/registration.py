"""A download's side of its conversation with the scheduler (scheduler.v2 AnnouncePeer): it registers, and reports."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from dragonfly_api import common_pb2 as common
from dragonfly_api import errordetails_pb2 as errordetails
from dragonfly_api import scheduler_pb2 as scheduler
from dragonfly_api.scheduler_pb2_grpc import SchedulerStub

from taskward.peer.collector import Parent
from taskward.peer.content import Content, Origin, Piece
from taskward.peer.errors import NoParent, OriginFailed, PeerError
from taskward.peer.host import address_of
from taskward.peer.messages import download_of, error_of, piece_message

_CLOSING_SECONDS = 5


class Registration:
    """One open stream. Reports are queued and never block; what the scheduler says is read with `answer`."""

    def __init__(self, stub: SchedulerStub, host_id: str) -> None:
        self._host_id = host_id
        self._reports: asyncio.Queue[scheduler.AnnouncePeerRequest | None] = asyncio.Queue()
        self._call = stub.AnnouncePeer(self._queued())
        self._names: dict[str, Any] = {}
        # Read by a task of its own: to cancel a read would cancel the whole conversation.
        self._answers: asyncio.Queue[list[Parent] | PeerError | None] = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())
        self._was_broken = False

    async def _queued(self) -> AsyncIterator[scheduler.AnnouncePeerRequest]:
        while (report := await self._reports.get()) is not None:
            yield report

    def _report(self, **report: Any) -> None:
        self._reports.put_nowait(scheduler.AnnouncePeerRequest(host_id=self._host_id, **self._names, **report))

    async def _read(self) -> None:
        try:
            async for response in self._call:
                if response.HasField("need_back_to_source_response"):
                    self._answers.put_nowait(None)
                elif response.HasField("normal_task_response"):
                    candidates = response.normal_task_response.candidate_parents
                    parents = [_parent(peer) for peer in candidates]
                    self._answers.put_nowait(parents)
            self._answers.put_nowait(NoParent("the scheduler ended the conversation"))
        except grpc.aio.AioRpcError as error:
            self._was_broken = True
            self._answers.put_nowait(error_of(error))

    async def close(self) -> bool:
        """Sends what is still queued; whether the scheduler has read all of it."""
        self._reports.put_nowait(None)
        await asyncio.wait([self._reading], timeout=_CLOSING_SECONDS)
        if not self._reading.done():
            self._was_broken = True
            self._call.cancel()
            self._reading.cancel()
        return not self._was_broken

    async def answer(self) -> list[Parent] | None:
        """The next parents to ask; None when the origin is to be read. Raises PeerError when the scheduler gives up."""
        answer = await self._answers.get()
        if isinstance(answer, PeerError):
            raise answer
        return answer

    # ---------------------------------------------------------------- reports

    def register(self, task_id: str, peer_id: str, origin: Origin, content: Content | None) -> None:
        """Asks where to get a content from, and tells which of its pieces are here already."""
        self._names = {"task_id": task_id, "peer_id": peer_id}
        self._report(register_peer_request=scheduler.RegisterPeerRequest(download=download_of(origin)))
        self._tell_pieces(content)

    def hold(self, peer_id: str, content: Content) -> None:
        """Tells about a content that is here, whole or in part, and asks for nothing."""
        self._names = {"task_id": content.task_id, "peer_id": peer_id}
        download = download_of(content.origin)
        download.metadata_only = True
        if content.length is not None and content.piece_count is not None:
            download.actual_content_length = content.length
            download.actual_piece_count = content.piece_count
        download.actual_piece_length = content.piece_length
        self._report(register_peer_request=scheduler.RegisterPeerRequest(download=download))
        self._tell_pieces(content)
        if content.finished_at is not None:
            self._report(download_peer_finished_request=scheduler.DownloadPeerFinishedRequest())

    def _tell_pieces(self, content: Content | None) -> None:
        for piece in () if content is None or content.finished_at else list(content.pieces.values()):
            message = piece_message(piece, common.LOCAL_PEER)
            self._report(download_piece_finished_request=scheduler.DownloadPieceFinishedRequest(piece=message))

    def started(self, *, from_origin: bool) -> None:
        """The first piece is being asked for."""
        if from_origin:
            begun = scheduler.DownloadPeerBackToSourceStartedRequest()
            self._report(download_peer_back_to_source_started_request=begun)
        else:
            self._report(download_peer_started_request=scheduler.DownloadPeerStartedRequest())

    def got_from_origin(self, piece: Piece) -> None:
        """A piece was read from the origin."""
        message = scheduler.DownloadPieceBackToSourceFinishedRequest(piece=piece_message(piece, common.BACK_TO_SOURCE))
        self._report(download_piece_back_to_source_finished_request=message)

    def got(self, parent: Parent, piece: Piece) -> None:
        """A piece was given by a parent."""
        message = piece_message(piece, common.REMOTE_PEER, parent.peer_id)
        self._report(download_piece_finished_request=scheduler.DownloadPieceFinishedRequest(piece=message))

    def lost(self, parent: Parent, number: int | None) -> None:
        """A parent is given up; another is asked for."""
        failed = scheduler.DownloadPieceFailedRequest(piece_number=number, parent_id=parent.peer_id, temporary=False)
        self._report(download_piece_failed_request=failed)
        self.ask_again()

    def ask_again(self) -> None:
        """The parents that are known have nothing more of what is missing."""
        self._report(reschedule_peer_request=scheduler.ReschedulePeerRequest())

    def finished(self, *, from_origin: bool) -> None:
        """The whole content is here."""
        if from_origin:
            ended = scheduler.DownloadPeerBackToSourceFinishedRequest()
            self._report(download_peer_back_to_source_finished_request=ended)
        else:
            self._report(download_peer_finished_request=scheduler.DownloadPeerFinishedRequest())

    def failed(self, error: PeerError, *, from_origin: bool) -> None:
        """It comes to nothing."""
        if isinstance(error, OriginFailed) and from_origin:
            backend = errordetails.Backend(message=str(error), header=error.headers, status_code=error.origin_status)
            origin = scheduler.DownloadPieceBackToSourceFailedRequest(backend=backend)
            self._report(download_piece_back_to_source_failed_request=origin)
        if from_origin:
            ended = scheduler.DownloadPeerBackToSourceFailedRequest(description=str(error))
            self._report(download_peer_back_to_source_failed_request=ended)
        else:
            self._report(download_peer_failed_request=scheduler.DownloadPeerFailedRequest(description=str(error)))


def _parent(peer: common.Peer) -> Parent:
    return Parent(peer.host.id, peer.id, address_of(peer.host), is_root=peer.state in {"BackToSource", "Succeeded"})
