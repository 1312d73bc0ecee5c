"""A task's attempts, as its events tell of them."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, convert, structs

from taskward.auth import Principal
from taskward.model.states import State
from taskward.model.task import Event, TaskError
from taskward.ports import Journal
from taskward.service.tasks import Ref, TaskDesk

_PAGE = 500
_PAGES = 20
"""A task tried thousands of times shows its first ones."""


class Attempt(Struct, frozen=True):
    """One run by a worker. `state` is where it brought the task; running as long as it lasts."""

    number: int
    worker: str | None
    started_at: datetime
    ended_at: datetime | None = None
    state: State = State.RUNNING
    error: TaskError | None = None


class Attempts:
    """Needs read; a client sees its own tasks."""

    def __init__(self, desk: TaskDesk, journal: Journal) -> None:
        self._desk = desk
        self._journal = journal

    async def of(self, principal: Principal, ref: Ref) -> list[Attempt]:
        """The first one first. Raises NotFound, Gone."""
        task = await self._desk.get(principal, ref)
        found: dict[int, Attempt] = {}
        after = ""
        for _ in range(_PAGES):
            events = await self._journal.events(after, task_id=task.id, limit=_PAGE)
            _follow(found, events)
            if len(events) < _PAGE:
                break
            after = events[-1].cursor
        return [found[number] for number in sorted(found)]


def _follow(found: dict[int, Attempt], events: Iterable[Event]) -> None:
    for event in events:
        state, number = event.data.get("state"), event.data.get("attempt")
        if event.kind != "state" or state is None or not number:
            continue
        if state == State.RUNNING:
            found[number] = Attempt(number, event.data.get("worker"), event.at)
        elif number in found and state != State.CANCELING and found[number].ended_at is None:
            error = event.data.get("error")
            found[number] = structs.replace(
                found[number],
                ended_at=event.at,
                state=State(state),
                error=None if error is None else convert(error, TaskError),
            )
