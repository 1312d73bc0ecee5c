"""The JSON of the native API `/v1`, shared by the server and the Python client.

Instants are RFC 3339 in UTC, durations are seconds in members named `..._seconds`, ids are UUID texts. A list is
`{"items": [...], "next": cursor or null}`. Errors are `Problem` (RFC 9457).
"""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from taskward.model.policy import Priority, Resource, Retry
from taskward.model.states import State
from taskward.model.task import Kind, Progress, TaskError

T = TypeVar("T")

Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with a zone: `2030-01-01T09:30:00Z`."""


class Page(Struct, Generic[T], frozen=True):
    """One page of a list; `next` goes into `?after=`."""

    items: list[T]
    next: str | None = None


class ProblemItem(Struct, frozen=True):
    """One thing wrong with a request: where (JSON pointer or parameter) and what would be right."""

    pointer: str
    detail: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, sent as application/problem+json."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[ProblemItem] = field(default_factory=list)
    task: "TaskView | None" = None
    """The task in play, where a change of state was refused."""


# ------------------------------------------------------------------ tasks


class Submit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks` (or one of up to 1,000 in `{"tasks": [...]}`)."""

    operation: Annotated[str, Meta(min_length=1, max_length=200)]
    args: dict[str, Any] = field(default_factory=dict)
    name: Annotated[str, Meta(max_length=200)] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    priority: Priority | None = None
    queue: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    pool: Annotated[str, Meta(max_length=100)] | None = None
    run_at: Instant | None = None
    gate: str | None = None
    """A URL that must answer 2xx or 3xx to GET before the task may start."""
    depends_on: list[UUID] = field(default_factory=list)
    even_if_failed: bool = False
    resources: list[Resource] | None = None
    """Added to those the operation declares."""
    parent_id: UUID | None = None
    key: str | None = None
    paused: bool = False
    persist: bool | None = None
    timeout_seconds: Annotated[float, Meta(gt=0)] | None = None
    retry: Retry | None = None
    state: State | None = None
    """`running` creates a task tracked from outside: no worker runs it; `operation` need not be registered."""
    abortable: bool | None = None
    """Only with `state: running`."""


class SubmitMany(Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted together or not at all."""

    tasks: Annotated[list[Submit], Meta(min_length=1, max_length=1000)]


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


class Replayed(Struct, frozen=True):
    """Answer to a submission of many: `{"items": [...]}` in the order of the request."""

    items: list[TaskView]


class Patch(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/tasks/{id}`. `state: canceled` is the same as `:cancel`."""

    priority: Priority | UnsetType = UNSET
    run_at: Instant | UnsetType = UNSET
    gate: str | UnsetType | None = UNSET
    persist: bool | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    state: State | UnsetType = UNSET


class CancelBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}:cancel`; may be left out."""

    reason: Annotated[str, Meta(max_length=1000)] = ""


class ExternalProgress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}/progress`, for work tracked from outside.

    With `code` it is a named report, else the task's own progress.
    """

    done: float = 0
    total: float | None = None
    unit: str = ""
    message: str = ""
    code: str | None = None
    state: State = State.RUNNING


class ExternalLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of `POST /v1/tasks/{id}/logs` (`{"lines": [...]}`)."""

    message: str
    severity: str = "info"
    """debug, info, warning, error or fatal."""
    source: str = "external"
    fields: dict[str, Any] = field(default_factory=dict)


class ExternalLogs(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}/logs`."""

    lines: Annotated[list[ExternalLog], Meta(min_length=1, max_length=1000)]


class ExternalEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks/{id}:finish`: how work tracked from outside ended."""

    state: State
    """completed, failed or canceled."""
    result: Any = None
    error: str | None = None


class TreeNodeView(Struct, frozen=True, kw_only=True):
    """A node of a tree, parents before children, breadth first. A folded one is no longer addressable by id."""

    depth: int
    id: UUID
    parent_id: UUID | None
    kind: Kind
    operation: str
    name: str
    type: str
    scope: str
    labels: dict[str, str]
    state: State
    attempt: int
    folded: bool
    progress: Progress
    error: TaskError | None
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    folded_count: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


class TreeView(Struct, frozen=True):
    """A walk below a task; `truncated` when depth or limit cut it."""

    nodes: list[TreeNodeView]
    truncated: bool


class EventView(Struct, frozen=True):
    """One event. In a stream `cursor` is the SSE id and `kind` the SSE event name."""

    cursor: str
    task_id: UUID
    root_id: UUID
    kind: str
    at: Instant
    data: dict[str, Any]


class LogView(Struct, frozen=True):
    """One line of a task's log."""

    seq: int
    task_id: UUID
    step_id: UUID | None
    at: Instant
    severity: str
    source: str
    message: str
    attempt: int
    fields: dict[str, Any]


class ObstacleView(Struct, frozen=True):
    """A closed gate: run_at, gate, dependencies, resources, paused, pool, position or worker."""

    gate: str
    detail: str
    facts: dict[str, Any]


class WhyView(Struct, frozen=True):
    """Why a task waits. `waiting` is False, and `obstacles` empty, when it does not."""

    task_id: UUID
    state: State
    waiting: bool
    obstacles: list[ObstacleView]


