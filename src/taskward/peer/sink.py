"""Where collected pieces go on a peer: into its cache."""

from collections.abc import Mapping

from taskward.peer.content import Content, Piece
from taskward.peer.download import Download
from taskward.peer.storage import Storage


class StorageSink:
    """Follows `taskward.peer.collector.Sink`."""

    def __init__(self, storage: Storage, download: Download) -> None:
        self._storage = storage
        self._download = download

    @property
    def content(self) -> Content | None:
        """What has come so far."""
        return self._download.content

    async def begin(self, *, piece_length: int, length: int | None, response_headers: Mapping[str, str]) -> None:
        """Makes room for the content; what was there of another version is dropped."""
        if self._download.content is not None:
            await self._storage.delete(self._download.content)
        content = await self._storage.create(
            self._download.task_id,
            self._download.origin,
            piece_length=piece_length,
            length=length,
            response_headers=response_headers,
        )
        self._download.begin(content)

    async def know_length(self, length: int) -> None:
        """Takes notice of the length."""
        await self._storage.update(self._download.known, length=length)

    async def write(self, piece: Piece, data: bytearray) -> None:
        """Writes a piece that has this digest."""
        await self._storage.write(self._download.known, piece.number, data, piece.digest)
        self._download.progress()
