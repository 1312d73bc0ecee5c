"""The heart: a worker's heartbeat, and what the store answers to it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from taskward.engine.tempo import Tempo
from taskward.ports import Clock, Notifier, Pulse, Topic, Workers

_log = structlog.get_logger(__name__)


class Heart:
    """Renews the worker's leases, and learns which attempts are to stop or to pause.

    `on_pulse` gets every answer of a living worker. `on_death` is awaited when the worker was declared lost, or could
    not renew its leases for as long as they last: then its tasks may be running elsewhere.
    """

    def __init__(
        self,
        workers: Workers,
        notifier: Notifier,
        *,
        worker_id: UUID,
        clock: Clock,
        tempo: Tempo,
        on_pulse: Callable[[Pulse], None],
        on_death: Callable[[], Awaitable[None]],
    ) -> None:
        self.worker_id = worker_id
        self._workers = workers
        self._notifier = notifier
        self._clock = clock
        self._interval_seconds = tempo.heartbeat_interval.total_seconds()
        self._lease_seconds = tempo.lease_ttl.total_seconds()
        self._on_pulse = on_pulse
        self._on_death = on_death
        self._loops: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to beat; the registration counts as the first beat."""
        self._loops = [
            asyncio.create_task(self._beat(), name="taskward-heart"),
            asyncio.create_task(self._listen(), name="taskward-heart-stops"),
        ]

    async def stop(self) -> None:
        """Stops to beat."""
        for loop in self._loops:
            loop.cancel()
        if self._loops:
            await asyncio.wait(self._loops)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while True:
            await asyncio.sleep(self._interval_seconds)
            while True:
                before = loop.time()
                try:
                    async with asyncio.timeout(max(renewed + self._lease_seconds - before, self._interval_seconds / 4)):
                        pulse = await self._workers.heartbeat(self.worker_id, self._clock.now())
                    if pulse.alive:
                        renewed = before
                        self._on_pulse(pulse)
                        break
                    is_dead = True
                except Exception as error:  # noqa: BLE001 - whatever it is, the next beat may succeed
                    _log.warning("no heartbeat", error=repr(error))
                    is_dead = loop.time() - renewed >= self._lease_seconds
                if is_dead:
                    await self._on_death()
                    renewed = loop.time()
                    break
                await asyncio.sleep(self._interval_seconds / 4)

    async def _listen(self) -> None:
        async with self._notifier.subscribe(Topic.CANCEL) as cancels:
            while True:
                await cancels.wait()
                try:
                    pulse = await self._workers.stops(self.worker_id)
                except Exception as error:  # noqa: BLE001 - the next heartbeat tells the same
                    _log.warning("stops cannot be read", error=repr(error))
                    continue
                if pulse.alive:
                    self._on_pulse(pulse)
