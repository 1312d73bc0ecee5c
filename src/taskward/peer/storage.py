"""A peer's cache: the bytes of contents in files, what is known about them in an index.

A piece is written to its file first and recorded second, so that whatever is recorded is on disk although the process
is killed; each start reads everything again and drops what is not as its digest says.
"""

import asyncio
import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from sqlite3 import Error as SqliteError
from typing import Any, Protocol, TypeVar

import structlog

from taskward.model.errors import Unavailable
from taskward.peer.content import Content, Origin, Piece, digest_of, digest_of_file
from taskward.peer.errors import CacheFull, ContentGone, PeerError, PieceRefused
from taskward.peer.index import Index, path_of
from taskward.ports import Clock

T = TypeVar("T")

_log = structlog.get_logger(__name__)
_READ_BYTES = 4 * 1024 * 1024


class Room(Protocol):
    """Who decides what else the cache may hold."""

    async def admit(self, length: int) -> bool:
        """Whether so many bytes more may be taken."""

    async def make_room(self, length: int) -> bool:
        """Drops something, as so many bytes did not fit on the disk; whether enough was dropped."""


class Storage:
    """The cache in one folder, which one process uses at a time. Raises Unavailable where it cannot be used."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._files = folder / "content" / "tasks"
        self._clock = clock
        self._contents: dict[str, Content] = {}
        self._lock: int | None = None
        self._index: Index
        # One thread, so that rows are written in the order they were asked for.
        self._rows = ThreadPoolExecutor(1, thread_name_prefix="taskward-peer-index")
        self._bytes = ThreadPoolExecutor(4, thread_name_prefix="taskward-peer-bytes")
        self._room: Room | None = None
        self._checks: dict[str, asyncio.Task[None]] = {}

    def bound_by(self, room: Room) -> None:
        """From now on it is asked before a content is begun."""
        self._room = room

    async def open(self) -> None:
        """Reads what is known; `check` says of each content whether it is true."""
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        try:
            self._files.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._index = Index(self._folder / "index.db")
            contents = self._index.read(self._files)
        except BlockingIOError:
            raise Unavailable(f"the cache in {self._folder} is used by another process") from None
        except (OSError, SqliteError, ValueError) as error:
            raise Unavailable(f"the cache in {self._folder} cannot be used: {error}") from None
        self._contents = {content.task_id: content for content in contents}
        known = {content.path for content in contents}
        for path in self._files.glob("*/*"):
            if path not in known:
                path.unlink()

    async def close(self) -> None:
        """Writes when each content was used last, and lets go of the folder."""
        for check in self._checks.values():
            check.cancel()
        await self._in_index(self._index.save, list(self._contents.values()))
        await self._in_index(self._index.close)
        self._rows.shutdown()
        self._bytes.shutdown()
        if self._lock is not None:
            os.close(self._lock)

    async def save_uses(self) -> None:
        """Writes when each content was used last."""
        await self._write_rows(list(self._contents.values()))

    def find(self, task_id: str) -> Content | None:
        """The content of this id, if there is any of it."""
        return self._contents.get(task_id)

    def contents(self) -> list[Content]:
        """Every content, whole or partial."""
        return list(self._contents.values())

    async def check(self, content: Content) -> None:
        """Reads the content, once after a start, and drops the pieces that are not as their digests say."""
        if content.is_checked:
            return
        if content.task_id not in self._checks:
            self._checks[content.task_id] = asyncio.create_task(self._check(content))
        await asyncio.shield(self._checks[content.task_id])

    async def _check(self, content: Content) -> None:
        bad = await self._with_bytes(_bad_pieces, content.path, list(content.pieces.values()))
        if bad and self.find(content.task_id) is content:
            _log.warning("pieces are damaged and will be downloaded again", task_id=content.task_id, pieces=bad)
            for number in bad:
                del content.pieces[number]
            content.finished_at = None
            await self._in_index(self._index.drop_pieces, content.task_id, bad)
            await self._write_rows([content])
        content.is_checked = True

    async def create(
        self,
        task_id: str,
        origin: Origin,
        *,
        piece_length: int,
        length: int | None,
        response_headers: Mapping[str, str],
    ) -> Content:
        """A content of which nothing is there yet; room for all of it is taken at once. Raises CacheFull."""
        now = self._clock.now()
        content = Content(
            task_id,
            origin,
            path_of(self._files, task_id, now),
            piece_length,
            length,
            response_headers,
            created_at=now,
            updated_at=now,
            used_at=now,
        )
        await self._take_room(content)
        await self._write_rows([content])
        self._contents[task_id] = content
        return content

    async def _take_room(self, content: Content) -> None:
        length = content.length or 0
        if self._room is not None and not await self._room.admit(length):
            raise CacheFull(f"{content.origin.url} has {length} bytes, more than the cache can make room for")
        try:
            with _room_for(content):
                await self._with_bytes(_make_file, content.path, length)
        except CacheFull:
            if self._room is None or not await self._room.make_room(length):
                raise
            with _room_for(content):
                await self._with_bytes(_make_file, content.path, length)

    async def write(self, content: Content, number: int, data: bytearray, digest: str = "") -> Piece:
        """Writes one piece after comparing it with its digest, if one is given. Raises PieceRefused, CacheFull,
        ContentGone.
        """
        offset = number * content.piece_length
        with _room_for(content):
            piece = await self._with_bytes(_write_piece, content.path, Piece(number, offset, len(data), digest), data)
        if self.find(content.task_id) is not content:
            raise ContentGone(f"{content.task_id} was deleted while it was downloaded")
        await self._in_index(self._index.add_piece, content.task_id, piece)
        content.pieces[number] = piece
        return piece

    async def read(self, content: Content, offset: int, length: int) -> bytes:
        """Bytes of pieces that are there."""
        return await self._with_bytes(_read, content.path, offset, length)

    async def digest(self, content: Content) -> str:
        """The digest of the whole."""
        return await self._with_bytes(digest_of_file, content.path)

    async def update(self, content: Content, **changes: Any) -> None:
        """Sets attributes of a content."""
        for name, value in {**changes, "updated_at": self._clock.now()}.items():
            setattr(content, name, value)
        await self._write_rows([content])

    def use(self, content: Content) -> None:
        """Notes that somebody wanted it, so that it is not the first to be evicted."""
        content.used_at = self._clock.now()

    async def delete(self, content: Content) -> None:
        """Forgets a content. Whoever has its file open reads on; whoever writes it is told at the next piece."""
        if self.find(content.task_id) is not content:
            return
        del self._contents[content.task_id]
        await self._in_index(self._index.delete, content.task_id)
        with suppress(FileNotFoundError):
            await self._with_bytes(content.path.unlink)

    async def _write_rows(self, contents: list[Content]) -> None:
        await self._in_index(self._index.save, contents)

    async def _in_index(self, work: Callable[..., T], *arguments: Any) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._rows, work, *arguments)
        except SqliteError as error:
            raise CacheFull(f"the index of the cache in {self._folder} cannot be written: {error}") from error

    async def _with_bytes(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._bytes, work, *arguments)


@contextmanager
def _room_for(content: Content) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ContentGone(f"{content.task_id} was deleted while it was downloaded") from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise CacheFull(f"no room for {content.origin.url} in the cache: {error.strerror}") from error
        raise PeerError(f"the cache cannot be written: {error}") from error


def _make_file(path: Path, length: int) -> None:
    path.parent.mkdir(exist_ok=True)
    file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        if length:
            os.posix_fallocate(file, 0, length)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(file)


def _write_piece(path: Path, piece: Piece, data: bytearray) -> Piece:
    file = os.open(path, os.O_WRONLY)
    try:
        return write_piece(file, piece, data)
    finally:
        os.close(file)


def write_piece(file: int, piece: Piece, data: bytearray) -> Piece:
    """Writes a piece to its place in an open file; the piece with its digest. Blocks.

    Raises PieceRefused, and writes nothing, when the piece has a digest and the bytes have another; OSError.
    """
    digest = digest_of(data)
    if piece.digest and piece.digest != digest:
        raise PieceRefused(f"piece {piece.number} is {digest}, not {piece.digest}")
    rest, offset = memoryview(data), piece.offset
    while rest:
        written = os.pwrite(file, rest, offset)
        rest, offset = rest[written:], offset + written
    return Piece(piece.number, piece.offset, piece.length, digest)


def _read(path: Path, offset: int, length: int) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.pread(file, length, offset)
    finally:
        os.close(file)


def _bad_pieces(path: Path, pieces: list[Piece]) -> list[int]:
    bad = []
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return [piece.number for piece in pieces]
    try:
        for piece in pieces:
            data = os.pread(file, piece.length, piece.offset)
            if len(data) != piece.length or digest_of(data) != piece.digest:
                bad.append(piece.number)
    finally:
        os.close(file)
    return bad
