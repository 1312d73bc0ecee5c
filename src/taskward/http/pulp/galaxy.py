"""The Galaxy hub's own task list and tokens, beside the Pulp tree that it is built on."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from taskward.auth.authenticator import basic_credential
from taskward.http.endpoint import Reply
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer, no_content
from taskward.http.pulp.errors import FORBIDDEN, Refused
from taskward.http.pulp.filters import Several
from taskward.http.pulp.task_filters import TASK_FILTERS
from taskward.http.pulp.tasks import page
from taskward.http.pulp.views import hub_item, hub_task
from taskward.http.pulp.wire import HubLinks, HubListItem, HubMeta, HubPage, HubTask, HubToken

operations = Operations()

HUBS = ("/api/automation-hub/", "/api/galaxy/")
DEFAULT_LIMIT = 10
MOST = 100

_VERSIONS = {
    "available_versions": {"v3": "v3/", "pulp-v3": "pulp/api/v3/"},
    "server_version": "4.10.0",
    "galaxy_ng_version": "4.10.0",
}


@operations("GET", "", id="hub_read", summary="Inspect the hub", answers=(Answer(200),), is_open=True)
async def read_hub(call: Call) -> Reply:  # noqa: ARG001 - an operation's handler
    """Which versions of the API there are."""
    return answer(_VERSIONS)


@operations(
    "GET",
    "v3/tasks/",
    id="hub_tasks_list",
    summary="List tasks",
    answers=(Answer(200, HubPage[HubListItem]),),
    filters=TASK_FILTERS,
    pages=True,
)
async def list_tasks(call: Call) -> Reply:
    """Tasks in short, newest first; the filters are Pulp's."""
    window = call.query.window
    found, count, _ = await page(call)
    path = call.path
    items = [hub_item(task, path) for task in found]
    return answer(HubPage(HubMeta(count), _links(path, call.query.pairs, window.limit, window.offset, count), items))


@operations(
    "GET",
    "v3/tasks/{id}/",
    id="hub_tasks_read",
    summary="Inspect a task",
    answers=(Answer(200, HubTask),),
)
async def read_task(call: Call) -> Reply:
    """A task with its worker and its progress."""
    task = await call.service.tasks.get(call.principal, call.id)
    particulars = await call.service.searches.particulars(call.principal, [task])
    workers = {}
    if task.worker is not None:
        # Sorted by age: of two with one name the younger one is meant.
        fleet = sorted(await call.service.fleet.workers(call.principal), key=lambda worker: worker.started_at)
        workers = {worker.name: worker for worker in fleet}
    return answer(hub_task(task, particulars[task.id], workers))


@operations("POST", "v3/auth/token/", id="hub_token", summary="Get a token", answers=(Answer(200, HubToken),))
async def get_token(call: Call) -> Reply:
    """With Basic. The token is good for as long as a login to the console; unlike Galaxy's it ends no other one."""
    scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise FORBIDDEN
    user, password = basic_credential(value.strip())
    access = call.tree.access
    session = await access.authenticator.log_in(user, password, access.session_ttl)
    return answer(HubToken(session.secret), headers={"cache-control": "no-store"})


@operations("DELETE", "v3/auth/token/", id="hub_token_delete", summary="Revoke a token", answers=(Answer(204),))
async def revoke_token(call: Call) -> Reply:
    """The one the request is made with."""
    scheme, _, value = call.request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "token":
        raise FORBIDDEN
    await call.tree.access.authenticator.log_out(value.strip())
    return no_content()


def _links(path: str, pairs: Sequence[tuple[str, str]], limit: int, offset: int, count: int) -> HubLinks:
    kept = [(name, value) for name, value in pairs if name not in {"limit", "offset"}]

    def link(place: int) -> str:
        where = [("limit", str(limit)), *([("offset", str(place))] if place else [])]
        return f"{path}?{urlencode(sorted([*kept, *where]))}"

    def first() -> str:
        return f"{path}?{urlencode(sorted([*kept, ('limit', str(limit)), ('offset', '0')]))}"

    last = max((count - 1) // limit * limit, 0)
    return HubLinks(
        first=first(),
        previous=link(max(offset - limit, 0)) if offset > 0 else None,
        next=link(offset + limit) if offset + limit < count else None,
        last=f"{path}?{urlencode(sorted([*kept, ('limit', str(limit)), ('offset', str(last))]))}",
    )


_TITLES = {
    "invalid": "Invalid input.",
    "not_found": "Not found.",
    "not_authenticated": "Authentication credentials were not provided.",
    "authentication_failed": "Incorrect authentication credentials.",
    "permission_denied": "You do not have permission to perform this action.",
    "method_not_allowed": "Method not allowed.",
    "unsupported_media_type": "Unsupported media type in request.",
    "service_unavailable": "Service temporarily unavailable, try again later.",
}


def errors_body(refused: Refused) -> Any:
    """A refusal as the hub writes it: one entry for each message, `detail` left out where the title says it."""
    fields = refused.by_field if isinstance(refused, Several) else {refused.field or "": refused.messages}
    title = _TITLES.get(refused.code, "A server error occurred.")
    entries = []
    for field, messages in fields.items():
        for message in messages if refused.code != "not_found" else [title]:
            entry: dict[str, Any] = {"status": str(refused.status), "code": refused.code, "title": title}
            if message != title:
                entry["detail"] = message
            if field:
                entry["source"] = {"parameter": field}
            entries.append(entry)
    return {"errors": entries}
