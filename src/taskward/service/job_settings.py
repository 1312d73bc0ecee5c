"""The settings of jobs, and the pools that put them into force."""

import re
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from taskward.auth import Principal
from taskward.model.errors import Invalid
from taskward.model.job_settings import JOB_SETTINGS, TOTAL, TOTAL_SETTING, Bounds
from taskward.model.masking import is_secret_name, mask_secret
from taskward.model.pools import Pool, client_of, job_pool
from taskward.model.settings import SETTINGS
from taskward.ports import Clock, Registry, Workers

SWEEP = "queue_scheduled_jobs"
"""The schedule that moves jobs on whose time has come: not a recurring submission, but the clock of their pool."""
FIRST_IN = timedelta(seconds=5)
"""Between its activation and its first tick."""

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST_VALUE = 10_000
_ALL_JOBS = "all-jobs"
"""The pool around those of all clients."""


class Stored(Struct, frozen=True):
    """What came of storing a setting; `warning` says what it brings about that may not be meant."""

    is_new: bool
    warning: str = ""


class JobSettings:
    """Each client's own; the house's are those of every client that has not set its own. Reads need read."""

    def __init__(self, registry: Registry, workers: Workers, clock: Clock) -> None:
        self._registry = registry
        self._workers = workers
        self._clock = clock
        self._pools: set[str] = set()

    async def bounds(self, client: str) -> Bounds:
        """Those in force."""
        return Bounds.of(await self._registry.settings(client), await self._registry.settings(""))

    async def all(self, principal: Principal) -> dict[str, str]:
        """Every setting by name, with its value in force."""
        principal.require("read")
        own, common = await self._registry.settings(principal.client), await self._registry.settings("")
        known = {name: str(setting.default) for name, setting in JOB_SETTINGS.items()}
        inherited = {name: value for name, value in common.items() if name in known}
        if not principal.client:
            known[TOTAL] = str(TOTAL_SETTING.default)
            own = {name: value for name, value in own.items() if name not in SETTINGS}
        return {name: _shown(name, value) for name, value in sorted({**known, **inherited, **own}.items())}

    async def set(self, principal: Principal, name: str, value: str | float) -> Stored:
        """Stores one and puts it into force at once. A client needs write, the house admin. Raises Invalid."""
        client = principal.client
        principal.require("write" if client else "admin")
        text = await self._checked(client, name, value)
        replaced = await self._registry.set_setting(client, name, text, self._clock.now())
        if name == TOTAL and not client:
            await self._enclose(int(text))
        elif name in JOB_SETTINGS:
            for pool in await self._workers.pools():
                owner = client_of(pool.name)
                if owner is not None and (not client or owner == client):
                    await self._workers.set_pool(await self._bounded(pool, owner), self._clock.now())
        bounds = await self.bounds(client)
        warning = ""
        if bounds.priority_slots == bounds.max_jobs and name in ("max_jobs", "priority_slots"):
            warning = f"every slot is reserved: jobs of priority {bounds.priority_threshold + 1} and above never start"
        return Stored(replaced is None and name not in JOB_SETTINGS, warning)

    async def pool(self, client: str) -> str:
        """The name of the pool of a client's jobs, which is made if it is not there."""
        name = job_pool(client)
        if name not in self._pools:
            await self._find_pool(client)
            self._pools.add(name)
        return name

    def forget(self, client: str) -> None:
        """Somebody has removed the pool: the next job makes it anew."""
        self._pools.discard(job_pool(client))

    async def is_sweeping(self, principal: Principal) -> bool:
        """Whether the jobs of the caller move on when their time has come."""
        principal.require("read")
        pool = await self._pool_of(principal.client)
        return pool is None or pool.scheduled_from != _NEVER

    async def sweep(self, principal: Principal, *, active: bool) -> None:
        """Lets jobs move on when their time has come, or not. What became due meanwhile does at the first tick."""
        principal.require("write" if principal.client else "admin")
        if await self.is_sweeping(principal) == active:
            return
        pool = await self._find_pool(principal.client)
        now = self._clock.now()
        held_until = now + FIRST_IN if active else _NEVER
        await self._workers.set_pool(await self._bounded(pool, principal.client, held_until), now)

    async def _checked(self, client: str, name: str, value: str | float) -> str:
        if name in JOB_SETTINGS:
            text = JOB_SETTINGS[name].check(name, value)
            bounds = Bounds.of({**await self._registry.settings(client), name: text}, await self._registry.settings(""))
            if bounds.priority_slots > bounds.max_jobs:
                raise Invalid(
                    "/setting",
                    f"priority_slots ({bounds.priority_slots}) must not be more than max_jobs ({bounds.max_jobs})",
                )
            return text
        if name == TOTAL and not client:
            return TOTAL_SETTING.check(name, value)
        if not _NAME.fullmatch(name) or name == TOTAL or (not client and name in SETTINGS):
            raise Invalid(
                "/name",
                f"{name!r} cannot be set here: up to 64 lower-case letters, digits and _, beginning with a letter;"
                " those of the whole installation are at /v1/settings",
            )
        text = value if isinstance(value, str) else str(value)
        if len(text) > _LONGEST_VALUE or "\0" in text:
            raise Invalid("/setting", f"must have up to {_LONGEST_VALUE} characters, and no NUL")
        return text

    async def _enclose(self, limit: int) -> None:
        """Puts the pools of all clients within one, or takes its bound away."""
        pools = await self._workers.pools()
        names = [pool.name for pool in pools if client_of(pool.name) is not None]
        if limit or any(pool.name == _ALL_JOBS for pool in pools):
            unbounded = TOTAL_SETTING.most
            await self._workers.enclose(Pool(_ALL_JOBS, limit or unbounded, threshold=10), names)

    async def _find_pool(self, client: str) -> Pool:
        pool = await self._pool_of(client)
        if pool is not None:
            return pool
        made = Pool(job_pool(client), 1)
        if any(pool.name == _ALL_JOBS for pool in await self._workers.pools()):
            made = Pool(job_pool(client), 1, within=_ALL_JOBS)
        return await self._workers.set_pool(await self._bounded(made, client), self._clock.now())

    async def _pool_of(self, client: str) -> Pool | None:
        name = job_pool(client)
        return next((pool for pool in await self._workers.pools() if pool.name == name), None)

    async def _bounded(self, pool: Pool, client: str, scheduled_from: datetime | None = None) -> Pool:
        bounds = await self.bounds(client)
        return Pool(
            pool.name,
            bounds.max_jobs,
            min(bounds.priority_slots, bounds.max_jobs),
            bounds.priority_threshold,
            within=pool.within,
            scheduled_from=scheduled_from or pool.scheduled_from,
            gate_interval=timedelta(seconds=bounds.schedule_interval),
        )


def _shown(name: str, value: str) -> str:
    return mask_secret(value) if is_secret_name(name) else value
