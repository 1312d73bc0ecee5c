"""Jobs: roots that people submit, each in the pool of its client."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field, structs

from taskward.auth import Principal
from taskward.model.conditions import Condition, Every, Field, Known, Not, OneOf, Order
from taskward.model.errors import Forbidden, Invalid, NotFound
from taskward.model.job_settings import Bounds
from taskward.model.policy import Retry
from taskward.model.states import FINAL, State
from taskward.model.task import LogLine, Task
from taskward.ports import JOB, Board, Change, Clock, LogNote, Queue, Role, Search, Store, Tally
from taskward.service.job_settings import JobSettings
from taskward.service.searches import Searches
from taskward.service.submissions import Submissions, check_gate
from taskward.service.tasks import TaskDesk
from taskward.service.workflows import TOLD, WorkflowDesk
from taskward.wire import Submit, WorkflowRun

PARAMETERS = "parameters"
"""The one argument of an operation that can be a job's workflow: what the job was given, as an object."""

_INFO = 1
_IS_JOB = Every((Not(Known(Field.PARENT)), OneOf(Field.INTERNAL, (False,))))
_STOPPED = frozenset({State.CANCELING, State.CANCELED, State.SKIPPED})


class JobOrder(Struct, frozen=True, kw_only=True):
    """What a submitter asks for. `client` is whose job it is to be; empty: the submitter's."""

    workflow: str
    parameters: dict[str, Any] = field(default_factory=dict)
    client: str = ""
    priority: int | None = None
    run_at: datetime | None = None
    gate: str | None = None
    persist: bool | None = None


class JobChange(Struct, frozen=True, kw_only=True):
    """What is to change, all of it or nothing. `state` is paused, queued (resumed) or canceled."""

    priority: int | None = None
    run_at: datetime | None = None
    gate: str | None = None
    clear_gate: bool = False
    persist: bool | None = None
    state: State | None = None


class Job(Struct, frozen=True):
    """A root, and its place among the waiting jobs of its client; 1 when it does not wait."""

    task: Task
    place: int = 1


class JobLine(Struct, frozen=True):
    """A log line of a job. `part` is the number of the task below it that it is of, or 0."""

    line: LogLine
    part: int


class Standing(Struct, frozen=True):
    """How things stand: queues, executions that have failed, wait, or ever ended, and the counters of jobs."""

    queues: list[Queue]
    failed: int
    waiting: int
    processed: int
    jobs: list[Tally]
    bounds: Bounds


