"""Accepting tasks."""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from uuid import UUID

import msgspec

from taskward.model.errors import Conflict, Gone, Invalid, KeyReused, NotFound, TaskwardError
from taskward.model.states import State
from taskward.model.task import Kind, TaskError
from taskward.ports import IdempotencyKey, Role, Submission, Submitted
from taskward.store import lines
from taskward.store.accepted import Accepted
from taskward.store.canceling import cancel_tree, lock_lines_below, superseded
from taskward.store.numbering import number
from taskward.store.plan import Ledger, Plan, Q, in_pieces, text
from taskward.store.rows import Brief, brief_from, micros_or_none, task_from
from taskward.store.settling import end_waiting, settle

_ids = msgspec.json.Decoder(list[UUID]).decode


def submit(wishes: Sequence[tuple[Submission, int]]) -> Plan[list[Submitted | TaskwardError]]:
    """Accepts submissions, each at its instant, in one transaction; each is answered by its tasks or its error."""
    ledger = Ledger(0)
    yield from lines.lock(
        resource.name for submission, _ in wishes for new in submission.tasks for resource in new.resources
    )
    answers: list[Submitted | TaskwardError] = []
    fresh: list[Accepted] = []
    pending: list[tuple[int, list[Accepted]]] = []
    for submission, now in wishes:
        ledger.now = now
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
        fresh += (one for one in outcome if one.is_new)
        if submission.idempotency or any(new.key or new.depends_on or new.parent_id for new in submission.tasks):
            # Later submissions of the group may name these tasks.
            yield from _insert(fresh, ledger)
            fresh = []
    yield from _insert(fresh, ledger)
    for index, accepted in pending:
        replayed = bool(accepted) and not any(one.is_new for one in accepted)
        answers[index] = Submitted(tuple(one.task() for one in accepted), replayed)
    yield from ledger.write()
    return answers


def _accept(submission: Submission, ledger: Ledger) -> Plan[Submitted | list[Accepted]]:
    """Checks a submission and takes its places in lines.

    Every refusal is raised before the first write of the submission, so a refused one leaves no trace.
    """
    key = submission.idempotency
    known = None if key is None else (yield from _replay(key))
    if known is not None:
        return known
    accepted = [Accepted(new, ledger.now) for new in submission.tasks]
    for one in accepted:
        one.check()
    own = _check_own(accepted)
    relatives = yield from _relatives(accepted, own)
    repeated = yield from _superseded(submission, relatives.values())
    yield from _check_pools(submission)
    holders = yield from _find_keys(accepted, own)
    if key is not None:
        ids = text([one.answered_id for one in accepted])
        if not (yield Q.insert_idempotency(key.client, key.key, key.fingerprint, ids, ledger.now)):
            known = yield from _replay(key)
            if known is not None:
                return known
    if repeated is not None:
        yield from _supersede(repeated, accepted[0], ledger)
        relatives = {task.id: task for task in map(brief_from, (yield from in_pieces(Q.lock_tasks, list(relatives))))}
    for holder, one in holders:
        yield Q.release_key(holder.id, one.id, ledger.now)
        ledger.event(holder.id, holder.root_id, holder.client, "updated", {"superseded_by": one.new.id})
    for one in accepted:
        if one.is_new:
            yield from _admit(one, relatives, own, ledger)
    return accepted


# ------------------------------------------------------------------ what may be refused


def _replay(key: IdempotencyKey) -> Plan[Submitted | None]:
    """What the same request was answered before."""
    rows = yield Q.get_idempotency(key.client, key.key)
    if not rows:
        return None
    fingerprint, task_ids = rows[0]
    if fingerprint != key.fingerprint:
        raise KeyReused(f"idempotency key {key.key} was used for another request; use a new key")
    ids = _ids(task_ids)
    rows = yield from in_pieces(Q.get_tasks, [one.bytes for one in ids])
    found = {task.id: task for task in map(task_from, rows)}
    for one in ids:
        if one not in found:
            raise Gone("task", one)
    return Submitted(tuple(found[one] for one in ids), replayed=True)


def _check_own(accepted: Sequence[Accepted]) -> dict[bytes, Accepted]:
    """The tasks of a submission by id. Raises Conflict, Invalid when they do not fit together."""
    own = {one.id: one for one in accepted}
    if len(own) < len(accepted):
        raise Conflict("a submission gives one id to two tasks")
    if not any(one.depends_on or one.parent in own for one in accepted):
        return own
    parents = {one.id: [one.parent] for one in accepted if one.parent in own}
    _check_rounds(parents, "/parent_id", "a task cannot be its own ancestor")
    waits = {one.id: [on for on in one.depends_on if on in own] for one in accepted if one.new.depends_on}
    _check_rounds(waits, "/depends_on", "tasks that wait for one another in a circle never start")
    for one_id in {relative for side in (parents, waits) for named in side.values() for relative in named}:
        if own[one_id].new.key is not None:
            # The key may turn out to name another task.
            raise Invalid("/key", "a task with a spawn key is submitted before those that name it")
    for one_id in TopologicalSorter(parents).static_order():
        one = own[one_id]
        one.root_id = own[one.parent].root_id if one.parent in own else one.id
    return own


