"""Wake-ups: within a process, between processes on one host, and across a fleet.

All follow `taskward.ports.Notifier`: a wake-up may be lost or doubled and only says "look again".
"""

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog

from taskward.ports import Topic

log = structlog.get_logger(__name__)

_TOPICS = tuple(Topic)
_CHANNEL = "taskward"
_RECONNECT_SECONDS = 1.0
_BETWEEN_SECONDS = 0.003
"""Between two notifications: a busy process would send one for each of its transactions."""


class LocalSubscription:
    """One listener of a `LocalNotifier`."""

    def __init__(self, topics: frozenset[Topic]) -> None:
        self._topics = topics
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._pending: set[Topic] = set()
        self._event = asyncio.Event()

    def notify(self, topics: frozenset[Topic]) -> None:
        """Thread-safe."""
        wanted = topics & self._topics
        if not wanted:
            return
        if threading.get_ident() == self._thread:
            self._mark(wanted)
        else:
            with contextlib.suppress(RuntimeError):  # its loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(self._mark, wanted)

    def _mark(self, topics: frozenset[Topic]) -> None:
        self._pending |= topics
        self._event.set()

    async def wait(self, timeout: timedelta | None = None) -> frozenset[Topic]:
        """See `taskward.ports.Subscription.wait`."""
        if not self._pending:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
                    await self._event.wait()
        topics = frozenset(self._pending)
        self._pending.clear()
        self._event.clear()
        return topics


class LocalNotifier:
    """Wakes the parts of one process. `publish` may be called from any thread."""

    def __init__(self) -> None:
        self._subscriptions: tuple[LocalSubscription, ...] = ()

    def publish(self, topics: frozenset[Topic]) -> None:
        """See `taskward.ports.Notifier.publish`."""
        for subscription in self._subscriptions:
            subscription.notify(topics)

    @asynccontextmanager
    async def subscribe(self, *topics: Topic) -> AsyncIterator[LocalSubscription]:
        """See `taskward.ports.Notifier.subscribe`."""
        subscription = LocalSubscription(frozenset(topics))
        self._subscriptions = (*self._subscriptions, subscription)
        try:
            yield subscription
        finally:
            self._subscriptions = tuple(one for one in self._subscriptions if one is not subscription)


class SocketNotifier(LocalNotifier):
    """Also wakes the other processes of this host that share a folder: one datagram socket each, named in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._name = f"{os.getpid()}-{os.urandom(3).hex()}"
        self._reach = folder
        self._folder_fd = -1
        self._socket: socket.socket | None = None
        self._peers: tuple[str, ...] = ()
        self._listed: int | None = None

    async def open(self) -> None:
        """Begins to listen. Without it only the own process is woken."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        # A socket's path may have 107 bytes; seen through an open folder it may lie anywhere.
        self._folder_fd = os.open(self._folder, os.O_RDONLY)
        if os.path.isdir(f"/proc/self/fd/{self._folder_fd}"):  # noqa: ASYNC240, PTH112 - no disk is touched
            self._reach = Path(f"/proc/self/fd/{self._folder_fd}")
        self._socket.bind(str(self._reach / self._name))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    async def close(self) -> None:
        """Stops listening and takes the socket away."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            (self._folder / self._name).unlink(missing_ok=True)
            os.close(self._folder_fd)

    def publish(self, topics: frozenset[Topic]) -> None:
        """See `taskward.ports.Notifier.publish`."""
        super().publish(topics)
        if self._socket is None:
            return
        message = bytes([sum(1 << index for index, topic in enumerate(_TOPICS) if topic in topics)])
        for peer in self._others():
            try:
                self._socket.sendto(message, peer)
            except BlockingIOError:
                continue  # it has wake-ups enough to read
            except OSError as error:
                if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
                    Path(peer).unlink(missing_ok=True)  # its process is gone

    def _others(self) -> Iterable[str]:
        """Listed again only when a process came or went."""
        with contextlib.suppress(OSError):
            changed = self._folder.stat().st_mtime_ns
            if changed != self._listed:
                self._peers = tuple(
                    str(self._reach / path.name) for path in self._folder.iterdir() if path.name != self._name
                )
                self._listed = changed
        return self._peers

    def _receive(self) -> None:
        mask = 0
        with contextlib.suppress(BlockingIOError):
            while self._socket is not None:
                mask |= self._socket.recv(1)[0]
        if mask:
            super().publish(frozenset(topic for index, topic in enumerate(_TOPICS) if mask >> index & 1))


class PostgresNotifier(LocalNotifier):
    """Also wakes every process that listens on the same database, by NOTIFY on a connection of its own.

    What is published while a notification is under way, or just after it, goes with the next one, so a busy process
    sends few.
    """

    def __init__(self, dsn: str) -> None:
        super().__init__()
        self._dsn = dsn
        self._connection: Any = None
        self._pending: set[Topic] = set()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begins to listen and to send; keeps trying while the database is away."""
        await self._connect()
        self._task = asyncio.create_task(self._send_loop(), name="taskward-notify")

    async def close(self) -> None:
        """Stops listening and sending."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            try:
                await self._connection.close(timeout=5)
            except Exception as error:  # noqa: BLE001 - it is given up, however it ended
                log.debug("notify.close", error=str(error))

    def publish(self, topics: frozenset[Topic]) -> None:
        """See `taskward.ports.Notifier.publish`."""
        super().publish(topics)
        self._pending |= topics
        self._wanted.set()

    async def _connect(self) -> None:
        connection: Any = await asyncpg.connect(self._dsn, timeout=10, command_timeout=10)
        # A notification is a transaction too, and its commit would wait for the disk; a lost one costs a look.
        await connection.execute("SET synchronous_commit = off")
        await connection.add_listener(_CHANNEL, self._heard)
        # Whoever has nothing to say finds out too that it does not hear any more.
        connection.add_termination_listener(lambda _: self._wanted.set())
        self._connection = connection

    def _heard(self, _connection: object, pid: int, _channel: str, payload: object) -> None:
        if self._connection is None or pid != self._connection.get_server_pid():
            super().publish(frozenset(Topic(name) for name in str(payload).split(",") if name in set(_TOPICS)))

    async def _send_loop(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            topics, self._pending = self._pending, set()
            try:
                if self._connection is None or self._connection.is_closed():
                    await self._connect()
                    # Whatever was said meanwhile was not heard.
                    super().publish(frozenset(_TOPICS))
                if topics:
                    await self._connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, ",".join(sorted(topics)))
                    await asyncio.sleep(_BETWEEN_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever became of the connection, another one may do
                log.warning("notify.failed", error=repr(error))
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                self._pending |= topics
                self._wanted.set()
                await asyncio.sleep(_RECONNECT_SECONDS)
