"""A task as it is shown and changed."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from taskward.model.policy import Priority, Resource
from taskward.model.states import State
from taskward.model.task import Kind, Progress, TaskError
from taskward.wire.instant import Instant


class Links(Struct, frozen=True):
    """Where to go from a task."""

    self: str
    tree: str
    logs: str
    events: str
    why: str
    parent: str | None = None
    root: str | None = None


class TaskView(Struct, frozen=True, kw_only=True):
    """A task as `/v1` shows it."""

    id: UUID
    number: int
    kind: Kind
    operation: str
    name: str
    module: str
    type: str
    scope: str
    labels: dict[str, str]
    client: str
    created_by: str
    correlation_id: str
    root_id: UUID
    parent_id: UUID | None
    key: str | None
    rerun_of: UUID | None
    superseded_by: UUID | None
    state: State
    attempt: int
    failures: int
    losses: int
    version: int
    worker: str | None
    priority: int
    queue: str
    pool: str
    gate: str | None
    resources: list[Resource]
    args: Any
    """A JSON object. Secrets are masked to their last four characters."""
    result: Any
    """What the operation returned; None also while there is nothing yet."""
    error: TaskError | None
    progress: Progress
    abortable: bool
    internal: bool
    persist: bool
    created_at: Instant
    run_at: Instant | None
    queued_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    cancel_requested_at: Instant | None
    updated_at: Instant
    expires_at: Instant | None
    folded_count: int
    dropped: dict[str, int]
    links: Links


class Patch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/tasks/{id}`. `state: canceled` is the same as `:cancel`."""

    priority: Priority | UnsetType = UNSET
    run_at: Instant | UnsetType = UNSET
    gate: str | UnsetType | None = UNSET
    persist: bool | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    state: State | UnsetType = UNSET
