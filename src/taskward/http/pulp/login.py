"""`login/`: a session in cookies, for pages."""

from uuid import NAMESPACE_URL, uuid5

from taskward.auth import Principal
from taskward.auth.authenticator import basic_credential
from taskward.http.cookies import cookie, set_cookie
from taskward.http.endpoint import Reply
from taskward.http.pulp.access import CSRF_COOKIE, SESSION_COOKIE
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer, no_content
from taskward.http.pulp.errors import FORBIDDEN
from taskward.http.pulp.wire import LoginAnswer

operations = Operations()


@operations("POST", "login/", id="login", summary="Create a login", answers=(Answer(201, LoginAnswer),), noun="User")
async def log_in(call: Call) -> Reply:
    """With Basic; the answer has the cookies `sessionid` and `csrftoken`. Changes send the latter as X-CSRFToken."""
    if call.principal.kind != "user":
        raise FORBIDDEN
    user, password = basic_credential(call.request.headers["authorization"].partition(" ")[2])
    access = call.tree.access
    session = await access.authenticator.log_in(user, password, access.session_ttl)
    seconds = int(access.session_ttl.total_seconds())
    is_secure = call.url.startswith("https:")
    body = _who(call, call.principal)
    reply = answer(body, 201, {"location": body.pulp_href, "cache-control": "no-store"})
    for text in (
        set_cookie(CSRF_COOKIE, session.csrf, seconds, is_secure=is_secure, hidden=False),
        set_cookie(SESSION_COOKIE, session.secret, seconds, is_secure=is_secure, hidden=True),
    ):
        reply.headers.append((b"set-cookie", text.encode()))
    return reply


@operations(
    "GET", "login/", id="login_read", summary="Inspect the login", answers=(Answer(200, LoginAnswer),), noun="User"
)
async def who(call: Call) -> Reply:
    """Who the caller is."""
    return answer(_who(call, call.principal))


@operations("DELETE", "login/", id="logout", summary="Log out", answers=(Answer(204),), noun="User")
async def log_out(call: Call) -> Reply:
    """Ends the session of the cookie."""
    if secret := cookie(call.request.headers.get("cookie", ""), SESSION_COOKIE):
        await call.tree.access.authenticator.log_out(secret)
    reply = no_content()
    gone = set_cookie(SESSION_COOKIE, "", 0, is_secure=False, hidden=True)
    reply.headers.append((b"set-cookie", gone.encode()))
    return reply


def _who(call: Call, principal: Principal) -> LoginAnswer:
    identity = uuid5(NAMESPACE_URL, f"taskward:user:{principal.name}")
    return LoginAnswer(f"{call.base.path}users/{identity}/", f"prn:auth.user:{identity}", principal.name)
