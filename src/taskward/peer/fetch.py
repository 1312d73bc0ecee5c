"""Brings a content into a file: through a peer, whose pieces are compared with their digests and written here."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import grpc
from dragonfly_api import dfdaemon_pb2 as dfdaemon

from taskward.model.errors import Invalid
from taskward.peer.collector import Collector, Parent
from taskward.peer.content import Content, Origin, Piece, digest_of_file
from taskward.peer.errors import CacheFull, ContentGone, NoParent, PeerError
from taskward.peer.links import Links
from taskward.peer.messages import download_of, error_of, reason_of, task_id_of
from taskward.peer.storage import write_piece

_BEGINNINGS = 3
Progress = Callable[[int, int | None], None]
"""Told how many bytes are there, and of how many, as far as that is known."""


async def fetch(links: Links, peer: str, origin: Origin, output: Path, progress: Progress) -> Content:
    """Has the peer at `host:port` download the content, and writes it to `output`, whole or not at all.

    Raises PeerError, and Invalid when the file cannot be written or the origin is none.
    """
    sink = FileSink(task_id_of(origin), origin, output, progress)
    try:
        await _copied(links, peer, origin, sink)
        await asyncio.to_thread(sink.finish)
        return sink.known
    finally:
        sink.close()


async def _copied(links: Links, peer: str, origin: Origin, sink: "FileSink") -> None:
    """Downloads on the peer and copies from it at the same time."""
    call = links.daemon(peer).DownloadTask(dfdaemon.DownloadTaskRequest(download=download_of(origin)))
    try:
        started = await call.read()
        if started is grpc.aio.EOF:
            raise PeerError(f"the peer at {peer} ended the download without a word")
        try:
            await _collected(links, Parent(started.host_id, started.peer_id, peer, is_root=True), sink)
        except (NoParent, ContentGone):
            # Why the peer has not got it, it says where it was asked for it.
            await _read_out(call)
            raise
        await _read_out(call)
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            raise NoParent(f"no peer answers at {peer}: {reason_of(error)}") from error
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
            raise Invalid("download", error.details() or "refused by the peer") from error
        raise error_of(error) from error
    finally:
        call.cancel()


async def _collected(links: Links, peer: Parent, sink: "FileSink") -> None:
    """Copies from the peer, anew when the peer begins anew."""
    for left in reversed(range(_BEGINNINGS)):
        collector = Collector(links, sink, sink.task_id, own_host_id="", listener=_Nobody())
        collector.add([peer])
        collector.rely_on_these()
        try:
            await collector.collect()
        except ContentGone:
            if not left:
                raise
            sink.content = None
        else:
            return


async def _read_out(
    call: grpc.aio.UnaryStreamCall[dfdaemon.DownloadTaskRequest, dfdaemon.DownloadTaskResponse],
) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass


class _Nobody:
    """Follows `taskward.peer.collector.Listener`: there is only one peer to ask."""

    def got(self, parent: Parent, piece: Piece) -> None:
        """A piece was copied."""

    def lost(self, parent: Parent, number: int | None) -> None:
        """The peer did not give one."""

    def ask_again(self) -> None:
        """There is nobody else."""


class FileSink:
    """Follows `taskward.peer.collector.Sink`: pieces go into a file aside, which takes its name when it is whole."""

    def __init__(self, task_id: str, origin: Origin, output: Path, progress: Progress) -> None:
        self.task_id = task_id
        self.content: Content | None = None
        self._origin = origin
        self._output = output
        self._progress = progress
        if output.is_dir():
            raise Invalid("output", f"{output} is a folder; name a file")
        self._part = output.with_name(f".{output.name}.{task_id[:16]}.part")
        try:
            self._file = os.open(self._part, os.O_CREAT | os.O_RDWR, 0o666)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise Invalid("output", f"{output} is being written by another fetch") from None
        except OSError as error:
            raise Invalid("output", f"{output} cannot be written: {error.strerror}") from None

    @property
    def known(self) -> Content:
        """The content. Raises PeerError when there is none yet."""
        if self.content is None:
            raise PeerError(f"nothing is known of {self._origin.url} yet")
        return self.content

    async def begin(self, *, piece_length: int, length: int | None, response_headers: Mapping[str, str]) -> None:
        """Begins with an empty file."""
        now = datetime.now(UTC)
        self.content = Content(
            self.task_id, self._origin, self._part, piece_length, length, response_headers, now, now, now
        )
        await self._written(os.ftruncate, self._file, 0)
        if length:
            await self._written(os.posix_fallocate, self._file, 0, length)
        self._progress(0, length)

    async def know_length(self, length: int) -> None:
        """Takes notice of the length."""
        self.known.length = length
        self._progress(self.known.kept_bytes, length)

    async def write(self, piece: Piece, data: bytearray) -> None:
        """Writes a piece that has this digest."""
        await self._written(write_piece, self._file, piece, data)
        self.known.pieces[piece.number] = piece
        self._progress(self.known.kept_bytes, self.known.length)

    async def _written(self, work: Callable[..., object], *arguments: object) -> None:
        try:
            await asyncio.to_thread(work, *arguments)
        except OSError as error:
            raise CacheFull(f"{self._output} cannot be written: {error.strerror}") from error

    def finish(self) -> None:
        """Compares the whole with its digest, if one was given, and gives the file its name."""
        if self._origin.digest:
            digest = digest_of_file(self._part)
            if digest != self._origin.digest:
                raise PeerError(f"what came has the digest {digest}, not {self._origin.digest}")
        self._part.replace(self._output)

    def close(self) -> None:
        """Leaves nothing but the whole."""
        self._part.unlink(missing_ok=True)
        os.close(self._file)
