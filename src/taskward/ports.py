"""The seams of Taskward: protocols whose docstrings are the specification.

Everything above talks to these; `taskward.store` implements them twice, on SQLite and on PostgreSQL, and one
conformance suite holds both to what is written here. Instants are aware UTC datetimes, durations timedeltas.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct, field

from taskward.model.conditions import ALWAYS, Condition, Order
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Event, LogLine, NewTask, Progress, Report, Task, TaskError
from taskward.model.tree import Folded


class Clock(Protocol):
    """Where the time comes from; tests turn it by hand."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class Topic(StrEnum):
    """What a process may be woken for."""

    WORK = "work"
    """Something became claimable, or a slot, limit or pause changed."""
    CANCEL = "cancel"
    """A running task was asked to stop or to pause."""
    EVENTS = "events"
    """The journal grew."""
    LOGS = "logs"
    TIMERS = "timers"
    """The next due instant may be earlier than it was."""
    SETTINGS = "settings"


class Subscription(Protocol):
    """One listener's memory of what it was woken for."""

    async def wait(self, timeout: timedelta | None = None) -> frozenset[Topic]:
        """The topics published since the last call, as soon as there is one; empty after `timeout`."""
        ...


class Notifier(Protocol):
    """Carries wake-ups between the parts of one process and between processes.

    A wake-up may be lost or doubled and carries no data: it says "look again". Whoever listens also looks
    at intervals, so a lost one costs time and never work.
    """

    def publish(self, topics: frozenset[Topic]) -> None:
        """Wakes every subscriber of these topics, here and in other processes; never blocks."""
        ...

    def subscribe(self, *topics: Topic) -> AbstractAsyncContextManager[Subscription]:
        """Listens from the moment the context is entered."""
        ...


class IdempotencyKey(Struct, frozen=True):
    """A submitter's promise that two requests are one. `fingerprint` tells payloads apart."""

    client: str
    key: str
    fingerprint: str


class Submission(Struct, frozen=True):
    """Tasks that are accepted together or not at all."""

    tasks: tuple[NewTask, ...]
    idempotency: IdempotencyKey | None = None
    supersedes: UUID | None = None
    """The final or paused task this one repeats; it is marked as superseded in the same transaction."""


class Submitted(Struct, frozen=True):
    """The answer to a submission, durable when it is given."""

    tasks: tuple[Task, ...]
    replayed: bool = False
    """The idempotency key or spawn key was known: these are the tasks accepted before."""


class Finish(Struct, frozen=True, kw_only=True):
    """The end of one attempt.

    `state` is final, or one of: scheduled (retry not before `run_at`), queued (handed back: the attempt did not
    count against anything), paused (stopped at a checkpoint).
    """

    task_id: UUID
    attempt: int
    state: State
    result: bytes | None = None
    error: TaskError | None = None
    progress: Progress | None = None
    run_at: datetime | None = None


class Claim(Struct, frozen=True):
    """A worker's wish for work."""

    queues: tuple[str, ...]
    limit: int
    operations: tuple[str, ...]
    """Full names it can run; others are left for workers that can."""


class Exchange(Struct, frozen=True):
    """What one round with the store brought. `lost` are indexes into the finishes that came too late."""

    claimed: tuple[Task, ...]
    lost: frozenset[int]


class WorkerInfo(Struct, frozen=True, kw_only=True):
    """A process that claims and runs tasks, alive while its heartbeat is."""

    id: UUID
    name: str
    host: str
    pid: int
    queues: tuple[str, ...]
    operations: tuple[str, ...]
    concurrency: int
    version: str
    started_at: datetime
    heartbeat_at: datetime
    state: str = "online"
    """online, draining, gone (said goodbye) or lost (stopped without)."""
    running: int = 0
    current_task: UUID | None = None
    """One of those it runs: the oldest."""


class Pulse(Struct, frozen=True):
    """The store's answer to a heartbeat.

    `alive` is False when the worker was declared lost meanwhile: it must stop what it runs.
    `stop` are the attempts it runs that were asked to end, `pause` those asked to pause at a checkpoint.
    """

    alive: bool
    stop: tuple[tuple[UUID, int], ...] = ()
    pause: tuple[tuple[UUID, int], ...] = ()


