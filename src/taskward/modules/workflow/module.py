"""The module `workflow`: jobs that files declare, as operations."""

from typing import Any
from uuid import UUID

from taskward.model.errors import Invalid, NotFound
from taskward.model.policy import Retry
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.workflow import TemplateError
from taskward.modules.workflow.case import STEP, CaseFiles, Ending, items_of
from taskward.modules.workflow.job import Job
from taskward.modules.workflow.step import Performer
from taskward.operations import Context, Module
from taskward.ports import JOB, Clock, Store, WorkflowShelf

COMMON_LINE = "No client definitions. Using common definitions."
_MOST_LOSSES = 1_000
"""Workers that may be lost under a job: it only waits, so it is not what ends them."""


def workflow_module(store: Store, shelf: WorkflowShelf, performer: Performer, clock: Clock) -> Module:
    """The module, on this store and this shelf."""
    module = Module("workflow", description="Jobs that workflow files declare")
    files = CaseFiles(store.tasks, store.definitions, shelf)

    async def cancel(task_id: UUID, reason: str) -> None:
        await store.tasks.cancel(task_id, reason, clock.now())

    @module.operation("run", type="job", pausable=True, retry=Retry(lost_limit=_MOST_LOSSES))
    async def run(ctx: Context, workflow: str, parameters: dict[str, Any] = {}, definition: str = "") -> Any:  # noqa: B006 - each run gets a copy
        """Runs a workflow: each step is a task of its own, started as soon as what it needs has ended.

        Without a `definition` (a digest) it is the one in force when the job starts, where the worker has its file.
        """
        if not definition:
            # A run of its own keeps what was found, whatever becomes of the file before it ends.
            found = await shelf.find(ctx.client, workflow)
            definition = found.digest
            await store.definitions.save(definition, found.document, clock.now())
            arguments = {"workflow": workflow, "parameters": parameters, "definition": definition}
            return await (await ctx.spawn(JOB, key="job", name=workflow, arguments=arguments)).result()
        task = await store.tasks.get(ctx.task_id)
        case = await files.open(task)
        if case.is_common:
            ctx.log(COMMON_LINE)
        ctx.progress(0, total=len(case.workflow.steps), unit="steps")
        children = await store.tasks.children(task.id)
        job = Job(
            ctx,
            case,
            # What failed when the job failed before is to be run again; what failed when its worker was lost is not.
            before={child.key: child for child in children if child.key and not (task.failures and _has_failed(child))},
            now=clock.now(),
            cancel=cancel,
        )
        return await job.run()

    @module.operation("step", type="task", spawned_only=True)
    async def step(
        ctx: Context,
        step: str,
        index: int | None = None,
        earlier: dict[str, Ending] = {},  # noqa: B006 - each run gets a copy
        failure: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Runs one step of a job. `earlier` is what the steps before it have brought about."""
        case = await files.open(await _job_of(ctx, store))
        found = case.workflow.steps.get(step) or case.workflow.on_failure.get(step)
        if found is None:
            raise NotFound("step", step)
        scope = case.scope(earlier, {} if failure is None else {"failure": failure})
        if index is not None:
            scope |= {"item": items_of(found, scope)[index], "index": index}
        try:
            return await performer.perform(ctx, case, found, scope)
        except TemplateError as error:
            # It may show the value that did not fit.
            raise TemplateError(case.hide(str(error))) from None

    return module


def _has_failed(child: Task) -> bool:
    return child.is_final and child.state is not State.COMPLETED


async def _job_of(ctx: Context, store: Store) -> Task:
    if ctx.parent_id is None:
        raise Invalid("/operation", f"{STEP} runs as a part of a job only")
    job = await store.tasks.get(ctx.parent_id)
    if job.operation != JOB:
        raise Invalid("/operation", f"{STEP} runs as a part of a job only, not of {job.operation}")
    return job
