"""`/task_manager`."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from litestar.types import ASGIApp

from taskward.http.endpoint import reply
from taskward.http.presence import unless_gone
from taskward.http.scylla.call import Call, Route
from taskward.http.scylla.errors import Refused
from taskward.http.scylla.replies import array, nothing
from taskward.model.errors import NotAbortable
from taskward.model.states import FINAL
from taskward.service.sightings import Sighting

_LONGEST_TTL_SECONDS = 36_500 * 86_400
"""What the house takes for a duration; ScyllaDB takes a little more."""


async def list_modules(call: Call) -> ASGIApp:
    """Names."""
    return reply(200, await call.service.roster.modules(call.principal))


async def list_module_tasks(call: Call) -> ASGIApp:
    """What is registered of a module."""
    labels = {name: call.query.text(name) for name in ("keyspace", "table") if call.query.text(name)}
    pages = call.service.roster.registered(
        call.principal, call.module, internal=call.query.boolean("internal"), labels=labels
    )

    async def stats() -> AsyncGenerator[list[Any], None]:
        async for page in pages:
            yield [call.edition.stats(task) for task in page]

    return await array(stats())


async def task_status(call: Call) -> ASGIApp:
    """One task."""
    seen = await call.service.roster.sighting(call.principal, call.task_id)
    [status] = await call.statuses([seen])
    await _forget_what_was_read(call, seen)
    return reply(200, status)


async def task_status_recursive(call: Call) -> ASGIApp:
    """A task and all below it."""
    pieces = call.service.roster.walk(call.principal, call.task_id)

    async def statuses() -> AsyncGenerator[list[Any], None]:
        start = None
        async for piece in pieces:
            start = start or piece[0]
            yield await call.statuses(piece)
        if start is not None:
            await _forget_what_was_read(call, start)

    return await array(statuses())


async def _forget_what_was_read(call: Call, seen: Sighting) -> None:
    if call.edition.reading_unregisters and seen.node.state in FINAL:
        await call.service.roster.unregister(call.principal, call.task_id)


async def abort_task(call: Call) -> ASGIApp:
    """Asks it to stop, and waits for nothing."""
    try:
        await call.service.roster.abort(call.principal, call.task_id)
    except NotAbortable:
        raise call.edition.not_abortable(call.task_id) from None
    return nothing()


async def wait_task(call: Call) -> ASGIApp:
    """Its status when it has ended. Both editions take a timeout; without one the wait has no end."""
    seconds = call.query.whole("timeout")
    timeout = None if seconds is None else timedelta(seconds=seconds)
    try:
        seen = await unless_gone(call.request.receive, call.service.roster.wait(call.principal, call.task_id, timeout))
    except TimeoutError:
        raise Refused(408, "timedout") from None
    [status] = await call.statuses([seen])
    return reply(200, status)


async def get_ttl(call: Call) -> ASGIApp:
    """In seconds."""
    return await _get(call, "registry_ttl")


async def set_ttl(call: Call) -> ASGIApp:
    """Answers with the one before."""
    return await _swap(call, "registry_ttl", "ttl")


async def get_user_ttl(call: Call) -> ASGIApp:
    """In seconds."""
    return await _get(call, "user_task_ttl")


async def set_user_ttl(call: Call) -> ASGIApp:
    """Answers with the one before."""
    return await _swap(call, "user_task_ttl", "user_ttl")


async def _get(call: Call, setting: str) -> ASGIApp:
    return reply(200, int(float((await call.service.settings.get(call.principal, setting)).value)))


async def _swap(call: Call, setting: str, parameter: str) -> ASGIApp:
    call.query.required(parameter)
    seconds = min(call.query.whole(parameter) or 0, _LONGEST_TTL_SECONDS)
    return reply(200, int(float(await call.service.settings.swap(call.principal, setting, seconds))))


async def drain(call: Call) -> ASGIApp:
    """Unregisters what has ended."""
    await call.service.roster.drain(call.principal, call.module)
    return nothing()


ROUTES = (
    Route("GET", "/task_manager/list_modules", list_modules),
    Route("GET", "/task_manager/list_module_tasks/{module}", list_module_tasks),
    Route("GET", "/task_manager/task_status/{task_id}", task_status),
    Route("GET", "/task_manager/task_status_recursive/{task_id}", task_status_recursive),
    Route("POST", "/task_manager/abort_task/{task_id}", abort_task),
    Route("GET", "/task_manager/wait_task/{task_id}", wait_task),
    Route("POST", "/task_manager/ttl", set_ttl),
    Route("GET", "/task_manager/ttl", get_ttl, since="2026"),
    Route("POST", "/task_manager/user_ttl", set_user_ttl, since="2026"),
    Route("GET", "/task_manager/user_ttl", get_user_ttl, since="2026"),
    Route("POST", "/task_manager/drain/{module}", drain, since="2026"),
)
