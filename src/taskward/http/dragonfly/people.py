"""`users`, `roles` and `personal-access-tokens`: the credentials of the house, by numbers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar.types import ASGIApp
from msgspec import UNSET, Meta, Struct, field

from taskward.auth import NARROW_SCOPES
from taskward.http.cookies import set_cookie
from taskward.http.dragonfly.access import JWT_COOKIE, ends_of, jwt_of, session_of, shown_jwt
from taskward.http.dragonfly.call import Call, Route, answer, page_of
from taskward.http.dragonfly.errors import Unfit
from taskward.http.dragonfly.query import convert
from taskward.http.dragonfly.wire import PersonalToken, User
from taskward.http.dragonfly.words import number_of, seconds
from taskward.model.errors import Conflict, Invalid, NotFound, Unauthenticated
from taskward.ports import Credential
from taskward.wire import TokenBody, TokenPatch

_ROLES = {("read", "write", "admin"): "root", ("read", "write"): "operator", ("read",): "guest"}
_NEVER_EXPIRES = "9999-12-31T23:59:59Z"


class _SignIn(Struct, frozen=True):
    name: str = ""
    password: str = ""


class _NewToken(Struct, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=100)]
    expired_at: datetime
    user_id: int
    bio: str = ""
    scopes: list[str] = field(default_factory=list)


class _TokenChange(Struct, frozen=True):
    bio: str = ""
    scopes: list[str] = field(default_factory=list)
    state: Literal["", "active", "inactive"] = ""
    expired_at: datetime | None = None
    user_id: int = 0


# ---------------------------------------------------------------- users


async def sign_in(call: Call) -> ASGIApp:
    """Starts a session. Its token is in a cookie that the console's pages read, and in the answer."""
    try:
        body = convert(await call.json(), _SignIn)
    except Unfit:
        raise Unauthenticated("no name and password") from None
    access = call.dialect.access
    session = await access.authenticator.log_in(body.name, body.password, access.session_ttl)
    user = await call.service.credentials.own(session.principal)
    began = int(datetime.now().timestamp())  # noqa: DTZ005 - seconds since 1970, whatever the zone
    ends = began + int(session.lifetime.total_seconds())
    jwt = jwt_of(session.secret, number_of(user.id) if user else 0, began, ends)
    is_secure = call.dialect.site.absolute(call.request, "").startswith("https:")
    cookie_text = set_cookie(JWT_COOKIE, jwt, ends - began, is_secure=is_secure, hidden=False)
    return answer(_token(jwt, ends), [("set-cookie", cookie_text), ("cache-control", "no-store")])


async def sign_out(call: Call) -> ASGIApp:
    """Ends the session."""
    if jwt := shown_jwt(call.request):
        await call.dialect.access.authenticator.log_out(session_of(jwt))
    return answer(None, [("set-cookie", set_cookie(JWT_COOKIE, "", 0, is_secure=False, hidden=False))])


async def refresh_token(call: Call) -> ASGIApp:
    """The token as it is: a session lasts as long as the setting says, and is not prolonged."""
    jwt = shown_jwt(call.request)
    if not jwt:
        raise Unauthenticated("no session")
    return answer(_token(jwt, ends_of(jwt)))


async def list_users(call: Call) -> ASGIApp:
    """For administrators."""
    return page_of(call, [user_row(one) for one in await call.service.credentials.all(call.principal, "user")])


async def get_user(call: Call) -> ASGIApp:
    """Oneself; for administrators, anybody."""
    return answer(user_row(await _found_user(call)))


async def roles_of_user(call: Call) -> ASGIApp:
    """One role."""
    return answer([_ROLES.get((await _found_user(call)).scopes, "guest")])


async def list_roles(call: Call) -> ASGIApp:
    """Those there are."""
    call.principal.require("read")
    return answer(list(_ROLES.values()))


async def _found_user(call: Call) -> Credential:
    own = await call.service.credentials.own(call.principal)
    if own is not None and number_of(own.id) == call.id:
        return own
    return _numbered(call, await call.service.credentials.all(call.principal, "user"))


def user_row(one: Credential) -> User:
    """A user, as rows that name one show it."""
    since = seconds(one.created_at)
    return User(id=number_of(one.id), created_at=since, updated_at=since, name=one.name, state="enable")


def _token(jwt: str, ends: int) -> dict[str, Any]:
    return {"token": jwt, "expire": seconds(datetime.fromtimestamp(ends).astimezone())}


