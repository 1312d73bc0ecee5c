"""Callbacks: telling others, by requests to their URLs, what becomes of a tree."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from taskward.model.task import Event
from taskward.ports.notes import LogNote


class News(Struct, frozen=True):
    """What happened to trees that are followed, since it was told last. `after` and `until` are cursors."""

    after: str
    until: str
    events: list[Event]


class Message(Struct, frozen=True):
    """One thing to tell of a tree: a JSON `body` about a task of it, and a `title` for its log."""

    root_id: UUID
    task_id: UUID
    title: str
    body: bytes
    at: datetime


class Telling(Struct, frozen=True):
    """What comes of some news: messages in their order, log lines, and the roots that nothing more is to tell of."""

    messages: tuple[Message, ...]
    notes: tuple[LogNote, ...]
    ended: frozenset[UUID]


class Delivery(Struct, frozen=True):
    """A message on its way to one receiver of its tree: number `number` from 1, after `attempts` vain ones."""

    message: Message
    client: str
    position: int
    url: str
    number: int
    attempts: int


class Callbacks(Protocol):
    """Trees that are followed, what is to be told of them, and how far each receiver has got.

    Messages of one tree reach a receiver in their order, each at least once: none before the one before it has.
    """

    async def lead(self, holder: UUID, now: datetime, silence: timedelta) -> bool:
        """Whether `holder` is the one of all processes that turns news into messages: it was, or nobody has been for
        so long.
        """
        ...

    async def news(self, limit: int) -> News | None:
        """What is to be told; None when nothing is followed."""
        ...

    async def tell(self, news: News, telling: Telling, now: datetime) -> bool:
        """Stores what comes of news, once: False when another process has already."""
        ...

    async def take(self, now: datetime, until: datetime, limit: int) -> list[Delivery]:
        """Messages that are due, each for another receiver. Nobody else gets them before `until`."""
        ...

    async def sent(self, delivery: Delivery, until: datetime) -> Delivery | None:
        """It arrived; returns the next one for the same receiver, taken until then."""
        ...

    async def unsent(self, delivery: Delivery, due: datetime) -> None:
        """It did not arrive, and is due again then."""
        ...

    async def next_due(self) -> datetime | None:
        """The earliest instant at which a message is due."""
        ...
