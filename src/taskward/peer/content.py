"""What a peer knows about one content: whose bytes it keeps, which pieces are there, and who waits for more."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS, piece_count

READING = "x-taskward-reading"
"""The header that marks which reading a content is from, where its origin does not tell versions apart."""


class Piece(Struct, frozen=True):
    """A part of a content. `offset` and `length` are bytes; `digest` is `sha256:` and hexadecimal digits."""

    number: int
    offset: int
    length: int
    digest: str


class Origin(Struct, frozen=True, kw_only=True):
    """Where a content comes from, as its downloader asked for it (contract of dfdaemon's `Download`).

    `piece_length` is the one asked for, in bytes; `digest` is that of the whole, as `sha256:` and hexadecimal digits;
    `named_by` is a text whose hash names the content in place of the URL.
    """

    url: str
    tag: str = ""
    application: str = ""
    filtered_query_params: tuple[str, ...] = DEFAULT_FILTERED_QUERY_PARAMS
    headers: Mapping[str, str] = {}
    piece_length: int | None = None
    digest: str = ""
    named_by: str | None = None


@dataclass(eq=False)
class Content:
    """One content on this peer; it may be partial. `length` is None until it is known, in bytes."""

    task_id: str
    origin: Origin
    path: Path
    piece_length: int
    length: int | None
    response_headers: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    used_at: datetime
    finished_at: datetime | None = None
    failed_at: datetime | None = None
    pieces: dict[int, Piece] = field(default_factory=dict)
    is_checked: bool = True
    """Whether the pieces are known to be on disk as their digests say; false after a start, until they were read."""
    uploading: int = 0
    """How many pieces are being sent now."""
    uploaded: int = 0
    """How many pieces were sent since the start."""

    @property
    def piece_count(self) -> int | None:
        """How many pieces the whole has; None until its length is known."""
        return None if self.length is None else piece_count(self.length, self.piece_length)

    @property
    def is_whole(self) -> bool:
        """Whether every byte is there."""
        return len(self.pieces) == self.piece_count

    @property
    def kept_bytes(self) -> int:
        """How many bytes of it are there."""
        return sum(piece.length for piece in self.pieces.values())

    def missing(self) -> list[int]:
        """The numbers of the pieces that are not there; none as long as the length of the whole is not known."""
        return [number for number in range(self.piece_count or 0) if number not in self.pieces]


def digest_of(data: bytes | bytearray | memoryview) -> str:
    """The digest of a piece."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_file(path: Path) -> str:
    """The digest of a whole; blocks."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


class Change:
    """Wakes everybody who waits for the next change of something."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def tell(self) -> None:
        """It has changed."""
        self._event.set()
        self._event = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Returns when the condition holds; it is asked now and after each change."""
        while not condition():
            await self._event.wait()
