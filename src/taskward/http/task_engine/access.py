"""Who may call: a client shows its name and api-key, in headers that go by several names."""

import hmac
from typing import Any

from litestar import Request

from taskward.auth import Principal
from taskward.http.access import Access, let_in
from taskward.http.anonymous import READER, AnonymousAccess, is_local
from taskward.model.errors import Unauthenticated
from taskward.settings import Settings

_KEY_HEADERS = ("api-key", "x-api-key", "x-auth-key")


class Door:
    """Lets requests in."""

    def __init__(self, access: Access, settings: Settings) -> None:
        self._access = access
        match settings.task_engine.anonymous_jobs:
            case "on":
                self._open = AnonymousAccess(access, READER, only_this_machine=False)
            case "":
                self._open = AnonymousAccess(access, READER if is_local(settings) else None, only_this_machine=True)
            case _:
                self._open = AnonymousAccess(access, None, only_this_machine=False)

    async def knock(self, request: Request[Any, Any, Any]) -> None:
        """Refuses whoever cannot be let in whatever the body says. Raises as `enter`."""
        if "client" in request.headers or not any(name in request.headers for name in _KEY_HEADERS):
            await self.enter(request, {})

    async def enter(self, request: Request[Any, Any, Any], body: dict[str, Any]) -> Principal:
        """Raises Unauthenticated, Forbidden. The `client` of a body stands in for a header that is not there."""
        headers = request.headers
        keys = [headers[name] for name in _KEY_HEADERS if name in headers]
        if not keys or "authorization" in headers:
            return await self._access.principal(request)
        if any(not hmac.compare_digest(key.encode(), keys[0].encode()) for key in keys):
            raise Unauthenticated("the headers show different keys")
        named, told = headers.get("client", ""), body.get("client")
        client = named or (told if isinstance(told, str) else "")
        if named and isinstance(told, str) and told and told != named:
            raise Unauthenticated(f"the header speaks for client {named}, the body for {told}")
        return let_in(request, await self._access.authenticator.api_key(client, keys[0]))

    async def enter_open(self, request: Request[Any, Any, Any]) -> Principal:
        """As `enter`, where callers without a credential may be let in: those are `READER`."""
        if any(name in request.headers for name in _KEY_HEADERS):
            return await self.enter(request, {})
        return await self._open.principal(request)
