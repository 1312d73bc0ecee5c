"""What the Task Engine answers when it does not do what was asked."""

from typing import Any

import structlog
from litestar import Request
from litestar.exceptions import HTTPException

from taskward.http.endpoint import Reply
from taskward.http.task_engine.wire import encode
from taskward.http.task_engine.words import STATES
from taskward.model.errors import IllegalTransition, Invalid, NotFound, TaskwardError
from taskward.model.states import State

_log = structlog.get_logger(__name__)


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def bad(message: str) -> Refused:
    """What was asked for is wrong, or not there: the only error of this API's own."""
    return Refused(400, message)


UNAUTHORIZED = {"result": "Unauthorized request."}
UNABLE = "Unable to create job request"


def about_job(request: Request[Any, Any, Any], number: int | None) -> None:
    """From here on errors of the request name this job; None stands for one that has no number yet."""
    request.scope["state"]["job"] = number


def answer(request: Request[Any, Any, Any], error: Exception) -> Reply:
    """The answer to a request that raised."""
    status, message = _translated(request, error)
    state = request.scope["state"]
    body: Any = {"error": message}
    if status == 401:
        body = UNAUTHORIZED
    elif status == 400 and "job" in state:
        body = {"id": state["job"], **body}
    elif status >= 500 and (request.method, request.scope["path"]) == ("POST", "/job"):
        body = UNABLE
    headers = [("content-type", "application/json")]
    if "allow" in state:
        headers.append(("allow", state["allow"]))
    return Reply(status, encode(body), headers)


def _translated(request: Request[Any, Any, Any], error: Exception) -> tuple[int, str]:  # noqa: PLR0911 - one each
    match error:
        case Refused():
            return error.status, str(error)
        case Invalid():
            return 400, _named(error)
        case IllegalTransition():
            source, target = STATES[State(error.source)], STATES[State(error.target)]
            return 400, f"invalid transition {source} -> {target}: {error}"
        case NotFound() if error.kind in ("task", "job"):
            return 400, f"there is no job {error.key}"
        case TaskwardError():
            # Monitors and clients of this API know no other status for what is not their fault.
            return (500 if error.status >= 500 else error.status if error.status in (401, 403) else 400), str(error)
        case HTTPException():
            return error.status_code, error.detail
        case _:
            _log.error("request failed", method=request.method, path=request.scope["path"], exc_info=error)
            return 500, "the server failed on this request; its log says why"


def _named(error: Invalid) -> str:
    """A message that names the member at fault as the request has it."""
    field = error.field.removeprefix("/args").strip("/").replace("/", ".")
    field = {"gate": "semaphore_url"}.get(field, field)
    return f"{field}: {error.problem}" if field else error.problem
