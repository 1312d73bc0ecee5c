"""Signing in, and who the caller is."""

from msgspec import Struct


class LoginBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/session`: a user and a password, or a token."""

    user: str = ""
    password: str = ""
    token: str = ""


class WhoView(Struct, frozen=True):
    """The caller, as the server knows it."""

    name: str
    kind: str
    client: str
    scopes: list[str]
