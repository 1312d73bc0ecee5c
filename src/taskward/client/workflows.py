"""The client's methods for workflows and their jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from taskward.client.transport import Transport, correlated, idempotent, segment
from taskward.wire import JobView, Page, TaskView, WorkflowDetail, WorkflowRun, WorkflowView


class WorkflowMethods:
    """What files declare, and jobs of it."""

    _transport: Transport

    async def workflows(self, client: str = "") -> list[WorkflowView]:
        """The workflows of the server's folders, as a client sees them."""
        params = {"client": client or None}
        return (await self._transport.call("GET", "/v1/workflows", Page[WorkflowView], params=params)).items

    async def workflow(self, name: str, client: str = "") -> WorkflowDetail:
        """One workflow, with the JSON Schema of its parameters and its steps."""
        path = f"/v1/workflows/{segment(name)}"
        return await self._transport.call("GET", path, WorkflowDetail, params={"client": client or None})

    async def run_workflow(
        self,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        client: str = "",
        labels: Mapping[str, str] | None = None,
        priority: int | None = None,
        pool: str | None = None,
        run_at: datetime | None = None,
        gate: str | None = None,
        paused: bool = False,
        callbacks: Sequence[str] | None = None,
        persist: bool | None = None,
        idempotency_key: str | None = None,
        correlation_id: str | None = None,
    ) -> TaskView:
        """Submits a job of a workflow; the job is a task as any other."""
        body = WorkflowRun(
            parameters=dict(parameters or {}),
            client=client,
            labels=dict(labels or {}),
            priority=priority,
            pool=pool,
            run_at=run_at,
            gate=gate,
            paused=paused,
            callbacks=None if callbacks is None else list(callbacks),
            persist=persist,
        )
        headers = {**idempotent(idempotency_key), **correlated(correlation_id)}
        path = f"/v1/workflows/{segment(name)}:run"
        return await self._transport.call("POST", path, TaskView, body=body, headers=headers)

    async def job(self, task: UUID | int | str) -> JobView:
        """What a job runs, and how far each of its steps is."""
        return await self._transport.call("GET", f"/v1/tasks/{segment(task)}/workflow", JobView)
