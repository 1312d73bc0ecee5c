"""Tasks, groups, workers and schedules as Pulp shows them: pure functions."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from taskward.http.pulp.wire import (
    GroupBody,
    GroupProgressBody,
    HubListItem,
    HubTask,
    HubWorker,
    ProgressBody,
    RaisedBody,
    ReasonBody,
    ScheduleBody,
    ShortTaskBody,
    TaskBody,
    WorkerBody,
)
from taskward.http.pulp.words import GROUP, SCHEDULE, STATES, TASK, WORDS, WORKER, Base, prn
from taskward.model.groups import DESCRIPTION_LABEL, GROUP_LABEL
from taskward.model.states import State
from taskward.model.task import Progress, Report, Task, TaskError
from taskward.ports import Particulars, Schedule, WorkerInfo

VERSION = "3.123.1"
"""The pulpcore whose API this is."""
VERSIONS = {"core": VERSION}

_REASONS = {"worker-lost": "Worker has gone missing."}
_OUTCOMES = frozenset({"worker-lost", "killed", "timeout", "aborted", "dependency", "interrupted", "superseded"})
"""Codes of errors that no body raised."""


def task_body(task: Task, particulars: Particulars, base: Base) -> TaskBody:
    """A task in full."""
    return TaskBody(
        pulp_href=base.href(TASK, task.id),
        prn=prn(TASK, task.id),
        pulp_created=task.created_at,
        pulp_last_updated=task.updated_at,
        state=WORDS[task.state],
        name=task.name,
        logging_cid=task.correlation_id,
        unblocked_at=task.queued_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        error=error_body(task),
        parent_task=None if task.parent_id is None else base.href(TASK, task.parent_id),
        child_tasks=[base.href(TASK, child) for child in particulars.children],
        task_group=None if (group := group_of(task)) is None else base.href(GROUP, group),
        progress_reports=progress_bodies(task, particulars.reports),
        created_resources=[name for name in particulars.created if not name.startswith("prn:")],
        created_resource_prns=[name for name in particulars.created if name.startswith("prn:")],
        reserved_resources_record=[
            resource.name if resource.exclusive else f"shared:{resource.name}" for resource in task.resources
        ],
        result=task.result,
    )


def short_task_body(task: Task, base: Base) -> ShortTaskBody:
    """A task in short."""
    return ShortTaskBody(
        pulp_href=base.href(TASK, task.id),
        prn=prn(TASK, task.id),
        pulp_created=task.created_at,
        pulp_last_updated=task.updated_at,
        name=task.name,
        state=WORDS[task.state],
        unblocked_at=task.queued_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
    )


def group_of(task: Task) -> UUID | None:
    """The group that a task is a member of."""
    try:
        return UUID(task.labels[GROUP_LABEL])
    except (KeyError, ValueError):
        return None


def error_body(task: Task) -> RaisedBody | ReasonBody | None:
    """What Pulp says of the error: nothing for what was asked to stop, and never nothing for what failed."""
    error = task.error
    if task.state is State.CANCELED:
        return None
    if error is None:
        return ReasonBody("It was not said why.") if task.state is State.FAILED else None
    if error.code in _OUTCOMES or (not error.traceback and error.code):
        return ReasonBody(_REASONS.get(error.code, _described(error)))
    return RaisedBody(_described(error), error.traceback)


def _described(error: TaskError) -> str:
    return error.message or error.type


def progress_bodies(task: Task, reports: Iterable[Report]) -> list[ProgressBody]:
    """The task's own progress, if it told any, and its named reports. A report does not outlive its task's run."""
    word = WORDS[task.state]
    shown = []
    progress = task.progress
    if progress != Progress():
        shown.append(
            ProgressBody(
                message=progress.message or task.name,
                code=task.operation,
                state=word,
                total=None if progress.total is None else int(progress.total),
                done=int(progress.done),
                suffix=progress.unit or None,
            )
        )
    for report in reports:
        state = task.state if report.state is State.RUNNING and task.is_final else report.state
        shown.append(
            ProgressBody(
                message=report.message or report.code,
                code=report.code,
                state=WORDS[state],
                total=None if report.total is None else int(report.total),
                done=int(report.done),
                suffix=report.unit or None,
            )
        )
    return shown


def group_body(group: UUID, members: Sequence[Task], reports: Mapping[UUID, Particulars], base: Base) -> GroupBody:
    """A group, from its members."""
    counts = Counter(WORDS[task.state] for task in members)
    described = (task.labels[DESCRIPTION_LABEL] for task in reversed(members) if DESCRIPTION_LABEL in task.labels)
    return GroupBody(
        pulp_href=base.href(GROUP, group),
        prn=prn(GROUP, group),
        description=next(described, ""),
        # Members may come as long as anybody has the group's id; nobody can say that none will.
        all_tasks_dispatched=True,
        group_progress_reports=_summed(members, reports),
        tasks=[short_task_body(task, base) for task in members],
        **{word: counts[word] for word in STATES},
    )


def _summed(members: Sequence[Task], particulars: Mapping[UUID, Particulars]) -> list[GroupProgressBody]:
    """The named reports of the members, those of one code added up."""
    by_code: dict[str, list[Report]] = {}
    for task in reversed(members):
        for report in particulars[task.id].reports:
            by_code.setdefault(report.code, []).append(report)
    return [
        GroupProgressBody(
            message=reports[0].message or code,
            code=code,
            total=(
                None if any(each.total is None for each in reports) else int(sum(each.total or 0 for each in reports))
            ),
            done=int(sum(each.done for each in reports)),
            suffix=reports[0].unit or None,
        )
        for code, reports in by_code.items()
    ]


def worker_body(worker: WorkerInfo, base: Base) -> WorkerBody:
    """A worker."""
    return WorkerBody(
        pulp_href=base.href(WORKER, worker.id),
        prn=prn(WORKER, worker.id),
        pulp_created=worker.started_at,
        pulp_last_updated=worker.heartbeat_at,
        name=worker.name,
        last_heartbeat=worker.heartbeat_at,
        versions={**VERSIONS, "taskward": worker.version},
        current_task=None if worker.current_task is None else base.href(TASK, worker.current_task),
    )


def is_online(worker: WorkerInfo) -> bool:
    """Whether it gives signs of life; a worker that does not is missing."""
    return worker.state in {"online", "draining"}


def schedule_id(schedule: Schedule) -> UUID:
    """Pulp names schedules by UUID, we by name."""
    return uuid5(NAMESPACE_URL, f"taskward:schedule:{schedule.name}")


def schedule_body(schedule: Schedule, known: Mapping[UUID, Task], base: Base) -> ScheduleBody:
    """A schedule; `known` has its last task unless that was removed."""
    identity, last = schedule_id(schedule), schedule.last_task_id
    return ScheduleBody(
        pulp_href=base.href(SCHEDULE, identity),
        prn=prn(SCHEDULE, identity),
        pulp_created=schedule.created_at,
        pulp_last_updated=schedule.updated_at,
        name=schedule.name,
        task_name=schedule.operation,
        dispatch_interval=None if schedule.every is None else interval(schedule.every),
        next_dispatch=schedule.next_at,
        last_task=None if last is None or last not in known else base.href(TASK, last),
    )


def interval(every: timedelta) -> str:
    """`[D ]HH:MM:SS[.ffffff]`."""
    hours, seconds = divmod(every.seconds, 3600)
    text = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"
    if every.days:
        text = f"{every.days} {text}"
    return f"{text}.{every.microseconds:06}" if every.microseconds else text


# ------------------------------------------------------------------ the Galaxy hub


def hub_item(task: Task, path: str) -> HubListItem:
    """A task in the hub's list; `path` is that of the list."""
    return HubListItem(
        pulp_id=task.id,
        name=task.name,
        state=WORDS[task.state],
        started_at=task.started_at,
        finished_at=task.finished_at,
        href=f"{path}{task.id}/",
    )


def hub_task(task: Task, particulars: Particulars, workers: Mapping[str, WorkerInfo]) -> HubTask:
    """A task of the hub; `workers` by name."""
    return HubTask(
        pulp_id=task.id,
        name=task.name,
        created_at=task.created_at,
        updated_at=task.updated_at,
        finished_at=task.finished_at,
        started_at=task.started_at,
        state=WORDS[task.state],
        error=error_body(task),
        worker=None if task.worker is None else hub_worker(task.worker, workers.get(task.worker)),
        parent_task=task.parent_id,
        child_tasks=list(particulars.children),
        progress_reports=progress_bodies(task, particulars.reports),
    )


def hub_worker(name: str, worker: WorkerInfo | None) -> HubWorker:
    """The worker of a task; one that has been forgotten is missing."""
    if worker is None:
        return HubWorker(name, missing=True, last_heartbeat=None)
    return HubWorker(name, missing=not is_online(worker), last_heartbeat=worker.heartbeat_at)
