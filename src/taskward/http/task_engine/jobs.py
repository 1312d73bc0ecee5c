"""`/job` and `/jobs`: submit, list, look at, change, run again."""

from typing import Any

from taskward.http.endpoint import Reply
from taskward.http.task_engine import filters, values
from taskward.http.task_engine.call import Call, Route, reply
from taskward.http.task_engine.errors import about_job, bad
from taskward.http.task_engine.lines import request_line
from taskward.http.task_engine.wire import JobAccepted, RerunAccepted, Updated, stamp
from taskward.http.task_engine.words import listed_job, short_job, whole_job
from taskward.model.states import State
from taskward.service.jobs import JobChange, JobOrder
from taskward.service.workflows import TOLD

_COUNTED = 10_000
"""Up to here the number of jobs that a filter finds is told."""
_ORDER = ("workflow", "priority", "run_at", "semaphore_url", "sempahore_url", "persist")
_CHANGES = ("queue_state", "run_at", "priority", "semaphore_url", "sempahore_url", "persist")
_STATES = {"paused": State.PAUSED, "broken": State.CANCELED, "queued": State.QUEUED}


async def submit(call: Call) -> Reply:
    """Accepts a job."""
    about_job(call.request, None)
    order = _order(call.body)
    task = await call.service.jobs.submit(
        call.principal, order, idempotency_key=call.idempotency_key, correlation_id=call.correlation_id
    )
    about_job(call.request, task.number)
    await call.service.jobs.note(task.id, "api", request_line(call, "job_created"))
    if task.run_at is not None and task.state is State.SCHEDULED:
        await call.service.jobs.note(task.id, "controller", f'Job will run at: "{stamp(task.run_at)}"')
    return reply(JobAccepted(task.number, task.number), _location(call, task.number))


def _location(call: Call, number: int) -> dict[str, str]:
    return {"location": f"{call.site.prefix}/jobs/{number}"}


def _order(body: dict[str, Any]) -> JobOrder:
    """Raises Refused."""
    values.only(("client", "job", "parameters"), body, "in the body")
    if "job" not in body:
        raise bad('job is missing: an object with the name of a workflow, such as {"workflow": "vodcapture"}')
    job = values.an_object("job", body["job"])
    values.only(_ORDER, job, "in job")
    client = body.get("client")
    parameters = values.an_object("parameters", body.get("parameters", {}))
    values.urls(f"parameters.{TOLD}", parameters.get(TOLD))
    return JobOrder(
        workflow=values.a_text("job.workflow", job.get("workflow")),
        parameters=parameters,
        client="" if client is None else values.a_text("client", client),
        priority=None if job.get("priority") is None else values.priority(job["priority"]),
        run_at=None if job.get("run_at") is None else values.instant("run_at", job["run_at"]),
        gate=values.semaphore(job),
        persist=None if job.get("persist") is None else values.truth("persist", job["persist"]),
    )


async def list_jobs(call: Call) -> Reply:
    """Jobs that meet all conditions, newest first unless another order is asked for."""
    wanted = filters.read(call.query, sees_parameters=not call.is_open)
    jobs = call.service.jobs
    found = await jobs.find(call.principal, wanted.where, wanted.order, offset=wanted.offset, limit=wanted.limit + 1)
    shown = found[: wanted.limit]
    headers = {}
    if "cursor" not in call.query:
        count = await jobs.count(call.principal, wanted.where, _COUNTED + 1)
        if count <= _COUNTED:
            headers["x-total-count"] = str(count)
    if len(found) > len(shown):
        cursor = wanted.following(shown[-1].task.number)
        query = "&".join(
            [part for part in _query_string(call).split("&") if part and not part.startswith("cursor=")]
            + [f"cursor={cursor}"]
        )
        headers["link"] = f'<{call.site.prefix}/jobs?{query}>; rel="next"'
    return reply([(short_job if call.is_open else listed_job)(job) for job in shown], headers)


def _query_string(call: Call) -> str:
    text: str = call.request.scope["query_string"].decode("latin-1")
    return text


async def read(call: Call) -> Reply:
    """One job."""
    return reply(whole_job(await call.service.jobs.get(call.principal, call.job_id)))


async def update(call: Call) -> Reply:
    """Changes what the body names, all of it or nothing."""
    about_job(call.request, call.job_id)
    changed = _changed(call)
    if not changed:
        raise bad(f"nothing to update: give one or more of {', '.join(_CHANGES)}")
    task = await call.service.jobs.change(call.principal, call.job_id, _change(changed))
    await call.service.jobs.note(task.id, "api", request_line(call, "job_updated"))
    return reply(Updated(call.job_id, f"Performed updates: {', '.join(changed)}", changed))


def _changed(call: Call) -> dict[str, object]:
    """The changes asked for, in the order in which they are told. Raises Refused."""
    body = call.body
    values.only(("client", *_CHANGES), body, "as something to update")
    client = body.get("client")
    if client is not None and call.principal.client and client != call.principal.client:
        raise bad(f"client is who asks, {call.principal.client}, and cannot be changed")
    changed: dict[str, object] = {}
    if "queue_state" in body:
        if body["queue_state"] not in _STATES:
            raise bad(f"queue_state can be set to {', '.join(_STATES)}; not to {body['queue_state']!r}")
        changed["queue_state"] = body["queue_state"]
    if "run_at" in body:
        changed["run_at"] = stamp(values.instant("run_at", body["run_at"]))
    if "priority" in body:
        changed["priority"] = values.priority(body["priority"])
    if "semaphore_url" in body or "sempahore_url" in body:
        changed["semaphore_url"] = values.semaphore(body)
    if "persist" in body:
        changed["persist"] = values.truth("persist", body["persist"])
    return changed


def _change(changed: dict[str, Any]) -> JobChange:
    return JobChange(
        priority=changed.get("priority"),
        run_at=values.instant("run_at", changed["run_at"]) if "run_at" in changed else None,
        gate=changed.get("semaphore_url"),
        clear_gate="semaphore_url" in changed and changed["semaphore_url"] is None,
        persist=changed.get("persist"),
        state=_STATES[changed["queue_state"]] if "queue_state" in changed else None,
    )


async def rerun(call: Call) -> Reply:
    """A new job that does the same; the one it repeats becomes broken."""
    task = await call.service.jobs.rerun(call.principal, call.job_id, idempotency_key=call.idempotency_key)
    await call.service.jobs.note(task.id, "api", request_line(call, "job_rerun"))
    return reply(RerunAccepted(task.number, task.number, call.job_id), _location(call, task.number))


ROUTES = (
    Route("POST", "/job", submit, has_body=True),
    Route("GET", "/jobs", list_jobs, is_open=True),
    Route("GET", "/jobs/{id}", read),
    Route("PUT", "/jobs/{id}", update, has_body=True),
    Route("PATCH", "/jobs/{id}", update, has_body=True),
    Route("PUT", "/job/{id}", update, has_body=True),
    Route("POST", "/jobs/{id}/rerun", rerun),
)
