"""The gatekeeper: asks the gates of scheduled tasks whether they are open."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from taskward.engine.chore import Chore
from taskward.engine.tempo import Tempo
from taskward.model.errors import NotFound
from taskward.model.settings import duration_of
from taskward.model.task import Task
from taskward.ports import Clock, Notifier, Store, Topic

Probe = Callable[[str], Awaitable[bool]]
"""Whether the gate behind a URL is open: a GET of it is answered 2xx or 3xx. What it raises counts as closed."""

_BATCH = 1_000
_AT_ONCE = 20


class Gatekeeper(Chore):
    """Asks each gate at once when its task is due, then once per interval: that of its pool, or the
    run-time setting `gate_interval`.
    """

    topics = (Topic.TIMERS, Topic.SETTINGS)

    def __init__(self, store: Store, notifier: Notifier, probe: Probe, clock: Clock, tempo: Tempo) -> None:
        super().__init__(notifier)
        self._store = store
        self._probe = probe
        self._clock = clock
        self._tempo = tempo

    async def turn(self) -> timedelta:
        """Asks the gates that are due, each URL once, and opens the tasks behind those that are open."""
        now = self._clock.now()
        interval = duration_of("gate_interval", await self._store.registry.settings(""))
        tasks = await self._store.tasks.gated(now, interval, _BATCH)
        waiting: dict[str, list[Task]] = {}
        for task in tasks:
            if task.gate is not None:
                waiting.setdefault(task.gate, []).append(task)
        turnstile = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for url, behind in waiting.items():
                group.create_task(self._ask(url, behind, turnstile))
        return timedelta(0) if len(tasks) == _BATCH else self._tempo.poll_interval

    async def _ask(self, url: str, behind: list[Task], turnstile: asyncio.Semaphore) -> None:
        async with turnstile:
            reason = ""
            try:
                if not await self._probe(url):
                    reason = "it was not answered 2xx or 3xx"
            except Exception as error:  # noqa: BLE001 - whatever it is, the gate has not said that it is open
                reason = str(error) or type(error).__name__
        if reason:
            await self._store.tasks.gate_closed([task.id for task in behind], reason, self._clock.now())
            return
        for task in behind:
            try:
                await self._store.tasks.open_gate(task.id, self._clock.now())
            except NotFound:
                continue
