"""Many tasks at once: wait for them, forget them."""

from datetime import timedelta

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.views import task_view
from taskward.model.errors import Invalid
from taskward.model.states import FINAL
from taskward.ports import Range, TaskQuery
from taskward.service.instants import utc
from taskward.wire import PurgeBody, Removed, WaitBody, Waited

routes = Routes("many tasks")


@routes(
    "POST",
    "/tasks:wait",
    "Wait for tasks to end",
    Answer(200, "Whether all have ended, and the tasks", Waited),
    body=WaitBody,
    body_optional=True,
)
async def wait(call: Call[NoQuery, WaitBody]) -> ASGIApp:
    """Answers as soon as the last of them ends, or after `timeout_seconds`."""
    body = call.body
    timeout = timedelta(seconds=body.timeout_seconds)
    if body.ids:
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
