"""Workers, queues, pools and counters."""

from importlib.metadata import version
from uuid import UUID

from litestar.types import ASGIApp

from taskward.http.endpoint import Answer, Call, NoQuery, Routes, reply
from taskward.http.native.views import pool_view, queue_view, worker_view
from taskward.model.errors import NotFound
from taskward.wire import Page, PoolBody, PoolView, QueuePatch, QueueView, StatsView, WorkerView

routes = Routes("fleet")


@routes("GET", "/workers", "List workers", Answer(200, "Alive ones first", Page[WorkerView]))
async def workers(call: Call[NoQuery, None]) -> ASGIApp:
    """Those that are gone or lost are shown for a while."""
    return reply(200, Page([worker_view(worker) for worker in await call.service.fleet.workers(call.principal)]))


@routes("GET", "/workers/{id}", "Get a worker", Answer(200, "The worker", WorkerView), errors=(404,))
async def worker(call: Call[NoQuery, None]) -> ASGIApp:
    """By its id."""
    text = call.name("id")
    try:
        worker_id = UUID(text)
    except ValueError:
        raise NotFound("worker", text, hint="a worker is named by its id, a UUID") from None
    return reply(200, worker_view(await call.service.fleet.worker(call.principal, worker_id)))


@routes("GET", "/queues", "List queues", Answer(200, "The queues", Page[QueueView]))
async def queues(call: Call[NoQuery, None]) -> ASGIApp:
    """Every queue that has tasks, workers or a pause."""
    return reply(200, Page([queue_view(queue) for queue in await call.service.fleet.queues(call.principal)]))


@routes("PATCH", "/queues/{name}", "Pause or resume a queue", Answer(200, "The queue", QueueView), body=QueuePatch)
async def change_queue(call: Call[NoQuery, QueuePatch]) -> ASGIApp:
    """From a paused queue nothing is claimed; what runs goes on."""
    queue = await call.service.fleet.set_queue_paused(call.principal, call.name(), paused=call.body.paused)
    return reply(200, queue_view(queue))


@routes("GET", "/pools", "List pools", Answer(200, "The pools", Page[PoolView]))
async def pools(call: Call[NoQuery, None]) -> ASGIApp:
    """Bounds on concurrently running roots, and how full they are."""
    return reply(200, Page([pool_view(pool) for pool in await call.service.fleet.pools(call.principal)]))


@routes("GET", "/pools/{name}", "Get a pool", Answer(200, "The pool", PoolView), errors=(404,))
async def pool(call: Call[NoQuery, None]) -> ASGIApp:
    """By its name."""
    return reply(200, pool_view(await call.service.fleet.pool(call.principal, call.name())))


@routes(
    "PUT",
    "/pools/{name}",
    "Make or change a pool",
    Answer(200, "Changed", PoolView),
    Answer(201, "Made", PoolView),
    body=PoolBody,
)
async def put_pool(call: Call[NoQuery, PoolBody]) -> ASGIApp:
    """Of `limit` slots `reserved` are for priorities up to `threshold`. What runs is not touched."""
    saved, is_new = await call.service.fleet.put_pool(call.principal, call.name(), call.body)
    return reply(201 if is_new else 200, pool_view(saved))


@routes("DELETE", "/pools/{name}", "Remove a pool", Answer(204, "Removed"), errors=(404, 409))
async def delete_pool(call: Call[NoQuery, None]) -> ASGIApp:
    """Not while tasks wait for it or run in it."""
    await call.service.fleet.delete_pool(call.principal, call.name())
    return reply(204)


@routes("GET", "/stats", "Count tasks", Answer(200, "Maintained counters", StatsView))
async def stats(call: Call[NoQuery, None]) -> ASGIApp:
    """How many tasks are in which state; no task is counted to answer this."""
    counted = await call.service.counters.stats(call.principal)
    view = StatsView(
        states=counted.states,
        operations=counted.operations,
        queues=counted.queues,
        workers=counted.workers,
        version=version("taskward"),
    )
    return reply(200, view)