# ---------------------------------------------------------------- personal access tokens


async def list_tokens(call: Call) -> ASGIApp:
    """Without the tokens themselves, which are not kept."""
    tokens = await call.service.credentials.all(call.principal, "token")
    rows = [_row(one, await _owners(call)) for one in tokens]
    if state := call.query.text("state"):
        rows = [row for row in rows if row.state == state]
    if (user := call.query.number("user_id")) is not None:
        rows = [row for row in rows if row.user_id == user]
    return page_of(call, rows)


async def get_token(call: Call) -> ASGIApp:
    """One of them."""
    return answer(_row(await _found_token(call), await _owners(call)))


async def create_token(call: Call) -> ASGIApp:
    """The answer alone has the token."""
    body = convert(await call.json(), _NewToken)
    wanted = TokenBody(
        name=body.name, description=body.bio, scopes=_scopes(body.scopes), expires_at=_aware(body.expired_at)
    )
    try:
        made = await call.service.credentials.create_token(call.principal, wanted)
    except Conflict:
        raise Conflict("Conflict") from None
    row = _row(made.credential, await _owners(call))
    return answer(msgspec.structs.replace(row, token=made.secret), [("cache-control", "no-store")])


async def change_token(call: Call) -> ASGIApp:
    """What is empty stays, save scopes, which become all."""
    known = await _found_token(call)
    body = convert(await call.json(), _TokenChange)
    patch = TokenPatch(
        description=body.bio or UNSET,
        scopes=_scopes(body.scopes),
        expires_at=UNSET if body.expired_at is None else _aware(body.expired_at),
        suspended=UNSET if not body.state else body.state == "inactive",
    )
    changed = await call.service.credentials.change_token(call.principal, str(known.id), patch)
    return answer(_row(changed, await _owners(call)))


async def delete_token(call: Call) -> ASGIApp:
    """Ends it."""
    await call.service.credentials.revoke(call.principal, "token", str((await _found_token(call)).id))
    return answer(None)


async def _found_token(call: Call) -> Credential:
    return _numbered(call, await call.service.credentials.all(call.principal, "token"))


async def _owners(call: Call) -> dict[str, Credential]:
    return {one.name: one for one in await call.service.credentials.all(call.principal, "user")}


def _numbered(call: Call, credentials: Sequence[Credential]) -> Credential:
    for one in credentials:
        if number_of(one.id) == call.id:
            return one
    raise NotFound("credential", call.id)


def _scopes(wanted: Sequence[str]) -> list[str]:
    if unknown := [scope for scope in wanted if scope not in NARROW_SCOPES]:
        raise Unfit(f"scopes: must be of {', '.join(NARROW_SCOPES)}, not {unknown[0]!r}")
    return list(wanted or NARROW_SCOPES)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Invalid("expired_at", "must have a zone, such as 2030-01-01T00:00:00Z")
    return at


def _row(one: Credential, owners: dict[str, Credential]) -> PersonalToken:
    owner = owners.get(one.owner)
    since = seconds(one.created_at)
    return PersonalToken(
        id=number_of(one.id),
        created_at=since,
        updated_at=since,
        is_del=0,
        name=one.name,
        bio=one.description,
        token="",
        scopes=[scope for scope in one.scopes if scope in NARROW_SCOPES] or list(NARROW_SCOPES),
        state="active" if one.suspended_at is None else "inactive",
        expired_at=_NEVER_EXPIRES if one.expires_at is None else seconds(one.expires_at),
        user_id=0 if owner is None else number_of(owner.id),
        user=User() if owner is None else user_row(owner),
    )


ROUTES = (
    Route("POST", "/users/signin", sign_in, is_public=True),
    Route("POST", "/users/signout", sign_out, is_public=True),
    Route("POST", "/users/refresh_token", refresh_token),
    Route("GET", "/users", list_users),
    Route("GET", "/users/{id}", get_user),
    Route("GET", "/users/{id}/roles", roles_of_user),
    Route("GET", "/roles", list_roles),
    Route("GET", "/personal-access-tokens", list_tokens),
    Route("POST", "/personal-access-tokens", create_token),
    Route("GET", "/personal-access-tokens/{id}", get_token),
    Route("PATCH", "/personal-access-tokens/{id}", change_token),
    Route("DELETE", "/personal-access-tokens/{id}", delete_token),
)
