"""Steering tasks: `POST /v1/tasks/{task}:verb`."""

from typing import Any

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.tasks import accepted, refusable
from taskward.http.native.views import task_view
from taskward.model.states import State
from taskward.model.task import Task
from taskward.wire import CancelBody, ExternalEnd, ExternalLogs, ExternalProgress, TaskView

routes = Routes("steering")


@routes(
    "POST",
    "/tasks/{task}:cancel",
    "Cancel a task",
    Answer(202, "Asked to stop, and what is below it too", TaskView, headers=("ETag", "Retry-After")),
    Answer(200, "Canceled", TaskView, headers=("ETag",)),
    body=CancelBody,
    body_optional=True,
    errors=(409,),
)
async def cancel(call: Call[NoQuery, CancelBody]) -> ASGIApp:
    """What waits ends at once; what runs is asked to stop, by force after a while. Again is harmless."""
    reached = await refusable(call, call.service.tasks.cancel(call.principal, call.ref, call.body.reason))
    task = reached[0]
    return _answer(call, task) if task.state is State.CANCELED else accepted(call, task, {})


@routes(
    "POST",
    "/tasks/{task}:pause",
    "Hold a task",
    Answer(200, "Paused", TaskView, headers=("ETag",)),
    Answer(202, "Running: it pauses at its next checkpoint", TaskView, headers=("ETag", "Retry-After")),
    errors=(409,),
)
async def pause(call: Call[NoQuery, None]) -> ASGIApp:
    """A waiting task leaves every line. A running one can pause only if its operation says so."""
    task = await refusable(call, call.service.tasks.pause(call.principal, call.ref))
    return _answer(call, task) if task.state is State.PAUSED else accepted(call, task, {})


@routes(
    "POST",
    "/tasks/{task}:resume",
    "Let a task go on",
    Answer(200, "Back in line", TaskView, headers=("ETag",)),
    errors=(409,),
)
async def resume(call: Call[NoQuery, None]) -> ASGIApp:
    """It takes its place behind those that wait already."""
    return _answer(call, await refusable(call, call.service.tasks.resume(call.principal, call.ref)))


@routes(
    "POST",
    "/tasks/{task}:rerun",
    "Run a task again",
    Answer(202, "The new task", TaskView, headers=("Location", "Operation-Location", "Retry-After", "ETag")),
    errors=(409,),
)
async def rerun(call: Call[NoQuery, None]) -> ASGIApp:
    """A new task with the same arguments, labels and priority supersedes one that has ended."""
    task = await refusable(call, call.service.tasks.rerun(call.principal, call.ref))
    return accepted(call, task, {"Location": f"{call.site.prefix}/v1/tasks/{task.id}"})


@routes(
    "POST",
    "/tasks/{task}:persist",
    "Keep a task for good",
    Answer(200, "The task", TaskView, headers=("ETag",)),
    errors=(409,),
)
async def persist(call: Call[NoQuery, None]) -> ASGIApp:
    """No retention removes it; deleting it still does."""
    return _answer(call, await refusable(call, call.service.tasks.persist(call.principal, call.ref)))


@routes(
    "POST",
    "/tasks/{task}:finish",
    "Tell the end of outside work",
    Answer(200, "The task as it ended", TaskView, headers=("ETag",)),
    body=ExternalEnd,
    errors=(409,),
)
async def finish(call: Call[NoQuery, ExternalEnd]) -> ASGIApp:
    """For tasks that were made with `state: running`."""
    return _answer(call, await refusable(call, call.service.external.finish(call.principal, call.ref, call.body)))


@routes(
    "POST",
    "/tasks/{task}/progress",
    "Tell the progress of outside work",
    Answer(200, "The task", TaskView, headers=("ETag",)),
    body=ExternalProgress,
    errors=(409,),
    is_audited=False,
)
async def progress(call: Call[NoQuery, ExternalProgress]) -> ASGIApp:
    """For tasks that were made with `state: running`."""
    return _answer(call, await refusable(call, call.service.external.progress(call.principal, call.ref, call.body)))


@routes(
    "POST",
    "/tasks/{task}/logs",
    "Add log lines to outside work",
    Answer(204, "Written"),
    body=ExternalLogs,
    errors=(409,),
    is_audited=False,
)
async def log(call: Call[NoQuery, ExternalLogs]) -> ASGIApp:
    """For tasks that were made with `state: running`; also after their end."""
    await refusable(call, call.service.external.log(call.principal, call.ref, call.body.lines))
    return reply(204)


def _answer(call: Call[Any, Any], task: Task) -> ASGIApp:
    return reply(200, task_view(task, call.site.prefix), {"ETag": f'"{task.version}"'})
