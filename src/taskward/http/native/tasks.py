"""Tasks: submit, look, change, forget."""

from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import parse_qsl, urlencode

from litestar.types import ASGIApp
from msgspec import Meta, Struct, field

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, parse_ref, reply, versions
from taskward.http.native.headers import (
    CORRELATION_ID,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    PREFER,
    TRACEPARENT,
    applied,
    correlation_of,
    idempotency_key,
    preferred_wait,
    waited,
)
from taskward.http.native.views import node_view, task_view
from taskward.http.problems import Refusal
from taskward.http.validation import Either
from taskward.model.errors import Conflict, Invalid, InvalidFilter, NotFound, VersionMismatch
from taskward.model.states import WAITING, State
from taskward.model.task import Report, Task
from taskward.ports import Range, TaskQuery
from taskward.service.instants import utc
from taskward.wire import (
    AttemptView,
    CancelPreview,
    Instant,
    ObstacleView,
    Page,
    Patch,
    Replayed,
    Submit,
    SubmitMany,
    TaskView,
    TreeView,
    WhyView,
)

routes = Routes("tasks")

_RETRY_AFTER = "1"

Text = Annotated[str, Meta(max_length=500)]
R = TypeVar("R")


# ------------------------------------------------------------------ submit


@routes(
    "POST",
    "/tasks",
    "Submit one task, or up to 1,000 together",
    Answer(
        202,
        "Accepted: it is durable, and its address is in Location",
        TaskView | Replayed,
        headers=("Location", "Operation-Location", "Retry-After", "ETag", "Preference-Applied"),
    ),
    Answer(200, "Ended within the time given by Prefer", TaskView | Replayed, headers=("ETag", "Preference-Applied")),
    Answer(201, "Work tracked from outside was registered (state: running)", TaskView, headers=("Location", "ETag")),
    body=Either(Submit, SubmitMany, member="tasks"),
    headers=(PREFER, IDEMPOTENCY_KEY, CORRELATION_ID, TRACEPARENT),
    errors=(409,),
    is_audited=False,
)
async def submit(call: Call[NoQuery, Submit | SubmitMany]) -> ASGIApp:
    """Arguments are checked against the operation before anything is accepted. Many are accepted all or not at all."""
    body = call.body
    wanted = [body] if isinstance(body, Submit) else body.tasks
    submitted = await call.service.submissions.submit(
        call.principal,
        wanted,
        idempotency_key=idempotency_key(call),
        correlation_id=correlation_of(call.header("correlation-id"), call.header("traceparent")),
        prefix="" if isinstance(body, Submit) else "/tasks/{}",
    )
    headers = {"Idempotency-Replayed": "true"} if submitted.replayed else {}
    # Who may submit and not look is answered at once: a preference may be ignored.
    wait = preferred_wait(call) if "read" in call.principal.scopes else None
    if isinstance(body, SubmitMany):
        return await _submitted_many(call, submitted.tasks, wait, headers)
    [task] = submitted.tasks
    headers |= {"Location": _location(call, task)}
    if body.state is not None:
        return reply(201, _view(call, task), headers | {"ETag": _etag(task)})
    if wait is not None:
        task = await call.service.waiting.for_end_of(task, wait)
        if task.is_final:
            return reply(200, _view(call, task), headers | {"ETag": _etag(task), **waited(wait)})
    return accepted(call, task, headers)


async def _submitted_many(
    call: Call[NoQuery, Submit | SubmitMany], tasks: Sequence[Task], wait: timedelta | None, headers: dict[str, str]
) -> ASGIApp:
    is_done = False
    if wait is not None:
        awaited = await call.service.waiting.for_all(call.principal, [task.id for task in tasks], wait)
        tasks, is_done = awaited.tasks, awaited.done
    headers |= applied(call)
    if not all(task.is_final for task in tasks):
        headers["Retry-After"] = _RETRY_AFTER
    return reply(200 if is_done else 202, Replayed([_view(call, task) for task in tasks]), headers)


