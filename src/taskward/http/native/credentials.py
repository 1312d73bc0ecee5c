"""Tokens, clients and users: for administrators."""

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.views import credential_view
from taskward.service.credentials import NewSecret
from taskward.wire import ClientBody, CredentialView, Issued, Page, TokenBody, TokenPatch, UserBody

routes = Routes("credentials")


@routes("GET", "/tokens", "List tokens", Answer(200, "The tokens", Page[CredentialView]))
async def tokens(call: Call[NoQuery, None]) -> ASGIApp:
    """Without their secrets, which are not kept."""
    return await _list(call, "token")


@routes("POST", "/tokens", "Make a token", Answer(201, "The token", Issued), body=TokenBody, errors=(409,))
async def create_token(call: Call[NoQuery, TokenBody]) -> ASGIApp:
    """The secret is shown this once. Scopes are read, write and admin; job and cluster are for Dragonfly's Open API."""
    return _issued(await call.service.credentials.create_token(call.principal, call.body))


@routes(
    "PATCH", "/tokens/{id}", "Change a token", Answer(200, "The token", CredentialView), body=TokenPatch, errors=(404,)
)
async def change_token(call: Call[NoQuery, TokenPatch]) -> ASGIApp:
    """Its scopes, description or expiry; or switch it off, and on again. Its secret stays."""
    changed = await call.service.credentials.change_token(call.principal, call.name("id"), call.body)
    return reply(200, credential_view(changed))


@routes("DELETE", "/tokens/{id}", "End a token", Answer(204, "Ended"), errors=(404,))
async def delete_token(call: Call[NoQuery, None]) -> ASGIApp:
    """By its id or name."""
    return await _revoke(call, "token")


@routes("GET", "/clients", "List clients", Answer(200, "The clients", Page[CredentialView]))
async def clients(call: Call[NoQuery, None]) -> ASGIApp:
    """The tenants: each sees its own tasks alone."""
    return await _list(call, "key")


@routes("POST", "/clients", "Make a client", Answer(201, "Its api-key", Issued), body=ClientBody, errors=(409,))
async def create_client(call: Call[NoQuery, ClientBody]) -> ASGIApp:
    """The api-key is shown this once; it is sent as `client` and `api-key` headers."""
    return _issued(await call.service.credentials.create_client(call.principal, call.body))


@routes("POST", "/clients/{id}:rotate", "Replace an api-key", Answer(201, "The new one", Issued), errors=(404,))
async def rotate_client(call: Call[NoQuery, None]) -> ASGIApp:
    """The old key ends at once."""
    return _issued(await call.service.credentials.rotate_client(call.principal, call.name("id")))


@routes("DELETE", "/clients/{id}", "End a client's api-key", Answer(204, "Ended"), errors=(404,))
async def delete_client(call: Call[NoQuery, None]) -> ASGIApp:
    """By its id or name. Its tasks stay."""
    return await _revoke(call, "key")


@routes("GET", "/users", "List users", Answer(200, "The users", Page[CredentialView]))
async def users(call: Call[NoQuery, None]) -> ASGIApp:
    """Who may log in to the console or use Basic."""
    return await _list(call, "user")


@routes("POST", "/users", "Make a user", Answer(201, "The user", CredentialView), body=UserBody, errors=(409,))
async def create_user(call: Call[NoQuery, UserBody]) -> ASGIApp:
    """Roles are viewer, operator and admin."""
    return reply(201, credential_view(await call.service.credentials.create_user(call.principal, call.body)))


@routes(
    "PUT",
    "/users/{id}",
    "Give a user another password or role",
    Answer(200, "The user", CredentialView),
    body=UserBody,
    errors=(404,),
)
async def change_user(call: Call[NoQuery, UserBody]) -> ASGIApp:
    """The user's sessions end."""
    user = await call.service.credentials.change_user(call.principal, call.name("id"), call.body)
    return reply(200, credential_view(user))


@routes("DELETE", "/users/{id}", "End a user", Answer(204, "Ended"), errors=(404,))
async def delete_user(call: Call[NoQuery, None]) -> ASGIApp:
    """By its id or name; the user's sessions end too."""
    return await _revoke(call, "user")


async def _list(call: Call[NoQuery, None], kind: str) -> ASGIApp:
    return reply(
        200, Page([credential_view(each) for each in await call.service.credentials.all(call.principal, kind)])
    )


async def _revoke(call: Call[NoQuery, None], kind: str) -> ASGIApp:
    await call.service.credentials.revoke(call.principal, kind, call.name("id"))
    return reply(204)


def _issued(new: NewSecret) -> ASGIApp:
    return reply(201, Issued(credential_view(new.credential), new.secret), {"Cache-Control": "no-store"})
