"""What the service gives, as the wire shows it."""

from taskward.auth import Principal
from taskward.model.masking import mask_text, mask_value
from taskward.model.pools import Pool
from taskward.model.recurrence import Recurrence
from taskward.model.task import Event, LogLine, Task
from taskward.ports import Credential, Queue, Schedule, TreeNode, WorkerInfo
from taskward.service.catalogue import KnownModule, KnownOperation
from taskward.service.external import SEVERITIES
from taskward.service.runtime_settings import SettingInForce
from taskward.wire import (
    CredentialView,
    EventView,
    Links,
    LogView,
    ModuleView,
    OperationView,
    PoolView,
    QueueView,
    ScheduleView,
    SettingView,
    TaskView,
    TreeNodeView,
    WhoView,
    WorkerView,
)

TICKS_SHOWN = 5


def task_view(task: Task, prefix: str) -> TaskView:
    """A task; `prefix` is what stands before `/v1` in its links."""
    tasks = f"{prefix}/v1/tasks/"
    own = f"{tasks}{task.id}"
    is_child = task.parent_id is not None
    return TaskView(
        id=task.id,
        number=task.number,
        kind=task.kind,
        operation=task.operation,
        name=task.name,
        module=task.module,
        type=task.type,
        scope=task.scope,
        labels=task.labels,
        client=task.client,
        created_by=task.created_by,
        correlation_id=task.correlation_id,
        root_id=task.root_id,
        parent_id=task.parent_id,
        key=task.key,
        rerun_of=task.rerun_of,
        superseded_by=task.superseded_by,
        state=task.state,
        attempt=task.attempt,
        failures=task.failures,
        losses=task.losses,
        version=task.version,
        worker=task.worker,
        priority=task.priority,
        queue=task.queue,
        pool=task.pool,
        gate=None if task.gate is None else mask_text(task.gate),
        resources=list(task.resources),
        args=task.args,
        result=task.result,
        error=task.error,
        progress=task.progress,
        abortable=task.abortable,
        internal=task.internal,
        persist=task.persist,
        created_at=task.created_at,
        run_at=task.run_at,
        queued_at=task.queued_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        cancel_requested_at=task.cancel_requested_at,
        updated_at=task.updated_at,
        expires_at=task.expires_at,
        folded_count=task.folded_count,
        dropped=task.dropped,
        links=Links(
            self=own,
            tree=f"{own}/tree",
            logs=f"{own}/logs",
            events=f"{own}/events",
            why=f"{own}/why",
            parent=f"{tasks}{task.parent_id}" if is_child else None,
            root=f"{tasks}{task.root_id}" if is_child else None,
        ),
    )


def node_view(node: TreeNode) -> TreeNodeView:
    """A node of a tree, live or folded."""
    if node.task is not None:
        task = node.task
        return TreeNodeView(
            depth=node.depth,
            id=task.id,
            parent_id=task.parent_id,
            kind=task.kind,
            operation=task.operation,
            name=task.name,
            type=task.type,
            scope=task.scope,
            labels=task.labels,
            state=task.state,
            attempt=task.attempt,
            folded=False,
            progress=task.progress,
            error=task.error,
            created_at=task.created_at,
            started_at=task.started_at,
            finished_at=task.finished_at,
            folded_count=task.folded_count,
            dropped=task.dropped,
        )
    record = node.folded
    if record is None:
        raise ValueError("a node of a tree is a task or a folded one")
    return TreeNodeView(
        depth=node.depth,
        id=record.id,
        parent_id=record.parent_id,
        kind=record.kind,
        operation=record.operation,
        name=record.name,
        type=record.type,
        scope=record.scope,
        labels=record.labels,
        state=record.state,
        attempt=record.attempt,
        folded=True,
        progress=record.progress,
        error=record.error,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        folded_count=len(record.children),
        dropped=record.dropped,
    )


def event_view(event: Event) -> EventView:
    """An event."""
    return EventView(event.cursor, event.task_id, event.root_id, event.kind, event.at, event.data)


def log_view(line: LogLine) -> LogView:
    """A log line."""
    return LogView(
        seq=line.seq,
        task_id=line.task_id,
        step_id=line.step_id,
        at=line.at,
        severity=SEVERITIES[line.severity],
        source=line.source,
        message=line.message,
        attempt=line.attempt,
        fields=line.fields,
    )


def module_view(module: KnownModule) -> ModuleView:
    """A module."""
    ttl_seconds = None if module.ttl is None else module.ttl.total_seconds()
    return ModuleView(module.name, module.description, list(module.operations), ttl_seconds, module.fold)


def operation_view(known: KnownOperation) -> OperationView:
    """An operation."""
    info = known.info
    return OperationView(info.name, info.module, info.description, info.schema, info.spec, known.workers)


def worker_view(worker: WorkerInfo) -> WorkerView:
    """A worker."""
    return WorkerView(
        id=worker.id,
        name=worker.name,
        host=worker.host,
        pid=worker.pid,
        state=worker.state,
        queues=list(worker.queues),
        operations=list(worker.operations),
        concurrency=worker.concurrency,
        running=worker.running,
        version=worker.version,
        started_at=worker.started_at,
        heartbeat_at=worker.heartbeat_at,
    )


def queue_view(queue: Queue) -> QueueView:
    """A queue."""
    return QueueView(queue.name, queue.paused, queue.queued, queue.running, queue.workers)


def pool_view(pool: Pool) -> PoolView:
    """A pool."""
    return PoolView(
        pool.name, pool.limit, pool.reserved, pool.threshold, pool.running, pool.running_ordinary, pool.within
    )


def schedule_view(schedule: Schedule) -> ScheduleView:
    """A schedule."""
    recurrence = Recurrence(schedule.every, schedule.cron, schedule.timezone)
    return ScheduleView(
        name=schedule.name,
        operation=schedule.operation,
        args=mask_value(schedule.args),
        every_seconds=None if schedule.every is None else schedule.every.total_seconds(),
        cron=schedule.cron,
        timezone=schedule.timezone,
        priority=schedule.priority,
        queue=schedule.queue,
        labels=schedule.labels,
        description=schedule.description,
        active=schedule.active,
        next_at=schedule.next_at,
        last_at=schedule.last_at,
        last_task_id=schedule.last_task_id,
        in_words=recurrence.in_words(),
        next_ticks=[] if schedule.next_at is None else recurrence.following(schedule.next_at, TICKS_SHOWN),
    )


def setting_view(known: SettingInForce) -> SettingView:
    """A run-time setting."""
    return SettingView(
        name=known.setting.name,
        value=known.value,
        default=known.default,
        source="set" if known.is_set else "default",
        description=known.setting.description,
    )


def credential_view(credential: Credential) -> CredentialView:
    """A credential, without what could let anybody in."""
    return CredentialView(
        id=credential.id,
        name=credential.name,
        scopes=list(credential.scopes),
        client=credential.client,
        owner=credential.owner,
        description=credential.description,
        created_at=credential.created_at,
        expires_at=credential.expires_at,
        used_at=credential.used_at,
        suspended_at=credential.suspended_at,
    )


def who_view(principal: Principal) -> WhoView:
    """The caller."""
    return WhoView(principal.name, principal.kind, principal.client, sorted(principal.scopes))
