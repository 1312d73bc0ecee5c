"""Wake-ups between the parts of one process and between processes."""

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What a process may be woken for."""

    WORK = "work"
    """Something became claimable, or a slot, limit or pause changed."""
    CANCEL = "cancel"
    """A running task was asked to stop or to pause."""
    EVENTS = "events"
    """The journal grew."""
    LOGS = "logs"
    TIMERS = "timers"
    """The next due instant may be earlier than it was."""
    SETTINGS = "settings"
    CALLBACKS = "callbacks"
    """There is something to tell."""


class Subscription(Protocol):
    """One listener's memory of what it was woken for."""

    async def wait(self, timeout: timedelta | None = None) -> frozenset[Topic]:
        """The topics published since the last call, as soon as there is one; empty after `timeout`."""
        ...


class Notifier(Protocol):
    """Carries wake-ups between the parts of one process and between processes.

    A wake-up may be lost or doubled and carries no data: it says "look again". Whoever listens also looks
    at intervals, so a lost one costs time and never work.
    """

    def publish(self, topics: frozenset[Topic]) -> None:
        """Wakes every subscriber of these topics, here and in other processes; never blocks."""
        ...

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscription]:
        """Listens from the moment the context is entered."""
        ...
