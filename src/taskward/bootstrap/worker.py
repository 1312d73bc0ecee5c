"""A process that claims and runs tasks, and does nothing else."""

import asyncio
from collections.abc import Sequence

import uvloop

from taskward.bootstrap.engine import running_worker
from taskward.bootstrap.house import House, open_house
from taskward.bootstrap.logs import configure_logs
from taskward.bootstrap.signals import StopRequests, stop_on_signals
from taskward.settings import Settings


def run_worker(settings: Settings, apps: Sequence[str] = ()) -> None:
    """Runs until SIGTERM or SIGINT, drains for `server.shutdown_grace`, hands back what still runs, and returns.

    A second signal ends the grace at once. Raises Unavailable, SchemaTooNew, Invalid at the start.
    """
    configure_logs(settings.log)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_work(settings, apps))


async def _work(settings: Settings, apps: Sequence[str]) -> None:
    with stop_on_signals() as requests:
        async with open_house(settings, apps) as house:
            await work_until(house, requests)


async def work_until(house: House, requests: StopRequests) -> None:
    """Works until a stop is requested, and drains."""
    async with running_worker(house) as worker:
        await requests.first.wait()
        draining = asyncio.create_task(worker.drain(house.settings.server.shutdown_grace))
        impatient = asyncio.create_task(requests.second.wait())
        await asyncio.wait([draining, impatient], return_when=asyncio.FIRST_COMPLETED)
        impatient.cancel()
        if requests.second.is_set():
            draining.cancel()
        await asyncio.wait([draining])
