"""Workflows, as a principal may see and start them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, structs

from taskward.auth import Principal
from taskward.model.errors import Conflict, Forbidden, Invalid, NotFound
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.workflow import TemplateError, Workflow, render, secrets
from taskward.model.workflow.filters import instant_of
from taskward.ports import JOB, Clock, Definition, Definitions, JobArguments, Shelved, Tasks, WorkflowShelf, step_report
from taskward.service.instants import utc
from taskward.service.submissions import Submissions
from taskward.service.tasks import Ref, TaskDesk
from taskward.wire import Submit, WorkflowRun

TOLD = "rest_endpoints"
"""The parameter that lists who is told what becomes of a job, unless its submitter names others."""


class JobState(Struct, frozen=True):
    """What a job runs, and how far each step is: its state by name, and its tasks."""

    definition: Definition
    states: dict[str, State]
    tasks: dict[str, list[UUID]]


class WorkflowDesk:
    """Which workflows there are, and jobs of them.

    Each method takes `client`, whose workflows are meant: its own, and the common ones that it has no own of. A
    principal of a client has no choice, the house's own means the common ones by "".
    """

    def __init__(
        self,
        shelf: WorkflowShelf,
        *,
        definitions: Definitions,
        tasks: Tasks,
        desk: TaskDesk,
        submissions: Submissions,
        clock: Clock,
    ) -> None:
        self._desk = desk
        self._shelf = shelf
        self._definitions = definitions
        self._tasks = tasks
        self._submissions = submissions
        self._clock = clock

    async def all(self, principal: Principal, client: str = "") -> list[Shelved]:
        """By name, with what is wrong with their files. Needs read."""
        principal.require("read")
        return await self._shelf.all(_client_of(principal, client))

    async def get(self, principal: Principal, name: str, client: str = "") -> Shelved:
        """One of them. Raises NotFound. Needs read."""
        principal.require("read")
        own = _client_of(principal, client)
        for shelved in await self._shelf.all(own):
            if shelved.name == name:
                return shelved
        await self._shelf.find(own, name)
        raise Conflict(f"workflow {name} has just appeared; ask again")

    async def check(
        self, principal: Principal, name: str, parameters: Mapping[str, Any], client: str = ""
    ) -> dict[str, Any]:
        """The parameters with their defaults, as a job would run with them. Needs read.

        Raises NotFound; Conflict for a workflow whose file is wrong; Invalid, whose field begins with `/parameters`.
        """
        principal.require("read")
        definition = await self._shelf.find(_client_of(principal, client), name)
        return await self._shelf.check(definition.workflow, parameters)

    async def submit(
        self,
        principal: Principal,
        name: str,
        wanted: WorkflowRun,
        *,
        idempotency_key: str | None = None,
        correlation_id: str = "",
    ) -> Task:
        """Accepts a job: a task named as the workflow, of the definition in force now. Needs write.

        It begins at `run_at`, or when the workflow says; never before the workflow's `not_before`. Raises as `check`,
        and as `Submissions.submit`.
        """
        principal.require("write")
        client = _client_of(principal, wanted.client)
        definition = await self._shelf.find(client, name)
        checked = await self._shelf.check(definition.workflow, wanted.parameters)
        await self._definitions.save(definition.digest, definition.document, self._clock.now())
        submit = Submit(
            operation=JOB,
            args={"workflow": name, "parameters": wanted.parameters, "definition": definition.digest},
            name=name,
            labels=wanted.labels,
            priority=wanted.priority,
            pool=wanted.pool,
            run_at=self._start_of(definition.workflow, checked, wanted.run_at),
            gate=wanted.gate,
            paused=wanted.paused,
            callbacks=wanted.callbacks if wanted.callbacks is not None else wanted.parameters.get(TOLD),
            persist=wanted.persist,
        )
        # The job belongs to the client, whoever submits it.
        owner = principal if principal.client == client else structs.replace(principal, client=client)
        submitted = await self._submissions.submit(
            owner,
            [submit],
            idempotency_key=idempotency_key,
            correlation_id=correlation_id,
            prefix="",
            secrets=secrets(definition.workflow, checked),
        )
        return submitted.tasks[0]

    async def arguments(self, job: Task) -> JobArguments:
        """What a job was submitted with: its parameters exactly as they were given, secrets too."""
        return msgspec.json.decode((await self._tasks.asked(job.id)).args, type=JobArguments)

    async def definition(self, job: Task) -> Definition:
        """What a job runs, whatever became of the file since. Raises NotFound for what is no job of a definition."""
        arguments = await self.arguments(job) if job.operation == JOB else None
        if arguments is None or not arguments.definition:
            raise NotFound("workflow of task", job.number, hint="it is no job that was submitted with a workflow")
        return Definition.read(await self._definitions.get(arguments.definition))

    async def job(self, principal: Principal, ref: Ref) -> JobState:
        """What a job runs, and how far it is. Raises NotFound. Needs read."""
        task = await self._desk.get(principal, ref)
        definition = await self.definition(task)
        prefix = step_report("")
        reports = {
            report.code.removeprefix(prefix): report.state
            for report in await self._desk.reports(principal, task.id)
            if report.code.startswith(prefix)
        }
        tasks: dict[str, list[UUID]] = {}
        for child in await self._tasks.children(task.id):
            if (step := child.labels.get("step")) is not None:
                tasks.setdefault(step, []).append(child.id)
        return JobState(definition, reports, tasks)

    def _start_of(self, workflow: Workflow, parameters: dict[str, Any], wanted: datetime | None) -> datetime | None:
        """When the job may begin; None for at once. A time of the workflow's own that is past is no time."""
        start = utc("/run_at", wanted) if wanted is not None else self._said(workflow.run_at, parameters)
        earliest = self._said(workflow.not_before, parameters)
        times = [time for time in (start, earliest) if time is not None]
        return max(times, default=None)

    def _said(self, template: str | None, parameters: dict[str, Any]) -> datetime | None:
        if template is None:
            return None
        try:
            value = render(template, {"parameters": parameters})
            instant = None if value is None else instant_of(value)
        except TemplateError as error:
            raise Invalid("/parameters", f"no time to start can be told from them: {error}") from None
        return instant if instant is not None and instant > self._clock.now() else None


def _client_of(principal: Principal, client: str) -> str:
    if principal.client and client not in ("", principal.client):
        raise Forbidden(f"a credential of client {principal.client} cannot speak for {client}")
    return principal.client or client
