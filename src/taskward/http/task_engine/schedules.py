"""`/schedules` and `/scheduler`: what recurs, and whether it does."""

from typing import Any

from taskward.http.endpoint import Reply
from taskward.http.task_engine import values
from taskward.http.task_engine.call import Call, Route, reply
from taskward.http.task_engine.errors import bad
from taskward.model.errors import NotFound
from taskward.ports import Schedule
from taskward.service.job_settings import FIRST_IN, SWEEP


async def list_schedules(call: Call) -> Reply:
    """Those that are active; with `all=1` the others too."""
    values.only(("all",), call.query, "as a parameter")
    shows_all = values.truth("all", call.query.get("all") or "0")
    schedules = {}
    for name, (definition, active) in (await _known(call)).items():
        if shows_all:
            schedules[name] = {**definition, "active": active}
        elif active:
            schedules[name] = definition
    return reply({"result": "ok", "schedules": schedules})


async def set_active(call: Call) -> Reply:
    """Activates or deactivates one; answers with the names of those that are active then."""
    values.only(("client", "schedule", "active"), call.body, "in the body")
    name = values.a_text("schedule", call.body.get("schedule"))
    if call.body.get("active") is None:
        raise bad("active is missing: true or false")
    active = values.truth("active", call.body["active"])
    if name == SWEEP:
        await call.service.job_settings.sweep(call.principal, active=active)
    else:
        try:
            await call.service.schedules.set_active(call.principal, name, active=active)
        except NotFound:
            raise bad(f"there is no schedule {name}") from None
    return reply({"result": "ok", "schedules": sorted(name for name, (_, on) in (await _known(call)).items() if on)})


async def _known(call: Call) -> dict[str, tuple[dict[str, Any], bool]]:
    """Definitions by name, and whether they are active."""
    settings = call.service.job_settings
    interval = (await settings.bounds(call.principal.client)).schedule_interval
    sweep = {
        "class": "QueueJobs",
        "every": [interval, {"first_in": int(FIRST_IN.total_seconds())}],
        "queue": "scheduler",
        "description": "Enqueues scheduled jobs that have a run_at time in the past.",
    }
    known = {SWEEP: (sweep, await settings.is_sweeping(call.principal))}
    for schedule in await call.service.schedules.all(call.principal):
        known[schedule.name] = (_definition(schedule), schedule.active)
    return known


def _definition(schedule: Schedule) -> dict[str, Any]:
    rhythm: dict[str, Any] = {"cron": schedule.cron}
    if schedule.every is not None:
        first_in = schedule.every if schedule.first_in is None else schedule.first_in
        rhythm = {"every": [_seconds(schedule.every), {"first_in": _seconds(first_in)}]}
    queue = schedule.queue or "default"
    return {"class": schedule.operation, **rhythm, "queue": queue, "description": schedule.description}


def _seconds(duration: Any) -> float:
    seconds: float = duration.total_seconds()
    return int(seconds) if seconds == int(seconds) else seconds


ROUTES = (
    Route("GET", "/schedules", list_schedules),
    Route("PUT", "/scheduler", set_active, has_body=True),
    Route("PUT", "/schedules", set_active, has_body=True),
)
