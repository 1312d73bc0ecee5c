"""`/task_manager_test`: tasks for tests of clients. Served only where a setting says so."""

from litestar.types import ASGIApp

from taskward.http.endpoint import reply
from taskward.http.scylla.call import Call, Route
from taskward.http.scylla.errors import Refused
from taskward.http.scylla.query import parse_uuid
from taskward.http.scylla.replies import nothing
from taskward.model.errors import Conflict, NotFound


async def begin(call: Call) -> ASGIApp:
    """Registers the module."""
    await call.service.rehearsal.begin(call.principal)
    return nothing()


async def end(call: Call) -> ASGIApp:
    """Stops the module."""
    await call.service.rehearsal.end(call.principal)
    return nothing()


async def make(call: Call) -> ASGIApp:
    """Starts a task; answers with its id."""
    query = call.query
    labels = {name: query.text(name) for name in ("keyspace", "table", "entity") if query.text(name)}
    if query.boolean("user_task"):
        labels["user_task"] = "true"
    try:
        task = await call.service.rehearsal.make(
            call.principal, query.uuid("task_id"), query.uuid("parent_id"), query.whole("shard") or 0, labels
        )
    except Conflict as error:
        raise Refused(400, f"std::runtime_error ({error})") from None
    except NotFound as error:
        if error.kind != "task":
            raise
        raise Refused(500, f"tasks::task_manager::task_not_found (task with id {error.key} not found)") from None
    return reply(200, str(task.id))


async def remove(call: Call) -> ASGIApp:
    """Ends a task and unregisters it."""
    await call.service.rehearsal.remove(call.principal, parse_uuid(call.query.required("task_id")))
    return nothing()


async def finish(call: Call) -> ASGIApp:
    """Ends a task, with an error or without."""
    error = call.query.text("error") or None
    if error is None and call.edition.empty_error_fails and "error" in call.query:
        error = ""
    await call.service.rehearsal.finish(call.principal, call.task_id, error)
    return nothing()


ROUTES = (
    Route("POST", "/task_manager_test/test_module", begin),
    Route("DELETE", "/task_manager_test/test_module", end),
    Route("POST", "/task_manager_test/test_task", make),
    Route("DELETE", "/task_manager_test/test_task", remove),
    Route("POST", "/task_manager_test/finish_test_task/{task_id}", finish),
)
