"""Tokens, api-keys and users, and their secrets when they are made."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from taskward.wire.instant import Instant


class CredentialView(Struct, frozen=True, kw_only=True):
    """A token, api-key or user; never its secret."""

    id: UUID
    name: str
    scopes: list[str]
    client: str
    owner: str
    description: str
    created_at: Instant
    expires_at: Instant | None
    used_at: Instant | None
    suspended_at: Instant | None
    """Since when it is switched off."""


class TokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tokens`."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: list[str] = field(default_factory=lambda: ["read"])
    description: str = ""
    expires_at: Instant | None = None
    expires_in_seconds: Annotated[float, Meta(gt=0)] | None = None
    client: str = ""


class TokenPatch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/tokens/{id}`: what it names is changed."""

    scopes: list[str] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET
    suspended: bool | UnsetType = UNSET
    """A token that is switched off lets nobody in until it is switched on again."""


class ClientBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/clients`."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    description: str = ""


class UserBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/users`."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
    password: Annotated[str, Meta(min_length=8, max_length=1000)]
    role: str = "viewer"
    """admin, operator or viewer."""


class Issued(Struct, frozen=True):
    """A new credential with its secret, which is shown this once."""

    credential: CredentialView
    secret: str