class ProgressNote(Struct, frozen=True):
    """New progress of a running task, or of one of its steps."""

    task_id: UUID
    attempt: int
    progress: Progress
    step_id: UUID | None = None


class ReportNote(Struct, frozen=True):
    """A named report of a running task."""

    task_id: UUID
    attempt: int
    report: Report


class LogNote(Struct, frozen=True):
    """A log line to keep."""

    task_id: UUID
    at: datetime
    severity: int
    source: str
    message: str
    attempt: int = 0
    step_id: UUID | None = None
    visible: bool = True
    fields: dict[str, Any] = field(default_factory=dict)


class StepOpened(Struct, frozen=True):
    """A step that is still open when the notes are written: it becomes an addressable task of kind step.

    `record.state` is running; `record.parent_id` is the run's task or an outer step.
    """

    task_id: UUID
    attempt: int
    record: Folded


class StepClosed(Struct, frozen=True):
    """A step that ended: its record goes to its parent, already folded (see `taskward.model.tree`)."""

    task_id: UUID
    attempt: int
    record: Folded


class CreationNote(Struct, frozen=True):
    """A running task has created a resource."""

    task_id: UUID
    attempt: int
    name: str


Note = ProgressNote | ReportNote | CreationNote | LogNote | StepOpened | StepClosed


class Range(Struct, frozen=True):
    """Bounds of an instant; each may be absent. `since` is inclusive, `before` exclusive."""

    since: datetime | None = None
    before: datetime | None = None


class TaskQuery(Struct, frozen=True, kw_only=True):
    """Which tasks a list shows; all conditions hold together. Empty tuples and None mean no condition."""

    states: tuple[State, ...] = ()
    modules: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    client: str | None = None
    parent_id: UUID | None = None
    root_id: UUID | None = None
    roots_only: bool = False
    labels: tuple[tuple[str, str], ...] = ()
    resource: str | None = None
    worker: str | None = None
    queue: str | None = None
    pool: str | None = None
    correlation_id: str | None = None
    created: Range = Range()
    started: Range = Range()
    finished: Range = Range()
    text: str | None = None
    """Case-insensitive substring of name, operation, labels or arguments; looked for in a bounded stretch per page."""
    internal: bool = False
    """Show internal tasks and steps too."""
    sort: str = "-created"
    """created, started or finished; a leading minus for newest first."""
    after: str | None = None
    """Cursor of the page before."""
    limit: int = 50


class TaskPage(Struct, frozen=True):
    """One page. `next` is the cursor of the page after it, None at the end; a page may be short and not the last."""

    tasks: tuple[Task, ...]
    next: str | None


class Search(Struct, frozen=True, kw_only=True):
    """Tasks by any condition, in any order, from any place; steps are never found.

    For front ends that promise totals, offsets and orders by many columns. Those that do not use `TaskQuery`, whose
    pages cost the same however much is stored.
    """

    where: Condition = ALWAYS
    order: tuple[Order, ...] = ()
    """Ties are newest first, and so is no order."""
    offset: int = 0
    limit: int = 100


class Particulars(Struct, frozen=True):
    """What hangs on a task beside its row."""

    children: tuple[UUID, ...] = ()
    """Live children that are no steps, oldest first."""
    reports: tuple[Report, ...] = ()
    created: tuple[str, ...] = ()
    """Names of the resources it told that it created."""


class TreeNode(Struct, frozen=True):
    """A task of a tree, live or folded, in breadth-first order of its tree; `depth` 0 is where the walk began."""

    depth: int
    task: Task | None = None
    folded: Folded | None = None


class Tree(Struct, frozen=True):
    """A walk below a task. `truncated` when `limit` or `depth` cut it."""

    nodes: tuple[TreeNode, ...]
    truncated: bool


class Obstacle(Struct, frozen=True):
    """One closed gate between a task and its start, with the thing behind it.

    `gate` is run_at, gate, dependencies, resources, paused, pool, position or worker.
    """

    gate: str
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)


class Change(Struct, frozen=True, kw_only=True):
    """An operator's change of a task; absent members stay. `if_version` refuses a change based on an older sight."""

    priority: int | None = None
    run_at: datetime | None = None
    gate: str | None = None
    clear_gate: bool = False
    persist: bool | None = None
    labels: dict[str, str] | None = None
    if_version: int | None = None


