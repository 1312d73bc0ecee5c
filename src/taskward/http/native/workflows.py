"""Workflows, and jobs of them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar.types import ASGIApp
from msgspec import Meta, Struct

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.headers import (
    CORRELATION_ID,
    IDEMPOTENCY_KEY,
    TRACEPARENT,
    correlation_of,
    idempotency_key,
)
from taskward.http.native.tasks import accepted
from taskward.model.states import State
from taskward.model.workflow import Node, graph_of, schema_of
from taskward.ports import Shelved
from taskward.service.workflows import JobState
from taskward.wire import JobView, Page, StepNode, TaskView, WorkflowDetail, WorkflowRun, WorkflowView

routes = Routes("workflows")


class OfClient(Struct, frozen=True, forbid_unknown_fields=True):
    """Whose workflows."""

    client: Annotated[
        str, Meta(max_length=200, description="As this client sees them; a credential of a client has no choice")
    ] = ""


@routes(
    "GET",
    "/workflows",
    "List workflows",
    Answer(200, "The workflows, those whose file is wrong too", Page[WorkflowView]),
    query=OfClient,
)
async def workflows(call: Call[OfClient, None]) -> ASGIApp:
    """Those of the folders that this server was started with, as their files are now."""
    found = await call.service.workflows.all(call.principal, call.query.client)
    return reply(200, Page([_workflow_view(shelved) for shelved in found]))


@routes(
    "GET",
    "/workflows/{name}",
    "Get a workflow",
    Answer(200, "The workflow, with the JSON Schema of its parameters and its steps", WorkflowDetail),
    query=OfClient,
    errors=(404, 409),
)
async def workflow(call: Call[OfClient, None]) -> ASGIApp:
    """The steps say what each needs: drawn, they are the picture of the workflow."""
    return reply(
        200, _workflow_detail(await call.service.workflows.get(call.principal, call.name(), call.query.client))
    )


@routes(
    "POST",
    "/workflows/{name}:run",
    "Submit a job of a workflow",
    Answer(202, "The job", TaskView, headers=("Location", "Operation-Location", "Retry-After", "ETag")),
    body=WorkflowRun,
    body_optional=True,
    headers=(IDEMPOTENCY_KEY, CORRELATION_ID, TRACEPARENT),
    errors=(404, 409),
)
async def run_workflow(call: Call[NoQuery, WorkflowRun]) -> ASGIApp:
    """The parameters are checked before anything is accepted. The job keeps the workflow as it is now."""
    task = await call.service.workflows.submit(
        call.principal,
        call.name(),
        call.body,
        idempotency_key=idempotency_key(call),
        correlation_id=correlation_of(call.header("correlation-id"), call.header("traceparent")),
    )
    return accepted(call, task, {"Location": f"{call.site.prefix}/v1/tasks/{task.id}"})


@routes(
    "GET",
    "/tasks/{task}/workflow",
    "Get what a job runs",
    Answer(200, "The workflow as it was submitted, and how far each step is", JobView),
    errors=(404,),
)
async def job(call: Call[NoQuery, None]) -> ASGIApp:
    """For a task that is a job, whatever became of the workflow's file since."""
    return reply(200, _job_view(await call.service.workflows.job(call.principal, call.ref)))


# ------------------------------------------------------------------ views


def _workflow_view(shelved: Shelved) -> WorkflowView:
    """A workflow in a list."""
    return WorkflowView(**_workflow_facts(shelved))


def _workflow_detail(shelved: Shelved) -> WorkflowDetail:
    """A workflow with its parameters and its picture, both empty while there is none."""
    definition = shelved.definition
    return WorkflowDetail(
        **_workflow_facts(shelved),
        digest="" if definition is None else definition.digest,
        schema={} if definition is None else schema_of(definition.workflow),
        steps=[] if definition is None else [_step_node(node, None, []) for node in graph_of(definition.workflow)],
    )


def _job_view(job: JobState) -> JobView:
    """What a job runs, and how far it is."""
    definition = job.definition
    return JobView(
        workflow=definition.workflow.name,
        client=definition.client,
        digest=definition.digest,
        steps=[
            _step_node(node, job.states.get(node.name), job.tasks.get(node.name, []))
            for node in graph_of(definition.workflow)
        ],
    )


def _workflow_facts(shelved: Shelved) -> dict[str, Any]:
    definition = shelved.definition
    return {
        "name": shelved.name,
        "client": shelved.client,
        "description": "" if definition is None else definition.workflow.description,
        "source": shelved.source,
        "problem": shelved.problem,
        "usable": definition is not None,
    }


def _step_node(node: Node, state: State | None, tasks: list[UUID]) -> StepNode:
    return StepNode(**msgspec.structs.asdict(node), state=state, tasks=tasks)
