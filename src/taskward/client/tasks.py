"""The client's methods for tasks: submit, look, steer."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Unpack
from uuid import UUID

from msgspec import UNSET, UnsetType

from taskward.client.filters import TaskFilter, page_query
from taskward.client.transport import Transport, correlated, idempotent, segment
from taskward.model.policy import Resource, Retry
from taskward.model.states import State
from taskward.model.task import Report
from taskward.wire import (
    CancelBody,
    CancelPreview,
    Page,
    Patch,
    PurgeBody,
    Removed,
    Replayed,
    Submit,
    SubmitMany,
    TaskView,
    TreeView,
    WhyView,
)

TaskRef = UUID | int | str
"""A task's id or number."""


class TaskMethods:
    """Submit tasks, look at them, steer them."""

    _transport: Transport

    async def submit(
        self,
        operation: str,
        /,
        args: Mapping[str, Any] | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        priority: int | None = None,
        queue: str | None = None,
        pool: str | None = None,
        run_at: datetime | None = None,
        gate: str | None = None,
        depends_on: Sequence[UUID] = (),
        even_if_failed: bool = False,
        resources: Sequence[Resource] | None = None,
        parent_id: UUID | None = None,
        key: str | None = None,
        paused: bool = False,
        callbacks: Sequence[str] | None = None,
        persist: bool | None = None,
        timeout: timedelta | None = None,
        retry: Retry | None = None,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
        wait: timedelta | None = None,
        **more: Any,
    ) -> TaskView:
        """Submits one task; further keywords are arguments of the operation, beside those in `args`.

        With an `idempotency_key` the request may be repeated safely: the second answer is the first task. A
        `correlation_id` ties the task to what it is submitted for. With `wait` the server answers with the finished
        task if it ends within that time. `callbacks` are URLs that are told what becomes of it.
        """
        body = Submit(
            operation=operation,
            args={**(args or {}), **more},
            name=name,
            labels=dict(labels or {}),
            priority=priority,
            queue=queue,
            pool=pool,
            run_at=run_at,
            gate=gate,
            depends_on=list(depends_on),
            even_if_failed=even_if_failed,
            resources=None if resources is None else list(resources),
            parent_id=parent_id,
            key=key,
            paused=paused,
            callbacks=None if callbacks is None else list(callbacks),
            persist=persist,
            timeout_seconds=None if timeout is None else timeout.total_seconds(),
            retry=retry,
        )
        return await self.submit_one(body, idempotency_key=idempotency_key, correlation_id=correlation_id, wait=wait)

    async def submit_one(
        self,
        submission: Submit,
        *,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
        wait: timedelta | None = None,
    ) -> TaskView:
        """Submits what `submit` would make of its keywords."""
        return await self._transport.call(
            "POST",
            "/v1/tasks",
            TaskView,
            body=submission,
            headers={**idempotent(idempotency_key), **correlated(correlation_id), **_prefer(wait)},
            longest=wait or timedelta(),
        )

    async def submit_many(
        self, submissions: Iterable[Submit], *, idempotency_key: str | None = None, correlation_id: str | None = None
    ) -> list[TaskView]:
        """Submits up to 1,000 tasks that are accepted together or not at all; the answer has their order."""
        body = SubmitMany(tasks=list(submissions))
        headers = {**idempotent(idempotency_key), **correlated(correlation_id)}
        return (await self._transport.call("POST", "/v1/tasks", Replayed, body=body, headers=headers)).items

    async def get(self, task: TaskRef, *, wait: timedelta | None = None) -> TaskView:
        """The task as it is now, or after at most `wait` if it ends within that time."""
        return await self._transport.call(
            "GET", f"/v1/tasks/{segment(task)}", TaskView, headers=_prefer(wait), longest=wait or timedelta()
        )

    async def page(
        self, *, after: str | None = None, limit: int = 50, **conditions: Unpack[TaskFilter]
    ) -> Page[TaskView]:
        """One page of a list; its `next` goes into `after`."""
        params = page_query(conditions, after, limit)
        return await self._transport.call("GET", "/v1/tasks", Page[TaskView], params=params)

    async def tasks(self, *, limit: int = 100, **conditions: Unpack[TaskFilter]) -> AsyncIterator[TaskView]:
        """Every task that the conditions let through, fetched in pages of `limit`."""
        after: str | None = None
        while True:
            page = await self.page(after=after, limit=limit, **conditions)
            for task in page.items:
                yield task
            if page.next is None:
                return
            after = page.next

    async def tree(self, task: TaskRef, *, depth: int | None = None, limit: int | None = None) -> TreeView:
        """The task and what is below it, breadth first."""
        params = {"depth": depth, "limit": limit}
        return await self._transport.call("GET", f"/v1/tasks/{segment(task)}/tree", TreeView, params=params)

    async def created(self, task: TaskRef) -> list[str]:
        """The names of the resources that the task told it created."""
        return (await self._transport.call("GET", f"/v1/tasks/{segment(task)}/created", Page[str])).items

    async def reports(self, task: TaskRef) -> list[Report]:
        """The named progress reports of a task."""
        return (await self._transport.call("GET", f"/v1/tasks/{segment(task)}/reports", Page[Report])).items

    async def why(self, task: TaskRef) -> WhyView:
        """Why the task waits."""
        return await self._transport.call("GET", f"/v1/tasks/{segment(task)}/why", WhyView)

    async def cancel(self, task: TaskRef, *, reason: str = "") -> TaskView:
        """Asks the task and all below it to stop."""
        return await self._steer(task, "cancel", CancelBody(reason=reason))

    async def cancel_preview(self, task: TaskRef) -> list[TaskView]:
        """The unfinished tasks that a cancel would reach."""
        return (await self._transport.call("GET", f"/v1/tasks/{segment(task)}/cancel-preview", CancelPreview)).items

    async def pause(self, task: TaskRef) -> TaskView:
        """Holds a waiting task, or a running one that knows how at its next checkpoint."""
        return await self._steer(task, "pause")

    async def resume(self, task: TaskRef) -> TaskView:
        """Puts a paused task back in line."""
        return await self._steer(task, "resume")

    async def rerun(self, task: TaskRef) -> TaskView:
        """Runs a finished task again as a new one that supersedes it."""
        return await self._steer(task, "rerun")

    async def persist(self, task: TaskRef) -> TaskView:
        """Exempts the task from every expiry."""
        return await self._steer(task, "persist")

    async def change(
        self,
        task: TaskRef,
        *,
        priority: int | None = None,
        run_at: datetime | None = None,
        gate: str | UnsetType | None = UNSET,
        persist: bool | None = None,
        labels: Mapping[str, str] | None = None,
        if_version: int | None = None,
    ) -> TaskView:
        """Changes what is named; `gate=None` removes the gate. `if_version` refuses to overwrite a newer version."""
        patch = Patch(
            priority=UNSET if priority is None else priority,
            run_at=UNSET if run_at is None else run_at,
            gate=gate,
            persist=UNSET if persist is None else persist,
            labels=UNSET if labels is None else dict(labels),
        )
        headers = {} if if_version is None else {"If-Match": f'"{if_version}"'}
        return await self._transport.call("PATCH", f"/v1/tasks/{segment(task)}", TaskView, body=patch, headers=headers)

    async def delete(self, task: TaskRef) -> None:
        """Forgets a finished task with its tree."""
        await self._transport.do("DELETE", f"/v1/tasks/{segment(task)}")

    async def purge(
        self,
        *,
        states: Sequence[State | str] = (State.COMPLETED,),
        finished_before: datetime | None = None,
        module: str | None = None,
        operation: str | None = None,
        client: str | None = None,
        limit: int = 10_000,
    ) -> int:
        """Forgets up to `limit` finished roots with their trees, save persistent ones; returns how many."""
        body = PurgeBody(
            states=[State(state) for state in states],
            finished_before=finished_before,
            module=module,
            operation=operation,
            client=client,
            limit=limit,
        )
        return (await self._transport.call("POST", "/v1/tasks:purge", Removed, body=body)).removed

    async def _steer(self, task: TaskRef, verb: str, body: Any = None) -> TaskView:
        return await self._transport.call("POST", f"/v1/tasks/{segment(task)}:{verb}", TaskView, body=body)


def _prefer(wait: timedelta | None) -> dict[str, str]:
    return {} if wait is None else {"Prefer": f"wait={max(round(wait.total_seconds()), 1)}"}
