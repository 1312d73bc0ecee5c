"""What is registered, and trees read in pieces of bounded size."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from taskward.model.ids import NONE, Ids
from taskward.model.states import State
from taskward.model.task import Task
from taskward.model.tree import Folded


class Relative(Struct, frozen=True):
    """A child that has a row. `worker` is the name of the one that runs or ran it."""

    id: UUID
    state: State
    worker: str | None


class Brood(Struct, frozen=True):
    """The children of a task without their particulars: those with a row, oldest first, and those that have folded,
    in the order of their ends. `done` of `total` is the progress of those with a row, or of what is below them.
    """

    rows: tuple[Relative, ...] = ()
    folded: Ids = NONE
    done: float = 0
    total: float = 0


class Paths(Struct, frozen=True):
    """Which tasks of a tree have an unfinished one somewhere below them, and which one that did not end well."""

    unfinished: frozenset[UUID]
    marred: frozenset[UUID]


class RosterPage(Struct, frozen=True):
    """One page of what is registered. `next` is the cursor of the page after it, None at the end."""

    tasks: tuple[Task, ...]
    next: tuple[int, int] | None


class Roster(Protocol):
    """What is registered (`Task.is_registered`), and trees read in pieces of bounded size."""

    async def registered(self, module: str, now: datetime, after: tuple[int, int] | None, limit: int) -> RosterPage:
        """A page of what is registered of a module, by index: what is not is not looked at."""
        ...

    async def unregister(self, ids: Sequence[UUID], now: datetime) -> None:
        """Ends the registration of those that are finished, save what is to persist."""
        ...

    async def drain(self, module: str, client: str, now: datetime) -> int:
        """As `unregister`, for a whole module (of one client, unless that is ""); returns how many."""
        ...

    async def modules(self) -> list[str]:
        """Every module that was opened or ever had a root, by name."""
        ...

    async def open_module(self, module: str) -> None:
        """Makes a module known before it has a task; its sequence numbers begin at 1 on every shard."""
        ...

    async def close_module(self, module: str) -> None:
        """Forgets that a module is known, and its sequence numbers."""
        ...

    async def broods(self, ids: Sequence[UUID], *, marred: bool) -> dict[UUID, Brood]:
        """The children of each of these tasks; with `marred`, of those that have folded only the ones on a path to a
        failure. A task without any is absent.
        """
        ...

    async def paths(self, root_id: UUID) -> Paths:
        """See `Paths`. Costs what the rows of the tree that are not completed cost."""
        ...

    async def records(
        self, parents: Sequence[UUID], *, marred: bool, after: int, limit: int
    ) -> list[tuple[int, UUID, Folded]]:
        """Up to `limit` records kept by these tasks, behind a position, in the order in which they folded: position,
        parent, record. With `marred` only those on a path to a failure.
        """
        ...

    async def record(self, parent_id: UUID, task_id: UUID) -> Folded | None:
        """The record of a child that has folded; quick when that was lately."""
        ...
