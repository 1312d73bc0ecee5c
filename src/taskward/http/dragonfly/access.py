"""Who may call: the Open API takes personal access tokens, `/api` the console's session or any credential of the house.

A token that was made for Dragonfly's clients holds the scopes `job` or `cluster`, which open nothing else of the house;
here they let its owner do all with jobs, or look at clusters. A token without either may do what its scopes say.
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from msgspec import structs

from taskward.auth import NARROW_SCOPES, Presented, Principal
from taskward.auth.secrets import csrf_token
from taskward.http.access import ANYONE, Access, let_in
from taskward.http.cookies import cookie
from taskward.http.dragonfly.errors import Refused
from taskward.http.dragonfly.query import Query
from taskward.model.errors import Forbidden, Unauthenticated

JWT_COOKIE = "jwt"

_OPENED = {"job": frozenset({"read", "write"}), "cluster": frozenset({"read"})}


@dataclass(frozen=True)
class DragonflyAccess:
    """Lets in whoever the house knows."""

    access: Access

    async def open_api(self, request: Request[Any, Any, Any], resource: str) -> Principal:
        """The owner of a personal access token that opens `resource`, job or cluster.

        Raises Unauthenticated, and Refused when the token does not open it.
        """
        token = Query.of("", request.scope["query_string"]).text("access_token") or _bearer(request)
        if not token:
            if not self.access.required:
                return let_in(request, ANYONE)
            raise Unauthenticated("a personal access token is needed")
        principal = let_in(request, await self.access.authenticator.bearer(token))
        narrow = principal.scopes & set(NARROW_SCOPES)
        if not narrow:
            return principal
        if resource not in narrow:
            raise Refused(
                403, f"Token doesn't have permission to access this resource. Required permission: {resource}"
            )
        return structs.replace(principal, scopes=principal.scopes | _OPENED[resource])

    async def console(self, request: Request[Any, Any, Any]) -> Principal:
        """Raises Unauthenticated, and Forbidden for what a page of another site asks for."""
        jwt = shown_jwt(request)
        if not jwt:
            return await self.access.principal(request)
        # No browser sends a header or a parameter of this kind by itself, as it does a cookie.
        if _in_cookie(request) and request.method not in {"GET", "HEAD"} and _is_foreign(request):
            raise Forbidden("a page of another site may change nothing")
        presented = Presented(authorization=f"Bearer {session_of(jwt)}")
        return let_in(request, await self.access.authenticator.authenticate(presented))


def shown_jwt(request: Request[Any, Any, Any]) -> str:
    """The token of a session that a request shows: in the cookie, else the header, else the query; empty for none.

    What else a header shows is a credential of the house, and goes before the query.
    """
    if jwt := _in_cookie(request):
        return jwt
    if "authorization" in request.headers:
        bearer = _bearer(request)
        return bearer if bearer.count(".") == 2 else ""
    return Query.of("", request.scope["query_string"]).text("token")


def jwt_of(session: str, user_number: int, began: int, ends: int) -> str:
    """A session as the console reads it: a JSON web token whose `id` is the user's number; instants in seconds."""
    claims = {"exp": ends, "id": user_number, "orig_iat": began, "session": session}
    parts = [_encoded(msgspec.json.encode(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join([*parts, _signature(session, parts)])


def session_of(jwt: str) -> str:
    """The session in a token of ours. Raises Unauthenticated."""
    head, _, signature = jwt.rpartition(".")
    try:
        session = _claims(jwt)["session"]
    except (ValueError, KeyError, IndexError, TypeError):
        raise Unauthenticated("the token is none of ours") from None
    if not isinstance(session, str) or signature != _signature(session, head.split(".")):
        raise Unauthenticated("the token is none of ours")
    return session


def ends_of(jwt: str) -> int:
    """When a token that was accepted ends, in seconds since 1970."""
    ends: int = _claims(jwt)["exp"]
    return ends


def _claims(jwt: str) -> dict[str, Any]:
    body = jwt.split(".")[1]
    try:
        decoded = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    return msgspec.json.decode(decoded, type=dict[str, Any])


def _signature(session: str, parts: list[str]) -> str:
    # Whoever knows the session needs no signature, and nobody else can make one.
    return csrf_token(f"{session} {'.'.join(parts)}")


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _in_cookie(request: Request[Any, Any, Any]) -> str:
    return cookie(request.headers.get("cookie", ""), JWT_COOKIE)


def _bearer(request: Request[Any, Any, Any]) -> str:
    words = request.headers.get("authorization", "").split()
    return words[1] if len(words) == 2 and words[0].lower() == "bearer" else ""


def _is_foreign(request: Request[Any, Any, Any]) -> bool:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