def accepted(call: Call[Any, Any], task: Task, headers: dict[str, str]) -> ASGIApp:
    """The answer for a task whose work goes on, as far as the request has waited: a repeated one may have ended."""
    more = {
        "ETag": _etag(task),
        "Operation-Location": call.site.absolute(call.request, f"{call.site.prefix}/v1/tasks/{task.id}"),
    }
    if not task.is_final:
        more["Retry-After"] = _RETRY_AFTER
    return reply(202, _view(call, task), headers | more | applied(call))


# ------------------------------------------------------------------ look


class TaskFilter(Struct, frozen=True, forbid_unknown_fields=True):
    """Which tasks a list shows; all conditions hold together."""

    state: Annotated[list[State], Meta(description="One of these states; may be repeated")] = field(
        default_factory=list
    )
    module: Annotated[Text, Meta(description="Of this module")] | None = None
    operation: Annotated[Text, Meta(description="Of this operation, by its full name")] | None = None
    parent: Annotated[Text, Meta(description="Children of this task, by its id or number")] | None = None
    root: Annotated[Text, Meta(description="In the tree of this root, by its id or number")] | None = None
    client: Annotated[Text, Meta(description="Of this client")] | None = None
    label: Annotated[list[Text], Meta(description="With this label, as name:value; may be repeated")] = field(
        default_factory=list
    )
    resource: Annotated[Text, Meta(description="That lock this resource")] | None = None
    worker: Annotated[Text, Meta(description="Run by this worker, by its name")] | None = None
    queue: Annotated[Text, Meta(description="In this queue")] | None = None
    pool: Annotated[Text, Meta(description="In this pool")] | None = None
    correlation_id: Annotated[Text, Meta(description="With this correlation id")] | None = None
    created_since: Annotated[Instant, Meta(description="Created then or later")] | None = None
    created_before: Annotated[Instant, Meta(description="Created earlier")] | None = None
    started_since: Annotated[Instant, Meta(description="Started then or later")] | None = None
    started_before: Annotated[Instant, Meta(description="Started earlier")] | None = None
    finished_since: Annotated[Instant, Meta(description="Finished then or later")] | None = None
    finished_before: Annotated[Instant, Meta(description="Finished earlier")] | None = None
    text: Annotated[Text, Meta(description="With this text in name, operation, labels or arguments")] | None = None
    roots: Annotated[bool, Meta(description="Roots only")] = False
    internal: Annotated[bool, Meta(description="Internal tasks and steps too")] = False
    sort: Annotated[
        Literal["created", "-created", "started", "-started", "finished", "-finished"],
        Meta(description="The order; a leading minus is newest first"),
    ] = "-created"
    after: Annotated[str, Meta(max_length=1000, description="The cursor `next` of the page before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=500, description="How many on a page at most")] = 50


@routes(
    "GET",
    "/tasks",
    "List tasks",
    Answer(200, "A page; `Link` and `next` lead to the one behind it", Page[TaskView], headers=("Link",)),
    query=TaskFilter,
)
async def list_tasks(call: Call[TaskFilter, None]) -> ASGIApp:
    """Pages are found by index: their cost does not grow with what is stored. One may be short and not the last."""
    query = await task_query(call, call.query)
    if query is None:
        return reply(200, Page[TaskView]([]))
    page = await call.service.tasks.page(call.principal, query)
    views = Page([_view(call, task) for task in page.tasks], page.next)
    return reply(200, views, next_link(call, page.next))


async def task_query(call: Call[Any, Any], wanted: TaskFilter) -> TaskQuery | None:
    """The conditions as the service takes them; None when no task can meet them."""
    parent_id = root_id = None
    try:
        if wanted.parent is not None:
            parent_id = (await call.service.tasks.get(call.principal, parse_ref(wanted.parent))).id
        if wanted.root is not None:
            root_id = (await call.service.tasks.get(call.principal, parse_ref(wanted.root))).id
    except NotFound:
        return None
    return TaskQuery(
        states=tuple(dict.fromkeys(wanted.state)),
        modules=() if wanted.module is None else (wanted.module,),
        operations=() if wanted.operation is None else (wanted.operation,),
        client=wanted.client,
        parent_id=parent_id,
        root_id=root_id,
        roots_only=wanted.roots,
        labels=tuple(_label(text) for text in wanted.label),
        resource=wanted.resource,
        worker=wanted.worker,
        queue=wanted.queue,
        pool=wanted.pool,
        correlation_id=wanted.correlation_id,
        created=time_range("created_", wanted.created_since, wanted.created_before),
        started=time_range("started_", wanted.started_since, wanted.started_before),
        finished=time_range("finished_", wanted.finished_since, wanted.finished_before),
        text=wanted.text,
        internal=wanted.internal,
        sort=wanted.sort,
        after=wanted.after,
        limit=wanted.limit,
    )


def _label(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not name or not colon:
        raise InvalidFilter("label", f"{text!r} is not name:value")
    return name, value


def time_range(prefix: str, since: datetime | None, before: datetime | None) -> Range:
    """Of the parameters `since` and `before` with this prefix. Raises InvalidFilter."""
    return Range(_bound(f"{prefix}since", since), _bound(f"{prefix}before", before))


def _bound(name: str, instant: datetime | None) -> datetime | None:
    try:
        return None if instant is None else utc(name, instant)
    except Invalid as error:
        raise InvalidFilter(name, error.problem) from None


def next_link(call: Call[Any, Any], cursor: str | None) -> dict[str, str]:
    """The `Link` header of a page."""
    if cursor is None:
        return {}
    kept = [pair for pair in parse_qsl(call.request.scope["query_string"].decode("latin-1")) if pair[0] != "after"]
    path = f"{call.site.prefix}{call.request.scope['path']}"
    return {"Link": f'<{path}?{urlencode([*kept, ("after", cursor)])}>; rel="next"'}


@routes(
    "GET",
    "/tasks/{task}",
    "Get a task",
    Answer(200, "The task", TaskView, headers=("ETag", "Retry-After", "Preference-Applied")),
    Answer(304, "It still has the ETag of If-None-Match", headers=("ETag",)),
    headers=(PREFER, IF_NONE_MATCH),
)
async def get_task(call: Call[NoQuery, None]) -> ASGIApp:
    """`Prefer: wait=N` makes it a long poll: for the end or, with `If-None-Match`, for the next change.

    A task that failed is no error of this request: its `error` says what happened.
    """
    known = call.header("if-none-match")
    wait = preferred_wait(call)
    tags = versions(known, "If-None-Match") if known else ()
    if wait is None:
        task = await call.service.tasks.get(call.principal, call.ref)
    elif tags:
        task = await call.service.waiting.for_change(call.principal, call.ref, tags[0], wait)
    else:
        task = await call.service.waiting.for_end(call.principal, call.ref, wait)
    headers = {"ETag": _etag(task)}
    if wait is not None:
        headers |= waited(wait)
    if known and (tags is None or task.version in tags):
        return reply(304, None, headers)
    if not task.is_final:
        headers["Retry-After"] = _RETRY_AFTER
    return reply(200, _view(call, task), headers)


class TreeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of a tree."""

    depth: Annotated[int, Meta(ge=0, le=1000, description="How many levels below the task")] = 1000
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many nodes at most")] = 1000


@routes(
    "GET",
    "/tasks/{task}/tree",
    "Get what is below a task",
    Answer(200, "The task and its descendants, breadth first", TreeView),
    query=TreeQuery,
)
async def get_tree(call: Call[TreeQuery, None]) -> ASGIApp:
    """Folded steps and children are shown from their parent's record; `dropped` counts those that were forgotten."""
    tree = await call.service.tasks.tree(call.principal, call.ref, call.query.depth, call.query.limit)
    return reply(200, TreeView([node_view(node) for node in tree.nodes], tree.truncated))


@routes("GET", "/tasks/{task}/reports", "List named progress reports", Answer(200, "The reports", Page[Report]))
async def get_reports(call: Call[NoQuery, None]) -> ASGIApp:
    """Beside its own progress a task may report on several parts of its work by name."""
    return reply(200, Page(await call.service.tasks.reports(call.principal, call.ref)))


@routes("GET", "/tasks/{task}/attempts", "List a task's attempts", Answer(200, "The first first", Page[AttemptView]))
async def get_attempts(call: Call[NoQuery, None]) -> ASGIApp:
    """Each with its worker and how it ended, as the task's events tell."""
    attempts = await call.service.attempts.of(call.principal, call.ref)
    return reply(
        200,
        Page(
            [
                AttemptView(
                    attempt=one.number,
                    worker=one.worker,
                    started_at=one.started_at,
                    ended_at=one.ended_at,
                    state=one.state,
                    error=one.error,
                )
                for one in attempts
            ]
        ),
    )


@routes("GET", "/tasks/{task}/created", "List created resources", Answer(200, "Their names, as told", Page[str]))
async def get_created(call: Call[NoQuery, None]) -> ASGIApp:
    """What a body told by `ctx.created(name)`; it stays told, whatever became of the task."""
    return reply(200, Page(await call.service.searches.created(call.principal, call.ref)))


@routes("GET", "/tasks/{task}/why", "Why a task waits", Answer(200, "Each closed gate", WhyView))
async def why(call: Call[NoQuery, None]) -> ASGIApp:
    """Names the thing behind each closed gate: the time, the URL, the blocking task, the lock's holder, the pool."""
    standing = await call.service.tasks.why(call.principal, call.ref)
    obstacles = [ObstacleView(each.gate, each.detail, each.facts) for each in standing.obstacles]
    return reply(200, WhyView(standing.task.id, standing.task.state, standing.task.state in WAITING, obstacles))


@routes(
    "GET",
    "/tasks/{task}/cancel-preview",
    "What a cancel would reach",
    Answer(200, "The unfinished tasks, the task itself first", CancelPreview),
)
async def cancel_preview(call: Call[NoQuery, None]) -> ASGIApp:
    """Changes nothing."""
    tasks = await call.service.tasks.cancel_preview(call.principal, call.ref)
    return reply(200, CancelPreview([_view(call, task) for task in tasks]))


# ------------------------------------------------------------------ change and forget


@routes(
    "PATCH",
    "/tasks/{task}",
    "Change a task",
    Answer(200, "The task as changed", TaskView, headers=("ETag",)),
    body=Patch,
    headers=(IF_MATCH,),
    errors=(409, 412),
)
async def change_task(call: Call[NoQuery, Patch]) -> ASGIApp:
    """Priority, time and gate change while the task waits; labels (as a whole) and persist always."""
    known = call.header("if-match")
    tags = versions(known, "If-Match") if known else None
    if tags is None:
        version = None
    elif len(tags) == 1:
        version = tags[0]
    else:
        current = (await call.service.tasks.find(call.principal, call.ref)).version
        version = current if current in tags else -1
    task = await refusable(call, call.service.tasks.change(call.principal, call.ref, call.body, version))
    return reply(200, _view(call, task), {"ETag": _etag(task)})


@routes("DELETE", "/tasks/{task}", "Forget a task", Answer(204, "It is gone, with its tree"), errors=(409,))
async def delete_task(call: Call[NoQuery, None]) -> ASGIApp:
    """Only what is final can be forgotten; to stop a task, cancel it."""
    await refusable(call, call.service.tasks.delete(call.principal, call.ref))
    return reply(204)


async def refusable(call: Call[Any, Any], change: Awaitable[R]) -> R:
    """What a change gives; a refusal carries the task as it is."""
    try:
        return await change
    except (Conflict, VersionMismatch) as error:
        task = await call.service.tasks.find(call.principal, call.ref)
        raise Refusal(error, _view(call, task)) from None


# ------------------------------------------------------------------ headers


def _view(call: Call[Any, Any], task: Task) -> TaskView:
    return task_view(task, call.site.prefix)


def _etag(task: Task) -> str:
    return f'"{task.version}"'


def _location(call: Call[Any, Any], task: Task) -> str:
    return f"{call.site.prefix}/v1/tasks/{task.id}"
