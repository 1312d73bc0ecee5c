"""The console's sessions."""

import msgspec
from litestar.types import ASGIApp

from taskward.http.access import CSRF_COOKIE, SESSION_COOKIE, let_in
from taskward.http.cookies import set_cookie
from taskward.http.endpoint import Answer, Call, NoQuery, Reply, Routes, reply
from taskward.http.native.views import who_view
from taskward.model.errors import Invalid
from taskward.wire import LoginBody, WhoView

routes = Routes("session")


@routes(
    "POST",
    "/session",
    "Log in",
    Answer(200, "Who is logged in; the session is in a cookie", WhoView, headers=("Set-Cookie", "X-CSRF-Token")),
    body=LoginBody,
    errors=(401, 503),
    is_public=True,
)
async def log_in(call: Call[NoQuery, LoginBody]) -> ASGIApp:
    """By user and password, or by a token, whose scopes and client the session then has.

    Unsafe methods of the session must send the `X-CSRF-Token` that is given here (also in a cookie).
    """
    access, body = call.house.access, call.body
    if bool(body.token) == bool(body.user or body.password):
        raise Invalid("/token", "give either a token, or a user and a password")
    if not body.token and not body.password:
        raise Invalid("/password", "is required beside a user")
    if body.token:
        session = await access.authenticator.log_in_by_token(body.token, access.session_ttl)
    else:
        session = await access.authenticator.log_in(body.user, body.password, access.session_ttl)
    let_in(call.request, session.principal)
    seconds = int(session.lifetime.total_seconds())
    is_secure = call.site.absolute(call.request, "").startswith("https:")
    return Reply(
        200,
        msgspec.json.encode(who_view(session.principal)),
        [
            ("Content-Type", "application/json"),
            (
                "Set-Cookie",
                set_cookie(SESSION_COOKIE, session.secret, seconds, is_secure=is_secure, hidden=True),
            ),
            ("Set-Cookie", set_cookie(CSRF_COOKIE, session.csrf, seconds, is_secure=is_secure, hidden=False)),
            ("X-CSRF-Token", session.csrf),
            ("Cache-Control", "no-store"),
        ],
    )


@routes("GET", "/session", "Who the caller is", Answer(200, "The caller", WhoView))
async def who(call: Call[NoQuery, None]) -> ASGIApp:
    """For every kind of credential."""
    return reply(200, who_view(call.principal), {"Cache-Control": "no-store"})


@routes("DELETE", "/session", "Log out", Answer(204, "Logged out", headers=("Set-Cookie",)))
async def log_out(call: Call[NoQuery, None]) -> ASGIApp:
    """Ends the session of the cookie; of another credential there is nothing to end."""
    if secret := call.request.cookies.get(SESSION_COOKIE):
        await call.house.access.authenticator.log_out(secret)
    return Reply(
        204,
        b"",
        [
            ("Set-Cookie", set_cookie(SESSION_COOKIE, "", 0, is_secure=False, hidden=True)),
            ("Set-Cookie", set_cookie(CSRF_COOKIE, "", 0, is_secure=False, hidden=False)),
        ],
    )
