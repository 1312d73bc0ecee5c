"""Searches by any condition, for front ends whose lists promise totals and offsets."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import structs

from taskward.auth import Principal
from taskward.model.conditions import Condition, Every, Field, OneOf
from taskward.model.task import Task
from taskward.ports import Particulars, Search, Tasks
from taskward.service.tasks import Ref, TaskDesk


class Searches:
    """The tasks that a principal sees, found by any condition. Everything here needs the scope read."""

    def __init__(self, tasks: Tasks, desk: TaskDesk) -> None:
        self._tasks = tasks
        self._desk = desk

    async def find(self, principal: Principal, search: Search) -> list[Task]:
        """Up to `search.limit` tasks. Raises InvalidFilter."""
        return await self._tasks.search(structs.replace(search, where=self._seen(principal, search.where)))

    async def count(self, principal: Principal, where: Condition, most: int) -> int:
        """How many there are: exact up to `most`, and without bound where counters tell."""
        return await self._tasks.count(self._seen(principal, where), most)

    async def particulars(self, principal: Principal, tasks: Sequence[Task]) -> dict[UUID, Particulars]:
        """What hangs on tasks that the principal was shown."""
        principal.require("read")
        return await self._tasks.particulars([task.id for task in tasks]) if tasks else {}

    async def created(self, principal: Principal, ref: Ref) -> list[str]:
        """The resources that a task told it created. Raises NotFound, Gone."""
        task = await self._desk.get(principal, ref)
        return list((await self._tasks.particulars([task.id]))[task.id].created)

    async def label_values(self, principal: Principal, name: str, *, offset: int, limit: int) -> list[str]:
        """The values of a label, each once, ascending."""
        principal.require("read")
        return await self._tasks.label_values(name, client=principal.client, offset=offset, limit=limit)

    @staticmethod
    def _seen(principal: Principal, where: Condition) -> Condition:
        principal.require("read")
        return Every((where, OneOf(Field.CLIENT, (principal.client,)))) if principal.client else where
