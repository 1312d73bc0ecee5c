"""Workflows, and jobs of them."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from taskward.model.policy import Priority
from taskward.model.states import State
from taskward.wire.instant import Instant


class WorkflowRun(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/workflows/{name}:run`."""

    parameters: dict[str, Any] = field(default_factory=dict)
    client: Annotated[str, Meta(max_length=200)] = ""
    """Whose job it is; a credential of a client has no choice."""
    labels: dict[str, str] = field(default_factory=dict)
    priority: Priority | None = None
    pool: Annotated[str, Meta(max_length=100)] | None = None
    run_at: Instant | None = None
    gate: str | None = None
    """A URL that must answer 2xx or 3xx to GET before the job may start."""
    paused: bool = False
    callbacks: list[str] | None = None
    """URLs that are told, by POST, when tasks of its tree start and end and when it ends itself."""
    persist: bool | None = None


class WorkflowView(Struct, frozen=True, kw_only=True):
    """A workflow that jobs can be submitted of, or whose file is wrong."""

    name: str
    client: str
    """Whose own it is; empty for those common to all."""
    description: str
    source: str
    """The file, on the server."""
    problem: str
    """What is wrong with the file now, with lines; what was read of it before stays in force."""
    usable: bool
    """Whether jobs can be submitted: false when the file never was right."""


class StepNode(Struct, frozen=True, kw_only=True):
    """A step in the picture of a workflow. In that of a job it has a state and tasks."""

    name: str
    kind: str
    """run, call, request or wait."""
    rank: int
    """How many steps it needs at least, one after the other, before it can begin: its column."""
    description: str
    queue: str
    needs: list[str]
    when: str
    """Under which condition it runs; empty: always."""
    for_each: str
    """The list it runs once for each item of; empty: once."""
    on_failure: bool
    """Whether it runs when the job has failed, and only then."""
    state: State | None = None
    """None in the picture of a workflow, and of a step that has not begun."""
    tasks: list[UUID] = []
    """Its tasks so far."""


class WorkflowDetail(Struct, frozen=True, kw_only=True):
    """A workflow with its parameters and its picture."""

    name: str
    client: str
    description: str
    source: str
    problem: str
    usable: bool
    digest: str
    """The name of what it says now; jobs keep what they were submitted with."""
    schema: dict[str, Any]
    """JSON Schema of the parameters."""
    steps: list[StepNode]


class JobView(Struct, frozen=True, kw_only=True):
    """What a job runs: the workflow as it was when the job was submitted, and how far each step is."""

    workflow: str
    client: str
    digest: str
    steps: list[StepNode]