class JobDesk:
    """The jobs a principal sees: another client's do not exist for it. Looking needs read, everything else write."""

    def __init__(
        self,
        store: Store,
        *,
        desk: TaskDesk,
        searches: Searches,
        submissions: Submissions,
        workflows: WorkflowDesk,
        settings: JobSettings,
        clock: Clock,
    ) -> None:
        self._store = store
        self._desk = desk
        self._searches = searches
        self._submissions = submissions
        self._workflows = workflows
        self._settings = settings
        self._clock = clock

    async def submit(
        self, principal: Principal, order: JobOrder, *, idempotency_key: str | None = None, correlation_id: str = ""
    ) -> Task:
        """Accepts a job. Raises Invalid, NotFound (the workflow), Forbidden (another client's), KeyReused."""
        principal.require("write")
        if principal.client and order.client not in ("", principal.client):
            raise Forbidden(f"a credential of client {principal.client} cannot speak for {order.client}")
        # The job belongs to the client, whoever submits it.
        owner = structs.replace(principal, client=principal.client or order.client)
        if order.client and order.client != principal.client:
            await self._require_client(order.client)
        pool = await self._settings.pool(owner.client)
        try:
            return await self._accept(owner, order, pool, idempotency_key, correlation_id)
        except Invalid as error:
            if error.field != "/pool":
                raise
        # It was removed since it was made.
        self._settings.forget(owner.client)
        pool = await self._settings.pool(owner.client)
        return await self._accept(owner, order, pool, idempotency_key, correlation_id)

    async def find(
        self, principal: Principal, where: Condition, order: Sequence[Order], *, offset: int, limit: int
    ) -> list[Job]:
        """Jobs that meet a condition, with their places."""
        search = Search(where=Every((where, _IS_JOB)), order=tuple(order), offset=offset, limit=limit)
        tasks = await self._searches.find(principal, search)
        places = await self._store.tasks.places(tasks) if tasks else {}
        return [Job(task, places.get(task.id, 1)) for task in tasks]

    async def count(self, principal: Principal, where: Condition, most: int) -> int:
        """How many there are; exact up to `most`."""
        return await self._searches.count(principal, Every((where, _IS_JOB)), most)

    async def get(self, principal: Principal, number: int) -> Job:
        """One of them. Raises NotFound."""
        task = await self._job(principal, number, "read")
        return Job(task, (await self._store.tasks.places([task])).get(task.id, 1))

    async def change(self, principal: Principal, number: int, change: JobChange) -> Task:
        """Applies all of it, or nothing. Raises NotFound, Conflict, Invalid.

        A running job is paused at its next boundary, and ends canceled when its body has ended.
        """
        task = await self._job(principal, number, "write")
        if change.gate is not None:
            check_gate(change.gate)
        state = None if _is_there(task, change.state) else change.state
        return await self._store.tasks.change(
            task.id,
            Change(
                priority=change.priority,
                run_at=change.run_at,
                gate=change.gate,
                clear_gate=change.clear_gate,
                persist=change.persist,
                state=state,
            ),
            self._clock.now(),
        )

    async def rerun(self, principal: Principal, number: int, *, idempotency_key: str | None = None) -> Task:
        """A new job that does the same and supersedes it. Raises NotFound, Conflict."""
        task = await self._job(principal, number, "write")
        asked = await self._store.tasks.asked(task.id)
        if task.pool:
            await self._settings.pool(task.client)
        return await self._submissions.rerun(principal, task, asked, idempotency_key=idempotency_key)

    async def logs(self, principal: Principal, number: int, *, after: int, limit: int, hidden: bool) -> list[JobLine]:
        """Log lines of the job and of what is below it, in their order."""
        task = await self._job(principal, number, "read")
        lines = await self._store.journal.tree_logs(task.id, after=after, limit=limit, hidden=hidden)
        return [JobLine(line, 0 if part == task.number else part) for part, line in lines]

    async def board(self, principal: Principal, limit: int, client: str = "") -> tuple[Board, Bounds]:
        """The first jobs that run and wait, as they stand at one instant, and what bounds them.

        Of all clients when the house asks, or of one of them.
        """
        principal.require("read")
        if principal.client and client not in ("", principal.client):
            raise Forbidden(f"a credential of client {principal.client} cannot look at {client}")
        board = await self._store.tasks.board(principal.client or client, limit)
        return board, Bounds.of(board.settings, board.common)

    async def standing(self, principal: Principal) -> Standing:
        """How the store, the queues and the jobs stand, from maintained counters. Raises Unavailable."""
        principal.require("read")
        await self._store.check()
        tallies = [tally for tally in await self._store.tasks.tallies() if principal.sees(tally.client)]
        counts: Counter[tuple[str, State]] = Counter()
        for tally in tallies:
            counts[tally.queue, tally.state] += tally.count
        queues = [
            structs.replace(
                queue,
                queued=counts[queue.name, State.QUEUED],
                running=counts[queue.name, State.RUNNING] + counts[queue.name, State.CANCELING],
            )
            for queue in await self._store.workers.queues()
        ]
        # The root of a declared workflow does nothing itself: those below it are its tasks.
        executed = [tally for tally in tallies if tally.role is Role.PART or tally.operation != JOB]
        ended = sum(tally.count for tally in executed if tally.state in FINAL)
        return Standing(
            queues=queues,
            failed=sum(tally.count for tally in executed if tally.state is State.FAILED),
            waiting=sum(queue.queued for queue in queues),
            processed=ended + await self._store.tasks.forgotten(principal.client),
            jobs=[tally for tally in tallies if tally.role is not Role.PART],
            bounds=await self._settings.bounds(principal.client),
        )

    async def note(self, task_id: UUID, source: str, message: str) -> None:
        """Writes a line of information into the log of a job that was accepted or changed just now."""
        now = self._clock.now()
        await self._store.tasks.record(None, [LogNote(task_id, now, _INFO, source, message)], now)

    async def _accept(
        self, owner: Principal, order: JobOrder, pool: str, idempotency_key: str | None, correlation_id: str
    ) -> Task:
        callbacks = order.parameters.get(TOLD) or []
        declared = WorkflowRun(
            parameters=order.parameters,
            client=owner.client,
            priority=order.priority,
            pool=pool,
            run_at=order.run_at,
            gate=order.gate,
            persist=order.persist,
            callbacks=callbacks,
        )
        try:
            return await self._workflows.submit(
                owner, order.workflow, declared, idempotency_key=idempotency_key, correlation_id=correlation_id
            )
        except NotFound as error:
            if error.kind != "workflow":
                raise
            unknown = error
        submit = Submit(
            operation=order.workflow,
            args={PARAMETERS: order.parameters},
            priority=order.priority,
            pool=pool,
            run_at=order.run_at,
            gate=order.gate,
            persist=order.persist,
            callbacks=callbacks,
            retry=Retry(backoff=1, jitter=0, from_settings=("limit", "delay")),
        )
        try:
            submitted = await self._submissions.submit(
                owner, [submit], idempotency_key=idempotency_key, correlation_id=correlation_id, prefix=""
            )
        except Invalid as error:
            if error.field == "/operation":
                raise unknown from None
            raise
        return submitted.tasks[0]

    async def _job(self, principal: Principal, number: int, scope: str) -> Task:
        principal.require(scope)
        task = await self._desk.find(principal, number)
        if not task.is_root or task.internal:
            raise NotFound("job", number)
        return task

    async def _require_client(self, client: str) -> None:
        if await self._store.registry.credential("key", name=client) is None:
            raise Invalid("/client", f"there is no client {client}")


def _is_there(task: Task, state: State | None) -> bool:
    """Whether a job is already as it is asked to be."""
    if state is State.CANCELED:
        return task.state in _STOPPED or task.superseded_by is not None
    return state is not None and task.state is state
