"""A task on its way into the table: what was asked, and what the store decided."""

from datetime import timedelta
from operator import attrgetter
from uuid import UUID

import msgspec

from taskward.model.errors import Invalid
from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Kind, NewTask, Progress, Task
from taskward.store.plan import text
from taskward.store.rows import Brief, from_micros, micros_or_none

_MICROSECOND = timedelta(microseconds=1)
_NO_RULES = Rules()
_NO_PROGRESS = Progress()
_TEXTS = (
    "operation", "name", "module", "type", "scope", "client", "created_by", "correlation_id", "key", "queue", "pool",
    "gate",
)  # fmt: skip
_texts_of = attrgetter(*_TEXTS)


class Accepted:
    """One task of a submission at its instant."""

    __slots__ = (
        "above", "depends_on", "doom", "id", "new", "now", "number", "parent", "root_id", "seen", "sequence", "shard",
        "state", "twin", "ungranted", "unmet",
    )  # fmt: skip

    def __init__(self, new: NewTask, now: int) -> None:
        self.new = new
        self.now = now
        self.id = new.id.bytes
        self.parent = None if new.parent_id is None else new.parent_id.bytes
        self.depends_on = tuple(one.bytes for one in new.depends_on) if new.depends_on else ()
        self.number = 0
        self.sequence = 0
        self.shard = 0
        self.root_id = self.id
        self.state = State.QUEUED
        self.unmet = 0
        self.ungranted = 0
        self.doom: State | None = None
        """The state it ends in at once, because it came too late to run."""
        self.seen: Task | None = None
        """The stored task to answer with, where that is not simply what was accepted."""
        self.twin: Accepted | None = None
        """The task of the same submission that has its spawn key."""
        self.above: Accepted | Brief | None = None
        """Its parent, stored or of the same submission."""

    since = None
    """Nothing of it has lasted yet."""

    @property
    def is_new(self) -> bool:
        """Whether it gets a row: its spawn key may name a task that has one."""
        return self.twin is None and (self.seen is None or self.seen.id == self.new.id)

    def check(self) -> None:
        """Raises Invalid for what no database can hold."""
        for name, value in zip(_TEXTS, _texts_of(self.new), strict=True):
            if value and "\0" in value:
                raise Invalid(f"/{name}", "must not contain NUL")
        for label, value in self.new.labels.items():
            if "\0" in label or "\0" in value:
                raise Invalid("/labels", "must not contain NUL")
        if any("\0" in resource.name for resource in self.new.resources):
            raise Invalid("/resources", "must not contain NUL")

    @property
    def answered_id(self) -> UUID:
        """The id of the task that the submitter is answered."""
        if self.twin is not None:
            return self.twin.answered_id
        return self.new.id if self.seen is None else self.seen.id

    @property
    def client(self) -> str:
        return self.new.client

    @property
    def operation(self) -> str:
        return self.new.operation

    @property
    def queue(self) -> str:
        return self.new.queue

    @property
    def internal(self) -> bool:
        return self.new.internal

    @property
    def attempt(self) -> int:
        return 1 if self.new.kind is Kind.EXTERNAL else 0

    def row(self) -> tuple[object, ...]:
        """The parameters of `insert_task`."""
        new, now = self.new, self.now
        rules = new.rules
        running = self.state is State.RUNNING
        return (
            self.id, new.kind.value, new.operation, new.name, new.module, new.type, new.scope,
            text(new.labels) if new.labels else "{}", new.client, new.created_by, new.correlation_id,
            self.root_id, self.parent, new.key,
            None if new.rerun_of is None else new.rerun_of.bytes, self.state.value, self.attempt, new.priority,
            new.queue, new.pool, new.gate, text(new.resources) if new.resources else "[]", new.args.decode(),
            None if new.args_shown is None else new.args_shown.decode(),
            "{}" if rules == _NO_RULES else text(rules),
            None if rules.ttl is None else rules.ttl // _MICROSECOND, rules.retry.lost_limit, new.abortable,
            new.internal, new.persist, new.folds, rules.pausable, self.unmet, self.ungranted, new.even_if_failed, now,
            micros_or_none(new.run_at), now if self.state is State.QUEUED or running else None,
            now if running else None, self.sequence, self.shard, new.is_user_task,
        )  # fmt: skip

    def task(self) -> Task:
        """What the submitter is answered."""
        if self.twin is not None:
            return self.twin.task()
        if self.seen is not None:
            return self.seen
        new, at = self.new, from_micros(self.now)
        root_id = new.id if self.root_id == self.id else UUID(bytes=self.root_id)
        ready = self.state in (State.QUEUED, State.RUNNING)
        return Task(
            id=new.id, number=self.number, kind=new.kind, operation=new.operation, name=new.name, module=new.module,
            type=new.type, scope=new.scope, labels=new.labels, client=new.client, created_by=new.created_by,
            correlation_id=new.correlation_id, root_id=root_id, parent_id=new.parent_id, key=new.key,
            rerun_of=new.rerun_of, superseded_by=None, state=self.state, attempt=self.attempt, failures=0, losses=0,
            version=1, worker=None, priority=new.priority, queue=new.queue, pool=new.pool, gate=new.gate,
            resources=new.resources, args=msgspec.Raw(new.args if new.args_shown is None else new.args_shown),
            result=None, error=None, progress=_NO_PROGRESS, rules=new.rules, abortable=new.abortable,
            internal=new.internal, persist=new.persist, folds=new.folds, created_at=at, run_at=new.run_at,
            queued_at=at if ready else None, started_at=at if self.state is State.RUNNING else None, finished_at=None,
            cancel_requested_at=None, updated_at=at, expires_at=None, folded_count=0, folded_done=0, folded_total=0,
            dropped={}, sequence=self.sequence, shard=self.shard,
        )  # fmt: skip
