"""A process that claims and runs tasks, and does nothing else."""

import asyncio
from collections.abc import Sequence

import uvloop

from taskward.bootstrap.engine import keeping_house, work_until
from taskward.bootstrap.house import open_house
from taskward.bootstrap.logs import configure_logs
from taskward.bootstrap.signals import stop_on_signals
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
        async with open_house(settings, apps) as house, keeping_house(house):
            await work_until(house, requests)
