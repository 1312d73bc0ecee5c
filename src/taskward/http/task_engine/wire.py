"""What the Task Engine sends: members in the order in which it writes them."""

from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

encode = msgspec.json.Encoder().encode


class ShortJob(Struct, frozen=True):
    """A job on the dashboard, and in a list for callers without a credential: what it was given is left out."""

    id: int
    client: str
    workflow: str
    priority: int
    position: int
    created_at: str
    updated_at: str
    queue_state: str
    failed: bool
    run_at: str


class ListedJob(Struct, frozen=True):
    """A job in a list."""

    id: int
    client: str
    workflow: str
    priority: int
    position: int
    created_at: str
    updated_at: str
    queue_state: str
    parameters: Raw
    failed: bool
    run_at: str


class WholeJob(Struct, frozen=True):
    """A job by itself."""

    id: int
    client: str
    workflow: str
    priority: int
    position: int
    top_of_queue: bool
    parameters: Raw
    created_at: str
    updated_at: str
    queue_state: str
    failed: bool
    run_at: str


class Dashboard(Struct, frozen=True):
    """What runs and waits."""

    max_jobs: int
    priority_slots: int
    started: list[ShortJob]
    queued: list[ShortJob]
    scheduled: list[ShortJob]
    version: str


class QueueHealth(Struct, frozen=True):
    """How many workers serve a queue, how many tasks of it run, and how many wait for a worker."""

    workers: int
    working: int
    pending: int


class TaskCounts(Struct, frozen=True):
    """Executions: those that ended in an error and are still kept, those that wait, and all that ever ended."""

    failed: int
    pending: int
    processed: int


class JobCounts(Struct, frozen=True):
    """Jobs by state, and the settings that bound them."""

    completed: int
    failed: int
    pending: int
    broken: int
    queued: int
    started: int
    scheduled: int
    paused: int
    max_jobs: int
    priority_slots: int


class Health(Struct, frozen=True):
    """How the parts are."""

    version: str
    databases: dict[str, str]
    queues: dict[str, QueueHealth]
    tasks: TaskCounts
    jobs: JobCounts


class LogEntry(Struct, frozen=True):
    """A log line."""

    id: int
    job_id: int
    severity: int
    severity_description: str
    progname: str
    message: str
    created_at: str
    updated_at: str
    task_id: int
    visible: bool


class JobAccepted(Struct, frozen=True):
    """A job was accepted; its number goes by two names, as older and newer clients look for it."""

    id: int
    job_id: int
    result: str = "accepted"


class RerunAccepted(Struct, frozen=True):
    """A job was accepted that repeats another one."""

    id: int
    job_id: int
    rerun_of: int
    result: str = "accepted"


class Updated(Struct, frozen=True):
    """What of a job was changed, and to what."""

    id: int
    result: str
    updates: dict[str, object]


def stamp(at: datetime) -> str:
    """An instant as it is written: UTC, with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
