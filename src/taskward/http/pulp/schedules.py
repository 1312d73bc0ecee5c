"""`task-schedules/`: recurring tasks. Pulp only shows them; they are made over `/v1`."""

from taskward.http.endpoint import Reply
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer
from taskward.http.pulp.errors import no_such
from taskward.http.pulp.query import pages
from taskward.http.pulp.record_filters import SCHEDULE_FILTERS, ordered_schedules
from taskward.http.pulp.views import schedule_body, schedule_id
from taskward.http.pulp.wire import Page, ScheduleBody
from taskward.http.pulp.words import SCHEDULE
from taskward.ports import Schedule

operations = Operations()


@operations(
    "GET",
    "task-schedules/",
    id="task_schedules_list",
    summary="List task schedules",
    answers=(Answer(200, Page[ScheduleBody]),),
    noun=SCHEDULE.noun,
    filters=SCHEDULE_FILTERS,
    pages=True,
    selects=True,
)
async def list_schedules(call: Call) -> Reply:
    """What is submitted again and again."""
    query, window = call.query, call.query.window
    matches, keys = call.asked
    found = [schedule for schedule in await call.service.schedules.all(call.principal) if matches(schedule)]
    shown = ordered_schedules(found, keys)[window.offset : window.offset + window.limit]
    following, previous = pages(call.url, query, has_more=len(found) > window.offset + window.limit)
    results = [query.selection.of(body) for body in await _bodies(call, shown)]
    return answer(Page(len(found), following, previous, results))


@operations(
    "GET",
    "task-schedules/{id}/",
    id="task_schedules_read",
    summary="Inspect a task schedule",
    answers=(Answer(200, ScheduleBody),),
    noun=SCHEDULE.noun,
    filters=SCHEDULE_FILTERS,
    selects=True,
)
async def read_schedule(call: Call) -> Reply:
    """One of them."""
    call.asked  # noqa: B018 - refuses what is not known
    wanted = call.id
    for schedule in await call.service.schedules.all(call.principal):
        if schedule_id(schedule) == wanted:
            [body] = await _bodies(call, [schedule])
            return answer(call.query.selection.of(body))
    raise no_such(SCHEDULE.noun)


async def _bodies(call: Call, schedules: list[Schedule]) -> list[ScheduleBody]:
    last = [schedule.last_task_id for schedule in schedules if schedule.last_task_id is not None]
    known = await call.service.tasks.get_many(call.principal, last)
    return [schedule_body(schedule, known, call.base) for schedule in schedules]
