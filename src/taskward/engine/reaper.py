"""The reaper: finds workers that stopped without a word, and forgets those that are long gone."""

from datetime import datetime, timedelta

import structlog

from taskward.engine.chore import Chore
from taskward.engine.tempo import Tempo
from taskward.ports import Clock, Notifier, Store

_log = structlog.get_logger(__name__)

_BATCH = 1_000
_FORGET_AFTER = timedelta(days=1)
_FORGET_EVERY = timedelta(hours=1)


class Reaper(Chore):
    """Ends the attempts of lost workers within two heartbeat intervals of their last sign of life."""

    def __init__(self, store: Store, notifier: Notifier, clock: Clock, tempo: Tempo) -> None:
        super().__init__(notifier)
        self._store = store
        self._clock = clock
        self._tempo = tempo
        self._forget_at: datetime | None = None

    async def turn(self) -> timedelta:
        """Looks once."""
        now = self._clock.now()
        ended = await self._store.workers.reap(now - self._tempo.lease_ttl, now, _BATCH)
        if ended:
            _log.warning("attempts of lost workers were ended", count=len(ended))
        if self._forget_at is None or now >= self._forget_at:
            await self._store.workers.forget(now - _FORGET_AFTER)
            self._forget_at = now + _FORGET_EVERY
        return timedelta(0) if len(ended) == _BATCH else self._tempo.reap_interval
