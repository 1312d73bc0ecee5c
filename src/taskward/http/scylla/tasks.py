"""`/task_manager`."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

from litestar.types import ASGIApp

from taskward.http.endpoint import reply
from taskward.http.presence import unless_gone
from taskward.http.scylla.call import Call, Parameter, Routes
from taskward.http.scylla.errors import Refused
from taskward.http.scylla.replies import array, nothing
from taskward.model.errors import NotAbortable
from taskward.model.states import FINAL
from taskward.service.sightings import Sighting

routes = Routes()

_COUNTS = Parameter("counts", "boolean", "Tell also how many parts folding has forgotten; not in ScyllaDB")
_TIMEOUT = Parameter("timeout", "long", "How many seconds to wait at most")
_LONGEST_TTL_SECONDS = 36_500 * 86_400
"""What the house takes for a duration; ScyllaDB takes a little more."""


@routes("GET", "/task_manager/list_modules", "string[]")
async def list_modules(call: Call) -> ASGIApp:
    """The names of all modules."""
    return reply(200, await call.service.roster.modules(call.principal))


@routes(
    "GET",
    "/task_manager/list_module_tasks/{module}",
    "task_stats[]",
    Parameter("internal", "boolean", "Internal tasks too"),
    Parameter("keyspace", "string", "Only tasks of this keyspace"),
    Parameter("table", "string", "Only tasks of this table"),
)
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


@routes("GET", "/task_manager/task_status/{task_id}", "task_status", _COUNTS)
async def task_status(call: Call) -> ASGIApp:
    """The status of a task."""
    seen = await call.service.roster.sighting(call.principal, call.task_id)
    [status] = await call.statuses([seen])
    await _forget_what_was_read(call, seen)
    return reply(200, status)


@routes("GET", "/task_manager/task_status_recursive/{task_id}", "task_status[]", _COUNTS)
async def task_status_recursive(call: Call) -> ASGIApp:
    """The status of a task and of all below it, breadth first."""
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


@routes("POST", "/task_manager/abort_task/{task_id}")
async def abort_task(call: Call) -> ASGIApp:
    """Asks a task and all below it to stop, and waits for nothing."""
    try:
        await call.service.roster.abort(call.principal, call.task_id)
    except NotAbortable:
        raise call.edition.not_abortable(call.task_id) from None
    return nothing()


@routes("GET", "/task_manager/wait_task/{task_id}", "task_status", _TIMEOUT, _COUNTS)
async def wait_task(call: Call) -> ASGIApp:
    """The status of a task when it has ended.

    Both editions take a timeout; without one the wait has no end.
    """
    seconds = call.query.whole("timeout")
    timeout = None if seconds is None else timedelta(seconds=seconds)
    try:
        seen = await unless_gone(call.request.receive, call.service.roster.wait(call.principal, call.task_id, timeout))
    except TimeoutError:
        raise Refused(408, "timedout") from None
    [status] = await call.statuses([seen])
    return reply(200, status)


@routes("GET", "/task_manager/ttl", "long", since="2026")
async def get_ttl(call: Call) -> ASGIApp:
    """How long finished tasks are shown, in seconds."""
    return await _get(call, "registry_ttl")


@routes("POST", "/task_manager/ttl", "long", Parameter("ttl", "long", "In seconds", required=True))
async def set_ttl(call: Call) -> ASGIApp:
    """Sets how long finished tasks are shown; answers with the seconds before."""
    return await _swap(call, "registry_ttl", "ttl")


@routes("GET", "/task_manager/user_ttl", "long", since="2026")
async def get_user_ttl(call: Call) -> ASGIApp:
    """How long finished tasks are shown that a user started, in seconds."""
    return await _get(call, "user_task_ttl")


@routes(
    "POST",
    "/task_manager/user_ttl",
    "long",
    Parameter("user_ttl", "long", "In seconds", required=True),
    since="2026",
)
async def set_user_ttl(call: Call) -> ASGIApp:
    """Sets how long finished tasks are shown that a user started; answers with the seconds before."""
    return await _swap(call, "user_task_ttl", "user_ttl")


async def _get(call: Call, setting: str) -> ASGIApp:
    return reply(200, int(float((await call.service.settings.get(call.principal, setting)).value)))


async def _swap(call: Call, setting: str, parameter: str) -> ASGIApp:
    call.query.required(parameter)
    seconds = min(call.query.whole(parameter) or 0, _LONGEST_TTL_SECONDS)
    return reply(200, int(float(await call.service.settings.swap(call.principal, setting, seconds))))


@routes("POST", "/task_manager/drain/{module}", since="2026")
async def drain(call: Call) -> ASGIApp:
    """Unregisters what has ended of a module."""
    await call.service.roster.drain(call.principal, call.module)
    return nothing()