class Schedule(Struct, frozen=True, kw_only=True):
    """A recurring submission. Exactly one of `every` and `cron` is set; missed ticks collapse into one."""

    name: str
    operation: str
    args: dict[str, Any] = field(default_factory=dict)
    every: timedelta | None = None
    cron: str | None = None
    timezone: str = "UTC"
    first_in: timedelta | None = None
    """Until the first tick after it is made or activated; None means one interval."""
    client: str = ""
    priority: int | None = None
    queue: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    description: str = ""
    active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None
    """When it was last made anew by somebody; ticks do not count."""
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_task_id: UUID | None = None


class Queue(Struct, frozen=True):
    """A named line of claimable tasks; `paused` stops claims from it."""

    name: str
    paused: bool = False
    queued: int = 0
    running: int = 0
    workers: int = 0


class Tally(Struct, frozen=True):
    """A maintained counter: how many tasks of one client, operation and queue are in one state now."""

    client: str
    operation: str
    queue: str
    state: State
    count: int


class Credential(Struct, frozen=True, kw_only=True):
    """A stored credential; of the secret only a hash. `kind` is token, key (client + api-key), user or session."""

    id: UUID
    kind: str
    name: str
    secret_hash: str
    """sha256 in hex for random secrets, a scrypt text for passwords."""
    scopes: tuple[str, ...] = ()
    client: str = ""
    owner: str = ""
    description: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None


class OperationInfo(Struct, frozen=True, kw_only=True):
    """What a process tells of an operation it can run, so that every server can list it and check arguments."""

    name: str
    module: str
    description: str
    spec: dict[str, Any]
    """The defaults and policies, as `taskward.operations.Operation.describe` gives them."""
    schema: dict[str, Any]
    """JSON Schema of the arguments object."""
    seen_at: datetime


