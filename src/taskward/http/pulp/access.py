"""Who asks: Basic, a token in the header, a client and its key, or Pulp's session cookie."""

from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any

from litestar import Request

from taskward.auth import HOUSE, Authenticator, Presented, Principal
from taskward.auth.secrets import csrf_token, is_session
from taskward.http.pulp.errors import Refused
from taskward.model.errors import Forbidden, Unauthenticated

SESSION_COOKIE = "sessionid"
CSRF_COOKIE = "csrftoken"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANYONE = Principal(name="anonymous", kind="anonymous", scopes=HOUSE.scopes)


@dataclass(frozen=True)
class Door:
    """Lets requests in. Without `required` a request needs no credential."""

    authenticator: Authenticator
    required: bool
    session_ttl: timedelta

    async def enter(self, request: Request[Any, Any, Any]) -> Principal:
        """Raises Refused in Pulp's words."""
        headers = request.headers
        authorization = headers.get("authorization", "")
        client, api_key = headers.get("client", ""), headers.get("api-key", headers.get("x-api-key", ""))
        session = cookie(request, SESSION_COOKIE)
        if not self.required and not (authorization or client or api_key or session):
            return _ANYONE
        scheme, _, value = authorization.partition(" ")
        csrf = headers.get("x-csrftoken", "")
        if scheme.lower() in {"token", "bearer"} and is_session(value.strip()):
            # A token that the hub gave is a session; no browser sends it by itself, so it needs no second proof.
            authorization, session = "", value.strip()
            csrf = csrf_token(session)
        presented = Presented(authorization, client, api_key, session, csrf, request.scope["method"] in _SAFE)
        try:
            return await self.authenticator.authenticate(presented)
        except Unauthenticated:
            # A cookie that is too old is as none.
            raise _unknown(scheme.lower(), has_shown=bool(scheme or client or api_key)) from None
        except Forbidden:
            raise Refused(403, "permission_denied", ["CSRF Failed: CSRF token missing."]) from None


def _unknown(scheme: str, *, has_shown: bool) -> Refused:
    if not has_shown:
        return Refused(401, "not_authenticated", ["Authentication credentials were not provided."])
    message = "Invalid username/password." if scheme == "basic" else "Invalid token."
    return Refused(401, "authentication_failed", [message])


def challenge(request: Request[Any, Any, Any]) -> str:
    """The WWW-Authenticate of a 401: one that browsers do not know, so that they do not ask, for their scripts."""
    scheme = "xBasic" if request.headers.get("x-requested-with") == "XMLHttpRequest" else "Basic"
    return f'{scheme} realm="api"'


def cookie(request: Request[Any, Any, Any], name: str) -> str:
    """The value of a cookie; empty when there is none."""
    header = request.headers.get("cookie", "")
    if name not in header:
        return ""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def set_cookie(name: str, value: str, lifetime_seconds: int, *, is_secure: bool, hidden: bool) -> str:
    """A Set-Cookie header."""
    jar: SimpleCookie = SimpleCookie({name: value})
    morsel = jar[name]
    morsel["path"] = "/"
    morsel["max-age"] = lifetime_seconds
    morsel["samesite"] = "Lax"
    morsel["httponly"] = hidden
    morsel["secure"] = is_secure
    return morsel.OutputString()
