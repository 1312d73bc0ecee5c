"""`/task_manager_test`: tasks for tests of clients. Served only where a setting says so."""

from litestar.types import ASGIApp

from taskward.http.endpoint import reply
from taskward.http.scylla.call import Call, Parameter, Routes
from taskward.http.scylla.errors import Refused
from taskward.http.scylla.query import parse_uuid
from taskward.http.scylla.replies import nothing
from taskward.model.errors import Conflict, NotFound

routes = Routes()


@routes("POST", "/task_manager_test/test_module")
async def begin(call: Call) -> ASGIApp:
    """Registers the module of test tasks."""
    await call.service.rehearsal.begin(call.principal)
    return nothing()


@routes("DELETE", "/task_manager_test/test_module")
async def end(call: Call) -> ASGIApp:
    """Stops the module of test tasks."""
    await call.service.rehearsal.end(call.principal)
    return nothing()


@routes(
    "POST",
    "/task_manager_test/test_task",
    "string",
    Parameter("task_id", "string", "The id it shall have"),
    Parameter("shard", "long", "The shard that numbers it; 0 by default"),
    Parameter("parent_id", "string", "The task it is a part of"),
    Parameter("keyspace", "string", "Its keyspace"),
    Parameter("table", "string", "Its table"),
    Parameter("entity", "string", "What it works at"),
    Parameter("user_task", "boolean", "Whether a user started it"),
)
async def make(call: Call) -> ASGIApp:
    """Starts a test task; answers with its id."""
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


@routes("DELETE", "/task_manager_test/test_task", "void", Parameter("task_id", "string", "The task", required=True))
async def remove(call: Call) -> ASGIApp:
    """Ends a test task well, and unregisters it."""
    await call.service.rehearsal.remove(call.principal, parse_uuid(call.query.required("task_id")))
    return nothing()


@routes(
    "POST",
    "/task_manager_test/finish_test_task/{task_id}",
    "void",
    Parameter("error", "string", "Why it failed"),
)
async def finish(call: Call) -> ASGIApp:
    """Ends a test task, with an error or without."""
    error = call.query.text("error") or None
    if error is None and call.edition.empty_error_fails and "error" in call.query:
        error = ""
    await call.service.rehearsal.finish(call.principal, call.task_id, error)
    return nothing()