class Tasks(Protocol):
    """Tasks: accept, claim, finish, steer, read."""

    async def submit(self, submission: Submission, now: datetime) -> Submitted:
        """Accepts tasks durably: when this returns they survive a crash.

        Each is placed at once: paused, scheduled (its time is to come or it has a gate), blocked (dependency or
        resource), queued, or running for external work. A NewTask whose (parent_id, key) is taken returns the task
        that has it, unless that one failed or was canceled: then the new one takes the key over and supersedes it.
        A child of a task that was asked to stop is canceled at once.

        Raises KeyReused, NotFound (parent, dependency, superseded), Conflict (the parent is final, or the superseded
        task is running or waiting in line).
        """
        ...

    async def exchange(
        self, worker_id: UUID, finishes: Sequence[Finish], claim: Claim | None, now: datetime
    ) -> Exchange:
        """Ends attempts and claims new ones in one transaction.

        A finish changes a task only if it is running or canceling under this worker and attempt; otherwise its index
        is in `lost`. Completed on a canceling task is stored as canceled. Finishing frees the pool slot, wakes the
        next in line of each resource, opens or skips dependents, and folds the task if it folds. Claimed tasks have
        the pool's slot taken, attempt raised, worker and started_at set. Order: priority, then number; a task whose
        pool is full or whose queue is paused never hinders the ones behind it. A worker that was declared lost gets
        nothing.
        """
        ...

    async def record(self, worker_id: UUID | None, notes: Sequence[Note], now: datetime) -> frozenset[UUID]:
        """Writes progress, reports, log lines and steps. Notes of an attempt that is over are dropped (log lines are
        kept); the ids of such tasks are returned. `worker_id` None is for external work.
        """
        ...

    async def cancel(self, task_id: UUID, reason: str, now: datetime) -> list[Task]:
        """Asks a task and all its unfinished descendants to stop. Waiting and external ones end canceled at once,
        running ones become canceling. Idempotent on canceling and canceled. The first of the list is the task.

        Raises NotFound, Gone, NotAbortable, IllegalTransition (it ended otherwise).
        """
        ...

    async def finish_external(
        self, task_id: UUID, state: State, result: bytes | None, error: TaskError | None, now: datetime
    ) -> Task:
        """Ends work tracked from outside: completed, failed or canceled. Raises NotFound, Gone, Conflict (a worker runs
        it), IllegalTransition (it has ended).
        """
        ...

    async def pause(self, task_id: UUID, now: datetime) -> Task:
        """Holds a waiting task; it leaves every line. A running one whose rules say `pausable` is asked to stop at its
        next checkpoint. Raises NotFound, Gone, IllegalTransition.
        """
        ...

    async def resume(self, task_id: UUID, now: datetime) -> Task:
        """Places a paused task again, and withdraws a pause not reached yet.

        Raises NotFound, Gone, IllegalTransition.
        """
        ...

    async def change(self, task_id: UUID, change: Change, now: datetime) -> Task:
        """Applies an operator's change. Priority, run_at and gate only while waiting; persist and labels always.
        Raises NotFound, Gone, Conflict, VersionMismatch.
        """
        ...

    async def open_gate(self, task_id: UUID, now: datetime) -> Task:
        """The outside condition holds: the gate is cleared and the task placed. Raises NotFound, Gone."""
        ...

    async def delete(self, task_id: UUID, now: datetime) -> int:
        """Forgets a final task with its tree; returns how many were removed.
        Raises NotFound, Gone, Conflict (it, or something below it, is not final).
        """
        ...

    async def purge(self, query: TaskQuery, now: datetime) -> int:
        """Forgets up to `query.limit` final roots that match, with their trees, save persistent ones.

        Returns how many.
        """
        ...

    async def prune(self, now: datetime, limit: int) -> int:
        """Forgets up to `limit` roots whose retention is over, and old idempotency keys and tombstones."""
        ...

    async def advance(self, now: datetime, limit: int) -> int:
        """Places up to `limit` scheduled tasks whose time has come and that have no gate; returns how many."""
        ...

    async def next_due(self) -> datetime | None:
        """The earliest instant at which advance, prune or a schedule has something to do."""
        ...

    async def gated(self, now: datetime, asked_before: datetime, limit: int) -> list[Task]:
        """Scheduled tasks whose time has come and whose gate is to be asked now.

        Never asked ones come first, then those last asked at or before `asked_before`. Each is noted as asked now, so
        that of many processes one asks.
        """
        ...

    async def get(self, task_id: UUID) -> Task:
        """Raises NotFound, Gone."""
        ...

    async def by_number(self, number: int) -> Task:
        """Raises NotFound."""
        ...

    async def get_many(self, ids: Sequence[UUID]) -> dict[UUID, Task]:
        """Those that exist."""
        ...

    async def args(self, task_id: UUID) -> bytes:
        """The arguments as they were submitted, secrets included: for a rerun. Raises NotFound, Gone."""
        ...

    async def page(self, query: TaskQuery) -> TaskPage:
        """One page of tasks, by index: the cost does not grow with what is stored. Raises InvalidFilter."""
        ...

    async def search(self, search: Search) -> list[Task]:
        """Up to `limit` tasks from `offset` on. Conditions and orders that have an index are read along it, others
        look at all that is left. Raises InvalidFilter.
        """
        ...

    async def count(self, where: Condition, most: int) -> int:
        """How many tasks a search would find, steps not counted: exact up to `most`, else at least `most`.

        Conditions on state, client and operation alone are answered by maintained counters, without bound.
        """
        ...

    async def particulars(self, ids: Sequence[UUID]) -> dict[UUID, Particulars]:
        """What hangs on each of these tasks; of children at most 10,000 for all together."""
        ...

    async def label_values(self, name: str, *, client: str, offset: int, limit: int) -> list[str]:
        """The values that tasks have for a label, each once, ascending; `client` "" means of all clients."""
        ...

    async def tree(self, task_id: UUID, depth: int, limit: int) -> Tree:
        """Breadth first below a task, live children before folded ones. Raises NotFound, Gone."""
        ...

    async def children(self, task_id: UUID) -> list[Task]:
        """Live children of a task, steps included, oldest first."""
        ...

    async def descendants(self, task_id: UUID) -> list[Task]:
        """Every unfinished task below a task: what a cancel would reach."""
        ...

    async def obstacles(self, task_id: UUID, now: datetime) -> list[Obstacle]:
        """Every closed gate of a waiting task, in the order of admission; empty when it is not waiting.
        Raises NotFound, Gone.
        """
        ...

    async def reports(self, task_id: UUID) -> list[Report]:
        """Named progress reports, in the order they were first made."""
        ...

    async def tallies(self) -> list[Tally]:
        """Maintained counters; reading them counts no task."""
        ...