class CancelPreview(Struct, frozen=True):
    """What a cancel would reach."""

    items: list[TaskView]


class PurgeBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks:purge`: which final roots to forget."""

    states: list[State] = field(default_factory=lambda: [State.COMPLETED])
    finished_before: Instant | None = None
    module: str | None = None
    operation: str | None = None
    client: str | None = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 10_000


class WaitBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tasks:wait`: answered when every task meant is final, or after `timeout_seconds`.

    Meant are the tasks named by `ids`; without ids, every root that the other members let through.
    """

    ids: Annotated[list[UUID], Meta(max_length=1000)] = field(default_factory=list)
    module: str | None = None
    operation: str | None = None
    client: str | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    timeout_seconds: Annotated[float, Meta(ge=0, le=300)] = 30


class Waited(Struct, frozen=True):
    """Answer to a wait. `done` is False when the time was over first."""

    done: bool
    items: list[TaskView]
    """The tasks named, as they are now and in the order named; of a filter, up to 1,000 that are still unfinished."""


class Removed(Struct, frozen=True):
    """How many tasks were forgotten."""

    removed: int


# ------------------------------------------------------------------ the rest


class ModuleView(Struct, frozen=True):
    """Operations of similar nature, with one retention policy."""

    name: str
    description: str
    operations: list[str]
    ttl_seconds: float | None
    fold: bool


class OperationView(Struct, frozen=True):
    """A registered kind of work."""

    name: str
    module: str
    description: str
    schema: dict[str, Any]
    """JSON Schema of `args`."""
    spec: dict[str, Any]
    workers: int
    """Live workers that can run it."""


class WorkerView(Struct, frozen=True, kw_only=True):
    """A process that claims and runs tasks."""

    id: UUID
    name: str
    host: str
    pid: int
    state: str
    queues: list[str]
    operations: list[str]
    concurrency: int
    running: int
    version: str
    started_at: Instant
    heartbeat_at: Instant


class QueueView(Struct, frozen=True):
    """A line of claimable tasks."""

    name: str
    paused: bool
    queued: int
    running: int
    workers: int


class QueuePatch(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PATCH /v1/queues/{name}`."""

    paused: bool


class PoolBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/pools/{name}`."""

    limit: Annotated[int, Meta(ge=1, le=1_000_000)]
    reserved: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    threshold: Priority = 5


class PoolView(Struct, frozen=True):
    """A bound on concurrently running roots, and how full it is."""

    name: str
    limit: int
    reserved: int
    threshold: int
    running: int
    running_ordinary: int


class ScheduleBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/schedules/{name}`: exactly one of `every_seconds` and `cron`."""

    operation: str
    args: dict[str, Any] = field(default_factory=dict)
    every_seconds: Annotated[float, Meta(ge=1)] | None = None
    cron: str | None = None
    timezone: str = "UTC"
    first_in_seconds: Annotated[float, Meta(ge=0)] | None = None
    priority: Priority | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""
    active: bool = True


class ScheduleView(Struct, frozen=True, kw_only=True):
    """A recurring submission."""

    name: str
    operation: str
    args: dict[str, Any]
    every_seconds: float | None
    cron: str | None
    timezone: str
    priority: int | None
    queue: str | None
    labels: dict[str, str]
    description: str
    active: bool
    next_at: Instant | None
    last_at: Instant | None
    last_task_id: UUID | None


class SettingView(Struct, frozen=True, kw_only=True):
    """A run-time setting (`task_ttl`, ...): its value now, the default, and what it does."""

    name: str
    value: str
    default: str
    source: str
    description: str


class SettingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/settings/{name}`."""

    value: str | int | float | bool


class StatsView(Struct, frozen=True, kw_only=True):
    """Maintained counters; no task is counted to answer this."""

    states: dict[str, int]
    operations: dict[str, dict[str, int]]
    queues: dict[str, dict[str, int]]
    workers: int
    version: str


class CredentialView(Struct, frozen=True, kw_only=True):
    """A token, api-key or user; never its secret."""

    id: UUID
    name: str
    scopes: list[str]
    client: str
    owner: str
    description: str
    created_at: Instant
    expires_at: Instant | None
    used_at: Instant | None


class TokenBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/tokens`."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    scopes: list[str] = field(default_factory=lambda: ["read"])
    description: str = ""
    expires_at: Instant | None = None
    expires_in_seconds: Annotated[float, Meta(gt=0)] | None = None
    client: str = ""


class ClientBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/clients`."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    description: str = ""


class UserBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /v1/users`."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
    password: Annotated[str, Meta(min_length=8, max_length=1000)]
    role: str = "viewer"
    """admin, operator or viewer."""


class Issued(Struct, frozen=True):
    """A new credential with its secret, which is shown this once."""

    credential: CredentialView
    secret: str


class LoginBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /v1/session`."""

    user: str
    password: str


class WhoView(Struct, frozen=True):
    """The caller, as the server knows it."""

    name: str
    kind: str
    client: str
    scopes: list[str]
