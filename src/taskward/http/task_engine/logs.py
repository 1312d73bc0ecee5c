"""`/logs`: what was written while a job ran, and about it."""

from taskward.http.endpoint import Reply
from taskward.http.task_engine import values
from taskward.http.task_engine.call import Call, Route, reply
from taskward.http.task_engine.errors import Refused
from taskward.http.task_engine.words import log_entry

_MOST = 10_000


async def read_logs(call: Call) -> Reply:
    """Lines in their order; hidden ones only when they are asked for."""
    values.only(("show_all", "limit", "after_id"), call.query, "as a parameter")
    if not _takes_json(call.request.headers.get("accept", "")):
        raise Refused(406, "logs are told as application/json, which the Accept header excludes")
    query = call.query
    job_id = call.job_id
    limit = values.whole("limit", query.get("limit") or _MOST, 1, _MOST)
    lines = await call.service.jobs.logs(
        call.principal,
        job_id,
        after=values.whole("after_id", query.get("after_id") or 0, 0),
        limit=limit + 1,
        hidden=values.truth("show_all", query.get("show_all") or "0"),
    )
    headers = {}
    if len(lines) > limit:
        lines = lines[:limit]
        kept = "".join(f"&{name}={query[name]}" for name in ("show_all", "limit") if query.get(name))
        headers["link"] = f'<{call.site.prefix}/logs/{job_id}?after_id={lines[-1].line.seq}{kept}>; rel="next"'
    return reply([log_entry(job_id, line) for line in lines], headers)


def _takes_json(accept: str) -> bool:
    """Whether the header lets JSON pass: only one that says so keeps it out."""
    if not accept:
        return True
    worth = {}
    for part in accept.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        refused = any(parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters)
        worth[media] = not refused
    for media in ("application/json", "application/*", "*/*"):
        if media in worth:
            return worth[media]
    return worth.get("text/json", False)


ROUTES = (Route("GET", "/logs/{id}", read_logs),)