class Relative(Struct, frozen=True):
    """A child that has a row. `worker` is the name of the one that runs or ran it."""

    id: UUID
    state: State
    worker: str | None


class Brood(Struct, frozen=True):
    """The children of a task without their particulars: those with a row, oldest first, and those that have folded,
    in the order of their ends. `done` of `total` is the progress of those with a row, or of what is below them.
    """

    rows: tuple[Relative, ...] = ()
    folded: Sequence[str] = ()
    """Ids as texts: there may be very many, and nothing is done with them but to show them."""
    done: float = 0
    total: float = 0


class Paths(Struct, frozen=True):
    """Which tasks of a tree have an unfinished one somewhere below them, and which one that did not end well."""

    unfinished: frozenset[UUID]
    marred: frozenset[UUID]


class RosterPage(Struct, frozen=True):
    """One page of what is registered. `next` is the cursor of the page after it, None at the end."""

    tasks: tuple[Task, ...]
    next: tuple[int, int] | None


class Roster(Protocol):
    """What is registered (`Task.is_registered`), and trees read in pieces of bounded size."""

    async def registered(self, module: str, now: datetime, after: tuple[int, int] | None, limit: int) -> RosterPage:
        """A page of what is registered of a module, by index: what is not is not looked at."""
        ...

    async def unregister(self, ids: Sequence[UUID], now: datetime) -> None:
        """Ends the registration of those that are finished, save what is to persist."""
        ...

    async def drain(self, module: str, client: str, now: datetime) -> int:
        """As `unregister`, for a whole module (of one client, unless that is ""); returns how many."""
        ...

    async def modules(self) -> list[str]:
        """Every module that was opened or ever had a root, by name."""
        ...

    async def open_module(self, module: str) -> None:
        """Makes a module known before it has a task; its sequence numbers begin at 1 on every shard."""
        ...

    async def close_module(self, module: str) -> None:
        """Forgets that a module is known, and its sequence numbers."""
        ...

    async def broods(self, ids: Sequence[UUID], *, marred: bool) -> dict[UUID, Brood]:
        """The children of each of these tasks; with `marred`, of those that have folded only the ones on a path to a
        failure. A task without any is absent.
        """
        ...

    async def paths(self, root_id: UUID) -> Paths:
        """See `Paths`. Costs what the rows of the tree that are not completed cost."""
        ...

    async def records(
        self, parents: Sequence[UUID], *, marred: bool, after: int, limit: int
    ) -> list[tuple[int, UUID, Folded]]:
        """Up to `limit` records kept by these tasks, behind a position, in the order in which they folded: position,
        parent, record. With `marred` only those on a path to a failure.
        """
        ...

    async def record(self, parent_id: UUID, task_id: UUID) -> Folded | None:
        """The record of a child that has folded; quick when that was lately."""
        ...


class Journal(Protocol):
    """What happened: events and log lines."""

    async def events(
        self, after: str, *, task_id: UUID | None = None, root_id: UUID | None = None, limit: int = 500
    ) -> list[Event]:
        """Events after a cursor ("" is the beginning), oldest first; none is ever skipped by a reader that goes on
        from the last cursor it saw. Raises InvalidFilter on a cursor that is not one.
        """
        ...

    async def end(self) -> str:
        """The cursor after the newest event."""
        ...

    async def logs(
        self,
        task_id: UUID,
        *,
        after: int = 0,
        limit: int = 1000,
        min_severity: int = 0,
        step_id: UUID | None = None,
        hidden: bool = False,
    ) -> list[LogLine]:
        """Log lines of one task, ascending `seq`, after `after`."""
        ...


