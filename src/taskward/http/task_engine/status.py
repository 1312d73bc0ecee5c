"""`/`, `/health` and `/dashboard`: whether it lives, how it is, what it does."""

from collections import Counter

from taskward import __version__
from taskward.http.endpoint import Reply
from taskward.http.task_engine import values
from taskward.http.task_engine.call import Call, Route, reply
from taskward.http.task_engine.wire import Dashboard, Health, JobCounts, QueueHealth, TaskCounts
from taskward.http.task_engine.words import short_job, state_of_tally
from taskward.service.jobs import Job

_MOST_SHOWN = 1000


async def alive(_: Call) -> Reply:
    """It can be reached; that is all."""
    return reply({"result": "alive"})


async def health(call: Call) -> Reply:
    """How the parts are, and statistics from maintained counters. Raises Unavailable without the store."""
    standing = await call.service.jobs.standing(call.principal)
    jobs: Counter[str] = Counter()
    for tally in standing.jobs:
        jobs[state_of_tally(tally)] += tally.count
    return reply(
        Health(
            version=__version__,
            # This API's clients look for two databases; one store is both.
            databases={"redis": "OK", "postgres": "OK"},
            queues={
                queue.name: QueueHealth(workers=queue.workers, working=queue.running, pending=queue.queued)
                for queue in standing.queues
            },
            tasks=TaskCounts(failed=standing.failed, pending=standing.waiting, processed=standing.processed),
            jobs=JobCounts(
                **{name: jobs[name] for name in JobCounts.__struct_fields__[:-2]},
                max_jobs=standing.bounds.max_jobs,
                priority_slots=standing.bounds.priority_slots,
            ),
        )
    )


async def dashboard(call: Call) -> Reply:
    """What runs and waits at one instant, as far as it fits."""
    values.only(("limit", "client"), call.query, "as a parameter")
    limit = values.whole("limit", call.query.get("limit") or _MOST_SHOWN, 1, 10_000)
    board, bounds = await call.service.jobs.board(call.principal, limit, call.query.get("client", ""))
    started, queued, scheduled = (
        [short_job(Job(task, board.places.get(task.id, 1))) for task in tasks]
        for tasks in (board.running, board.queued, board.scheduled)
    )
    return reply(Dashboard(bounds.max_jobs, bounds.priority_slots, started, queued, scheduled, __version__))


ROUTES = (
    Route("GET", "/", alive),
    Route("GET", "/health", health),
    Route("GET", "/dashboard", dashboard),
)
