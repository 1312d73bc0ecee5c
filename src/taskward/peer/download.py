"""One download on this peer, which many may wait for: what is known of it so far, and the pieces as they come."""

from collections.abc import AsyncIterator

from taskward.peer.content import Change, Content, Origin, Piece
from taskward.peer.errors import ContentGone, PeerError


class Download:
    """A running or ended download. `content` is None until the first answer of the origin or of a parent."""

    def __init__(self, task_id: str, origin: Origin, content: Content | None) -> None:
        self.task_id = task_id
        self.origin = origin
        self.content = content
        self.error: PeerError | None = None
        self.is_done = False
        self._change = Change()

    def begin(self, content: Content) -> None:
        """The length, or at least the piece length, is known now."""
        self.content = content
        self._change.tell()

    def begin_anew(self) -> None:
        """What has come is of no use: whoever follows the pieces is told so."""
        self.content = None
        self._change.tell()

    @property
    def known(self) -> Content:
        """The content. Raises PeerError when there is none yet."""
        if self.content is None:
            raise self.error or PeerError(f"the download of {self.origin.url} has not begun")
        return self.content

    def progress(self) -> None:
        """A piece has come."""
        self._change.tell()

    def end(self, error: PeerError | None = None) -> None:
        """Every piece has come, or no more will."""
        self.error = error
        self.is_done = True
        self._change.tell()

    async def begun(self) -> Content:
        """The content, as soon as there is one. Raises PeerError when there will be none."""
        await self._change.until(lambda: self.content is not None or self.is_done)
        return self.known

    async def pieces(self) -> AsyncIterator[Piece]:
        """The pieces that are there, then those that come, until the end. Raises PeerError when it fails.

        ContentGone means that the pieces so far are of no use; those that come instead are had by asking again.
        """
        content = await self.begun()
        given: set[int] = set()
        while True:
            # Before the pieces are looked at: the last may come, and the end with it, while the others are given.
            was_done = self.is_done
            for number, piece in list(content.pieces.items()):
                if number not in given:
                    given.add(number)
                    yield piece
            if self.error is not None:
                raise self.error
            if self.content is not content:
                raise ContentGone(f"the download of {self.origin.url} began anew, as something else is there now")
            if was_done:
                return
            await self._change.until(
                lambda: self.is_done or self.content is not content or not content.pieces.keys() <= given
            )

    async def piece(self, content: Content, number: int) -> Piece | None:
        """One piece of the content, as soon as it is there; None when there is no such piece. Raises PeerError."""
        await self._change.until(lambda: number in content.pieces or self.is_done or self.content is not content)
        if number in content.pieces and self.content is content:
            return content.pieces[number]
        if self.error is not None:
            raise self.error
        if self.content is not content:
            raise ContentGone(f"{self.origin.url} leads to something else now")
        return None

    async def ended(self) -> Content:
        """The whole content. Raises PeerError when it fails."""
        await self._change.until(lambda: self.is_done)
        if self.error is not None:
            raise self.error
        return self.known
