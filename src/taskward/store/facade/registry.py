"""Settings and credentials, as the service sees them."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from taskward.ports import Credential
from taskward.store import small
from taskward.store.plan import Database
from taskward.store.rows import to_micros


class Registry:
    """`taskward.ports.Registry` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def settings(self, client: str) -> Mapping[str, str]:
        return await self._db.read(small.settings, client)

    async def set_setting(self, client: str, name: str, value: str | None, now: datetime) -> str | None:
        return await self._db.write(small.set_setting, client, name, value, to_micros(now))

    async def add_credential(self, credential: Credential) -> None:
        await self._db.write(small.add_credential, credential)

    async def credential(
        self, kind: str, *, name: str | None = None, secret_hash: str | None = None
    ) -> Credential | None:
        return await self._db.read(small.credential, kind, name, secret_hash)

    async def credentials(self, kind: str) -> list[Credential]:
        return await self._db.read(small.credentials, kind)

    async def revoke(self, credential_id: UUID, now: datetime) -> None:
        await self._db.write(small.revoke, credential_id.bytes, to_micros(now))

    async def change_credential(self, credential: Credential) -> None:
        await self._db.write(small.change_credential, credential)

    async def touch(self, credential_id: UUID, now: datetime) -> None:
        await self._db.write(small.touch, credential_id.bytes, to_micros(now))
