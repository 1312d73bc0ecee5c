"""The client's methods that follow what happens: events, logs, waits."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import msgspec

from taskward.client.errors import WaitTimedOut
from taskward.client.tasks import TaskMethods, TaskRef
from taskward.client.transport import Params, Transport, segment
from taskward.model.states import FINAL
from taskward.wire import EventView, LogView, Page, TaskView, WaitBody, Waited

ROUND = timedelta(seconds=60)
"""The longest single request of a wait for many tasks."""
NAMED_AT_ONCE = 1000
"""How many ids one request of a wait may name."""


class WatchMethods(TaskMethods):
    """Follow tasks as they go."""

    _transport: Transport

    async def events(self, task: TaskRef | None = None, *, after: str | None = None) -> AsyncGenerator[EventView, None]:
        """What happens to a task and below it, or to every task.

        It begins now, or after the event whose cursor is `after`; "" is the very beginning. The stream of a task ends
        with the task. A broken connection is made anew where it broke.
        """
        async with aclosing(self.watch(task, after=after)) as watch:
            async for event in watch:
                if event is not None:
                    yield event

    async def watch(
        self, task: TaskRef | None = None, *, after: str | None = None
    ) -> AsyncGenerator[EventView | None, None]:
        """As `events`, with a None whenever the stream has been connected.

        Who looks at the state then, and goes by the events after it, misses nothing.
        """
        path = "/v1/events" if task is None else f"/v1/tasks/{segment(task)}/events"
        params: Params = {"replay": after == ""}
        async with aclosing(self._transport.stream(path, self._is_over(task), params=params, after=after)) as stream:
            async for event in stream:
                yield None if event is None else msgspec.json.decode(event.data, type=EventView)

    async def logs(
        self, task: TaskRef, *, after: int = 0, severity: str = "debug", follow: bool = False
    ) -> AsyncGenerator[LogView, None]:
        """The log lines of a task with at least a severity; with `follow`, also those to come until it ends."""
        path = f"/v1/tasks/{segment(task)}/logs"
        while not follow:
            page = await self._transport.call("GET", path, Page[LogView], params={"after": after, "severity": severity})
            for line in page.items:
                yield line
            if page.next is None:
                return
            after = int(page.next)
        following: Params = {"after": after, "severity": severity, "follow": True}
        async with aclosing(self._transport.stream(path, self._is_over(task), params=following)) as stream:
            async for event in stream:
                if event is not None:
                    yield msgspec.json.decode(event.data, type=LogView)

    def _is_over(self, task: TaskRef | None) -> Callable[[], Awaitable[bool]]:
        async def is_over() -> bool:
            return task is not None and (await self.get(task)).state in FINAL

        return is_over

    async def wait(self, task: TaskRef, *, timeout: timedelta | None = None) -> TaskView:
        """The task, once it is final. Raises WaitTimedOut."""
        try:
            async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
                return await self._until_final(task)
        except TimeoutError:
            raise WaitTimedOut([await self.get(task)]) from None

    async def _until_final(self, task: TaskRef) -> TaskView:
        current: TaskView | None = None
        async with aclosing(self.watch(task)) as watch:
            async for event in watch:
                if event is None or current is None or (event.task_id == current.id and event.kind == "state"):
                    current = await self.get(task)
                    if current.state in FINAL:
                        return current
        return await self.get(task)

    async def get_many(self, tasks: Sequence[UUID]) -> list[TaskView]:
        """Up to 1,000 tasks as they are now, in the order given."""
        body = WaitBody(ids=list(tasks), timeout_seconds=0)
        return (await self._transport.call("POST", "/v1/tasks:wait", Waited, body=body)).items

    async def unfinished(
        self,
        *,
        module: str | None = None,
        operation: str | None = None,
        client: str | None = None,
        queue: str | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> list[TaskView]:
        """Up to 1,000 roots that match and have not ended."""
        body = WaitBody(
            module=module, operation=operation, client=client, queue=queue, labels=dict(labels or {}), timeout_seconds=0
        )
        answer = await self._transport.call("POST", "/v1/tasks:wait", Waited, body=body)
        return [] if answer.done else answer.items

    async def wait_many(self, tasks: Sequence[UUID], *, timeout: timedelta | None = None) -> list[TaskView]:
        """The tasks in the order given, once all are final. Raises WaitTimedOut."""
        deadline = _Deadline(timeout)
        ended: dict[UUID, TaskView] = {}
        for start in range(0, len(tasks), NAMED_AT_ONCE):
            names = list(tasks[start : start + NAMED_AT_ONCE])
            answer = await self._wait_round(WaitBody(ids=names), deadline)
            ended |= {task.id: task for task in answer.items}
        return [ended[task] for task in tasks]

    async def wait_all(
        self,
        *,
        module: str | None = None,
        operation: str | None = None,
        client: str | None = None,
        queue: str | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: timedelta | None = None,
    ) -> list[TaskView]:
        """Waits until no root that matches is unfinished, those that come in meanwhile included.

        Returns those that it waited for, as they ended. Raises WaitTimedOut.
        """
        deadline = _Deadline(timeout)
        ended: list[TaskView] = []
        while tasks := await self.unfinished(
            module=module, operation=operation, client=client, queue=queue, labels=labels
        ):
            ended += (await self._wait_round(WaitBody(ids=[task.id for task in tasks]), deadline)).items
        return ended

    async def _wait_round(self, body: WaitBody, deadline: "_Deadline") -> Waited:
        # The first look fails at once when there is no server; from then on one that is away for a while is waited for.
        answer = await self._ask(body, timedelta())
        while not answer.done:
            span = min(deadline.left(), ROUND)
            if not span:
                raise WaitTimedOut([task for task in answer.items if task.state not in FINAL])
            answer = await self._transport.outlast(lambda: self._ask(body, min(deadline.left(), ROUND)))
        return answer

    async def _ask(self, body: WaitBody, span: timedelta) -> Waited:
        body = msgspec.structs.replace(body, timeout_seconds=span.total_seconds())
        return await self._transport.call("POST", "/v1/tasks:wait", Waited, body=body, longest=span)


class _Deadline:
    """An instant on the loop's clock; never, without a timeout."""

    def __init__(self, timeout: timedelta | None) -> None:
        self._clock = asyncio.get_running_loop().time
        self._end = None if timeout is None else self._clock() + timeout.total_seconds()

    def left(self) -> timedelta:
        """What remains, not less than nothing."""
        if self._end is None:
            return timedelta.max
        return max(timedelta(seconds=self._end - self._clock()), timedelta())
