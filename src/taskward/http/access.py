"""Letting requests in: the credentials of a request become its principal."""

from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any, Self

from litestar import Request

from taskward.auth import HOUSE, Authenticator, Presented, Principal
from taskward.settings import Settings

SESSION_COOKIE = "taskward_session"
CSRF_COOKIE = "taskward_csrf"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANYONE = Principal(name="anonymous", kind="anonymous", scopes=HOUSE.scopes)
_SHOWN = {b"authorization", b"client", b"api-key", b"x-api-key", b"cookie", b"x-csrf-token"}


@dataclass(frozen=True)
class Access:
    """Who is let in, and how long a session lasts. Without `required` a request needs no credential."""

    authenticator: Authenticator
    required: bool = True
    session_ttl: timedelta = timedelta(hours=12)

    @classmethod
    def of(cls, authenticator: Authenticator, settings: Settings) -> Self:
        """As the settings say."""
        return cls(authenticator, settings.auth.required, settings.auth.session_ttl)

    async def principal(self, request: Request[Any, Any, Any]) -> Principal:
        """Raises Unauthenticated, and Forbidden for a session without its CSRF token."""
        shown = {name: value.decode("latin-1") for name, value in request.scope["headers"] if name in _SHOWN}
        session = _session(shown.pop(b"cookie", ""))
        if not self.required and not session and not shown.keys() - {b"x-csrf-token"}:
            return _ANYONE
        presented = Presented(
            authorization=shown.get(b"authorization", ""),
            client=shown.get(b"client", ""),
            api_key=shown.get(b"api-key") or shown.get(b"x-api-key", ""),
            session=session,
            csrf=shown.get(b"x-csrf-token", ""),
            is_safe=request.scope["method"] in _SAFE,
        )
        return await self.authenticator.authenticate(presented)


def _session(header: str) -> str:
    if SESSION_COOKIE not in header:
        return ""
    try:
        cookie = SimpleCookie(header).get(SESSION_COOKIE)
    except CookieError:
        return ""
    return "" if cookie is None else cookie.value