class Workers(Protocol):
    """Workers, their leases, and the queues and pools they work."""

    async def register(self, info: WorkerInfo) -> None:
        """Makes a worker known and its lease begin."""
        ...

    async def heartbeat(self, worker_id: UUID, now: datetime) -> Pulse:
        """Renews every lease of the worker with one statement."""
        ...

    async def stops(self, worker_id: UUID) -> Pulse:
        """What `heartbeat` tells, without renewing."""
        ...

    async def held(self, worker_id: UUID) -> list[tuple[UUID, int]]:
        """The tasks and attempts that the worker holds the leases of."""
        ...

    async def retire(self, worker_id: UUID, state: str, now: datetime) -> None:
        """Sets draining or gone."""
        ...

    async def reap(self, before: datetime, now: datetime, limit: int) -> list[Task]:
        """Declares workers lost whose last heartbeat is older than `before`, and ends the attempts of lost and gone
        workers: canceling ones are canceled; the others run again while their policy's `lost_limit` allows, and
        fail with code `worker-lost` after that. Returns up to `limit` tasks it changed.
        """
        ...

    async def workers(self) -> list[WorkerInfo]:
        """Every worker not forgotten, oldest first."""
        ...

    async def forget(self, before: datetime) -> int:
        """Removes workers gone or lost since before an instant."""
        ...

    async def set_pool(self, pool: Pool, now: datetime) -> Pool:
        """Makes or changes a pool; never touches what runs; wakes the dispatchers."""
        ...

    async def delete_pool(self, name: str) -> None:
        """Raises NotFound; Conflict while tasks wait for or run in it."""
        ...

    async def pools(self) -> list[Pool]:
        """Every pool, by name."""
        ...

    async def set_queue_paused(self, name: str, *, paused: bool) -> None:
        """Stops or resumes claims from a queue; what runs goes on."""
        ...

    async def queues(self) -> list[Queue]:
        """Every queue that has tasks, workers or a pause."""
        ...

    async def publish_operations(self, operations: Sequence[OperationInfo]) -> None:
        """Stores what a process can run, replacing what was known by the same names."""
        ...

    async def operations(self) -> list[OperationInfo]:
        """Every operation ever published, by name."""
        ...


class Schedules(Protocol):
    """Recurring submissions."""

    async def save(self, schedule: Schedule, now: datetime) -> Schedule:
        """Makes or replaces one."""
        ...

    async def delete(self, name: str) -> None:
        """Raises NotFound."""
        ...

    async def all(self) -> list[Schedule]:
        """Every schedule, by name."""
        ...

    async def due(self, now: datetime) -> list[Schedule]:
        """Active ones whose next tick has come."""
        ...

    async def tick(
        self, name: str, expected: datetime, next_at: datetime | None, task_id: UUID | None, now: datetime
    ) -> bool:
        """Moves a schedule on if its next tick is still `expected`: of many processes, one gets True.

        None for a tick that submitted nothing: the last task stays the one of the tick before.
        """
        ...


class Registry(Protocol):
    """Small things: run-time settings and credentials."""

    async def settings(self, client: str) -> Mapping[str, str]:
        """Stored run-time settings of a client ("" is the house)."""
        ...

    async def set_setting(self, client: str, name: str, value: str | None, now: datetime) -> str | None:
        """Stores, or with None removes, a setting; returns the value it replaced."""
        ...

    async def add_credential(self, credential: Credential) -> None:
        """Raises Conflict when an active one of this kind and name exists."""
        ...

    async def credential(
        self, kind: str, *, name: str | None = None, secret_hash: str | None = None
    ) -> Credential | None:
        """An unrevoked one, by name or by the hash of its secret."""
        ...

    async def credentials(self, kind: str) -> list[Credential]:
        """Every unrevoked one of a kind, oldest first."""
        ...

    async def revoke(self, credential_id: UUID, now: datetime) -> None:
        """Raises NotFound."""
        ...

    async def touch(self, credential_id: UUID, now: datetime) -> None:
        """Notes that it was used."""
        ...


class Store(Protocol):
    """Everything durable. Opened once per process; methods may be called concurrently."""

    @property
    def tasks(self) -> Tasks:
        """Accept, claim, finish, steer, read."""
        ...

    @property
    def roster(self) -> Roster:
        """What is registered."""
        ...

    @property
    def journal(self) -> Journal:
        """What happened."""
        ...

    @property
    def workers(self) -> Workers:
        """Workers, queues, pools, operations."""
        ...

    @property
    def schedules(self) -> Schedules:
        """Recurring submissions."""
        ...

    @property
    def registry(self) -> Registry:
        """Settings and credentials."""
        ...

    async def open(self) -> None:
        """Connects and migrates under a lock. Raises SchemaTooNew, Unavailable."""
        ...

    async def close(self) -> None:
        """Lets running transactions end and disconnects."""
        ...

    async def check(self) -> None:
        """Raises Unavailable when the store cannot be read and written now."""
        ...
