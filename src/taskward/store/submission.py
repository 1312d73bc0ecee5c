"""Accepting tasks."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec

from taskward.model.errors import Conflict, Gone, Invalid, KeyReused, NotFound, TaskwardError
from taskward.model.policy import Rules
from taskward.model.states import State
from taskward.model.task import Kind, NewTask, Progress, Task, TaskError
from taskward.ports import IdempotencyKey, Submission, Submitted
from taskward.store import lines
from taskward.store.plan import Ledger, Plan, Q, text
from taskward.store.rows import Brief, brief_from, from_micros, micros_or_none, task_from
from taskward.store.settling import end_waiting, settle

_ids = msgspec.json.Decoder(list[UUID]).decode
_MICROSECOND = timedelta(microseconds=1)
_NO_RULES = Rules()
_NO_PROGRESS = Progress()


def submit(submissions: Sequence[Submission], now: int) -> Plan[list[Submitted | TaskwardError]]:
    """Accepts many submissions in one transaction; each is answered on its own, by tasks or by its error."""
    ledger = Ledger(now)
    answers: list[Submitted | TaskwardError] = []
    fresh: list[_Accepted] = []
    pending: list[tuple[int, list[_Accepted]]] = []
    for submission in submissions:
        try:
            outcome = yield from _accept(submission, ledger)
        except TaskwardError as error:
            answers.append(error)
            continue
        if isinstance(outcome, Submitted):
            answers.append(outcome)
            continue
        pending.append((len(answers), outcome))
        answers.append(Submitted(()))
        fresh += (accepted for accepted in outcome if accepted.known is None)
        if submission.idempotency or any(new.key or new.depends_on or new.parent_id for new in submission.tasks):
            # Later submissions of the group may name these tasks.
            yield from _insert(fresh, ledger)
            fresh = []
    yield from _insert(fresh, ledger)
    for index, accepted in pending:
        replayed = all(one.known is not None and one.doom is None for one in accepted)
        answers[index] = Submitted(tuple(one.task() for one in accepted), replayed)
    yield from ledger.write()
    return answers


class _Accepted:
    """A task on its way into the table: what was asked, and what the store decided."""

    __slots__ = ("doom", "known", "new", "now", "number", "root_id", "state", "ungranted", "unmet")

    def __init__(self, new: NewTask, now: int) -> None:
        self.new = new
        self.now = now
        self.number = 0
        self.root_id = (new.root_id or new.id).bytes
        self.state = State.QUEUED
        self.unmet = 0
        self.ungranted = 0
        self.known: Task | None = None
        self.doom: State | None = None

    @property
    def id(self) -> bytes:
        return self.new.id.bytes

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
    def attempt(self) -> int:
        return 1 if self.new.kind is Kind.EXTERNAL else 0

    def row(self) -> tuple[object, ...]:
        new, now = self.new, self.now
        rules = new.rules
        running = self.state is State.RUNNING
        return (
            self.id, new.kind.value, new.operation, new.name, new.module, new.type, new.scope,
            text(new.labels) if new.labels else "{}", new.client, new.created_by, new.correlation_id, self.root_id,
            None if new.parent_id is None else new.parent_id.bytes, new.key,
            None if new.rerun_of is None else new.rerun_of.bytes, self.state.value, self.attempt, new.priority,
            new.queue, new.pool, new.gate, text(new.resources) if new.resources else "[]", new.args.decode(),
            None if new.args_shown is None else new.args_shown.decode(),
            "{}" if rules == _NO_RULES else text(rules),
            None if rules.ttl is None else rules.ttl // _MICROSECOND, rules.retry.lost_limit, new.abortable,
            new.internal, new.persist, new.folds, rules.pausable, self.unmet, self.ungranted, new.even_if_failed, now,
            micros_or_none(new.run_at), now if self.state is State.QUEUED or running else None,
            now if running else None,
        )  # fmt: skip

    def task(self) -> Task:
        if self.known is not None:
            return self.known
        new, at = self.new, from_micros(self.now)
        ready = self.state in (State.QUEUED, State.RUNNING)
        return Task(
            id=new.id, number=self.number, kind=new.kind, operation=new.operation, name=new.name, module=new.module,
            type=new.type, scope=new.scope, labels=new.labels, client=new.client, created_by=new.created_by,
            correlation_id=new.correlation_id, root_id=new.root_id or new.id, parent_id=new.parent_id, key=new.key,
            rerun_of=new.rerun_of, superseded_by=None, state=self.state, attempt=self.attempt, failures=0, losses=0,
            version=1, worker=None, priority=new.priority, queue=new.queue, pool=new.pool, gate=new.gate,
            resources=new.resources, args=msgspec.Raw(new.args if new.args_shown is None else new.args_shown),
            result=None, error=None, progress=_NO_PROGRESS, rules=new.rules, abortable=new.abortable,
            internal=new.internal, persist=new.persist, folds=new.folds, created_at=at, run_at=new.run_at,
            queued_at=at if ready else None, started_at=at if self.state is State.RUNNING else None, finished_at=None,
            cancel_requested_at=None, updated_at=at, expires_at=None, folded_count=0, folded_done=0, folded_total=0,
            dropped={},
        )  # fmt: skip


def _accept(submission: Submission, ledger: Ledger) -> Plan[Submitted | list[_Accepted]]:
    """Checks a submission and takes its places in lines.

    Every refusal is raised before the first write of the submission, so a refused one leaves no trace.
    """
    key = submission.idempotency
    known = None if key is None else (yield from _replay(key))
    if known is not None:
        return known
    accepted = [_Accepted(new, ledger.now) for new in submission.tasks]
    own = {new.id.bytes for new in submission.tasks}
    parents = yield from _parents(submission, own)
    dependencies = yield from _dependencies(submission, own)
    repeated = yield from _superseded(submission)
    yield from _check_pools(submission)
    if key is not None:
        ids = text([new.id for new in submission.tasks])
        if not (yield Q.insert_idempotency(key.client, key.key, key.fingerprint, ids, ledger.now)):
            known = yield from _replay(key)
            if known is not None:
                return known
    if repeated is not None:
        yield Q.supersede(repeated.id, accepted[0].id, ledger.now)
        ledger.event(
            repeated.id, repeated.root_id, repeated.client, "updated", {"superseded_by": submission.tasks[0].id}
        )
    for one in accepted:
        parent = parents.get(one.new.parent_id.bytes) if one.new.parent_id else None
        if parent is not None:
            one.root_id = parent.root_id
            if one.new.key is not None:
                yield from _take_key(one, parent, ledger)
        if one.known is None:
            yield from _admit(one, dependencies, own, parent, ledger)
    return accepted


def _replay(key: IdempotencyKey) -> Plan[Submitted | None]:
    """What the same request was answered before."""
    rows = yield Q.get_idempotency(key.client, key.key)
    if not rows:
        return None
    fingerprint, task_ids = rows[0]
    if fingerprint != key.fingerprint:
        raise KeyReused(f"idempotency key {key.key} was used for another request; use a new key")
    ids = _ids(task_ids)
    found = {task.id: task for task in map(task_from, (yield Q.get_tasks([one.bytes for one in ids])))}
    missing = [one for one in ids if one not in found]
    if missing:
        raise Gone("task", missing[0])
    return Submitted(tuple(found[one] for one in ids), replayed=True)


def _check_pools(submission: Submission) -> Plan[None]:
    for pool in sorted({new.pool for new in submission.tasks if new.pool}):
        if not (yield Q.pool_exists(pool)):
            raise Invalid("/pool", f"no pool is called {pool}; make it first, or leave it out")


def _parents(submission: Submission, own: set[bytes]) -> Plan[dict[bytes, Brief]]:
    wanted = sorted({new.parent_id.bytes for new in submission.tasks if new.parent_id is not None} - own)
    if not wanted:
        return {}
    found = {task.id: task for task in map(brief_from, (yield Q.share_tasks(wanted)))}
    for one in wanted:
        if one not in found:
            raise NotFound("parent task", UUID(bytes=one))
        if found[one].is_final:
            raise Conflict(f"parent task {found[one].number} has ended {found[one].state} and takes no more children")
    return found


def _dependencies(submission: Submission, own: set[bytes]) -> Plan[dict[bytes, Brief]]:
    wanted = sorted({one.bytes for new in submission.tasks for one in new.depends_on} - own)
    if not wanted:
        return {}
    found = {task.id: task for task in map(brief_from, (yield Q.share_tasks(wanted)))}
    for one in wanted:
        if one not in found:
            raise NotFound("dependency", UUID(bytes=one))
    return found


def _superseded(submission: Submission) -> Plan[Brief | None]:
    if submission.supersedes is None:
        return None
    rows = yield Q.lock_task(submission.supersedes.bytes)
    if not rows:
        raise NotFound("task", submission.supersedes)
    task = brief_from(rows[0])
    if not task.is_final:
        raise Conflict(
            f"task {task.number} is {task.state}; only a task that has ended can be run again: cancel it first"
        )
    return task


def _take_key(one: _Accepted, parent: Brief, ledger: Ledger) -> Plan[None]:
    """Finds the child that has the spawn key; one that did not end well gives the key up."""
    rows = yield Q.find_key(parent.id, one.new.key)
    if not rows:
        return
    holder = brief_from(rows[0])
    if holder.state in (State.FAILED, State.CANCELED, State.SKIPPED):
        yield Q.release_key(holder.id, one.id, ledger.now)
        return
    [row] = yield Q.get_task(holder.id)
    one.known = task_from(row)


def _admit(
    one: _Accepted, dependencies: dict[bytes, Brief], own: set[bytes], parent: Brief | None, ledger: Ledger
) -> Plan[None]:
    """Decides the state a new task gets."""
    new = one.new
    wanted = dict.fromkeys(one_id.bytes for one_id in new.depends_on)
    ended = [dependencies[one_id] for one_id in wanted if one_id in dependencies and dependencies[one_id].is_final]
    unfinished = list(wanted.keys() - {dependency.id for dependency in ended})
    doomed = not new.even_if_failed and any(dependency.state != State.COMPLETED for dependency in ended)
    if unfinished:
        yield Q.insert_dependency.each((one.id, dependency_id) for dependency_id in unfinished)
        yield Q.mark_has_dependents.each((dependency_id,) for dependency_id in unfinished if dependency_id not in own)
    one.unmet = len(unfinished)
    run_at = micros_or_none(new.run_at)
    if new.kind is Kind.EXTERNAL:
        one.state = State.RUNNING
    elif parent is not None and parent.state == State.CANCELING:
        one.state, one.doom = State.BLOCKED, State.CANCELED
    elif doomed:
        one.state, one.doom = State.BLOCKED, State.SKIPPED
    elif new.paused:
        one.state = State.PAUSED
    elif new.gate is not None or (run_at is not None and run_at > ledger.now):
        one.state = State.SCHEDULED
    elif unfinished:
        one.state = State.BLOCKED
    elif new.resources:
        one.ungranted = yield from lines.join(one.id, new.resources)
        one.state = State.BLOCKED if one.ungranted else State.QUEUED


def _insert(accepted: Sequence[_Accepted], ledger: Ledger) -> Plan[None]:
    """Writes the rows of accepted tasks."""
    if not accepted:
        return
    rows = yield Q.insert_task.each(one.row() for one in accepted)
    numbers: dict[bytes, int] = {row[0]: row[1] for row in rows}
    labels: list[tuple[int, str, str]] = []
    resources: list[tuple[int, str]] = []
    inside: set[bytes] = set()
    for one in accepted:
        one.number = numbers[one.id]
        labels += ((one.number, name, value) for name, value in one.new.labels.items())
        resources += ((one.number, resource.name) for resource in one.new.resources)
        inside.update(dependency.bytes for dependency in one.new.depends_on)
        ledger.moved(one, None, one.state, "created", number=one.number, operation=one.operation, name=one.new.name)
    if labels:
        yield Q.insert_label.each(labels)
    if resources:
        yield Q.insert_task_resource.each(resources)
    inside &= numbers.keys()
    if inside:
        yield Q.mark_has_dependents.each((dependency_id,) for dependency_id in sorted(inside))
    for one in accepted:
        if one.doom is not None:
            yield from _end(one, one.doom, ledger)


def _end(one: _Accepted, state: State, ledger: Ledger) -> Plan[None]:
    """Ends a task that was accepted too late to run."""
    reason = "its parent was asked to stop" if state is State.CANCELED else "a task it depends on did not complete"
    [row] = yield Q.lock_task(one.id)
    ended = yield from end_waiting(
        brief_from(row), state, TaskError(type="NotRun", message=reason, code="dependency"), ledger
    )
    yield from settle([ended], ledger)
    [row] = yield Q.get_task(one.id)
    one.known = task_from(row)
