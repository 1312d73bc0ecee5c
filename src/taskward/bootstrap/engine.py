"""The engine of a process: what claims and runs tasks, and what keeps house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskward.bootstrap.house import House
from taskward.engine.tempo import Tempo
from taskward.engine.worker import Worker


@asynccontextmanager
async def running_worker(house: House) -> AsyncIterator[Worker]:
    """A worker that claims and runs tasks inside the block; drained at its end if it was not before."""
    settings = house.settings.worker
    worker = Worker(
        house.store,
        house.notifier,
        house.registry,
        house.clock,
        name=settings.name,
        queues=settings.queues,
        concurrency=settings.concurrency,
        tempo=tempo_of(house),
    )
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


def tempo_of(house: House) -> Tempo:
    """The intervals that the settings ask for."""
    settings = house.settings.worker
    return Tempo(
        heartbeat_interval=settings.heartbeat_interval,
        lease_ttl=settings.lease_ttl,
        abort_grace=settings.abort_grace,
    )
