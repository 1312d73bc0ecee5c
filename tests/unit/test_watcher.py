import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import UUID

import pytest

from taskward.auth import HOUSE
from taskward.model.errors import Unavailable
from taskward.model.task import Event
from taskward.notify import LocalNotifier
from taskward.ports import Topic
from taskward.service import watcher as module
from taskward.service.watcher import Scope, Watcher

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE, TWO, ROOT = UUID(int=1), UUID(int=2), UUID(int=9)


class PaperJournal:
    """A journal in memory that counts how often it is read."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.tails = 0
        self.fails = False

    def write(self, task_id: UUID = ONE, root_id: UUID = ROOT, client: str = "", kind: str = "state") -> Event:
        event = Event(str(len(self.told) + 1), task_id, root_id, client, kind, NOON, {})
        self.told.append(event)
        return event

    async def events(
        self, after: str, *, task_id: UUID | None = None, root_id: UUID | None = None, limit: int = 500
    ) -> list[Event]:
        if self.fails:
            raise Unavailable("away")
        self.tails += task_id is None and root_id is None
        await asyncio.sleep(0)
        return [
            event
            for event in self.told[int(after or 0) :]
            if task_id in (None, event.task_id) and root_id in (None, event.root_id)
        ][:limit]

    async def end(self) -> str:
        return str(len(self.told)) if self.told else ""


@pytest.fixture
def journal() -> PaperJournal:
    return PaperJournal()


@pytest.fixture
def notifier() -> LocalNotifier:
    return LocalNotifier()


@pytest.fixture
async def watcher(journal: PaperJournal, notifier: LocalNotifier) -> AsyncIterator[Watcher]:
    watcher = Watcher(journal, notifier)  # type: ignore[arg-type]
    yield watcher
    await watcher.close()


def wake(notifier: LocalNotifier) -> None:
    notifier.publish(frozenset({Topic.EVENTS}))


async def cursors(watcher: Watcher, scope: Scope, after: str | None, count: int) -> list[str]:
    """The cursors of the first events of a stream."""
    found: list[str] = []
    async for batch in watcher.stream(scope, after, SECOND):
        found += [event.cursor for event in batch]
        if len(found) >= count:
            break
    return found


async def test_a_listener_hears_what_comes_after(
    watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    journal.write()
    async with watcher.listen(Scope()) as listener:
        event = journal.write()
        wake(notifier)
        assert await listener.take(5 * SECOND) == [event]
        assert await listener.take(timedelta(0)) == []


@pytest.mark.parametrize(
    ("scope", "heard"),
    [
        (Scope(), [1, 2, 3, 4]),
        (Scope(frozenset([ONE])), [1, 3]),
        (Scope(frozenset([ONE, TWO])), [1, 2, 3]),
        (Scope(root_id=ROOT), [1, 2, 4]),
        (Scope(client="acme"), [2]),
        (Scope(root_id=ROOT, client="acme"), [2]),
    ],
)
async def test_each_hears_what_concerns_it(
    scope: Scope, heard: list[int], watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    async with watcher.listen(scope) as listener:
        journal.write(ONE)
        journal.write(TWO, client="acme")
        journal.write(ONE, root_id=ONE)
        journal.write(UUID(int=3))
        wake(notifier)
        assert [int(event.cursor) for event in await listener.take(5 * SECOND)] == heard
    assert await cursors(watcher, scope, "", len(heard)) == [str(number) for number in heard]


async def test_the_journal_is_read_once_for_all(
    watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    async with asyncio.timeout(30), watcher.listen(Scope()) as one, watcher.listen(Scope(frozenset([ONE]))) as other:
        await one.take(timedelta(0))
        before = journal.tails
        journal.write()
        wake(notifier)
        assert await one.take(SECOND) == await other.take(SECOND) != []
        assert journal.tails - before == 1


async def test_nobody_listens_nobody_reads(watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier) -> None:
    async with watcher.listen(Scope()):
        pass
    before = journal.tails
    journal.write()
    wake(notifier)
    await asyncio.sleep(0.05)
    assert journal.tails == before


async def test_a_lost_wake_up_costs_a_second(watcher: Watcher, journal: PaperJournal) -> None:
    with patch.object(module, "_POLL", timedelta(milliseconds=20)):
        async with watcher.listen(Scope()) as listener:
            await listener.take(timedelta(0))
            event = journal.write()
            assert await listener.take(5 * SECOND) == [event]


async def test_a_store_that_is_away_is_tried_again(
    watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    with patch.object(module, "_POLL", timedelta(milliseconds=20)):
        async with watcher.listen(Scope()) as listener:
            journal.fails = True
            event = journal.write()
            wake(notifier)
            assert await listener.take(timedelta(milliseconds=100)) == []
            journal.fails = False
            assert await listener.take(5 * SECOND) == [event]


@pytest.mark.parametrize("batch", [1, 2, 500])
async def test_past_and_present_meet_without_gap_or_repetition(
    batch: int, watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    for _ in range(20):
        journal.write()

    async def write_on() -> None:
        for _ in range(80):
            journal.write()
            wake(notifier)
            await asyncio.sleep(0)

    with patch.object(module, "_BATCH", batch):
        async with asyncio.timeout(30):
            writing = asyncio.create_task(write_on())
            found = await asyncio.gather(
                *(cursors(watcher, Scope(root_id=ROOT), str(skip), 100 - skip) for skip in (1, 7, 19))
            )
            await writing
    for skip, each in zip((1, 7, 19), found, strict=True):
        assert each == [str(number) for number in range(skip + 1, 101)]


async def test_who_is_too_slow_is_given_the_past_again(
    watcher: Watcher, journal: PaperJournal, notifier: LocalNotifier
) -> None:
    with patch.object(module, "_BUFFERED", 5):
        stream = watcher.stream(Scope(), None, SECOND)
        assert await anext(stream) == []
        found: list[str] = []
        for _ in range(3):
            for _ in range(8):
                journal.write()
            wake(notifier)
            await asyncio.sleep(0.02)
        while len(found) < 24:
            found += [event.cursor for event in await anext(stream)]
        await stream.aclose()
    assert found == [str(number) for number in range(1, 25)]


async def test_the_first_empty_batch_ends_the_past(watcher: Watcher, journal: PaperJournal) -> None:
    journal.write()
    stream = watcher.stream(Scope(), "", SECOND)
    assert [len(await anext(stream)) for _ in range(2)] == [1, 0]
    await stream.aclose()


async def test_closing_ends_every_stream_and_listener(watcher: Watcher, journal: PaperJournal) -> None:
    streams = [
        watcher.stream(scope, None, 60 * SECOND) for scope in (Scope(), Scope(frozenset([ONE])), Scope(root_id=ROOT))
    ]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.create_task(anext(stream, None)) for stream in streams]
    await asyncio.sleep(0)
    await watcher.close()
    async with asyncio.timeout(30):
        assert await asyncio.gather(*waiting) == [[], [], []]
        assert [await anext(stream, None) for stream in streams] == [None, None, None]
        assert [batch async for batch in watcher.stream(Scope(), None, 60 * SECOND)] == []


def test_the_house_hears_all() -> None:
    assert Scope(client=HOUSE.client).holds(Event("1", ONE, ROOT, "acme", "state", NOON, {}))
