"""Workers and their leases, and the queues they serve."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from taskward.model.states import State
from taskward.model.task import Task, TaskError
from taskward.ports import OperationInfo, Pulse, Queue, Topic, WorkerInfo
from taskward.store.folding import close_steps
from taskward.store.plan import Ledger, Plan, Q, Wake, in_pieces, text
from taskward.store.rows import brief_from, from_micros, task_from, to_micros, uuid_or_none
from taskward.store.settling import free_slots, settle

_names = msgspec.json.Decoder(tuple[str, ...]).decode
_LOST = TaskError(type="WorkerLost", message="its worker stopped without a word", code="worker-lost")
_spec = msgspec.json.Decoder(dict[str, object]).decode


def register(info: WorkerInfo) -> Plan[None]:
    yield Q.register_worker(
        info.id.bytes, info.name, info.host, info.pid, text(info.queues), text(info.operations), info.concurrency,
        info.version, to_micros(info.started_at),
    )  # fmt: skip


def heartbeat(worker_id: bytes, now: int) -> Plan[Pulse]:
    """One statement renews every lease, for a lease is the worker's heartbeat."""
    rows = yield Q.heartbeat(worker_id, now)
    return (yield from _pulse(worker_id, alive=bool(rows)))


def stops(worker_id: bytes) -> Plan[Pulse]:
    rows = yield Q.worker_state(worker_id)
    return (yield from _pulse(worker_id, alive=bool(rows) and rows[0][0] in ("online", "draining")))


def _pulse(worker_id: bytes, *, alive: bool) -> Plan[Pulse]:
    if not alive:
        return Pulse(alive=False)
    rows = yield Q.stops(worker_id)
    stop = tuple((UUID(bytes=row[0]), row[1]) for row in rows if row[2] == State.CANCELING)
    pause = tuple((UUID(bytes=row[0]), row[1]) for row in rows if row[2] == State.RUNNING)
    return Pulse(alive=True, stop=stop, pause=pause)


def held(worker_id: bytes) -> Plan[list[tuple[UUID, int]]]:
    return [(UUID(bytes=row[0]), row[1]) for row in (yield Q.held(worker_id))]


def retire(worker_id: bytes, state: str, now: int) -> Plan[None]:
    yield Q.retire_worker(worker_id, state, now)


def reap(before: int, now: int, limit: int) -> Plan[list[Task]]:
    """See `taskward.ports.Workers.reap`."""
    yield Q.lose_workers(before)
    orphans = [brief_from(row) for row in (yield Q.orphans(limit))]
    if not orphans:
        return []
    ledger = Ledger(now)
    again = [task for task in orphans if task.state == State.RUNNING and task.losses < task.lost_limit]
    retried = {task.id for task in again}
    over = [task for task in orphans if task.id not in retried]
    reason = text(_LOST)
    rows = yield Q.lose_attempt.each((task.id, task.attempt, now) for task in again)
    waiting = [brief_from(row) for row in rows]
    rows = yield Q.finish.each(
        (task.id, task.attempt, task.worker_id, state, None, reason, None, None, None, None, now)
        for task in over
        for state in [State.FAILED.value if task.state == State.RUNNING else State.CANCELED.value]
    )
    ended = [brief_from(row) for row in rows]
    before_of = {task.id: task.state for task in orphans}
    for task in (*waiting, *ended):
        ledger.moved(task, before_of[task.id], task.state, error=_LOST)
    yield from free_slots([*ended, *waiting], ledger)
    for task in waiting:
        if task.has_steps:
            yield from close_steps(task, ledger, _LOST)
    ids = [task.id for task in orphans]
    found = {row[0]: row for row in (yield from in_pieces(Q.get_tasks, ids))}
    yield from settle(ended, ledger)
    yield from ledger.write()
    # What has folded is told as it was just before.
    found |= {row[0]: row for row in (yield from in_pieces(Q.get_tasks, ids))}
    return [task_from(found[one]) for one in ids]


def workers(client: str) -> Plan[list[WorkerInfo]]:
    found = [
        WorkerInfo(
            id=UUID(bytes=row[0]), name=row[1], host=row[2], pid=row[3], queues=_names(row[4]),
            operations=_names(row[5]), concurrency=row[6], version=row[7], started_at=from_micros(row[8]),
            heartbeat_at=from_micros(row[9]),
            state=row[10], running=row[11], current_task=uuid_or_none(row[12]),
        )
        for row in (yield Q.workers(client))
    ]  # fmt: skip
    return [worker for worker in found if worker.current_task is not None] if client else found


def forget(before: int) -> Plan[int]:
    return len((yield Q.forget_workers(before)))


# ------------------------------------------------------------------ queues


def set_queue_paused(name: str, *, paused: bool) -> Plan[None]:
    yield (Q.pause_queue if paused else Q.resume_queue)(name)
    yield Wake(frozenset({Topic.WORK, Topic.SETTINGS}))


def queues(client: str) -> Plan[list[Queue]]:
    """Every queue that has unfinished tasks, workers or a pause; of a client those with tasks of its own."""
    paused = {row[0] for row in (yield Q.queues()) if row[1]}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for name, state, count in (yield Q.queue_tallies(client)):
        counts[name][state] += count
    served: Counter[str] = Counter()
    for row in (yield Q.live_workers()):
        served.update(_names(row[0]))
    return [
        Queue(
            name,
            paused=name in paused,
            queued=counts[name][State.QUEUED],
            running=counts[name][State.RUNNING] + counts[name][State.CANCELING],
            workers=served[name],
        )
        for name in sorted(counts.keys() if client else paused | counts.keys() | served.keys())
    ]


# ------------------------------------------------------------------ operations


def publish_operations(operations: Sequence[OperationInfo]) -> Plan[None]:
    yield Q.publish_operation.each(
        (one.name, one.module, one.description, text(one.spec), text(one.schema), to_micros(one.seen_at))
        for one in operations
    )
    # A schedule may have waited for somebody who knows its operation.
    yield Wake(frozenset({Topic.TIMERS}))


def operations() -> Plan[list[OperationInfo]]:
    return [
        OperationInfo(
            name=row[0], module=row[1], description=row[2], spec=_spec(row[3]), schema=_spec(row[4]),
            seen_at=from_micros(row[5]),
        )
        for row in (yield Q.operations())
    ]  # fmt: skip
