"""Rows to values and back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from taskward.model.policy import Resource, Rules
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Event, Kind, LogLine, Progress, Task, TaskError
from taskward.store.catalogue import Row

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_TASK = (
    "id, number, kind, operation, name, module, type, scope, labels, client, created_by, correlation_id, root_id,"
    " parent_id, key, rerun_of, superseded_by, state, attempt, failures, losses, version, worker, priority, queue,"
    " pool, gate, resources, args, result, error, progress_done, progress_total, progress_unit, progress_message,"
    " rules, abortable, internal, persist, folds, created_at, run_at, queued_at, started_at, finished_at,"
    " cancel_requested_at, updated_at, expires_at, folded_count, folded_done, folded_total, dropped,"
    " sequence, shard, unregistered_at"
)
_BRIEF = (
    "id, root_id, parent_id, client, operation, queue, attempt, state, number, priority, pool, charge, resources,"
    " has_dependents, folds, kind, unmet, ungranted, even_if_failed, run_at, gate, cancel_requested_at, abortable,"
    " pausable, pausing, worker_id, losses, lost_limit, version, expires_at, key, has_steps, keeps_children,"
    " sequence, shard, started_at, internal"
)


def _setting(name: str) -> str:
    """A run-time setting of seconds, in microseconds; NULL when nobody has set it."""
    return (
        "(SELECT CAST(CAST(value AS double precision) * 1000000 AS bigint) FROM setting"
        f" WHERE client = '' AND name = '{name}')"
    )


_TASK_TTL = f"COALESCE({_setting('task_ttl')}, 604800000000)"
_REGISTRY_TTL = (
    f"CASE WHEN user_task THEN COALESCE({_setting('user_task_ttl')}, 3600000000)"
    f" ELSE COALESCE({_setting('registry_ttl')}, {_TASK_TTL}) END"
)

TASK_COLUMNS = tuple(_TASK.split(", "))

MACROS = {
    "task": _TASK.replace(" args,", " COALESCE(args_shown, args),"),
    "claimed": _TASK,
    # Of a pool. The first of a line instead of EXISTS: PostgreSQL would rather read all tasks than look once a pool.
    "has_work_and_room": "running < slots AND (SELECT TRUE FROM task WHERE task.pool = pool.name"
    " AND task.state = 'queued' ORDER BY queue, priority, number LIMIT 1)",
    "brief": _BRIEF,
    # An attempt begins, by worker $2 at $3. What an earlier one has folded is not of this one.
    "begin": "state = 'running', attempt = attempt + 1, worker_id = $2,"
    " worker = (SELECT name FROM worker WHERE id = $2), started_at = CAST($3 AS bigint),"
    " updated_at = CAST($3 AS bigint), version = version + 1, error = NULL, charge = 0, pausing = FALSE,"
    " has_steps = FALSE,"
    " folded_count = CASE WHEN attempt = 0 THEN folded_count ELSE 0 END,"
    " folded_done = CASE WHEN attempt = 0 THEN folded_done ELSE 0 END,"
    " folded_total = CASE WHEN attempt = 0 THEN folded_total ELSE 0 END,"
    " dropped = CASE WHEN attempt = 0 THEN dropped ELSE '{}' END",
    "pool": "name, slots, reserved, threshold, running, running_ordinary, within, scheduled_from, gate_interval",
    # As `taskward.ports.Role`.
    "role": "CASE WHEN parent_id IS NOT NULL OR internal THEN 'part'"
    " WHEN superseded_by IS NULL THEN 'root' ELSE 'repeated' END",
    # How long a finished root is kept: its own rule, else the run-time setting, and as long as a registry shows it.
    "ttl": "COALESCE(ttl, (SELECT max(kept) FROM"
    f" (SELECT {_TASK_TTL} AS kept UNION ALL SELECT {_REGISTRY_TTL}) AS either))",
    "registry_ttl": _REGISTRY_TTL,
}
"""`{task}` as readers see it (secrets in the arguments masked), `{claimed}` as its worker does."""


def storable(text: str) -> str:
    """`text` without what a database cannot hold: NUL is shown by its sign, half a surrogate pair as unreadable."""
    if text.isascii():
        return text.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in text else text
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def to_micros(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def instant(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)


def uuid_or_none(raw: bytes | None) -> UUID | None:
    return None if raw is None else UUID(bytes=raw)


_labels = msgspec.json.Decoder(dict[str, str]).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode
_resources = msgspec.json.Decoder(tuple[Resource, ...]).decode
_error = msgspec.json.Decoder(TaskError).decode
_rules = msgspec.json.Decoder(Rules).decode
_object = msgspec.json.Decoder(dict[str, object]).decode
_DEFAULT_RULES = Rules()
_STATES = {state.value: state for state in State}
_KINDS = {kind.value: kind for kind in Kind}


def resources_from(text: str) -> tuple[Resource, ...]:
    return () if text == "[]" else _resources(text)


def task_from(row: Row) -> Task:
    """A task from the columns of `{task}` or `{claimed}`, in their order."""
    (
        id_, number, kind, operation, name, module, type_, scope, labels, client, created_by, correlation_id, root_id,
        parent_id, key, rerun_of, superseded_by, state, attempt, failures, losses, version, worker, priority, queue,
        pool, gate, resources, args, result, error, done, total, unit, message,
        rules, abortable, internal, persist, folds, created_at, run_at, queued_at, started_at, finished_at,
        cancel_requested_at, updated_at, expires_at, folded_count, folded_done, folded_total, dropped,
        sequence, shard, unregistered_at,
    ) = row  # fmt: skip
    own_id = UUID(bytes=id_)
    return Task(
        id=own_id,
        number=number,
        kind=_KINDS[kind],
        operation=operation,
        name=name,
        module=module,
        type=type_,
        scope=scope,
        labels={} if labels == "{}" else _labels(labels),
        client=client,
        created_by=created_by,
        correlation_id=correlation_id,
        root_id=own_id if root_id == id_ else UUID(bytes=root_id),
        parent_id=uuid_or_none(parent_id),
        key=key,
        rerun_of=uuid_or_none(rerun_of),
        superseded_by=uuid_or_none(superseded_by),
        state=_STATES[state],
        attempt=attempt,
        failures=failures,
        losses=losses,
        version=version,
        worker=worker,
        priority=priority,
        queue=queue,
        pool=pool,
        gate=gate,
        resources=resources_from(resources),
        args=Raw(args.encode()),
        result=None if result is None else Raw(result.encode()),
        error=None if error is None else _error(error),
        progress=Progress(done, total, unit, message),
        rules=_DEFAULT_RULES if rules == "{}" else _rules(rules),
        abortable=bool(abortable),
        internal=bool(internal),
        persist=bool(persist),
        folds=bool(folds),
        created_at=from_micros(created_at),
        run_at=instant(run_at),
        queued_at=instant(queued_at),
        started_at=instant(started_at),
        finished_at=instant(finished_at),
        cancel_requested_at=instant(cancel_requested_at),
        updated_at=from_micros(updated_at),
        expires_at=instant(expires_at),
        folded_count=folded_count,
        folded_done=folded_done,
        folded_total=folded_total,
        dropped={} if dropped == "{}" else _counts(dropped),
        sequence=sequence,
        shard=shard,
        unregistered_at=instant(unregistered_at),
    )


def pool_from(row: Row) -> Pool:
    """A pool from the columns of `{pool}`, in their order."""
    name, limit, reserved, threshold, running, running_ordinary, within, scheduled_from, gate_interval = row
    return Pool(
        name, limit, reserved, threshold, running, running_ordinary, within, instant(scheduled_from),
        None if gate_interval is None else gate_interval * _MICROSECOND,
    )  # fmt: skip


class Brief(Struct, frozen=True):
    """What the plans need of a task's row: the columns of `{brief}`, in their order."""

    id: bytes
    root_id: bytes
    parent_id: bytes | None
    client: str
    operation: str
    queue: str
    attempt: int
    state: str
    number: int
    priority: int
    pool: str
    charge: int
    resources: str
    has_dependents: bool
    folds: bool
    kind: str
    unmet: int
    ungranted: int
    even_if_failed: bool
    run_at: int | None
    gate: str | None
    cancel_requested_at: int | None
    abortable: bool
    pausable: bool
    pausing: bool
    worker_id: bytes | None
    losses: int
    lost_limit: int
    version: int
    expires_at: int | None
    key: str | None
    has_steps: bool
    keeps_children: bool
    sequence: int
    shard: int
    since: int | None
    """When its attempt started, in microseconds."""
    internal: bool

    @property
    def is_final(self) -> bool:
        return self.state in ("completed", "failed", "canceled", "skipped")

    @property
    def is_waiting(self) -> bool:
        return self.state in ("scheduled", "blocked", "queued", "paused")


def brief_from(row: Row) -> Brief:
    return Brief(*row)


def event_from(row: Row) -> Event:
    """cursor, task_id, root_id, client, kind, at, data."""
    cursor, task_id, root_id, client, kind, at, data = row
    return Event(
        cursor=str(cursor),
        task_id=UUID(bytes=task_id),
        root_id=UUID(bytes=root_id),
        client=client,
        kind=kind,
        at=from_micros(at),
        data=_object(data),
    )


def log_from(row: Row) -> LogLine:
    """seq, task_id, at, severity, source, message, attempt, step_id, visible, fields."""
    seq, task_id, at, severity, source, message, attempt, step_id, visible, fields = row
    return LogLine(
        seq=seq,
        task_id=UUID(bytes=task_id),
        at=from_micros(at),
        severity=severity,
        source=source,
        message=message,
        attempt=attempt,
        step_id=uuid_or_none(step_id),
        visible=bool(visible),
        fields={} if fields == "{}" else _object(fields),
    )
