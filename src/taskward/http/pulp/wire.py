"""The JSON of Pulp's API. Instants are RFC 3339 in UTC, hrefs are paths without a host."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

T = TypeVar("T")

Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with a zone."""


class Page(Struct, Generic[T], frozen=True):
    """One page of a list by offset; `next` and `previous` are whole URLs."""

    count: int
    next: str | None
    previous: str | None
    results: list[T]


class ProgressBody(Struct, frozen=True):
    """A progress report of a task."""

    message: str
    code: str
    state: str
    total: int | None
    done: int
    suffix: str | None


class GroupProgressBody(Struct, frozen=True):
    """A progress report of a task group."""

    message: str
    code: str
    total: int | None
    done: int
    suffix: str | None


class RaisedBody(Struct, frozen=True):
    """The error of a task whose body raised it."""

    description: str
    traceback: str


class ReasonBody(Struct, frozen=True):
    """The error of a task that others ended."""

    reason: str


ErrorBody = RaisedBody | ReasonBody


class TaskBody(Struct, frozen=True, kw_only=True):
    """A task."""

    pulp_href: str
    prn: str
    pulp_created: Instant
    pulp_last_updated: Instant
    state: Annotated[
        str,
        Meta(
            description="The current state of the task. The possible values include: 'waiting', 'skipped', 'running',"
            " 'completed', 'failed', 'canceled' and 'canceling'."
        ),
    ]
    name: Annotated[str, Meta(description="The name of task.")]
    logging_cid: Annotated[str, Meta(description="The logging correlation id associated with this task")]
    created_by: Annotated[str | None, Meta(description="User who dispatched this task.")] = None
    unblocked_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    error: Annotated[Any, Meta(description="Why the task did not complete.")]
    worker: Annotated[str | None, Meta(description="DEPRECATED - Always null")] = None
    parent_task: str | None
    child_tasks: list[str]
    task_group: str | None
    progress_reports: list[ProgressBody]
    created_resources: list[str]
    created_resource_prns: list[str]
    reserved_resources_record: list[str]
    result: Annotated[Any, Meta(description="The result of this task.")]
    pulp_api_version: str = "v3"


class ShortTaskBody(Struct, frozen=True, kw_only=True):
    """A task in short."""

    pulp_href: str
    prn: str
    pulp_created: Instant
    pulp_last_updated: Instant
    pulp_api_version: str = "v3"
    name: str
    state: str
    unblocked_at: Instant | None
    started_at: Instant | None
    finished_at: Instant | None
    worker: str | None = None


class GroupBody(Struct, frozen=True, kw_only=True):
    """A task group."""

    pulp_href: str
    prn: str
    description: str
    all_tasks_dispatched: bool
    waiting: int
    skipped: int
    running: int
    completed: int
    canceled: int
    failed: int
    canceling: int
    group_progress_reports: list[GroupProgressBody]
    tasks: list[ShortTaskBody]


class WorkerBody(Struct, frozen=True, kw_only=True):
    """A worker."""

    pulp_href: str
    prn: str
    pulp_created: Instant
    pulp_last_updated: Instant
    name: str
    last_heartbeat: Instant
    versions: dict[str, str]
    current_task: str | None


class ScheduleBody(Struct, frozen=True, kw_only=True):
    """A task schedule."""

    pulp_href: str
    prn: str
    pulp_created: Instant | None
    pulp_last_updated: Instant | None
    name: str
    task_name: str
    dispatch_interval: str | None
    next_dispatch: Instant | None
    last_task: str | None


class Dispatched(Struct, frozen=True):
    """Where a task that was begun can be seen."""

    task: str


class ArtifactUrls(Struct, frozen=True):
    """Where the profile artifacts of a task are, by name."""

    urls: dict[str, str]


class CancelBody(Struct, frozen=True):
    """What PATCH takes."""

    state: Annotated[str, Meta(description="The desired state of the task. Only 'canceled' is accepted.")]


class PurgeBody(Struct, frozen=True):
    """What a purge is limited to."""

    finished_before: Annotated[
        Instant | UnsetType,
        Meta(description="Purge tasks completed earlier than this timestamp. Default: 30 days ago."),
    ] = UNSET
    states: Annotated[
        list[str], Meta(description="List of task-states to be purged. Only 'final' states are allowed.")
    ] = field(default_factory=lambda: ["completed"])


class LoginAnswer(Struct, frozen=True):
    """Who is logged in."""

    pulp_href: str
    prn: str
    username: str


class RolesBody(Struct, frozen=True):
    """Roles on one object: there are none, for scopes belong to credentials."""

    roles: list[str] = []


class PermissionsBody(Struct, frozen=True):
    """What the caller may do with one object."""

    permissions: list[str]


class VersionBody(Struct, frozen=True):
    """A component."""

    component: str
    version: str
    package: str
    module: str
    domain_compatible: bool


class AppBody(Struct, frozen=True):
    """A process that is alive."""

    name: str
    last_heartbeat: Instant
    versions: dict[str, str]


class Connection(Struct, frozen=True):
    """Whether something can be reached."""

    connected: bool


class StorageBody(Struct, frozen=True):
    """Space where the data is, in bytes; null where it is another machine's."""

    total: int | None
    used: int | None
    free: int | None


class ContentSettingsBody(Struct, frozen=True):
    """Of the content app, which there is none of."""

    content_origin: str | None
    content_path_prefix: str


class StatusBody(Struct, frozen=True, kw_only=True):
    """How the installation is."""

    versions: list[VersionBody]
    online_workers: list[AppBody]
    online_api_apps: list[AppBody]
    online_content_apps: list[AppBody]
    database_connection: Connection
    redis_connection: Connection
    storage: StorageBody
    content_settings: ContentSettingsBody
    domain_enabled: bool


# ------------------------------------------------------------------ the Galaxy hub


class HubLinks(Struct, frozen=True):
    """Paths with their query."""

    first: str
    previous: str | None
    next: str | None
    last: str


class HubMeta(Struct, frozen=True):
    """What a page says of its list."""

    count: int


class HubPage(Struct, Generic[T], frozen=True):
    """One page of a list of the hub."""

    meta: HubMeta
    links: HubLinks
    data: list[T]


class HubListItem(Struct, frozen=True, kw_only=True):
    """A task in the hub's list."""

    pulp_id: UUID
    name: str
    state: str
    started_at: Instant | None
    finished_at: Instant | None
    href: str


class HubWorker(Struct, frozen=True):
    """The worker of a task."""

    name: str
    missing: bool
    last_heartbeat: Instant | None


class HubTask(Struct, frozen=True, kw_only=True):
    """A task of the hub."""

    pulp_id: UUID
    name: str
    created_at: Instant
    updated_at: Instant
    finished_at: Instant | None
    started_at: Instant | None
    state: str
    error: Any
    worker: HubWorker | None
    parent_task: UUID | None
    child_tasks: list[UUID]
    progress_reports: list[ProgressBody]


class HubToken(Struct, frozen=True):
    """A token for the Authorization header, `Token ...`."""

    token: str
