"""What Dragonfly's manager answers when it does not do what was asked: bodies of two shapes, and a text."""

from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from taskward.http.endpoint import Reply, reply
from taskward.model.errors import (
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    Suspended,
    TaskwardError,
    Unauthenticated,
)

_log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request that is answered with an error: `{"message": ...}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unfit(Exception):
    """A request that does not fit what the address takes: 422, `{"errors": ...}`."""


class TooMany(Exception):
    """More requests than a cluster takes: 429, as text. Also the answer for a cluster that there is not."""


def answer(request: Request[Any, Any, Any], error: Exception) -> ASGIApp:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
    """The answer to a request that raised."""
    is_open = request.scope["path"].startswith("/oapi/")
    match error:
        case Unfit():
            return reply(422, {"errors": str(error)})
        case TooMany():
            return Reply(429, b"rate limit exceeded", [("content-type", "text/plain; charset=utf-8")])
        case Refused():
            return reply(error.status, {"message": str(error)})
        case Suspended():
            return reply(403, {"message": "Token is inactive"})
        case Expired() if is_open:
            return reply(403, {"message": "Token has expired"})
        case Unauthenticated():
            return reply(401, {"message": "Unauthorized"})
        case Forbidden():
            return reply(403, {"message": str(error)}) if is_open else reply(401, {"message": "permission deny"})
        case NotFound():
            return reply(404, {"message": "record not found"})
        case Conflict():
            return reply(409, {"message": str(error)})
        case Invalid():
            return reply(422, {"errors": str(error)})
        case TaskwardError():
            return reply(error.status, {"message": str(error)})
        case HTTPException():
            return reply(error.status_code, {"message": error.detail})
        case _:
            _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
            return reply(500, {"message": "the server failed on this request; its log says why"})


def moved_home() -> ASGIApp:
    """The answer for what there is not, and for methods that an address does not take."""
    return Reply(301, b"", [("location", "/")])
