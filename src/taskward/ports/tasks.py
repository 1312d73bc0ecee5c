"""The port of tasks: accept, claim, finish, steer, read."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from taskward.model.conditions import Condition
from taskward.model.states import State
from taskward.model.task import Report, Task, TaskError
from taskward.ports.board import Board
from taskward.ports.change import Change
from taskward.ports.exchange import Claim, Exchange, Finish
from taskward.ports.notes import Note
from taskward.ports.obstacle import Obstacle
from taskward.ports.query import TaskPage, TaskQuery
from taskward.ports.search import Particulars, Search
from taskward.ports.submission import Asked, Submission, Submitted
from taskward.ports.tally import Tally
from taskward.ports.tree import Tree


class Tasks(Protocol):
    """Tasks: accept, claim, finish, steer, read."""

    async def submit(self, submission: Submission, now: datetime) -> Submitted:
        """Accepts tasks durably: when this returns they survive a crash.

        Each is placed at once: paused, scheduled (its time is to come or it has a gate), blocked (dependency or
        resource), queued, or running for external work. A NewTask whose (parent_id, key) is taken returns the task
        that has it, unless that one failed or was canceled: then the new one takes the key over and supersedes it.
        A child of a task that was asked to stop is canceled at once.

        Raises KeyReused, NotFound (parent, dependency, superseded), Conflict (the parent is final, or the superseded
        task is running or waiting in line).
        """
        ...

    async def exchange(
        self, worker_id: UUID, finishes: Sequence[Finish], claim: Claim | None, now: datetime
    ) -> Exchange:
        """Ends attempts and claims new ones in one transaction.

        A finish changes a task only if it is running or canceling under this worker and attempt; otherwise its index
        is in `lost`. Completed on a canceling task is stored as canceled. Finishing frees the pool slot, wakes the
        next in line of each resource, opens or skips dependents, and folds the task if it folds. Claimed tasks have
        the pool's slot taken, attempt raised, worker and started_at set. Order: priority, then number; a task whose
        pool is full or whose queue is paused never hinders the ones behind it. A worker that was declared lost gets
        nothing.
        """
        ...

    async def record(self, worker_id: UUID | None, notes: Sequence[Note], now: datetime) -> frozenset[UUID]:
        """Writes progress, reports, log lines and steps. Notes of an attempt that is over are dropped (log lines are
        kept); the ids of such tasks are returned. `worker_id` None is for external work.
        """
        ...

    async def cancel(self, task_id: UUID, reason: str, now: datetime) -> list[Task]:
        """Asks a task and all its unfinished descendants to stop. Waiting and external ones end canceled at once,
        running ones become canceling. Idempotent on canceling and canceled. The first of the list is the task.

        Raises NotFound, Gone, NotAbortable, IllegalTransition (it ended otherwise).
        """
        ...

    async def finish_external(
        self, task_id: UUID, state: State, result: bytes | None, error: TaskError | None, now: datetime
    ) -> Task:
        """Ends work tracked from outside: completed, failed or canceled. Raises NotFound, Gone, Conflict (a worker runs
        it), IllegalTransition (it has ended).
        """
        ...

    async def pause(self, task_id: UUID, now: datetime) -> Task:
        """Holds a waiting task; it leaves every line. A running one whose rules say `pausable` is asked to stop at its
        next checkpoint. Raises NotFound, Gone, IllegalTransition.
        """
        ...

    async def resume(self, task_id: UUID, now: datetime) -> Task:
        """Places a paused task again, and withdraws a pause not reached yet.

        Raises NotFound, Gone, IllegalTransition.
        """
        ...

    async def change(self, task_id: UUID, change: Change, now: datetime) -> Task:
        """Applies an operator's change. Priority, run_at and gate only while waiting;
        persist and labels always; then the state, as pause, resume and cancel do it.
        Raises NotFound, Gone, Conflict, VersionMismatch.
        """
        ...

    async def open_gate(self, task_id: UUID, now: datetime) -> Task:
        """The outside condition holds: the gate is cleared and the task placed. Raises NotFound, Gone."""
        ...

    async def delete(self, task_id: UUID, now: datetime) -> int:
        """Forgets a final task with its tree; returns how many were removed.
        Raises NotFound, Gone, Conflict (it, or something below it, is not final).
        """
        ...

    async def purge(self, query: TaskQuery, now: datetime) -> int:
        """Forgets up to `query.limit` final roots that match, with their trees, save persistent ones.

        Returns how many.
        """
        ...

    async def prune(self, now: datetime, limit: int) -> int:
        """Forgets up to `limit` roots whose retention is over, and old idempotency keys and tombstones."""
        ...

    async def advance(self, now: datetime, limit: int) -> int:
        """Places up to `limit` scheduled tasks whose time has come and that have no gate; returns how many."""
        ...

    async def next_due(self, now: datetime, but: Sequence[str] = ()) -> datetime | None:
        """The earliest instant at which advance, prune or a schedule has something to do, as far as is known now.

        Schedules named in `but` do not count.
        """
        ...

    async def gated(self, now: datetime, interval: timedelta, limit: int) -> list[Task]:
        """Scheduled tasks whose time has come and whose gate is to be asked now.

        Never asked ones come first, then those last asked an `interval` ago, or that of their pool. Each is noted as
        asked now, so that of many processes one asks.
        """
        ...

    async def gate_closed(self, ids: Sequence[UUID], reason: str, now: datetime) -> None:
        """Notes why gates were found closed; in the log of each task once, until the reason is another."""
        ...

    async def get(self, task_id: UUID) -> Task:
        """Raises NotFound, Gone."""
        ...

    async def by_number(self, number: int) -> Task:
        """Raises NotFound."""
        ...

    async def get_many(self, ids: Sequence[UUID]) -> dict[UUID, Task]:
        """Those that exist."""
        ...

    async def asked(self, task_id: UUID) -> Asked:
        """What it was submitted with, secrets included: for a rerun. Raises NotFound, Gone."""
        ...

    async def places(self, tasks: Sequence[Task]) -> dict[UUID, int]:
        """The places of waiting roots among those of their client in the same state, from 1: of queued ones in the
        order of dispatch, of others by their time. Exact up to 100,000.
        """
        ...

    async def page(self, query: TaskQuery) -> TaskPage:
        """One page of tasks, by index: the cost does not grow with what is stored. Raises InvalidFilter."""
        ...

    async def search(self, search: Search) -> list[Task]:
        """Up to `limit` tasks from `offset` on. Conditions and orders that have an index are read along it, others
        look at all that is left. Raises InvalidFilter.
        """
        ...

    async def count(self, where: Condition, most: int) -> int:
        """How many tasks a search would find, steps not counted: exact up to `most`, else at least `most`.

        Conditions on state, client and operation alone are answered by maintained counters, without bound.
        """
        ...

    async def particulars(self, ids: Sequence[UUID]) -> dict[UUID, Particulars]:
        """What hangs on each of these tasks; of children at most 10,000 for all together."""
        ...

    async def label_values(self, name: str, *, client: str, offset: int, limit: int) -> list[str]:
        """The values that tasks have for a label, each once, ascending; `client` "" means of all clients."""
        ...

    async def tree(self, task_id: UUID, depth: int, limit: int) -> Tree:
        """Breadth first below a task, live children before folded ones. Raises NotFound, Gone."""
        ...

    async def children(self, task_id: UUID) -> list[Task]:
        """Live children of a task, steps included, oldest first."""
        ...

    async def descendants(self, task_id: UUID) -> list[Task]:
        """Every unfinished task below a task: what a cancel would reach."""
        ...

    async def obstacles(self, task_id: UUID, now: datetime) -> list[Obstacle]:
        """Every closed gate of a waiting task, in the order of admission; empty when it is not waiting.
        Raises NotFound, Gone.
        """
        ...

    async def reports(self, task_id: UUID) -> list[Report]:
        """Named progress reports, in the order they were first made."""
        ...

    async def board(self, client: str, limit: int) -> Board:
        """The unfinished jobs of a client, or with "" of all, as they stand at one instant."""
        ...

    async def tallies(self) -> list[Tally]:
        """Maintained counters; reading them counts no task."""
        ...

    async def forgotten(self, client: str) -> int:
        """How many tasks that had ended were forgotten since the beginning, of one client, or with "" of all."""
        ...
