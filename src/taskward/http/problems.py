"""Errors as problem details (RFC 9457)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response

from taskward.http.validation import Malformed, UnsupportedMedia
from taskward.model import errors
from taskward.model.errors import Invalid, TaskwardError, Unauthenticated, Unavailable
from taskward.wire import Problem, ProblemItem, TaskView

_log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"

_PLAIN = {
    400: ("Malformed request", "the request cannot be understood"),
    404: ("Not found", "there is nothing at this address"),
    405: ("Method not allowed", "this address does not answer to that method"),
    413: ("Request too large", "the body is longer than this server takes"),
}


class Refusal(Exception):
    """A change of a task that was refused: the answer carries the task as it is."""

    def __init__(self, error: TaskwardError, task: TaskView) -> None:
        super().__init__(str(error))
        self.error = error
        self.task = task


def slug(kind: type[TaskwardError]) -> str:
    """The last part of a problem's type: `illegal-transition`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def kinds() -> dict[str, type[TaskwardError]]:
    """Every kind of problem by its slug, those of the tree and those that only HTTP has."""

    def below(kind: type[TaskwardError]) -> Iterator[type[TaskwardError]]:
        for child in kind.__subclasses__():
            if child.__module__ in {errors.__name__, Malformed.__module__}:
                yield child
                yield from below(child)

    return {slug(kind): kind for kind in below(TaskwardError)}


class Problems:
    """Makes the answers. `base` is what absolute addresses begin with; None takes it from the request."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def of_error(self, request: Request[Any, Any, Any], error: TaskwardError) -> Response[bytes]:
        """For an error raised on purpose."""
        return self._respond(self._problem(request, error), self._headers(request, error))

    def of_refusal(self, request: Request[Any, Any, Any], refusal: Refusal) -> Response[bytes]:
        """For a refused change of a task."""
        problem = msgspec.structs.replace(self._problem(request, refusal.error), task=refusal.task)
        return self._respond(problem, {"ETag": f'"{refusal.task.version}"'})

    def of_http(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        """For what the framework refuses: no such route, wrong method, too large a body."""
        title, detail = _PLAIN.get(error.status_code, ("Request refused", error.detail))
        problem = Problem(
            type="about:blank", title=title, status=error.status_code, detail=detail, instance=_instance(request)
        )
        return self._respond(problem, error.headers or {})

    def of_bug(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """For everything that was not meant to be raised: written to the log, not to the answer."""
        _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
        problem = Problem(
            type="about:blank",
            title="Internal error",
            status=500,
            detail="the server failed on this request; its log says why",
            instance=_instance(request),
        )
        return self._respond(problem, {})

    def handlers(self) -> dict[int | type[Exception], Any]:
        """For a Litestar layer."""
        return {
            TaskwardError: self.of_error,
            Refusal: self.of_refusal,
            HTTPException: self.of_http,
            Exception: self.of_bug,
        }

    def _problem(self, request: Request[Any, Any, Any], error: TaskwardError) -> Problem:
        kind = type(error)
        if not isinstance(error, Malformed | UnsupportedMedia) and kind.__module__ != errors.__name__:
            kind = next(each for each in kind.__mro__ if each.__module__ == errors.__name__)
        base = self._public_url or str(request.base_url).rstrip("/")
        items: list[ProblemItem] = []
        if isinstance(error, Invalid):
            pointer = f"#{error.field}" if error.field.startswith("/") or not error.field else error.field
            items.append(ProblemItem(pointer, error.problem))
        return Problem(
            type=f"{base}/v1/problems/{slug(kind)}",
            title=error.title,
            status=error.status,
            detail=str(error),
            instance=_instance(request),
            errors=items,
        )

    @staticmethod
    def _headers(request: Request[Any, Any, Any], error: TaskwardError) -> dict[str, str]:
        if isinstance(error, Unauthenticated):
            tried = request.headers.get("authorization", "").partition(" ")[0].lower()
            # Basic is offered to those who tried it only: a browser would ask its user for a password.
            return {"WWW-Authenticate": f'{"Basic" if tried == "basic" else "Bearer"} realm="taskward"'}
        if isinstance(error, Unavailable):
            return {"Retry-After": "1"}
        return {}

    @staticmethod
    def _respond(problem: Problem, headers: Mapping[str, str]) -> Response[bytes]:
        return Response(
            msgspec.json.encode(problem), status_code=problem.status, headers=dict(headers), media_type=PROBLEM_JSON
        )


def _instance(request: Request[Any, Any, Any]) -> str:
    """The path as it was asked for: the router's has a verb as a segment of its own."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")
