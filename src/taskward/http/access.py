"""Letting requests in: the credentials of a request become its principal."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from litestar import Request
from litestar.types import HTTPScope

from taskward.auth import HOUSE, Authenticator, Presented, Principal
from taskward.http.cookies import cookie
from taskward.settings import Settings

SESSION_COOKIE = "taskward_session"
CSRF_COOKIE = "taskward_csrf"

ANYONE = Principal(name="anonymous", kind="anonymous", scopes=HOUSE.scopes)
"""Who needs no credential where none is required."""
CREDENTIALS = frozenset({b"authorization", b"client", b"api-key", b"x-api-key"})
"""The headers that show one."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_CALLER = "taskward.caller"


@dataclass(frozen=True)
class Access:
    """Who is let in, and how long a session lasts. Without `required` a request needs no credential."""

    authenticator: Authenticator
    required: bool = True
    session_ttl: timedelta = timedelta(hours=12)
    session_cookie: str = SESSION_COOKIE
    csrf_header: bytes = b"x-csrf-token"

    @classmethod
    def of(cls, authenticator: Authenticator, settings: Settings) -> Self:
        """As the settings say."""
        return cls(authenticator, settings.auth.required, settings.auth.session_ttl)

    async def principal(self, request: Request[Any, Any, Any]) -> Principal:
        """Raises Unauthenticated, and Forbidden for a session without its CSRF token."""
        read = CREDENTIALS | {b"cookie", self.csrf_header}
        shown = {name: value.decode("latin-1") for name, value in request.scope["headers"] if name in read}
        session = cookie(shown.get(b"cookie", ""), self.session_cookie)
        if not self.required and not session and not shown.keys() & CREDENTIALS:
            return let_in(request, ANYONE)
        presented = Presented(
            authorization=shown.get(b"authorization", ""),
            client=shown.get(b"client", ""),
            api_key=shown.get(b"api-key") or shown.get(b"x-api-key", ""),
            session=session,
            csrf=shown.get(self.csrf_header, ""),
            is_safe=request.scope["method"] in SAFE,
        )
        return let_in(request, await self.authenticator.authenticate(presented))


def let_in(request: Request[Any, Any, Any], principal: Principal) -> Principal:
    """Notes on a request whose it is."""
    request.scope["state"][_CALLER] = principal
    return principal


def caller(scope: HTTPScope) -> Principal | None:
    """Whose a request is; None before it was let in."""
    found: Principal | None = scope.get("state", {}).get(_CALLER)
    return found
