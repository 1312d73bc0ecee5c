"""A store in a page of plain Python: what tasks do, without SQL, batches or concurrency."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from taskward.model.policy import Resource
from taskward.model.pools import Pool
from taskward.model.resources import Place, grantable
from taskward.model.states import ACTIVE, FINAL, WAITING, State

S = State


@dataclass
class ModelTask:
    """A task as the model knows it."""

    id: UUID
    number: int
    priority: int
    pool: str
    resources: tuple[Resource, ...]
    parent: UUID | None
    folds: bool
    even_if_failed: bool
    lost_limit: int
    key: str | None = None
    is_external: bool = False
    superseded: bool = False
    state: State = S.QUEUED
    attempt: int = 0
    failures: int = 0
    losses: int = 0
    worker: str | None = None
    run_at: datetime | None = None
    unmet: set[UUID] = field(default_factory=set)
    ordinary: bool = False
    finished_at: datetime | None = None
    folded: int = 0


@dataclass
class Waiter:
    """One task's place in one line."""

    task: UUID
    place: Place


class Model:
    """The reference. Every public method is one thing that can happen to a store."""

    def __init__(self) -> None:
        self.tasks: dict[UUID, ModelTask] = {}
        self.limits: dict[str, Pool] = {}
        self.lines: dict[str, list[Waiter]] = {}
        self.lost: set[str] = set()
        self._numbers = 0
        self._tickets = 0

    # ---------------------------------------------------------------- what happens

    def submit(self, task: ModelTask, depends_on: list[UUID], now: datetime, *, paused: bool) -> UUID:
        """The id of the task that the submitter gets: its key may name one that is there."""
        for other in self.tasks.values():
            if task.key is not None and (other.parent, other.key) == (task.parent, task.key):
                if other.state not in {S.FAILED, S.CANCELED, S.SKIPPED}:
                    return other.id
                other.key, other.superseded = None, True
        self._numbers += 1
        task.number = self._numbers
        self.tasks[task.id] = task
        task.attempt = int(task.is_external)
        parent = self.tasks.get(task.parent) if task.parent else None
        ended = [self.tasks[one].state for one in depends_on if self.tasks[one].state in FINAL]
        task.unmet = {one for one in depends_on if self.tasks[one].state not in FINAL}
        task.state = S.BLOCKED
        if parent is not None and parent.state in {S.CANCELING, S.CANCELED}:
            self._end(task, S.CANCELED, now)
        elif not task.even_if_failed and any(state is not S.COMPLETED for state in ended):
            self._end(task, S.SKIPPED, now)
        elif task.is_external:
            task.state = S.RUNNING
        elif paused:
            task.state = S.PAUSED
        else:
            self._place(task, now)
        return task.id

    def claim(self, worker: str, limit: int) -> list[UUID]:
        if worker in self.lost:
            return []
        claimed: list[UUID] = []
        for task in sorted(self.tasks.values(), key=lambda one: (one.priority, one.number)):
            pool = self.pool(task.pool) if task.pool else None
            if len(claimed) == limit or task.state is not S.QUEUED or (pool and not pool.admits(task.priority)):
                continue
            if task.attempt:
                task.folded = 0  # what an earlier attempt left is not of this one
            task.state, task.worker, task.attempt = S.RUNNING, worker, task.attempt + 1
            task.ordinary = pool is not None and not pool.is_urgent(task.priority)
            claimed.append(task.id)
        return claimed

    def finish(
        self, task_id: UUID, attempt: int, worker: str, *, state: State, run_at: datetime | None, now: datetime
    ) -> bool:
        """False when the attempt is over already."""
        task = self.tasks.get(task_id)
        if task is None or task.state not in ACTIVE or task.attempt != attempt or task.worker != worker:
            return False
        if task.state is S.CANCELING and state is not S.FAILED:
            state = S.CANCELED
        if state in FINAL:
            self._end(task, state, now)
            return True
        task.worker = None
        task.run_at = run_at or task.run_at
        task.state = state
        if state is not S.QUEUED:
            self._leave(task)
        if state is S.SCHEDULED:
            task.failures += 1
            if run_at is not None and run_at <= now:
                self._place(task, now)
        return True

    def lose(self, worker: str, now: datetime) -> None:
        self.lost.add(worker)
        for task in [one for one in self.tasks.values() if one.state in ACTIVE and one.worker == worker]:
            if task.state is S.CANCELING:
                self._end(task, S.CANCELED, now)
            elif task.losses < task.lost_limit:
                task.losses += 1
                task.state, task.worker = S.QUEUED, None
            else:
                self._end(task, S.FAILED, now)

    def cancel(self, task_id: UUID, now: datetime) -> None:
        tree = [self.tasks[one] for one in [task_id, *self._below(task_id)]]
        waiting = [task for task in tree if task.state in WAITING]
        outside = [task for task in tree if task.state is S.RUNNING and task.is_external]
        for task in tree:
            if task.state is S.RUNNING:
                task.state = S.CANCELING
        self._end_all([*waiting, *outside], S.CANCELED, now)

    def finish_external(self, task_id: UUID, state: State, now: datetime) -> None:
        self._end(self.tasks[task_id], state, now)

    def supersede(self, task_id: UUID, now: datetime) -> None:
        """Another run replaces it: a paused one ends with all below it."""
        self.tasks[task_id].superseded = True
        if self.tasks[task_id].state is S.PAUSED:
            self.cancel(task_id, now)

    def change(self, task_id: UUID, priority: int | None, run_at: datetime | None, now: datetime) -> None:
        task = self.tasks[task_id]
        task.priority = priority or task.priority
        task.run_at = run_at or task.run_at
        is_closed = task.run_at is not None and task.run_at > now
        if task.state is S.SCHEDULED or (task.state in {S.BLOCKED, S.QUEUED} and is_closed):
            self._leave(task)
            self._place(task, now)

    def delete(self, task_id: UUID) -> bool:
        """False when something of it is not final."""
        tree = [task_id, *self._below(task_id)]
        if any(self.tasks[one].state not in FINAL for one in tree):
            return False
        for one in tree:
            del self.tasks[one]
        return True

    def pause(self, task_id: UUID) -> None:
        task = self.tasks[task_id]
        if task.state is not S.PAUSED:
            self._leave(task)
            task.state = S.PAUSED

    def resume(self, task_id: UUID, now: datetime) -> None:
        self._place(self.tasks[task_id], now)

    def advance(self, now: datetime) -> None:
        due = [one for one in self.tasks.values() if one.state is S.SCHEDULED and one.run_at and one.run_at <= now]
        for task in sorted(due, key=lambda one: (one.run_at, one.number)):
            self._place(task, now)

    def prune(self, before: datetime) -> None:
        for root in [one for one in self.tasks.values() if one.parent is None]:
            tree = [root.id, *self._below(root.id)]
            over = root.finished_at is not None and root.finished_at <= before
            if over and all(self.tasks[one].state in FINAL for one in tree):
                for one in tree:
                    del self.tasks[one]

    # ---------------------------------------------------------------- what can be seen

    def pool(self, name: str) -> Pool:
        """The pool with what runs in it."""
        ours = [one for one in self.tasks.values() if one.pool == name and not one.is_external]
        running = [one for one in ours if one.state in ACTIVE]
        limit = self.limits[name]
        ordinary = sum(one.ordinary for one in running)
        return Pool(name, limit.limit, limit.reserved, limit.threshold, len(running), ordinary)

    def counts(self) -> dict[State, int]:
        counts: dict[State, int] = {}
        for task in self.tasks.values():
            counts[task.state] = counts.get(task.state, 0) + 1
        return counts

    # ---------------------------------------------------------------- rules

    def _place(self, task: ModelTask, now: datetime) -> None:
        if task.run_at is not None and task.run_at > now:
            task.state = S.SCHEDULED
        elif task.unmet:
            task.state = S.BLOCKED
        else:
            task.state = S.BLOCKED
            self._tickets += 1
            for resource in task.resources:
                waiter = Waiter(task.id, Place(self._tickets, resource.exclusive, granted=False))
                self.lines.setdefault(resource.name, []).append(waiter)
            self._grant()
            if not self._waits(task):
                task.state = S.QUEUED

    def _leave(self, task: ModelTask) -> None:
        for name in self.lines:
            self.lines[name] = [waiter for waiter in self.lines[name] if waiter.task != task.id]
        self._grant()

    def _grant(self) -> None:
        for line in self.lines.values():
            tickets = grantable([waiter.place for waiter in line])
            for waiter in line:
                if waiter.place.ticket in tickets:
                    waiter.place = Place(waiter.place.ticket, waiter.place.exclusive, granted=True)
        for task in self.tasks.values():
            in_line = any(waiter.task == task.id for line in self.lines.values() for waiter in line)
            if task.state is S.BLOCKED and in_line and not self._waits(task):
                task.state = S.QUEUED

    def _waits(self, task: ModelTask) -> bool:
        places = [waiter.place for line in self.lines.values() for waiter in line if waiter.task == task.id]
        return any(not place.granted for place in places)

    def _end(self, task: ModelTask, state: State, now: datetime) -> None:
        self._end_all([task], state, now)

    def _end_all(self, tasks: list[ModelTask], state: State, now: datetime) -> None:
        """All of them first, then what follows from it: what is canceled together is not skipped for each other."""
        for task in tasks:
            task.state, task.finished_at = state, now
        for task in tasks:
            self._leave(task)
        for task in tasks:
            self._release(task, now)
        for task in tasks:
            self._fold(task)

    def _release(self, task: ModelTask, now: datetime) -> None:
        """Counts the end of a task for those that depend on it."""
        for other in list(self.tasks.values()):
            if task.id not in other.unmet:
                continue
            other.unmet.discard(task.id)
            if other.state in WAITING and task.state is not S.COMPLETED and not other.even_if_failed:
                self._end(other, S.SKIPPED, now)
            elif other.state is S.BLOCKED and not other.unmet:
                self._place(other, now)

    def _fold(self, task: ModelTask) -> None:
        """What has waited for this end goes into its parent's record: parts with a key, itself, what is above."""
        if task.id not in self.tasks:
            return
        for part in [one for one in self.tasks.values() if one.parent == task.id]:
            self._fold_one(part)
        above: ModelTask | None = task
        while above is not None and above.state in FINAL:
            if above.folds and not self._fold_one(above):
                return
            above = self.tasks.get(above.parent) if above.parent else None

    def _fold_one(self, task: ModelTask) -> bool:
        """Whether it folded: nothing below it is unfinished, and nobody can ask for it by its key any more."""
        below = self._below(task.id)
        is_over = all(self.tasks[one].state in FINAL for one in [task.id, *below])
        if not task.folds or task.parent is None or not is_over:
            return False
        parent = self.tasks[task.parent]
        if task.key is not None and parent.state not in FINAL:
            return False
        for one in [task.id, *below]:
            del self.tasks[one]
        parent.folded += 1
        return True

    def _below(self, task_id: UUID) -> list[UUID]:
        children = [one.id for one in self.tasks.values() if one.parent == task_id]
        return children + [lower for child in children for lower in self._below(child)]
