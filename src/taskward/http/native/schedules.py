"""Recurring submissions."""

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.tasks import accepted
from taskward.http.native.views import TICKS_SHOWN, schedule_view
from taskward.wire import Page, RecurrenceBody, RecurrenceView, ScheduleBody, SchedulePatch, ScheduleView, TaskView

routes = Routes("schedules")


@routes("GET", "/schedules", "List schedules", Answer(200, "The schedules", Page[ScheduleView]))
async def schedules(call: Call[NoQuery, None]) -> ASGIApp:
    """With their last and next ticks."""
    return reply(200, Page([schedule_view(each) for each in await call.service.schedules.all(call.principal)]))


@routes("GET", "/schedules/{name}", "Get a schedule", Answer(200, "The schedule", ScheduleView), errors=(404,))
async def schedule(call: Call[NoQuery, None]) -> ASGIApp:
    """By its name."""
    return reply(200, schedule_view(await call.service.schedules.get(call.principal, call.name())))


@routes(
    "PUT",
    "/schedules/{name}",
    "Make or replace a schedule",
    Answer(200, "Replaced", ScheduleView),
    Answer(201, "Made", ScheduleView),
    body=ScheduleBody,
    errors=(409,),
)
async def put_schedule(call: Call[NoQuery, ScheduleBody]) -> ASGIApp:
    """Ticks at an interval or by cron; those that were missed collapse into one."""
    saved, is_new = await call.service.schedules.put(call.principal, call.name(), call.body)
    return reply(201 if is_new else 200, schedule_view(saved))


@routes(
    "PATCH",
    "/schedules/{name}",
    "Activate or deactivate a schedule",
    Answer(200, "The schedule", ScheduleView),
    body=SchedulePatch,
    errors=(404,),
)
async def change_schedule(call: Call[NoQuery, SchedulePatch]) -> ASGIApp:
    """Activated, its rhythm begins anew."""
    saved = await call.service.schedules.set_active(call.principal, call.name(), active=call.body.active)
    return reply(200, schedule_view(saved))


@routes(
    "POST",
    "/schedules:preview",
    "See when a schedule would tick",
    Answer(200, "In English, and the next instants", RecurrenceView),
    body=RecurrenceBody,
    is_audited=False,
)
async def preview_schedule(call: Call[NoQuery, RecurrenceBody]) -> ASGIApp:
    """Keeps nothing."""
    recurrence, first = call.service.schedules.recurrence(call.principal, call.body)
    ticks = [] if first is None else recurrence.following(first, TICKS_SHOWN)
    return reply(200, RecurrenceView(in_words=recurrence.in_words(), next_ticks=ticks))


@routes("DELETE", "/schedules/{name}", "Remove a schedule", Answer(204, "Removed"), errors=(404,))
async def delete_schedule(call: Call[NoQuery, None]) -> ASGIApp:
    """Tasks that it has submitted stay."""
    await call.service.schedules.delete(call.principal, call.name())
    return reply(204)


@routes(
    "POST",
    "/schedules/{name}:run",
    "Submit what a schedule submits, now",
    Answer(202, "The task", TaskView, headers=("Location", "Operation-Location", "Retry-After", "ETag")),
    errors=(404,),
)
async def run_schedule(call: Call[NoQuery, None]) -> ASGIApp:
    """Its ticks stay as they are."""
    task = await call.service.schedules.run(call.principal, call.name())
    return accepted(call, task, {"Location": f"{call.site.prefix}/v1/tasks/{task.id}"})
