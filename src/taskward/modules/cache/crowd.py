"""Asking the many hosts of a cluster at once, each as a step of the task, so many at a time and no more."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from taskward.modules.cache.findings import Host, HostFailure
from taskward.modules.cache.network import HostError
from taskward.operations import Context

T = TypeVar("T")


async def ask_each(
    ctx: Context, hosts: Sequence[Host], ask: Callable[[Host], Awaitable[T]], *, at_once: int
) -> tuple[list[T], list[HostFailure]]:
    """The answers of those that answered, in the order of the hosts, and the failures of the others (HostError)."""
    gate = asyncio.Semaphore(at_once)
    answers: dict[str, T] = {}
    failures: dict[str, HostFailure] = {}
    ctx.progress(0, total=len(hosts), unit="hosts")

    async def one(host: Host) -> None:
        async with gate:
            await ctx.checkpoint()
            try:
                with ctx.step(host.hostname, type="host", labels={"host": host.id, "ip": host.ip}):
                    answers[host.id] = await ask(host)
            except HostError as error:
                ctx.log(f"{host.hostname} ({host.ip}): {error}", "warning", host=host.id)
                failures[host.id] = HostFailure(host, str(error))
            ctx.progress(advance=1)

    async with asyncio.TaskGroup() as group:
        for host in hosts:
            group.create_task(one(host))
    known = [host.id for host in hosts]
    return [answers[each] for each in known if each in answers], [failures[each] for each in known if each in failures]
