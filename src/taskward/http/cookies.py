"""Cookies: read from a request's header, and written for an answer's."""

from http.cookies import CookieError, SimpleCookie


def cookie(header: str, name: str) -> str:
    """The value in a Cookie header; empty when there is none."""
    if name not in header:
        return ""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def set_cookie(name: str, value: str, lifetime_seconds: int, *, is_secure: bool, hidden: bool) -> str:
    """A Set-Cookie header for the whole site; `hidden` from its pages' scripts. 0 seconds take the cookie away."""
    jar: SimpleCookie = SimpleCookie({name: value})
    morsel = jar[name]
    morsel["path"] = "/"
    morsel["max-age"] = lifetime_seconds
    morsel["samesite"] = "Lax"
    morsel["httponly"] = hidden
    morsel["secure"] = is_secure
    return morsel.OutputString()
