"""The operations that stand beside pulpcore's test tasks."""

import asyncio

from taskward import Context, Module, Retry, exclusive

bench = Module("bench")


@bench.operation()
async def noop(ctx: Context) -> None:
    """Does nothing."""


@bench.operation(resources=[exclusive("bench:lock")])
async def locked(ctx: Context) -> None:
    """Does nothing, behind a lock."""


@bench.operation(resources=[exclusive("bench:lock")])
async def holder(_: Context) -> None:
    """Holds the lock until it is canceled."""
    await asyncio.Event().wait()


@bench.operation(retry=Retry(lost_limit=0))
async def endless(_: Context) -> None:
    """Runs until it is canceled; when its worker is lost it fails, as pulpcore's tasks do."""
    await asyncio.Event().wait()


@bench.operation()
async def told(ctx: Context) -> None:
    """Reports twice."""
    for number in range(2):
        ctx.report(f"bench.{number}", done=2, total=2, message="m")
