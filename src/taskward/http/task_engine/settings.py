"""`/settings`: what bounds the jobs of a client."""

from taskward.http.endpoint import Reply
from taskward.http.task_engine import values
from taskward.http.task_engine.call import Call, Route, reply
from taskward.http.task_engine.errors import bad


async def set_one(call: Call) -> Reply:
    """Sets one, in force at once."""
    values.only(("client", "name", "setting"), call.body, "in the body")
    name = values.a_text("name", call.body.get("name"))
    value = call.body.get("setting")
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise bad(f"setting is a text or a number, not {value!r}")
    stored = await call.service.job_settings.set(call.principal, name, value)
    body = {"result": "ok", "message": f"{name} setting {'created' if stored.is_new else 'updated'}"}
    return reply(body | {"warning": stored.warning} if stored.warning else body)


async def read_all(call: Call) -> Reply:
    """Every setting with its value in force."""
    return reply({"result": "ok", "settings": await call.service.job_settings.all(call.principal)})


ROUTES = (
    Route("POST", "/settings", set_one, has_body=True),
    Route("GET", "/settings", read_all),
)