def _check_rounds(graph: dict[bytes, list[bytes]], field: str, problem: str) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        raise Invalid(field, problem) from None


def _relatives(accepted: Sequence[Accepted], own: dict[bytes, Accepted]) -> Plan[dict[bytes, Brief]]:
    """Parents and dependencies that exist already. Raises NotFound, Gone, Conflict, Invalid."""
    if not any(one.parent or one.depends_on for one in accepted):
        return {}
    parents = sorted({one.parent for one in accepted if one.parent} - own.keys())
    dependencies = sorted({on for one in accepted for on in one.depends_on} - own.keys())
    if not parents and not dependencies:
        return {}
    rows = yield from in_pieces(Q.share_tasks, sorted({*parents, *dependencies}))
    found = {task.id: task for task in map(brief_from, rows)}
    for field, noun, ids in (("/parent_id", "parent task", parents), ("/depends_on", "dependency", dependencies)):
        for one_id in ids:
            if one_id not in found:
                yield from _absent(noun, one_id)
            if found[one_id].kind == Kind.STEP:
                raise Invalid(field, f"task {found[one_id].number} is a step of a run; name the task that runs")
    for one_id in parents:
        parent = found[one_id]
        if parent.is_final:
            raise Conflict(f"parent task {parent.number} has ended {parent.state} and takes no more children")
    return found


def _absent(noun: str, task_id: bytes) -> Plan[None]:
    """Raises Gone for an id that existed, NotFound for another."""
    if (yield Q.is_buried(task_id)):
        raise Gone(noun, UUID(bytes=task_id))
    raise NotFound(noun, UUID(bytes=task_id))


def _superseded(submission: Submission, relatives: Iterable[Brief]) -> Plan[Brief | None]:
    if submission.supersedes is None:
        return None
    task_id = submission.supersedes.bytes
    yield from lock_lines_below(task_id)
    rows = yield Q.lock_task(task_id)
    if not rows:
        yield from _absent("task", task_id)
    task = brief_from(rows[0])
    if not task.is_final and task.state != State.PAUSED:
        raise Conflict(
            f"task {task.number} is {task.state}; only a paused task, or one that has ended, can be run again:"
            " cancel it first"
        )
    ending = [] if task.is_final else [relative for relative in relatives if relative.root_id == task.root_id]
    # One that folds is gone at once, before anything could be below it or wait for it.
    if any(relative.folds for relative in ending):
        raise Conflict(f"task {task.number} ends with its tree: what repeats it cannot be in that tree")
    return task


def _check_pools(submission: Submission) -> Plan[None]:
    wanted = sorted({new.pool for new in submission.tasks if new.pool})
    if not wanted:
        return
    known = {row[0] for row in (yield Q.pools_named(wanted))}
    for pool in wanted:
        if pool not in known:
            raise Invalid("/pool", f"no pool is called {pool}; make it first, or leave it out")


def _find_keys(accepted: Sequence[Accepted], own: dict[bytes, Accepted]) -> Plan[list[tuple[Brief, Accepted]]]:
    """Finds the children that have the spawn keys; returns those that did not end well and give theirs up."""
    holders: list[tuple[Brief, Accepted]] = []
    first: dict[tuple[bytes | None, str], Accepted] = {}
    for one in accepted:
        if one.new.key is None or one.parent is None:
            continue
        one.twin = first.get((one.parent, one.new.key))
        first.setdefault((one.parent, one.new.key), one)
        if one.twin is not None or one.parent in own:
            continue
        for row in (yield Q.find_key(one.parent, one.new.key)):
            holder = brief_from(row)
            if holder.state in (State.FAILED, State.CANCELED, State.SKIPPED):
                holders.append((holder, one))
            else:
                [found] = yield Q.get_task(holder.id)
                one.seen = task_from(found)
    return holders


# ------------------------------------------------------------------ what is written


def _supersede(repeated: Brief, successor: Accepted, ledger: Ledger) -> Plan[None]:
    """Marks a task as replaced; a paused one ends, else both could come to run."""
    if repeated.state == State.PAUSED:
        yield from cancel_tree(repeated, superseded(), ledger)
    first = yield Q.supersede_first(repeated.id, successor.id, ledger.now)
    if not first:
        yield Q.supersede(repeated.id, successor.id, ledger.now)
    elif repeated.parent_id is None and not repeated.internal:
        [(state,)] = first
        for role, change in ((Role.ROOT, -1), (Role.REPEATED, +1)):
            ledger.count((repeated.client, repeated.operation, repeated.queue, state, role), change)
    facts = {"superseded_by": successor.new.id}
    ledger.event(repeated.id, repeated.root_id, repeated.client, "updated", facts)


