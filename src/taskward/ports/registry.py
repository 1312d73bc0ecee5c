"""Small things: run-time settings and credentials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class Credential(Struct, frozen=True, kw_only=True):
    """A stored credential; of the secret only a hash. `kind` is token, key (client + api-key), user or session."""

    id: UUID
    kind: str
    name: str
    secret_hash: str
    """sha256 in hex for random secrets, a scrypt text for passwords."""
    scopes: tuple[str, ...] = ()
    client: str = ""
    owner: str = ""
    description: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    suspended_at: datetime | None = None
    """Since when it lets nobody in, until that is taken back."""


class Registry(Protocol):
    """Small things: run-time settings and credentials."""

    async def settings(self, client: str) -> Mapping[str, str]:
        """Stored run-time settings of a client ("" is the house)."""
        ...

    async def set_setting(self, client: str, name: str, value: str | None, now: datetime) -> str | None:
        """Stores, or with None removes, a setting; returns the value it replaced."""
        ...

    async def add_credential(self, credential: Credential) -> None:
        """Raises Conflict when an active one of this kind and name exists."""
        ...

    async def credential(
        self, kind: str, *, name: str | None = None, secret_hash: str | None = None
    ) -> Credential | None:
        """An unrevoked one, by name or by the hash of its secret."""
        ...

    async def credentials(self, kind: str) -> list[Credential]:
        """Every unrevoked one of a kind, oldest first."""
        ...

    async def revoke(self, credential_id: UUID, now: datetime) -> None:
        """Raises NotFound."""
        ...

    async def change_credential(self, credential: Credential) -> None:
        """Stores the scopes, description, expiry and suspension of one that is there. Raises NotFound."""
        ...

    async def touch(self, credential_id: UUID, now: datetime) -> None:
        """Notes that it was used."""
        ...
