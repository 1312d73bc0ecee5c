"""`workers/`: what runs tasks."""

from taskward.http.endpoint import Reply
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer
from taskward.http.pulp.query import pages
from taskward.http.pulp.record_filters import WORKER_FILTERS, ordered_workers
from taskward.http.pulp.views import worker_body
from taskward.http.pulp.wire import Page, WorkerBody
from taskward.http.pulp.words import WORKER

operations = Operations()


@operations(
    "GET",
    "workers/",
    id="workers_list",
    summary="List workers",
    answers=(Answer(200, Page[WorkerBody]),),
    noun=WORKER.noun,
    filters=WORKER_FILTERS,
    pages=True,
    selects=True,
)
async def list_workers(call: Call) -> Reply:
    """Workers that are online or missing; one that said goodbye is gone."""
    query, window = call.query, call.query.window
    matches, keys = call.asked
    workers = await call.service.fleet.workers(call.principal)
    found = [worker for worker in workers if worker.state != "gone" and matches(worker)]
    shown = ordered_workers(found, keys)[window.offset : window.offset + window.limit]
    following, previous = pages(call.url, query, has_more=len(found) > window.offset + window.limit)
    results = [query.selection.of(worker_body(worker, call.base)) for worker in shown]
    return answer(Page(len(found), following, previous, results))


@operations(
    "GET",
    "workers/{id}/",
    id="workers_read",
    summary="Inspect a worker",
    answers=(Answer(200, WorkerBody),),
    noun=WORKER.noun,
    filters=WORKER_FILTERS,
    selects=True,
)
async def read_worker(call: Call) -> Reply:
    """A worker and one of the tasks it runs."""
    call.asked  # noqa: B018 - refuses what is not known
    worker = await call.service.fleet.worker(call.principal, call.id)
    return answer(call.query.selection.of(worker_body(worker, call.base)))
