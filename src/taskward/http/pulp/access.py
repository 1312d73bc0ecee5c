"""Who asks: Basic, a token in the header, a client and its key, or Pulp's session cookie."""

from dataclasses import replace
from typing import Any

from litestar import Request

from taskward.auth import Principal
from taskward.http.access import Access
from taskward.http.pulp.errors import Refused
from taskward.model.errors import Forbidden, Unauthenticated

SESSION_COOKIE = "sessionid"
CSRF_COOKIE = "csrftoken"


def with_pulps_session(access: Access) -> Access:
    """As `access`, but with Pulp's names for what makes a session."""
    return replace(access, session_cookie=SESSION_COOKIE, csrf_header=b"x-csrftoken")


async def enter(access: Access, request: Request[Any, Any, Any]) -> Principal:
    """Who asks. Raises Refused in Pulp's words."""
    try:
        return await access.principal(request)
    except Unauthenticated:
        raise _unknown(request) from None
    except Forbidden:
        raise Refused(403, "permission_denied", ["CSRF Failed: CSRF token missing."]) from None


def _unknown(request: Request[Any, Any, Any]) -> Refused:
    headers = request.headers
    scheme = headers.get("authorization", "").partition(" ")[0].lower()
    if not scheme and not headers.keys() & {"client", "api-key", "x-api-key"}:
        # A cookie that is too old is as none.
        return Refused(401, "not_authenticated", ["Authentication credentials were not provided."])
    message = "Invalid username/password." if scheme == "basic" else "Invalid token."
    return Refused(401, "authentication_failed", [message])


def challenge(request: Request[Any, Any, Any]) -> str:
    """The WWW-Authenticate of a 401: one that browsers do not know, so that they do not ask, for their scripts."""
    scheme = "xBasic" if request.headers.get("x-requested-with") == "XMLHttpRequest" else "Basic"
    return f'{scheme} realm="api"'
