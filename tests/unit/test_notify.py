"""Wake-ups reach the listeners they are for, in this process and in others."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from taskward.notify import LocalNotifier, PostgresNotifier, SocketNotifier
from taskward.ports import Topic

SOON = timedelta(seconds=10)


async def test_a_subscriber_hears_its_topics_once() -> None:
    notifier = LocalNotifier()
    async with notifier.subscribe(Topic.WORK, Topic.LOGS) as subscription:
        notifier.publish(frozenset({Topic.WORK, Topic.EVENTS}))
        notifier.publish(frozenset({Topic.LOGS}))
        assert await subscription.wait(SOON) == {Topic.WORK, Topic.LOGS}
        assert await subscription.wait(timedelta(milliseconds=1)) == frozenset()


async def test_publishing_from_a_thread_wakes_the_loop() -> None:
    notifier = LocalNotifier()
    async with notifier.subscribe(Topic.WORK) as subscription:
        waiting = asyncio.create_task(subscription.wait(SOON))
        await asyncio.to_thread(notifier.publish, frozenset({Topic.WORK}))
        assert await waiting == {Topic.WORK}


async def test_sockets_wake_the_other_process_from_a_deep_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / ("deeper" * 20)
    one, other = SocketNotifier(folder), SocketNotifier(folder)
    await one.open()
    await other.open()
    async with other.subscribe(Topic.CANCEL) as subscription:
        one.publish(frozenset({Topic.CANCEL, Topic.WORK}))
        assert await subscription.wait(SOON) == {Topic.CANCEL}
    await other.close()
    one.publish(frozenset({Topic.CANCEL}))
    await one.close()
    assert list(folder.iterdir()) == []


async def test_a_dead_process_leaves_no_socket_behind(tmp_path: Path) -> None:
    one, dead = SocketNotifier(tmp_path), SocketNotifier(tmp_path)
    await one.open()
    await dead.open()
    assert dead._socket is not None
    asyncio.get_running_loop().remove_reader(dead._socket)
    dead._socket.close()
    one.publish(frozenset({Topic.WORK}))
    assert len(list(tmp_path.iterdir())) == 1
    await one.close()


async def test_postgres_wakes_every_listener_of_the_database(postgres_dsn: str) -> None:
    one, other = PostgresNotifier(postgres_dsn), PostgresNotifier(postgres_dsn)
    await one.open()
    await other.open()
    async with other.subscribe(Topic.WORK) as theirs, one.subscribe(Topic.WORK) as own:
        one.publish(frozenset({Topic.WORK}))
        assert await theirs.wait(SOON) == {Topic.WORK}
        assert await own.wait(SOON) == {Topic.WORK}
    await one.close()
    await other.close()


async def test_a_listener_that_was_cut_off_hears_again_though_it_says_nothing(postgres_dsn: str) -> None:
    one, other = PostgresNotifier(postgres_dsn), PostgresNotifier(postgres_dsn)
    await one.open()
    await other.open()
    async with other.subscribe(Topic.WORK) as theirs:
        pid = other._connection.get_server_pid()
        assert await one._connection.fetchval("SELECT pg_terminate_backend($1)", pid)
        assert await theirs.wait(SOON) == {Topic.WORK}, "what was said meanwhile was not heard"
        one.publish(frozenset({Topic.WORK}))
        assert await theirs.wait(SOON) == {Topic.WORK}
    await one.close()
    await other.close()


async def test_a_connection_that_breaks_in_the_middle_of_an_answer_is_replaced(
    postgres_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = PostgresNotifier(postgres_dsn), PostgresNotifier(postgres_dsn)
    await one.open()
    await other.open()
    execute = asyncpg.Connection.execute
    broken = one._connection

    async def confused(self: Any, *args: Any) -> object:
        if self is broken:
            raise asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress")
        return await execute(self, *args)

    monkeypatch.setattr(asyncpg.Connection, "execute", confused)
    async with other.subscribe(Topic.WORK) as theirs:
        one.publish(frozenset({Topic.WORK}))
        assert await theirs.wait(SOON) == {Topic.WORK}
    assert broken.is_closed()
    await one.close()
    await other.close()
