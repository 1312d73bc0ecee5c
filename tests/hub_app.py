"""Operations as an application on Pulp's ways would have them."""

import asyncio

from taskward import Context, Module, exclusive, shared

hub = Module("hub", description="Operations for tests of Pulp's and Galaxy's clients")


@hub.operation("sync", resources=[exclusive("/repositories/{repository}/"), shared("/remotes/{repository}/")])
async def sync(ctx: Context, repository: str) -> dict[str, int]:
    """Makes a version of a repository."""
    ctx.report("sync.parsing", done=2, total=2, unit="files", message="Parsing")
    ctx.progress(done=1, total=1, message="Syncing")
    ctx.created(f"/repositories/{repository}/versions/1/")
    ctx.log("synced", repository=repository)
    return {"added": 2}


@hub.operation("fail")
async def fail(ctx: Context) -> None:
    """Fails."""
    raise ValueError("the remote is gone")


@hub.operation("endless", resources=[exclusive("/repositories/{repository}/")])
async def endless(ctx: Context, repository: str) -> None:
    """Runs until it is canceled."""
    await asyncio.Event().wait()


@hub.operation("family")
async def family(ctx: Context) -> None:
    """Has a child."""
    await (await ctx.spawn(sync, repository="child")).result()
