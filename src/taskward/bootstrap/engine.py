"""The engine of a process: what claims and runs tasks, and what keeps house."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from taskward.bootstrap.house import House
from taskward.bootstrap.signals import StopRequests
from taskward.engine import Maintenance, Tempo, Worker
from taskward.outbound import OutboundFailed
from taskward.service.catalogue import Catalogue


async def work_until(house: House, requests: StopRequests) -> None:
    """Claims and runs tasks until asked to stop; then drains for `server.shutdown_grace`, or until asked again."""
    settings = house.settings.worker
    catalogue = Catalogue(house.registry, house.store.workers, house.clock)
    worker = Worker(
        house.store,
        house.notifier,
        house.registry,
        house.clock,
        name=settings.name,
        queues=settings.queues,
        concurrency=settings.concurrency,
        tempo=_tempo(house),
        find_operation=catalogue.operation,
    )
    await worker.start()
    try:
        await requests.first.wait()
        draining = asyncio.create_task(worker.drain(house.settings.server.shutdown_grace))
        insisted = asyncio.create_task(requests.second.wait())
        await asyncio.wait([draining, insisted], return_when=asyncio.FIRST_COMPLETED)
        if not insisted.done():
            insisted.cancel()
        else:
            draining.cancel()
        await asyncio.wait([draining])
    finally:
        await worker.stop()


@asynccontextmanager
async def keeping_house(house: House) -> AsyncIterator[None]:
    """Inside the block times, schedules, retention, gates, lost workers and callbacks are looked after."""
    catalogue = Catalogue(house.registry, house.store.workers, house.clock)

    async def probe(url: str) -> bool:
        status = (await house.outbound.request("GET", url)).status
        if not 200 <= status < 400:
            raise OutboundFailed(url, f"it answered {status}")
        return True

    async def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return (await house.outbound.request("POST", url, content=body, headers=headers)).status

    maintenance = Maintenance(
        house.store,
        house.notifier,
        house.clock,
        find_operation=catalogue.operation,
        probe=probe,
        post=post,
        tempo=_tempo(house),
    )
    maintenance.start()
    try:
        yield
    finally:
        await maintenance.stop()


def _tempo(house: House) -> Tempo:
    settings = house.settings.worker
    return Tempo(
        heartbeat_interval=settings.heartbeat_interval,
        lease_ttl=settings.lease_ttl,
        abort_grace=settings.abort_grace,
    )
