"""The timekeeper: what comes due by the clock. Tasks whose time has come, ticks of schedules, ends of retention."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from taskward.engine.children import FindOperation
from taskward.engine.chore import Chore
from taskward.engine.tempo import Tempo
from taskward.model.errors import Invalid, Unavailable
from taskward.model.recurrence import Recurrence
from taskward.operations import Wishes
from taskward.ports import Clock, IdempotencyKey, Notifier, Schedule, Store, Submission, Topic

_log = structlog.get_logger(__name__)

_BATCH = 500
_OVERDUE_PAUSE = timedelta(milliseconds=100)
"""Between looks while something is due that cannot be done."""
_COMPLAIN_EVERY = timedelta(minutes=1)
_SWEEP_EVERY = timedelta(minutes=5)


class Timekeeper(Chore):
    """Sleeps until the next due instant, and is woken when an earlier one comes up."""

    topics = (Topic.TIMERS,)

    def __init__(
        self, store: Store, notifier: Notifier, find_operation: FindOperation, clock: Clock, tempo: Tempo
    ) -> None:
        super().__init__(notifier)
        self._store = store
        self._find_operation = find_operation
        self._clock = clock
        self._tempo = tempo
        self._stuck: dict[str, datetime] = {}
        """Schedules whose tick could not be submitted, and when to say so again. They are tried at every turn."""
        self._sweep_at: datetime | None = None

    async def turn(self) -> timedelta:
        """Does what is due; returns how long it is until something is."""
        now = self._clock.now()
        due = await self._store.tasks.next_due(now, tuple(self._stuck))
        if self._sweep_at is None or now >= self._sweep_at:
            # Old idempotency keys and traces of what was removed come due by no clock of their own.
            await self._store.tasks.prune(now, _BATCH)
            await self._store.figures.prune(now)
            await self._store.audit.prune(now, _BATCH)
            self._sweep_at = now + _SWEEP_EVERY
        is_due = due is not None and due <= now
        done = await self._tick_schedules(now) if is_due or self._stuck else 0
        if due is None or not is_due:
            # A wake-up may be lost, so it looks again before long in any case.
            return self._tempo.poll_interval if due is None else min(due - now, self._tempo.poll_interval)
        while placed := await self._store.tasks.advance(now, _BATCH):
            done += placed
            await asyncio.sleep(0)
        done += await self._store.tasks.prune(now, _BATCH)
        return timedelta(0) if done else _OVERDUE_PAUSE

    async def _tick_schedules(self, now: datetime) -> int:
        done = 0
        stuck: dict[str, datetime] = {}
        for schedule in await self._store.schedules.due(now):
            try:
                done += await self._tick(schedule, now)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the others tick and what is due is done
                # A process that knows the operation may come, or an operator put it right.
                stuck[schedule.name] = self._complain(schedule.name, error, now)
        self._stuck = stuck
        return done

    def _complain(self, name: str, error: Exception, now: datetime) -> datetime:
        """Says what is wrong with a schedule, unless it was said lately; returns when to say it again."""
        if (quiet_until := self._stuck.get(name, now)) > now:
            return quiet_until
        _log.error("a schedule cannot tick", schedule=name, error=f"{type(error).__name__}: {error}")
        return now + _COMPLAIN_EVERY

    async def _tick(self, schedule: Schedule, now: datetime) -> bool:
        if schedule.next_at is None:
            return False
        try:
            task_id = await self._submit(schedule, schedule.next_at, now)
        except Invalid as error:
            # The operation has changed since. Tried again the tick would be refused again; the next one may not be.
            _log.error("a schedule's tick was refused and is left out", schedule=schedule.name, error=str(error))
            task_id = None
        recurrence = Recurrence(schedule.every, schedule.cron, schedule.timezone)
        following = recurrence.after(schedule.next_at, now)
        return await self._store.schedules.tick(schedule.name, schedule.next_at, following, task_id, now)

    async def _submit(self, schedule: Schedule, tick: datetime, now: datetime) -> UUID:
        """The task of one tick: whoever submits it, however often, there is one."""
        operation = await self._find_operation(schedule.operation)
        wishes = Wishes(
            client=schedule.client,
            created_by=f"schedule {schedule.name}",
            labels={**schedule.labels, "schedule": schedule.name},
            priority=schedule.priority,
            queue=schedule.queue,
        )
        task = operation.new_task(uuid7(), schedule.args, wishes)
        key = IdempotencyKey(schedule.client, f"schedule {schedule.name} {tick.isoformat()}", "tick")
        submitted = await self._store.tasks.submit(Submission((task,), idempotency=key), now)
        return submitted.tasks[0].id
