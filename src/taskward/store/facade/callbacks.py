"""Whom to tell what, as the engine sees it."""

from datetime import datetime, timedelta
from uuid import UUID

from taskward.ports import Delivery, News, Telling
from taskward.store import callbacks
from taskward.store.plan import Database
from taskward.store.rows import from_micros, to_micros

_MICROSECOND = timedelta(microseconds=1)


class Callbacks:
    """`taskward.ports.Callbacks` on a database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def lead(self, holder: UUID, now: datetime, silence: timedelta) -> bool:
        return await self._db.write(callbacks.lead, holder, to_micros(now), silence // _MICROSECOND)

    async def news(self, limit: int) -> News | None:
        # Asked after every change of any task: where nobody follows one, a transaction would be three round trips.
        if not await self._db.read(callbacks.is_any_followed):
            return None
        return await self._db.scan(callbacks.news, limit)

    async def tell(self, what: News, telling: Telling, now: datetime) -> bool:
        return await self._db.write(callbacks.tell, what, telling, to_micros(now))

    async def take(self, now: datetime, until: datetime, limit: int) -> list[Delivery]:
        return await self._db.write(callbacks.take, to_micros(now), to_micros(until), limit)

    async def sent(self, delivery: Delivery, until: datetime) -> Delivery | None:
        return await self._db.write(callbacks.sent, delivery, to_micros(until))

    async def unsent(self, delivery: Delivery, due: datetime) -> None:
        await self._db.write(callbacks.unsent, delivery, to_micros(due))

    async def next_due(self) -> datetime | None:
        due = await self._db.read(callbacks.next_due)
        return None if due is None else from_micros(due)
