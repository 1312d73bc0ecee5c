"""Callers without a credential, where an API lets some of them in."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from litestar import Request

from taskward.auth import Principal
from taskward.http.access import CREDENTIALS, SESSION_COOKIE, Access, let_in
from taskward.settings import Settings

READER = Principal(name="anonymous", kind="anonymous", scopes=frozenset({"read"}))
"""Who may look, and nothing else."""

_SESSION = f"{SESSION_COOKIE}=".encode()
_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}


@dataclass(frozen=True)
class AnonymousAccess:
    """Lets in whoever shows a credential of the house, and others as `anonymous`; None for none of them.

    `only_this_machine` keeps out what a proxy passes on, and what calls by a name that is not this machine's. A page of
    another site that a browser has open is never anonymous.
    """

    access: Access
    anonymous: Principal | None
    only_this_machine: bool

    async def principal(self, request: Request[Any, Any, Any]) -> Principal:
        """Raises Unauthenticated, Forbidden."""
        headers = dict(request.scope["headers"])
        if self.anonymous is None or _shows_credential(headers) or _is_foreign_page(headers):
            return await self.access.principal(request)
        if self.only_this_machine and (headers.keys() & _FORWARDED or not is_loopback(_host(headers))):
            return await self.access.principal(request)
        return let_in(request, self.anonymous)


def is_local(settings: Settings) -> bool:
    """Whether the server can be reached from this machine alone."""
    return is_loopback(settings.server.host) and not settings.server.public_url


def is_loopback(host: str) -> bool:
    """Whether it is an address of this machine alone, or its name."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shows_credential(headers: dict[bytes, bytes]) -> bool:
    # Browsers send cookies of other programs of the same host along.
    return bool(headers.keys() & CREDENTIALS) or _SESSION in headers.get(b"cookie", b"")


def _host(headers: dict[bytes, bytes]) -> str:
    try:
        return urlsplit("//" + headers.get(b"host", b"").decode("latin-1")).hostname or ""
    except ValueError:
        return ""


def _is_foreign_page(headers: dict[bytes, bytes]) -> bool:
    if headers.get(b"sec-fetch-site", b"none") not in {b"none", b"same-origin"}:
        return True
    origin = headers.get(b"origin")
    return origin is not None and origin.partition(b"//")[2] != headers.get(b"host", b"")
