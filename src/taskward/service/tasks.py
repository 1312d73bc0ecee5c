"""Looking at tasks and steering them, within what the caller may see."""

from uuid import UUID

from msgspec import UNSET, Struct, structs

from taskward.auth import Principal
from taskward.model.errors import Invalid, NotFound, VersionMismatch
from taskward.model.states import WAITING, State
from taskward.model.task import LogLine, Report, Task
from taskward.ports import Change, Clock, Journal, Obstacle, TaskPage, TaskQuery, Tasks, Tree
from taskward.service.instants import utc
from taskward.service.submissions import Submissions, check_gate, check_labels
from taskward.wire import Patch

Ref = UUID | int
"""A task by id or by number."""


class Standing(Struct, frozen=True):
    """A task, and what keeps it from starting while it waits."""

    task: Task
    obstacles: list[Obstacle]


class TaskDesk:
    """The tasks of the store as a principal sees them: another client's do not exist for it.

    Each method that takes a `ref` raises NotFound, and Gone for what was removed. Reading needs the scope read,
    steering write.
    """

    def __init__(self, tasks: Tasks, journal: Journal, submissions: Submissions, clock: Clock) -> None:
        self._tasks = tasks
        self._journal = journal
        self._submissions = submissions
        self._clock = clock

    async def get(self, principal: Principal, ref: Ref) -> Task:
        """The task as it is now."""
        principal.require("read")
        return await self.find(principal, ref)

    async def get_many(self, principal: Principal, ids: list[UUID]) -> dict[UUID, Task]:
        """Those that exist."""
        principal.require("read")
        found = await self._tasks.get_many(ids)
        return {task_id: task for task_id, task in found.items() if principal.sees(task.client)}

    async def page(self, principal: Principal, query: TaskQuery) -> TaskPage:
        """One page. Raises InvalidFilter."""
        principal.require("read")
        if principal.client:
            if query.client not in (None, principal.client):
                return TaskPage((), None)
            query = structs.replace(query, client=principal.client)
        return await self._tasks.page(query)

    async def tree(self, principal: Principal, ref: Ref, depth: int, limit: int) -> Tree:
        """The task and what is below it, breadth first."""
        task = await self.get(principal, ref)
        return await self._tasks.tree(task.id, depth, limit)

    async def reports(self, principal: Principal, ref: Ref) -> list[Report]:
        """Its named progress reports."""
        task = await self.get(principal, ref)
        return [report.within(task.state) for report in await self._tasks.reports(task.id)]

    async def logs(self, principal: Principal, ref: Ref, *, after: int, limit: int, min_severity: int) -> list[LogLine]:
        """Its log lines behind `after`."""
        task = await self.get(principal, ref)
        return await self._journal.logs(task.id, after=after, limit=limit, min_severity=min_severity)

    async def why(self, principal: Principal, ref: Ref) -> Standing:
        """What keeps it from starting."""
        task = await self.get(principal, ref)
        if task.state not in WAITING:
            return Standing(task, [])
        return Standing(task, await self._tasks.obstacles(task.id, self._clock.now()))

    async def cancel(self, principal: Principal, ref: Ref, reason: str = "") -> list[Task]:
        """Asks it and all unfinished tasks below it to stop; it comes first in the answer.

        Raises NotAbortable, IllegalTransition (it ended otherwise).
        """
        task = await self._steered(principal, ref)
        return await self._tasks.cancel(task.id, reason, self._clock.now())

    async def cancel_preview(self, principal: Principal, ref: Ref) -> list[Task]:
        """What a cancel would reach, itself first; nothing once it is final."""
        task = await self.get(principal, ref)
        own = [] if task.is_final else [task]
        return [*own, *await self._tasks.descendants(task.id)]

    async def pause(self, principal: Principal, ref: Ref) -> Task:
        """Holds it. Raises IllegalTransition."""
        task = await self._steered(principal, ref)
        return await self._tasks.pause(task.id, self._clock.now())

    async def resume(self, principal: Principal, ref: Ref) -> Task:
        """Puts it back in line. Raises IllegalTransition."""
        task = await self._steered(principal, ref)
        return await self._tasks.resume(task.id, self._clock.now())

    async def rerun(self, principal: Principal, ref: Ref) -> Task:
        """A new task that does the same and supersedes it. Raises Conflict."""
        task = await self._steered(principal, ref)
        return await self._submissions.rerun(principal, task, await self._tasks.asked(task.id))

    async def persist(self, principal: Principal, ref: Ref) -> Task:
        """Exempts it from every expiry."""
        task = await self._steered(principal, ref)
        return await self._tasks.change(task.id, Change(persist=True), self._clock.now())

    async def change(self, principal: Principal, ref: Ref, patch: Patch, if_version: int | None = None) -> Task:
        """Applies what the patch names. Raises Invalid, Conflict, VersionMismatch."""
        task = await self._steered(principal, ref)
        if patch.state is not UNSET:
            if if_version not in (None, task.version):
                raise VersionMismatch(
                    f"task {task.number} is at version {task.version}, not {if_version}: read it again"
                )
            return await self._cancel_by_patch(principal, task, patch)
        if patch.labels is not UNSET:
            check_labels(patch.labels)
        if patch.gate is not UNSET and patch.gate is not None:
            check_gate(patch.gate)
        change = Change(
            priority=None if patch.priority is UNSET else patch.priority,
            run_at=None if patch.run_at is UNSET else utc("/run_at", patch.run_at),
            gate=None if patch.gate is UNSET else patch.gate,
            clear_gate=patch.gate is None,
            persist=None if patch.persist is UNSET else patch.persist,
            labels=None if patch.labels is UNSET else patch.labels,
            if_version=if_version,
        )
        return await self._tasks.change(task.id, change, self._clock.now())

    async def delete(self, principal: Principal, ref: Ref) -> int:
        """Forgets it and its tree; returns how many tasks that were. Raises Conflict while something is not final."""
        task = await self._steered(principal, ref)
        return await self._tasks.delete(task.id, self._clock.now())

    async def purge(self, principal: Principal, query: TaskQuery) -> int:
        """Forgets final roots that match, save persistent ones; returns how many."""
        principal.require("write")
        if principal.client:
            if query.client not in (None, principal.client):
                return 0
            query = structs.replace(query, client=principal.client)
        return await self._tasks.purge(query, self._clock.now())

    async def _cancel_by_patch(self, principal: Principal, task: Task, patch: Patch) -> Task:
        if patch.state is not State.CANCELED:
            raise Invalid("/state", "only canceled can be asked for; use :pause and :resume for those")
        others = [name for name in patch.__struct_fields__ if name != "state" and getattr(patch, name) is not UNSET]
        if others:
            raise Invalid(f"/{others[0]}", "cannot change together with state")
        return (await self.cancel(principal, task.id))[0]

    async def _steered(self, principal: Principal, ref: Ref) -> Task:
        principal.require("write")
        return await self.find(principal, ref)

    async def find(self, principal: Principal, ref: Ref) -> Task:
        """The task, whatever the scopes: for methods that have checked them."""
        task = await (self._tasks.get(ref) if isinstance(ref, UUID) else self._tasks.by_number(ref))
        if not principal.sees(task.client):
            raise NotFound("task", ref)
        return task
