"""`tasks/`: find them, look at them, stop them, forget them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from taskward.http.endpoint import Reply
from taskward.http.pulp import values
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer, no_content
from taskward.http.pulp.errors import Refused, bad
from taskward.http.pulp.filters import together
from taskward.http.pulp.query import Selection, pages
from taskward.http.pulp.task_filters import TASK_FILTERS, orders
from taskward.http.pulp.views import short_task_body, task_body
from taskward.http.pulp.wire import (
    ArtifactUrls,
    CancelBody,
    Dispatched,
    Page,
    PermissionsBody,
    PurgeBody,
    RolesBody,
    TaskBody,
)
from taskward.http.pulp.words import FINAL_WORDS, TASK, states_of
from taskward.model.errors import Conflict
from taskward.model.task import Task
from taskward.modules.upkeep import PURGE
from taskward.ports import Particulars, Search
from taskward.wire import Submit

operations = Operations()

COUNTED = 10_000
"""Up to here a count is exact; above it, where no counter tells, it is how many there are at least."""

_PURGE_NAME = "pulpcore.app.tasks.purge.purge"
_UNTOUCHED = timedelta(days=30)
_ASIDE = ("child_tasks", "progress_reports", "created_resources", "created_resource_prns")
"""What a task's body shows that is not in its row."""


@operations(
    "GET",
    "tasks/",
    id="tasks_list",
    summary="List tasks",
    answers=(Answer(200, Page[TaskBody]),),
    filters=TASK_FILTERS,
    pages=True,
    selects=True,
)
async def list_tasks(call: Call) -> Reply:
    """Tasks, newest first, that meet all conditions."""
    query = call.query
    found, count, has_more = await page(call)
    following, previous = pages(call.url, query, has_more=has_more)
    results = [query.selection.of(body) for body in await bodies(call, found, query.selection)]
    return answer(Page(count, following, previous, results))


async def page(call: Call) -> tuple[list[Task], int, bool]:
    """The tasks that are asked for, how many there are in all, and whether some are behind the window."""
    searches, principal, window = call.service.searches, call.principal, call.query.window
    where, keys = call.asked
    wanted = Search(where=where, order=orders(keys), offset=window.offset, limit=window.limit + 1)
    found = await searches.find(principal, wanted)
    has_more = len(found) > window.limit
    found = found[: window.limit]
    shown = window.offset + len(found)
    if has_more or (window.offset and not found):
        count = await searches.count(principal, where, COUNTED)
        return found, max(count, shown + 1) if has_more else count, has_more
    return found, shown, has_more


async def bodies(call: Call, tasks: list[Task], selection: Selection) -> list[Any]:
    """Tasks as they are shown, in full or in short."""
    if selection.minimal:
        return [short_task_body(task, call.base) for task in tasks]
    if not selection.shows(*_ASIDE):
        return [task_body(task, _NOTHING, call.base) for task in tasks]
    particulars = await call.service.searches.particulars(call.principal, tasks)
    return [task_body(task, particulars[task.id], call.base) for task in tasks]


_NOTHING = Particulars()


@operations(
    "GET",
    "tasks/{id}/",
    id="tasks_read",
    summary="Inspect a task",
    answers=(Answer(200, TaskBody),),
    filters=TASK_FILTERS,
    selects=True,
)
async def read_task(call: Call) -> Reply:
    """A task as it is now."""
    call.asked  # noqa: B018 - refuses what is not known
    selection = call.query.selection
    task = await call.service.tasks.get(call.principal, call.id)
    [body] = await bodies(call, [task], selection)
    return answer(selection.of(body))


@operations(
    "PATCH",
    "tasks/{id}/",
    id="tasks_cancel",
    summary="Cancel a task",
    answers=(Answer(200, TaskBody), Answer(409, TaskBody)),
    body=CancelBody,
)
async def cancel_task(call: Call) -> Reply:
    """This operation cancels a task. What waits has ended when it answers; what runs is asked to stop."""
    check_cancel(await call.body())
    status = 200
    try:
        await call.service.tasks.cancel(call.principal, call.id)
    except Conflict:
        status = 409
    task = await call.service.tasks.find(call.principal, call.id)
    [body] = await bodies(call, [task], Selection())
    return answer(body, status)


