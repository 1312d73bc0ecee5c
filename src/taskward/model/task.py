"""A task: one run of an operation, or a tracked run outside."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct, field, structs

from taskward.model.policy import PRIORITY_DEFAULT, Resource, Rules
from taskward.model.states import FINAL, State


class Kind(StrEnum):
    """Who runs a task."""

    TASK = "task"
    """A worker claims and runs it."""
    STEP = "step"
    """A part tracked inside the run of its parent; no worker ever claims it."""
    EXTERNAL = "external"
    """Something outside runs it and reports progress, logs and its end."""


class Progress(Struct, frozen=True):
    """How far a task is. `total` is None while unknown; both count in `unit` (bytes, files, "")."""

    done: float = 0
    total: float | None = None
    unit: str = ""
    message: str = ""


class Report(Struct, frozen=True):
    """A named progress report beside the task's own progress."""

    code: str
    done: float = 0
    total: float | None = None
    unit: str = ""
    message: str = ""
    state: State = State.RUNNING

    def within(self, task: State) -> "Report":
        """The report as it is to be shown while its task is in this state: it does not outlive the task's run."""
        return structs.replace(self, state=task) if task in FINAL and self.state is State.RUNNING else self


class TaskError(Struct, frozen=True):
    """Why a run did not complete. `type` is the class's name; `names` adds those of its bases, for retry rules."""

    type: str
    message: str
    traceback: str = ""
    names: tuple[str, ...] = ()
    code: str = ""
    """A stable word for outcomes the engine decides: `timeout`, `worker-lost`, `killed`, `aborted`, ..."""


class Task(Struct, frozen=True, kw_only=True):
    """A task as stored. Instants are aware UTC datetimes."""

    id: UUID
    number: int
    kind: Kind
    operation: str
    """Full name, `module.operation`."""
    name: str
    """What people call it: the operation's name unless the submitter or a step gave another."""
    module: str
    type: str
    scope: str
    labels: dict[str, str]
    client: str
    """The tenant it belongs to; empty for the house itself."""
    created_by: str
    correlation_id: str

    root_id: UUID
    parent_id: UUID | None
    key: str | None
    """The name under which a retried parent finds this child again."""
    rerun_of: UUID | None
    superseded_by: UUID | None

    state: State
    attempt: int
    """0 before the first claim, then 1, 2, ...; also the fencing token of a run."""
    failures: int
    """Errors so far that were worth a retry."""
    losses: int
    """Workers lost under this task so far."""
    version: int
    """Grows with every change a reader can see; the ETag."""
    worker: str | None
    priority: int
    queue: str
    pool: str
    gate: str | None
    resources: tuple[Resource, ...]

    args: Raw
    result: Raw | None
    error: TaskError | None
    progress: Progress
    rules: Rules

    abortable: bool
    internal: bool
    persist: bool
    folds: bool
    """Disappears into its parent's record when it has finished with all below it."""

    created_at: datetime
    run_at: datetime | None
    queued_at: datetime | None
    """When nothing but a slot and a worker was left to wait for."""
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    updated_at: datetime
    expires_at: datetime | None

    folded_count: int
    """Children that have folded into this task."""
    folded_done: float
    folded_total: float
    dropped: dict[str, int]
    """How many descendants folding has forgotten, by final state."""

    sequence: int = 0
    """Its root's place among the roots of the module and shard: 1, 2, ..."""
    shard: int = 0
    """Which of several counters numbered it: transactions that commit at the same time count on different shards."""
    unregistered_at: datetime | None = None
    """From when on a registry of what runs and of what has just ended does not show it: for a child, and for what is
    internal, the instant of its end. None while it is unfinished, and for what is to persist."""

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more."""
        return self.state in FINAL

    @property
    def is_root(self) -> bool:
        """Whether it has no parent."""
        return self.parent_id is None

    def is_registered(self, now: datetime) -> bool:
        """Whether a registry shows it: unfinished, or a finished root whose time there is not over."""
        return self.unregistered_at is None or self.unregistered_at > now


class NewTask(Struct, frozen=True, kw_only=True):
    """What a submitter asks for, completed by the operation's defaults; ids are given by the caller."""

    id: UUID
    operation: str
    name: str
    module: str
    args: bytes = b"{}"
    """JSON object."""
    args_shown: bytes | None = None
    """`args` with secrets masked, when that differs: what readers get."""
    kind: Kind = Kind.TASK
    type: str = ""
    scope: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    client: str = ""
    created_by: str = ""
    correlation_id: str = ""
    root_id: UUID | None = None
    """None for a root."""
    parent_id: UUID | None = None
    key: str | None = None
    rerun_of: UUID | None = None
    priority: int = PRIORITY_DEFAULT
    queue: str = "default"
    pool: str = ""
    run_at: datetime | None = None
    gate: str | None = None
    depends_on: tuple[UUID, ...] = ()
    even_if_failed: bool = False
    """Run whatever the outcome of `depends_on`; otherwise the task is skipped when one did not complete."""
    resources: tuple[Resource, ...] = ()
    paused: bool = False
    callbacks: tuple[str, ...] | None = None
    """URLs that are told what becomes of this root and what is below it; None: it is not followed."""
    abortable: bool = True
    internal: bool = False
    persist: bool = False
    folds: bool = False
    rules: Rules = Rules()
    shard: int | None = None
    """None: that of the parent, or for a root one that nobody counts on right now."""

    @property
    def is_user_task(self) -> bool:
        """Whether its label says that a user started it, so that it is shown for `user_task_ttl` when it has ended."""
        return self.labels.get("user_task") == "true"


class Event(Struct, frozen=True):
    """One thing that happened to a task, in the order it happened.

    `cursor` resumes a stream after this event: opaque, ordered by the store.
    `kind` is created, state, progress, updated or deleted; `data` its facts.
    """

    cursor: str
    task_id: UUID
    root_id: UUID
    client: str
    kind: str
    at: datetime
    data: dict[str, Any]


class LogLine(Struct, frozen=True):
    """One line of a task's log. `severity`: 0 debug, 1 info, 2 warning, 3 error, 4 fatal."""

    seq: int
    task_id: UUID
    at: datetime
    severity: int
    source: str
    """Who speaks: api, controller, worker, callback, or the body's own word."""
    message: str
    attempt: int = 0
    step_id: UUID | None = None
    visible: bool = True
    fields: dict[str, Any] = field(default_factory=dict)
