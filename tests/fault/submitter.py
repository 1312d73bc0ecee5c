"""A client that does not give up: what it was answered is accepted, what it was not is sent again."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2

from tests.fault.fleet import Fleet, Process
from tests.fault.orders import ENDLESS, FIRST, Order

_AGAIN_SECONDS = 0.05


class Submitter:
    """Speaks to the server of a fleet, which may be killed at any moment."""

    def __init__(self, fleet: Fleet, chance: Random) -> None:
        self._fleet = fleet
        self._chance = chance
        self._client = httpx2.AsyncClient(base_url=fleet.url, timeout=30, trust_env=False)
        self._keys = 0
        self._endless: list[UUID] = []
        self.accepted: dict[UUID, Order] = {}
        """What was acknowledged."""
        self.refused = 0
        """Requests that were not answered, or answered with an error of the server."""

    async def __aenter__(self) -> Self:
        await self.request("GET", "/healthz")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def request(self, method: str, path: str, *may_be: int, key: str = "", body: Any = None) -> Any:
        """The answer, which is 2xx or one of the statuses given; asked for again until the server gives it."""
        while True:
            try:
                headers = {"Authorization": f"Bearer {self._fleet.token}"}
                if key:
                    headers["Idempotency-Key"] = key
                answer = await self._client.request(method, path, headers=headers, json=body)
            except (httpx2.TransportError, FileNotFoundError):
                self.refused += 1
            else:
                if answer.status_code < 500:
                    assert answer.is_success or answer.status_code in may_be, f"{method} {path}: {answer.text}"
                    return answer.json() if answer.content else None
                self.refused += 1
            await asyncio.sleep(_AGAIN_SECONDS)

    async def place(self, orders: Iterable[Order], *, pause_seconds: float = 0, at_once: int = 4) -> None:
        """Submits orders one after the other, in `at_once` lines, with pauses of random length; then steers them."""
        waiting = list(orders)

        async def one_line() -> None:
            while waiting:
                order = waiting.pop()
                await self._place(order)
                await asyncio.sleep(self._chance.uniform(0, 2 * pause_seconds))

        async with asyncio.TaskGroup() as lines:
            for _ in range(at_once):
                lines.create_task(one_line())

    async def occupy(self, count: int) -> None:
        """Submits tasks that run until `release`, so that no worker is idle when it is killed."""
        for _ in range(count):
            self._endless.append(await self.submit(ENDLESS.body()))
            self.accepted[self._endless[-1]] = ENDLESS

    async def release(self) -> None:
        """Cancels what occupies the workers."""
        for task_id in self._endless:
            await self.request("POST", f"/v1/tasks/{task_id}:cancel")

    async def wait_for_all(self) -> None:
        """Returns when every root has ended."""
        while not (await self.request("POST", "/v1/tasks:wait", body={"timeout_seconds": 5}))["done"]:
            continue

    async def until_up(self, process: Process) -> None:
        """Returns when a process serves, or works."""
        if process.name == "server":
            await self.request("GET", "/readyz")
        else:
            await self._until(process, lambda running: running is not None)

    async def until_busy(self, worker: Process, tasks: int = 1) -> None:
        """Returns when a worker runs so many tasks."""
        await self._until(worker, lambda running: running is not None and running >= tasks)

    async def until_workers(self, count: int) -> None:
        """Returns when so many workers are online."""
        while sum(one["state"] == "online" for one in await self._workers()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def age_of_heartbeat(self, worker: Process) -> timedelta:
        """How long ago a worker was heard of."""
        workers = await self._workers()
        [beat] = [one["heartbeat_at"] for one in workers if one["pid"] == worker.pid]
        return datetime.now(UTC) - datetime.fromisoformat(beat)

    async def _workers(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.request("GET", "/v1/workers"))["items"]
        return items

    async def _until(self, process: Process, condition: Callable[[int | None], bool]) -> None:
        while True:
            workers = await self._workers()
            running = next((one["running"] for one in workers if one["pid"] == process.pid), None)
            if condition(running):
                return
            await asyncio.sleep(0.05)

    async def _place(self, order: Order) -> None:
        body = order.body()
        if order.after:
            other = FIRST[order.after]
            first = await self.submit(other.body())
            self.accepted[first] = other
            body["depends_on"] = [str(first)]
        task_id = await self.submit(body)
        self.accepted[task_id] = order
        if order.resumed:
            await self.request("POST", f"/v1/tasks/{task_id}:resume", 409)
        if order.must_be_canceled or order.may_be_canceled:
            await asyncio.sleep(self._chance.uniform(0, 0.5))
            await self.request("POST", f"/v1/tasks/{task_id}:cancel", 409)

    async def submit(self, body: dict[str, Any]) -> UUID:
        """The id of a task that is accepted once, however often it is asked for."""
        self._keys += 1
        return UUID((await self.request("POST", "/v1/tasks", key=f"order-{self._keys}", body=body))["id"])
