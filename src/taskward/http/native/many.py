"""Many tasks at once: wait for them, forget them, do the same to all of them."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from litestar.types import ASGIApp
from msgspec import Meta, Struct

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.tasks import TaskFilter, task_query
from taskward.http.native.views import task_view
from taskward.model.errors import Invalid
from taskward.model.states import FINAL
from taskward.ports import Range, TaskQuery
from taskward.service.bulk import Action
from taskward.service.instants import utc
from taskward.wire import BulkDone, BulkPreview, BulkRefusal, PurgeBody, Removed, WaitBody, Waited

routes = Routes("many tasks")


@routes(
    "POST",
    "/tasks:wait",
    "Wait for tasks to end",
    Answer(200, "Whether all have ended, and the tasks", Waited),
    body=WaitBody,
    body_optional=True,
    is_audited=False,
)
async def wait(call: Call[NoQuery, WaitBody]) -> ASGIApp:
    """Answers as soon as the last of them ends, or after `timeout_seconds`."""
    body = call.body
    timeout = timedelta(seconds=body.timeout_seconds)
    if body.ids is not None:
        awaited = await call.service.waiting.for_all(call.principal, body.ids, timeout)
    else:
        query = TaskQuery(
            modules=() if body.module is None else (body.module,),
            operations=() if body.operation is None else (body.operation,),
            client=body.client,
            queue=body.queue,
            labels=tuple(body.labels.items()),
            roots_only=True,
        )
        awaited = await call.service.waiting.for_none(call.principal, query, timeout)
    views = [task_view(task, call.site.prefix) for task in awaited.tasks]
    return reply(200, Waited(done=awaited.done, items=views))


@routes("POST", "/tasks:purge", "Forget ended tasks", Answer(200, "How many were removed", Removed), body=PurgeBody)
async def purge(call: Call[NoQuery, PurgeBody]) -> ASGIApp:
    """Roots go with their trees; those that are kept for good stay."""
    body = call.body
    unfinished = [state for state in body.states if state not in FINAL]
    if unfinished or not body.states:
        wrong = f"{unfinished[0]} is not final" if unfinished else "at least one state is needed"
        raise Invalid("/states", f"{wrong}; final are {', '.join(sorted(FINAL))}")
    before = None if body.finished_before is None else utc("/finished_before", body.finished_before)
    query = TaskQuery(
        states=tuple(dict.fromkeys(body.states)),
        modules=() if body.module is None else (body.module,),
        operations=() if body.operation is None else (body.operation,),
        client=body.client,
        finished=Range(before=before),
        roots_only=True,
        internal=True,
        limit=body.limit,
    )
    return reply(200, Removed(await call.service.tasks.purge(call.principal, query)))


class BulkBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same to many tasks: those named by `ids`, or those `filter` lets through, as in `GET /v1/tasks`."""

    action: Action
    ids: Annotated[list[UUID], Meta(min_length=1, max_length=500)] | None = None
    filter: TaskFilter | None = None
    """`after` is the `next` of the piece before, `limit` how many tasks one request changes."""


@routes(
    "POST",
    "/tasks:preview",
    "See what a bulk action would reach",
    Answer(200, "How many tasks, and the newest of them", BulkPreview),
    body=BulkBody,
    is_audited=False,
)
async def preview(call: Call[NoQuery, BulkBody]) -> ASGIApp:
    """Changes nothing. Counts up to 1,000. With `created_before` in the filter, later tasks stay out of it."""
    body = call.body
    now = call.service.clock.now()
    if body.ids is not None:
        _check_selection(body)
        reach = await call.service.bulk.reach_of(call.principal, body.action, body.ids, _SHOWN)
    else:
        query = await task_query(call, _filter(body))
        if query is None:
            return reply(200, BulkPreview(count=0, at_least=False, items=[], at=now))
        reach = await call.service.bulk.reach(call.principal, body.action, query, _SHOWN)
    views = [task_view(task, call.site.prefix) for task in reach.sample]
    return reply(200, BulkPreview(count=reach.count, at_least=reach.at_least, items=views, at=now))


@routes(
    "POST",
    "/tasks:bulk",
    "Do the same to many tasks",
    Answer(200, "How many were changed, which were not, and where to go on", BulkDone),
    body=BulkBody,
)
async def bulk(call: Call[NoQuery, BulkBody]) -> ASGIApp:
    """One request changes one piece: up to `limit` tasks of the filter. Send it again with `filter.after` from `next`
    until that is null. Each task is changed as if alone; what it refuses is reported and stops nothing. By a filter,
    rerun and delete reach roots only.
    """
    body = call.body
    if body.ids is not None:
        _check_selection(body)
        done = await call.service.bulk.apply_to(call.principal, body.action, body.ids)
    else:
        query = await task_query(call, _filter(body))
        if query is None:
            return reply(200, BulkDone(changed=0, refused=[], next=None))
        done = await call.service.bulk.apply(call.principal, body.action, query)
    refused = [BulkRefusal(one.id, one.detail) for one in done.refused]
    return reply(200, BulkDone(changed=done.changed, refused=refused, next=done.next))


_SHOWN = 10


def _filter(body: BulkBody) -> TaskFilter:
    _check_selection(body)
    if body.filter is None:
        raise Invalid("/filter", "is needed where there are no ids; {} is every task")
    if body.filter.sort != "-created":
        raise Invalid("/filter/sort", "does not matter here; leave it out")
    return body.filter


def _check_selection(body: BulkBody) -> None:
    if body.ids is not None and body.filter is not None:
        raise Invalid("/filter", "give one of ids and filter")
