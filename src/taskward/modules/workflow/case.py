"""A job's case: its definition, its parameters, and what its steps have brought about so far."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from taskward.model.errors import NotFound
from taskward.model.masking import mask_texts
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.workflow import Step, TemplateError, Workflow, evaluate, secrets
from taskward.ports import Definition, Definitions, JobArguments, Tasks, WorkflowShelf

_MOST_ITEMS = 10_000

STEP = "workflow.step"
"""Full name of the operation that is one of its steps."""


class Ending(Struct, frozen=True):
    """How a step has ended, as later templates see it."""

    state: State
    outputs: dict[str, Any] = {}


class Case(Struct, frozen=True):
    """What the steps of one job share. `parameters` are complete, their paths absolute."""

    workflow: Workflow
    parameters: dict[str, Any]
    job: dict[str, Any]
    is_common: bool
    """Whether its client has no definition of its own."""

    def scope(self, endings: Mapping[str, Ending], more: Mapping[str, Any] = {}) -> dict[str, Any]:
        """What the templates of a step see."""
        steps = {name: {"state": ending.state.value, "outputs": ending.outputs} for name, ending in endings.items()}
        return {"parameters": self.parameters, "job": self.job, "steps": steps, **more}

    @property
    def hide(self) -> Callable[[str], str]:
        """Takes the secrets among the parameters out of a text."""
        hidden = secrets(self.workflow, self.parameters)

        def hide(text: str) -> str:
            return str(mask_texts(text, hidden))

        return hide


class CaseFiles:
    """Opens the cases of jobs."""

    def __init__(self, tasks: Tasks, definitions: Definitions, shelf: WorkflowShelf) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._shelf = shelf

    async def open(self, job: Task) -> Case:
        """The case of a job with a definition. Raises NotFound, Invalid (its parameters do not fit any more)."""
        args = await self.arguments(job.id)
        definition = Definition.read(await self._definitions.get(args.definition))
        if definition.client not in {"", job.client}:
            raise NotFound("workflow definition", args.definition)
        workflow = definition.workflow
        return Case(
            workflow=workflow,
            parameters=await self._shelf.check(workflow, args.parameters),
            job={
                "id": str(job.id),
                "number": job.number,
                "client": job.client,
                "workflow": workflow.name,
                "attempt": job.attempt,
            },
            is_common=bool(job.client) and not definition.client,
        )

    async def arguments(self, job_id: UUID) -> JobArguments:
        """What it was submitted with, secrets and all."""
        return msgspec.json.decode((await self._tasks.asked(job_id)).args, type=JobArguments)


def key_of(step: str, index: int | None) -> str:
    """The name of a step's child among the children of the job."""
    return step if index is None else f"{step}[{index}]"


def items_of(step: Step, scope: Mapping[str, Any]) -> list[Any]:
    """The items that a step runs for. Raises TemplateError."""
    items = evaluate(step.for_each, scope)
    if not isinstance(items, list):
        raise TemplateError("for_each is not a list")
    if len(items) > _MOST_ITEMS:
        raise TemplateError(f"for_each has {len(items)} items, at most {_MOST_ITEMS} are run")
    return items
