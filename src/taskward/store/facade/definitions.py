"""The definitions jobs were submitted with, as the workflow module sees them."""

from datetime import datetime

from taskward.store import small
from taskward.store.plan import Database
from taskward.store.rows import to_micros


class Definitions:
    """`taskward.ports.Definitions` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def save(self, digest: str, document: bytes, now: datetime) -> None:
        await self._db.write(small.save_definition, digest, document.decode(), to_micros(now))

    async def get(self, digest: str) -> bytes:
        return await self._db.read(small.definition, digest)
