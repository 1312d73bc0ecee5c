"""`task-groups/`: tasks that belong together, by a label they share."""

from uuid import UUID

from taskward.http.endpoint import Reply
from taskward.http.pulp.endpoint import Answer, Call, Operations, answer
from taskward.http.pulp.errors import no_such
from taskward.http.pulp.query import pages
from taskward.http.pulp.tasks import COUNTED, check_cancel
from taskward.http.pulp.views import group_body
from taskward.http.pulp.wire import CancelBody, GroupBody, Page
from taskward.http.pulp.words import GROUP
from taskward.model.conditions import Labeled
from taskward.model.errors import Conflict
from taskward.model.groups import GROUP_LABEL
from taskward.model.task import Task
from taskward.ports import Search

operations = Operations()

_PIECE = 10_000


@operations(
    "GET",
    "task-groups/",
    id="task_groups_list",
    summary="List task groups",
    answers=(Answer(200, Page[GroupBody]),),
    noun=GROUP.noun,
    pages=True,
    selects=True,
)
async def list_groups(call: Call) -> Reply:
    """Groups of which there is a task, oldest first."""
    query, window = call.query, call.query.window
    searches = call.service.searches
    values = await searches.label_values(call.principal, GROUP_LABEL, offset=0, limit=COUNTED)
    # Whoever uses the label for words of their own means no group of Pulp's.
    groups = [group for value in values if (group := _uuid(value)) is not None]
    end = window.offset + window.limit
    results = [
        query.selection.of(await _body(call, group, members))
        for group in groups[window.offset : end]
        # One whose last task was removed in this moment is no more.
        if (members := await _members(call, group))
    ]
    following, previous = pages(call.url, query, has_more=len(groups) > end)
    return answer(Page(len(groups), following, previous, results))


@operations(
    "GET",
    "task-groups/{id}/",
    id="task_groups_read",
    summary="Inspect a task group",
    answers=(Answer(200, GroupBody),),
    noun=GROUP.noun,
    selects=True,
)
async def read_group(call: Call) -> Reply:
    """A group with its tasks in short."""
    return answer(call.query.selection.of(await _body(call, call.id, await _existing(call))))


@operations(
    "PATCH",
    "task-groups/{id}/",
    id="task_groups_cancel",
    summary="Cancel a task group",
    answers=(Answer(200, GroupBody), Answer(409, GroupBody)),
    noun=GROUP.noun,
    body=CancelBody,
)
async def cancel_group(call: Call) -> Reply:
    """This operation cancels a task group: each of its tasks that has not ended."""
    check_cancel(await call.body())
    call.principal.require("write")
    for task in await _existing(call):
        if not task.is_final:
            await _cancel(call, task)
    body = await _body(call, call.id, await _existing(call))
    return answer(body, 409 if body.waiting or body.running else 200)


async def _cancel(call: Call, task: Task) -> None:
    """One that has ended meanwhile, or must not be stopped, is left as it is."""
    try:
        await call.service.tasks.cancel(call.principal, task.id)
    except Conflict:
        return


async def _body(call: Call, group: UUID, members: list[Task]) -> GroupBody:
    particulars = await call.service.searches.particulars(call.principal, members)
    return group_body(group, members, particulars, call.base)


async def _existing(call: Call) -> list[Task]:
    """Of the group in the path. Raises Refused when there are none: a group is no more than its tasks."""
    members = await _members(call, call.id)
    if not members:
        raise no_such(GROUP.noun)
    return members


async def _members(call: Call, group: UUID) -> list[Task]:
    """Newest first."""
    search = Search(where=Labeled(GROUP_LABEL, str(group)), limit=_PIECE)
    return await call.service.searches.find(call.principal, search)


def _uuid(value: str) -> UUID | None:
    try:
        group = UUID(value)
    except ValueError:
        return None
    return group if str(group) == value else None
