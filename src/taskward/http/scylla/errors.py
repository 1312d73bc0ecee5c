"""Errors in ScyllaDB's shape: a message and the HTTP status, whatever went wrong."""

from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp

from taskward.http.endpoint import reply
from taskward.http.scylla.wire import ErrorBody
from taskward.model.errors import Invalid, NotFound, TaskwardError, Unauthenticated

_log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request that is answered with an error of ScyllaDB's own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(request: Request[Any, Any, Any], error: Exception) -> ASGIApp:
    """The answer to a request that raised."""
    headers: dict[str, str] = {}
    match error:
        case Refused():
            code, message = error.code, str(error)
        case NotFound():
            code, message = 400, _not_found(error)
        case Invalid():
            code, message = 400, str(error)
        case TaskwardError():
            code, message = error.status, str(error)
        case HTTPException():
            code, message = error.status_code, error.detail
        case _:
            _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
            code, message = 500, "the server failed on this request; its log says why"
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="taskward"'
    return reply(code, ErrorBody(message, code), headers)


def _not_found(error: NotFound) -> str:
    match error.kind:
        case "task":
            return f"task with id {error.key} not found"
        case "module":
            return f"std::runtime_error (module {error.key} not found)"
        case _:
            return str(error)