def _admit(one: Accepted, relatives: dict[bytes, Brief], own: dict[bytes, Accepted], ledger: Ledger) -> Plan[None]:
    """Decides the state a new task gets."""
    if one.parent is not None:
        _descend(one, one.parent, relatives, own)
    if one.depends_on:
        yield from _depend(one, relatives, own)
    one.state = _first_state(one, ledger.now)


def _descend(one: Accepted, parent: bytes, relatives: dict[bytes, Brief], own: dict[bytes, Accepted]) -> None:
    """Finds the place of a child in its tree."""
    one.above = own.get(parent) or relatives[parent]
    top = own[one.root_id]
    stored = None if top.parent is None else relatives[top.parent]
    if stored is not None:
        one.root_id = stored.root_id
        if stored.state in (State.CANCELING, State.CANCELED):
            one.doom = State.CANCELED


def _depend(one: Accepted, relatives: dict[bytes, Brief], own: dict[bytes, Accepted]) -> Plan[None]:
    """Has a task wait for those it depends on that have not ended."""
    ended = [relatives[on] for on in one.depends_on if on in relatives and relatives[on].is_final]
    unfinished = list(dict.fromkeys(one.depends_on).keys() - {dependency.id for dependency in ended})
    if unfinished:
        yield Q.insert_dependency.each((one.id, on) for on in unfinished)
        yield Q.mark_has_dependents.each((on,) for on in unfinished if on not in own)
    one.unmet = len(unfinished)
    forgiving = one.doom is not None or one.new.kind is not Kind.TASK or one.new.even_if_failed
    if not forgiving and any(on.state != State.COMPLETED for on in ended):
        one.doom = State.SKIPPED


def _first_state(one: Accepted, now: int) -> State:
    """Where a new task is placed, the lines of its resources aside."""
    new, run_at = one.new, micros_or_none(one.new.run_at)
    if new.kind is Kind.EXTERNAL:
        return State.RUNNING
    if new.paused:
        return State.PAUSED
    if new.gate is not None or (run_at is not None and run_at > now):
        return State.SCHEDULED
    # A doomed task never is in any line.
    return State.BLOCKED if one.unmet or one.doom is not None else State.QUEUED


def _insert(accepted: Sequence[Accepted], ledger: Ledger) -> Plan[None]:
    """Writes the rows of accepted tasks; those that are ready but for their resources join the lines."""
    if not accepted:
        return
    if joining := [one for one in accepted if one.state is State.QUEUED and one.new.resources]:
        ahead = yield from lines.join([(one.id, one.new.resources) for one in joining])
        for one, ungranted in zip(joining, ahead, strict=True):
            one.ungranted = ungranted
            one.state = State.BLOCKED if one.ungranted else State.QUEUED
    yield from number(accepted)
    rows = yield Q.insert_task.each(one.row() for one in accepted)
    numbers: dict[bytes, int] = {row[0]: row[1] for row in rows}
    labels: list[tuple[int, str, str]] = []
    resources: list[tuple[int, str]] = []
    inside: set[bytes] = set()
    for one in accepted:
        one.number = numbers[one.id]
        labels += ((one.number, name, value) for name, value in one.new.labels.items())
        resources += ((one.number, resource.name) for resource in one.new.resources)
        inside.update(one.depends_on)
        ledger.now = one.now
        ledger.moved(one, None, one.state, "created", number=one.number, operation=one.operation, name=one.new.name)
    if labels:
        yield Q.insert_label.each(labels)
    if resources:
        yield Q.insert_task_resource.each(resources)
    yield Q.insert_hook.each((one.id,) for one in accepted if one.new.callbacks is not None)
    yield Q.insert_lane.each(
        (one.id, place, url) for one in accepted for place, url in enumerate(one.new.callbacks or ())
    )
    if inside := inside & numbers.keys():
        yield Q.mark_has_dependents.each((on,) for on in sorted(inside))
    if any(one.doom is not None for one in accepted):
        yield from _end_doomed(accepted, ledger)


def _end_doomed(accepted: Sequence[Accepted], ledger: Ledger) -> Plan[None]:
    """Ends the tasks that were accepted too late to run."""
    for one in accepted:
        if one.doom is None:
            continue
        reason = "a task it depends on did not complete"
        if one.doom is State.CANCELED:
            reason = "its parent was asked to stop"
        ledger.now = one.now
        [row] = yield Q.lock_task(one.id)
        error = TaskError(type="NotRun", message=reason, code="dependency")
        ended = yield from end_waiting([brief_from(row)], one.doom, error, ledger)
        yield from _look(accepted)
        yield from settle(ended, ledger)
    yield from _look(accepted)


def _look(accepted: Iterable[Accepted]) -> Plan[None]:
    """Answers with what is stored now; what has folded meanwhile stays as it was last seen."""
    by_id = {one.id: one for one in accepted}
    for row in (yield from in_pieces(Q.get_tasks, list(by_id))):
        by_id[row[0]].seen = task_from(row)
