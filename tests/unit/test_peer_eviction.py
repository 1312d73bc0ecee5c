"""What leaves a peer's cache, and when."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from taskward.peer.content import Content, Origin
from taskward.peer.errors import CacheFull
from taskward.peer.eviction import Bounds, Eviction
from taskward.peer.storage import Storage
from tests.origins import MIB


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


class Cache:
    """A cache of contents named by a letter, each of one piece of 4 MiB."""

    def __init__(self, folder: Path, **bounds: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.storage = Storage(folder, self.clock)
        self.running: set[str] = set()
        self.eviction = Eviction(
            self.storage,
            Bounds(**bounds),
            self.clock,
            folder=folder,
            is_running=self.running.__contains__,
            remove=self.storage.delete,
        )
        self.storage.bound_by(self.eviction)

    async def add(self, name: str, length: int = 4 * MIB) -> Content:
        self.clock.time += timedelta(seconds=1)
        origin = Origin(url=f"http://origin/{name}")
        content = await self.storage.create(name, origin, piece_length=4 * MIB, length=length, response_headers={})
        await self.storage.write(content, 0, bytearray(min(length, 4 * MIB)))
        return content

    @property
    def names(self) -> set[str]:
        return {content.task_id for content in self.storage.contents()}


@pytest.fixture
async def cache(tmp_path: Path) -> AsyncIterator[Cache]:
    made = Cache(tmp_path, ttl=timedelta(days=1), capacity=40 * MIB, high_percent=80, low_percent=50)
    await made.storage.open()
    yield made
    await made.storage.close()


async def test_what_nobody_wanted_for_long_goes(cache: Cache) -> None:
    old, used = await cache.add("a"), await cache.add("b")
    cache.clock.time += timedelta(days=1)
    cache.storage.use(used)
    await cache.eviction.sweep()
    assert cache.names == {"b"}
    assert not old.path.exists()


async def test_above_the_high_mark_the_least_recently_used_go_down_to_the_low_one(cache: Cache) -> None:
    contents = {name: await cache.add(name) for name in "abcdefgh"}
    cache.storage.use(contents["a"])
    await cache.eviction.sweep()
    assert cache.names == set("abcdefgh")
    await cache.add("i")
    cache.running.add("b")
    await cache.eviction.sweep()
    assert cache.names == {"a", "b", "g", "h", "i"}


async def test_room_is_made_for_what_is_begun_if_there_can_be_enough(cache: Cache) -> None:
    for name in "abcde":
        await cache.add(name)
    await cache.add("big", 30 * MIB)
    assert cache.names == {"d", "e", "big"}
    with pytest.raises(CacheFull, match="more than the cache can make room for"):
        await cache.add("too-big", 41 * MIB)


async def test_a_full_disk_makes_room_once(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    await cache.add("a")
    answers = iter([OSError(28, "No space left on device"), None])

    def allocate(*_: object) -> None:
        if (error := next(answers)) is not None:
            raise error

    monkeypatch.setattr("os.posix_fallocate", allocate)
    await cache.add("b")
    assert cache.names == {"b"}


async def test_the_disk_is_the_room_when_no_capacity_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path, high_percent=80, low_percent=60)
    await cache.storage.open()
    for name in "abc":
        await cache.add(name)

    class Usage:
        total, used, free = 200 * MIB, 85 * MIB, 15 * MIB

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    await cache.eviction.sweep()
    assert cache.names == set()
    await cache.storage.close()


async def test_when_it_was_used_last_survives_a_restart(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    await cache.storage.open()
    contents = {name: await cache.add(name) for name in "ab"}
    cache.clock.time += timedelta(seconds=1)
    cache.storage.use(contents["a"])
    await cache.storage.close()
    again = Cache(tmp_path).storage
    await again.open()
    assert [content.task_id for content in sorted(again.contents(), key=lambda content: content.used_at)] == ["b", "a"]
    await again.close()
