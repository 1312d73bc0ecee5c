"""What can go wrong in the download network.

PeerError
├── OriginFailed     the origin of the content refused, broke off, lied or changed      (502)
├── NoParent         no peer that is alive can give what is missing                     (503)
├── PieceRefused     a parent did not give a piece, or gave a wrong one; another is asked
├── ContentGone      what was there of it is gone: deleted, or the origin has something else (409)
└── CacheFull        the disk cannot take what was to be written                        (507)
"""

from collections.abc import Mapping

from taskward.model.errors import TaskwardError


class PeerError(TaskwardError):
    """A download came to nothing."""

    status = 500
    title = "Download failed"


class OriginFailed(PeerError):
    """The origin did not give the content.

    `origin_status` and `headers` are its answer, None and empty when there was none that says it.
    """

    status = 502
    title = "The origin failed"

    def __init__(self, reason: str, origin_status: int | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.origin_status = origin_status
        self.headers = dict(headers or {})


class NoParent(PeerError):
    """No peer that is alive can give what is missing."""

    status = 503
    title = "No peer has it"


class PieceRefused(PeerError):
    """A parent did not give a piece, or gave bytes that are not what its digest says."""


class ContentGone(PeerError):
    """What was there of the content is gone while it was used: deleted, or the origin has something else now."""

    status = 409
    title = "Gone meanwhile"


class CacheFull(PeerError):
    """The disk cannot take what was to be written."""

    status = 507
    title = "No room"
