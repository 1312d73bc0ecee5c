"""The same to many tasks: what it would reach, and doing it, in pieces whose work is bounded."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from uuid import UUID

from msgspec import Struct, structs

from taskward.auth import Principal
from taskward.model.errors import TaskwardError, Unavailable
from taskward.model.states import FINAL, State
from taskward.model.task import Task
from taskward.ports import TaskQuery
from taskward.service.tasks import TaskDesk

_AT_ONCE = 50
"""Changes that are under way together: they share commits."""
_PAGE = 500
_MOST_COUNTED = 1000


class Action(StrEnum):
    """What can be done to many tasks."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RERUN = "rerun"
    PERSIST = "persist"
    DELETE = "delete"


_REACHED: dict[Action, frozenset[State]] = {
    Action.CANCEL: frozenset(State) - FINAL - {State.CANCELING},
    Action.PAUSE: frozenset({State.SCHEDULED, State.BLOCKED, State.QUEUED, State.RUNNING}),
    Action.RESUME: frozenset({State.PAUSED}),
    Action.RERUN: FINAL,
    Action.PERSIST: frozenset(State),
    Action.DELETE: FINAL,
}
"""The states in which a task may heed an action; others are passed over."""

_OF_TREES = frozenset({Action.RERUN, Action.DELETE})
"""By a query these reach roots alone: what is below goes with them."""


class Reach(Struct, frozen=True):
    """What an action would reach: how many tasks, and the newest of them."""

    count: int
    at_least: bool
    """Counting stopped there."""
    sample: tuple[Task, ...]


class Refused(Struct, frozen=True):
    """A task that an action did not change, and why."""

    id: UUID
    detail: str


class Done(Struct, frozen=True):
    """How many tasks an action changed, which it did not, and the cursor of the piece behind this one."""

    changed: int
    refused: tuple[Refused, ...]
    next: str | None = None


class Bulk:
    """Looking needs read, changing write; a client reaches its own tasks. Each task is changed as if alone."""

    def __init__(self, desk: TaskDesk) -> None:
        self._desk = desk

    async def reach(self, principal: Principal, action: Action, query: TaskQuery, sample: int) -> Reach:
        """What the action would reach now of the tasks that match; counted up to a thousand. Raises InvalidFilter."""
        principal.require("read")
        narrowed = _narrowed(action, query)
        if narrowed is None:
            return Reach(0, at_least=False, sample=())
        count = 0
        shown: list[Task] = []
        rest: TaskQuery | None = structs.replace(narrowed, limit=_PAGE)
        while rest is not None and count < _MOST_COUNTED:
            page = await self._desk.page(principal, rest)
            count += len(page.tasks)
            shown += page.tasks[: sample - len(shown)]
            rest = None if page.next is None else structs.replace(rest, after=page.next)
        return Reach(min(count, _MOST_COUNTED), at_least=rest is not None, sample=tuple(shown))

    async def reach_of(self, principal: Principal, action: Action, ids: Sequence[UUID], sample: int) -> Reach:
        """What the action would reach now of the tasks named."""
        found = await self._desk.get_many(principal, list(ids))
        reached = [task for task in found.values() if task.state in _REACHED[action]]
        return Reach(len(reached), at_least=False, sample=tuple(reached[:sample]))

    async def apply(self, principal: Principal, action: Action, query: TaskQuery) -> Done:
        """Does it to one page of the tasks that match; `next` is where to go on. Raises InvalidFilter."""
        principal.require("write")
        narrowed = _narrowed(action, query)
        if narrowed is None:
            return Done(0, ())
        page = await self._desk.page(principal, narrowed)
        done = await self.apply_to(principal, action, [task.id for task in page.tasks])
        return structs.replace(done, next=page.next)

    async def apply_to(self, principal: Principal, action: Action, ids: Sequence[UUID]) -> Done:
        """Does it to the tasks named, in this order."""
        principal.require("write")
        change = self._change(action)
        refused: list[Refused] = []
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            answers = await asyncio.gather(*(_told(change(principal, task_id)) for task_id in some))
            refused += (Refused(one, answer) for one, answer in zip(some, answers, strict=True) if answer is not None)
        return Done(len(wanted) - len(refused), tuple(refused))

    def _change(self, action: Action) -> Callable[[Principal, UUID], Awaitable[object]]:
        match action:
            case Action.CANCEL:
                return self._desk.cancel
            case Action.PAUSE:
                return self._desk.pause
            case Action.RESUME:
                return self._desk.resume
            case Action.RERUN:
                return self._desk.rerun
            case Action.PERSIST:
                return self._desk.persist
            case Action.DELETE:
                return self._desk.delete


def _narrowed(action: Action, query: TaskQuery) -> TaskQuery | None:
    """The query for those that may heed the action; None when none can."""
    if action in _OF_TREES:
        query = structs.replace(query, roots_only=True)
    states = tuple(state for state in query.states or State if state in _REACHED[action])
    if not states:
        return None
    # Without a condition of state a list is read along its other conditions.
    return query if len(states) == len(State) else structs.replace(query, states=states)


async def _told(change: Awaitable[object]) -> str | None:
    """Makes the change; why not, when it is refused."""
    try:
        await change
    except Unavailable:
        raise
    except TaskwardError as error:
        return str(error)
    return None