def check_cancel(body: dict[str, Any]) -> None:
    """Raises Refused for a body that asks for anything but `canceled`."""
    if "state" not in body:
        raise bad("state", "This field is required.")
    if body["state"] is None:
        raise bad("state", "This field may not be null.")
    if not isinstance(body["state"], str | int | float) or isinstance(body["state"], bool):
        raise bad("state", "Not a valid string.")
    if body["state"] != "canceled":
        raise bad("state", "The only acceptable value for 'state' is 'canceled'.")


@operations("DELETE", "tasks/{id}/", id="tasks_delete", summary="Delete a task", answers=(Answer(204), Answer(409)))
async def delete_task(call: Call) -> Reply:
    """Forgets a task that has ended, with its tree."""
    try:
        await call.service.tasks.delete(call.principal, call.id)
    except Conflict:
        return no_content(409)
    return no_content()


@operations(
    "GET",
    "tasks/{id}/profile_artifacts/",
    id="tasks_profile_artifacts",
    summary="Fetch downloadable links for profile artifacts",
    answers=(Answer(200, ArtifactUrls),),
    selects=True,
)
async def profile_artifacts(call: Call) -> Reply:
    """Return pre-signed URLs used for downloading raw profile artifacts. No task is profiled here."""
    await call.service.tasks.get(call.principal, call.id)
    return answer(call.query.selection.of(ArtifactUrls({})))


@operations(
    "POST",
    "tasks/purge/",
    id="tasks_purge",
    summary="Purge Completed Tasks",
    answers=(Answer(202, Dispatched),),
    body=PurgeBody,
)
async def purge_tasks(call: Call) -> Reply:
    """Trigger an asynchronous task that deletes completed tasks that finished prior to a specified timestamp."""
    finished_before, states = _purge_wishes(await call.body())
    submit = Submit(
        operation=PURGE,
        name=_PURGE_NAME,
        args={
            "finished_before": finished_before.isoformat(),
            "states": [state.value for word in states for state in states_of(word)],
        },
    )
    submitted = await call.service.submissions.submit(
        call.principal, [submit], correlation_id=call.correlation_id, prefix=""
    )
    return answer(Dispatched(call.base.href(TASK, submitted.tasks[0].id)), 202)


_INSTANT = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)


def _purge_wishes(body: dict[str, Any]) -> tuple[datetime, list[str]]:
    """Raises Refused, with all that is wrong."""
    wrong: list[Refused] = []
    finished_before = datetime.now(UTC) - _UNTOUCHED
    if "finished_before" in body:
        try:
            finished_before = values.instant("finished_before", str(body["finished_before"]))
        except Refused:
            wrong.append(bad("finished_before", _INSTANT))
    states = body.get("states", ["completed"])
    if isinstance(states, list):
        wrong += [
            bad("states", f'"{word}" is not a valid choice.') for word in states[:1000] if word not in FINAL_WORDS
        ][:1]
    else:
        wrong.append(bad("states", f'Expected a list of items but got type "{type(states).__name__}".'))
    if wrong:
        raise together(wrong)
    return finished_before, list(dict.fromkeys(states))


@operations(
    "GET", "tasks/{id}/list_roles/", id="tasks_list_roles", summary="List roles", answers=(Answer(200, RolesBody),)
)
async def list_roles(call: Call) -> Reply:
    """List roles assigned to this object: none, because scopes belong to credentials."""
    await call.service.tasks.get(call.principal, call.id)
    return answer(RolesBody())


@operations(
    "GET",
    "tasks/{id}/my_permissions/",
    id="tasks_my_permissions",
    summary="List user permissions",
    answers=(Answer(200, PermissionsBody),),
)
async def my_permissions(call: Call) -> Reply:
    """List permissions available to the current user on this object."""
    await call.service.tasks.get(call.principal, call.id)
    may = {"read": ["core.view_task"], "write": ["core.change_task", "core.delete_task"]}
    return answer(
        PermissionsBody([name for scope, names in may.items() if scope in call.principal.scopes for name in names])
    )
