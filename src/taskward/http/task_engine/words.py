"""Our tasks in the Task Engine's words: pure functions."""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from taskward.http.task_engine.wire import ListedJob, LogEntry, ShortJob, WholeJob, stamp
from taskward.model.conditions import NEVER, Condition, Every, Field, Known, Not, OneOf, Some
from taskward.model.states import State
from taskward.model.task import Task
from taskward.ports import Role, Tally
from taskward.service.jobs import Job, JobLine

S = State
STATES = {
    S.SCHEDULED: "scheduled",
    S.BLOCKED: "pending",
    S.QUEUED: "queued",
    S.PAUSED: "paused",
    S.RUNNING: "started",
    S.CANCELING: "broken",
    S.COMPLETED: "completed",
    S.FAILED: "completed",
    S.CANCELED: "broken",
    S.SKIPPED: "broken",
}
REPEATED = "broken"
"""Whatever became of it: another run replaces it."""
NUMBERS = {"queued": 0, "started": 1, "completed": 2, "pending": 3, "broken": 4, "scheduled": 5, "paused": 6}
FAILED_NUMBER = 7
"""What later clients ask for instead of the parameter `failed`."""
SEVERITIES = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "UNKNOWN")

_PROGRAMS = {"": "worker", "task": "worker"}
"""What a body itself writes, a worker writes."""
_NOT_REPEATED = Not(Known(Field.SUCCESSOR))
_FAILED = OneOf(Field.STATE, (S.FAILED.value,))


class _Given(Struct):
    """The arguments of an operation that is a workflow."""

    parameters: Raw


_given = msgspec.json.Decoder(_Given).decode


def state_of(task: Task) -> str:
    """The queue state."""
    return STATES[task.state] if task.superseded_by is None else REPEATED


def state_of_tally(tally: Tally) -> str:
    """How jobs that are counted together are counted here: failed ones by themselves."""
    if tally.role is Role.REPEATED:
        return REPEATED
    return "failed" if tally.state is S.FAILED else STATES[tally.state]


def in_state(word: str) -> Condition:
    """That a job is shown in this state, failed ones included."""
    states = tuple(state.value for state, shown in STATES.items() if shown == word)
    condition = OneOf(Field.STATE, states)
    if word == REPEATED:
        return Some((condition, Known(Field.SUCCESSOR)))
    return Every((condition, _NOT_REPEATED)) if word == "completed" else condition


def by_state_and_failure(words: tuple[str, ...], failed: bool | None) -> Condition:  # noqa: FBT001 - both from the query
    """Jobs in one of these states (in any, if there are none), failed ones, or without them.

    Completed jobs are those that have not failed, unless failed ones are asked for; no others have.
    """
    if failed is None:
        plain = [in_state(word) if word != "completed" else _without_failed(in_state(word)) for word in words]
        return Some(tuple(plain)) if words else Every()
    if failed:
        if not words:
            return _FAILED
        return Every((in_state("completed"), _FAILED)) if "completed" in words else NEVER
    return _without_failed(Some(tuple(in_state(word) for word in words)) if words else Every())


def _without_failed(condition: Condition) -> Condition:
    return Every((condition, Not(_FAILED)))


def parameters_of(task: Task) -> Raw:
    """What the job was given, byte for byte but for the secrets; of other tasks, their arguments."""
    try:
        return _given(task.args).parameters
    except msgspec.ValidationError:
        return task.args


def short_job(job: Job) -> ShortJob:
    """Without what it was given."""
    return ShortJob(**_facts(job))


def listed_job(job: Job) -> ListedJob:
    """In a list."""
    return ListedJob(**_facts(job), parameters=parameters_of(job.task))


def whole_job(job: Job) -> WholeJob:
    """By itself."""
    is_top = job.task.state is S.QUEUED and job.place == 1
    return WholeJob(**_facts(job), top_of_queue=is_top, parameters=parameters_of(job.task))


def _facts(job: Job) -> dict[str, Any]:
    task = job.task
    return {
        "id": task.number,
        "client": task.client,
        "workflow": task.name,
        "priority": task.priority,
        "position": job.place,
        "created_at": stamp(task.created_at),
        "updated_at": stamp(task.updated_at),
        "queue_state": state_of(task),
        "failed": task.state is S.FAILED,
        "run_at": stamp(task.run_at or task.created_at),
    }


def log_entry(job_id: int, entry: JobLine) -> LogEntry:
    """A log line."""
    line = entry.line
    at = stamp(line.at)
    return LogEntry(
        id=line.seq,
        job_id=job_id,
        severity=line.severity,
        severity_description=SEVERITIES[min(line.severity, len(SEVERITIES) - 1)],
        progname=_PROGRAMS.get(line.source, line.source),
        message=line.message,
        created_at=at,
        updated_at=at,
        task_id=entry.part,
        visible=line.visible,
    )
