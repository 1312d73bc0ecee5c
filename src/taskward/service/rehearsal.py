"""Tasks that nothing runs: made and ended on demand, to try clients of a task manager on."""

from collections.abc import Mapping
from uuid import UUID

from uuid_utils.compat import uuid7

from taskward.auth import Principal
from taskward.model.errors import Conflict, IllegalTransition, NotFound
from taskward.model.states import State
from taskward.model.task import Kind, NewTask, Task, TaskError
from taskward.ports import Clock, Roster, Submission, Tasks
from taskward.service.roster import RosterDesk

MODULE = "test"
OPERATION = "test.test"


class Rehearsal:
    """The module `test` and its tasks. Everything needs write, and raises NotFound for what is not there."""

    def __init__(self, desk: RosterDesk, roster: Roster, tasks: Tasks, clock: Clock) -> None:
        self._desk = desk
        self._roster = roster
        self._tasks = tasks
        self._clock = clock

    async def begin(self, principal: Principal) -> None:
        """Makes the module known; its sequence numbers begin anew."""
        principal.require("write")
        await self._roster.open_module(MODULE)

    async def end(self, principal: Principal) -> None:
        """Cancels what is unfinished, lets the registry forget the rest, and the module with it."""
        principal.require("write")
        await self._desk.check_module(principal, MODULE)
        aborted = TaskError(type="Canceled", message="the module was stopped", code="canceled")
        unfinished: list[UUID] = []
        async for page in self._desk.registered(principal, MODULE, internal=True, labels={}):
            unfinished += (task.id for task in page if not task.is_final and task.operation == OPERATION)
        # Children first, so that each folds.
        for task_id in reversed(unfinished):
            await self._finish(task_id, State.CANCELED, aborted)
        await self._desk.drain(principal, MODULE)
        await self._roster.close_module(MODULE)

    async def make(
        self, principal: Principal, task_id: UUID | None, parent_id: UUID | None, shard: int, labels: Mapping[str, str]
    ) -> Task:
        """A running task that folds into its parent when it ends. Raises Conflict when the id is taken."""
        principal.require("write")
        await self._desk.check_module(principal, MODULE)
        parent = None if parent_id is None else await self._desk.find(principal, parent_id)
        if task_id is not None:
            await self._make_room(task_id)
        new = NewTask(
            id=task_id or uuid7(),
            kind=Kind.EXTERNAL,
            operation=OPERATION,
            name=OPERATION,
            module=MODULE,
            type="test",
            scope="test",
            labels=dict(labels),
            client=principal.client or (parent.client if parent else ""),
            created_by=principal.name,
            root_id=parent.root_id if parent else None,
            parent_id=parent_id,
            abortable=False,
            internal=parent is not None,
            folds=parent is not None,
            shard=shard,
        )
        submitted = await self._tasks.submit(Submission((new,)), self._clock.now())
        return submitted.tasks[0]

    async def _make_room(self, task_id: UUID) -> None:
        """An id that the registry has forgotten may be given again."""
        found = (await self._tasks.get_many([task_id])).get(task_id)
        now = self._clock.now()
        if found is not None and found.operation == OPERATION and not found.is_registered(now):
            await self._tasks.delete(task_id, now)

    async def finish(self, principal: Principal, task_id: UUID, error: str | None) -> None:
        """Ends it, failed with an error or else well; when this returns it has folded. Again is harmless."""
        await self._check(principal, task_id)
        if error is None:
            await self._finish(task_id, State.COMPLETED, None)
        else:
            await self._finish(task_id, State.FAILED, TaskError(type="std::runtime_error", message=error))

    async def remove(self, principal: Principal, task_id: UUID) -> None:
        """Ends it well if it is unfinished, and lets the registry forget it."""
        await self.finish(principal, task_id, None)
        await self._roster.unregister([task_id], self._clock.now())

    async def _check(self, principal: Principal, task_id: UUID) -> None:
        principal.require("write")
        task = await self._desk.find(principal, task_id)
        if task.operation != OPERATION:
            raise Conflict(f"task {task.number} is no test task")

    async def _finish(self, task_id: UUID, state: State, error: TaskError | None) -> None:
        try:
            await self._tasks.finish_external(task_id, state, None, error, self._clock.now())
        except (IllegalTransition, NotFound):
            # It has ended already.
            return
