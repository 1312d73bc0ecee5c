"""Recurring submissions, as administrators and tenants keep them."""

import re
from datetime import datetime, timedelta

from msgspec import structs

from taskward.auth import Principal
from taskward.model.errors import Conflict, Invalid, NotFound
from taskward.model.recurrence import Recurrence
from taskward.model.task import Task
from taskward.ports import Clock, Schedule, Schedules
from taskward.service.catalogue import Catalogue
from taskward.service.instants import duration
from taskward.service.submissions import Submissions, check_labels
from taskward.wire import RecurrenceBody, ScheduleBody, Submit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


class ScheduleDesk:
    """The schedules a principal sees: another client's do not exist for it."""

    def __init__(self, schedules: Schedules, submissions: Submissions, catalogue: Catalogue, clock: Clock) -> None:
        self._schedules = schedules
        self._submissions = submissions
        self._catalogue = catalogue
        self._clock = clock

    async def all(self, principal: Principal) -> list[Schedule]:
        """By name. Needs read."""
        principal.require("read")
        return sorted(await self._visible(principal), key=lambda schedule: schedule.name)

    async def get(self, principal: Principal, name: str) -> Schedule:
        """Raises NotFound. Needs read."""
        principal.require("read")
        return await self._find(principal, name)

    async def put(self, principal: Principal, name: str, body: ScheduleBody) -> tuple[Schedule, bool]:
        """Makes or replaces one; True when it is new. Needs write. Raises Invalid, Conflict (another client's name)."""
        principal.require("write")
        if not _NAME.fullmatch(name):
            raise Invalid("name", "up to 100 letters, digits, `_`, `-` and `.`, beginning with a letter or digit")
        known = {schedule.name: schedule for schedule in await self._schedules.all()}.get(name)
        if known is not None and not principal.sees(known.client):
            raise Conflict(f"the name {name} is taken")
        schedule = await self._checked(principal, name, body, known)
        return await self._schedules.save(schedule, self._clock.now()), known is None

    async def set_active(self, principal: Principal, name: str, *, active: bool) -> Schedule:
        """Lets it tick, or not. What is as wanted keeps its rhythm. Raises NotFound. Needs write."""
        principal.require("write")
        known = await self._find(principal, name)
        if known.active is active:
            return known
        now = self._clock.now()
        recurrence = Recurrence(known.every, known.cron, known.timezone)
        next_at = recurrence.first(now, known.first_in) if active else None
        changed = structs.replace(known, active=active, next_at=next_at, updated_at=now)
        return await self._schedules.save(changed, now)

    def recurrence(self, principal: Principal, body: RecurrenceBody) -> tuple[Recurrence, datetime | None]:
        """When what is described would tick, and the first time if made now. Raises Invalid. Needs read."""
        principal.require("read")
        every = None if body.every_seconds is None else duration("/every_seconds", body.every_seconds)
        recurrence = Recurrence(every, body.cron, body.timezone)
        recurrence.check()
        return recurrence, recurrence.first(self._clock.now())

    async def delete(self, principal: Principal, name: str) -> None:
        """Raises NotFound. Needs write."""
        principal.require("write")
        await self._find(principal, name)
        await self._schedules.delete(name)

    async def run(self, principal: Principal, name: str) -> Task:
        """Submits now what the schedule submits; its ticks stay as they are. Raises NotFound. Needs write."""
        principal.require("write")
        schedule = await self._find(principal, name)
        if principal.client != schedule.client:
            # The task belongs to the schedule's client, whoever pushes the button.
            principal = structs.replace(principal, client=schedule.client)
        submit = Submit(
            operation=schedule.operation,
            args=schedule.args,
            labels={**schedule.labels, "schedule": name},
            priority=schedule.priority,
            queue=schedule.queue,
        )
        submitted = await self._submissions.submit(principal, [submit], prefix="")
        return submitted.tasks[0]

    async def _checked(self, principal: Principal, name: str, body: ScheduleBody, known: Schedule | None) -> Schedule:
        every = None if body.every_seconds is None else duration("/every_seconds", body.every_seconds)
        recurrence = Recurrence(every, body.cron, body.timezone)
        recurrence.check()
        check_labels(body.labels)
        try:
            operation = await self._catalogue.operation(body.operation)
        except NotFound as error:
            raise Invalid("/operation", str(error)) from None
        operation.check_wanted()
        operation.check(body.args)
        first_in: timedelta | None = None
        if body.first_in_seconds is not None:
            first_in = duration("/first_in_seconds", body.first_in_seconds)
        now = self._clock.now()
        keeps_rhythm = (
            known is not None
            and known.active
            and first_in is None
            and (known.every, known.cron, known.timezone) == (every, body.cron, body.timezone)
        )
        next_at = known.next_at if known is not None and keeps_rhythm else recurrence.first(now, first_in)
        return Schedule(
            name=name,
            operation=body.operation,
            args=body.args,
            every=every,
            cron=body.cron,
            timezone=body.timezone,
            first_in=first_in,
            client=known.client if known is not None else principal.client,
            priority=body.priority,
            queue=body.queue,
            labels=body.labels,
            description=body.description,
            active=body.active,
            created_at=known.created_at if known else now,
            updated_at=now,
            next_at=next_at if body.active else None,
            last_at=known.last_at if known else None,
            last_task_id=known.last_task_id if known else None,
        )

    async def _find(self, principal: Principal, name: str) -> Schedule:
        for schedule in await self._visible(principal):
            if schedule.name == name:
                return schedule
        raise NotFound("schedule", name)

    async def _visible(self, principal: Principal) -> list[Schedule]:
        return [schedule for schedule in await self._schedules.all() if principal.sees(schedule.client)]
