"""Many HTTP requests over a few kept connections, as fast as the server answers them."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

CONNECTIONS = 32


class Load(NamedTuple):
    """What came of it: requests per second, latencies, and the server's processor time for one request."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the one before is whole."""

    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length_of(head):
            return
        if not head[9:12].startswith(b"2"):
            self._load.fail(f"{head.decode()}\n\n{body.decode()}")
            return
        self._load.latencies.append(time.perf_counter() - self._sent)
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(f"the server closed a connection: {exc}")

    def _next(self) -> None:
        request = self._load.next_request()
        if request is not None:
            self._sent = time.perf_counter()
            self._transport.write(request)


class _Load:
    def __init__(self, requests: Callable[[int], bytes], count: int) -> None:
        self._requests = requests
        self._count = count
        self._begun = 0
        self.latencies: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next_request(self) -> bytes | None:
        if len(self.latencies) >= self._count and not self.done.done():
            self.done.set_result(None)
        if self._begun >= self._count:
            return None
        self._begun += 1
        return self._requests(self._begun)

    def fail(self, message: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(message))


async def load(url: str, pid: int, requests: Callable[[int], bytes], count: int) -> Load:
    """Sends `count` requests to the server process `pid`; `requests` gives each by its number.

    Raises RuntimeError on a refusal.
    """
    place = urlsplit(url)
    running = _Load(requests, count)
    loop = asyncio.get_running_loop()
    began, cpu_before = time.perf_counter(), _cpu_seconds(pid)
    connections = [
        await loop.create_connection(lambda: _Connection(running), place.hostname, place.port)
        for _ in range(min(CONNECTIONS, count))
    ]
    await running.done
    seconds, cpu_seconds = time.perf_counter() - began, _cpu_seconds(pid) - cpu_before
    for transport, _ in connections:
        transport.abort()
    latencies = sorted(running.latencies)
    return Load(
        rate=count / seconds,
        p50_ms=_percentile(latencies, 0.5),
        p99_ms=_percentile(latencies, 0.99),
        cpu_us=cpu_seconds / count * 1e6,
    )


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    told = {"Host": "bench", **headers, "Content-Length": str(len(body)), "Content-Type": "application/json"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def _length_of(head: bytes) -> int:
    lowered = head.lower()
    place = lowered.find(b"content-length:")
    if place < 0:
        return 0
    return int(lowered[place + 15 :].split(b"\r\n", 1)[0])


def _cpu_seconds(pid: int) -> float:
    """What a process has used of processors until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _percentile(values: Sequence[float], share: float) -> float:
    return values[min(int(len(values) * share), len(values) - 1)] * 1000
