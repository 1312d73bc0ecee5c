"""Operations for tests of ScyllaDB's API."""

import asyncio
from pathlib import Path

from taskward import Context, Module, Retention

compaction = Module("compaction", description="Compaction, of which nothing is real")
repair = Module("repair", retention=Retention(fold=True))


@compaction.operation(type="major compaction", scope="keyspace")
async def major(ctx: Context, tables: int = 2, fail: str = "") -> None:
    """Has a step per table, with two shards each."""
    for table in range(tables):
        with ctx.step(f"t{table}", type="major compaction", scope="table", labels={"table": f"t{table}"}) as step:
            for shard in range(2):
                with step.step(f"shard {shard}", scope="shard", total=50, unit="bytes") as part:
                    part.progress(done=50)
                    if fail == f"t{table}/{shard}":
                        raise ValueError("disk full")


@compaction.operation()
async def many(ctx: Context, steps: int, nested: int = 0) -> None:
    """Has very many steps, with some inside each."""
    for number in range(steps):
        with ctx.step(f"file {number}", type="file", total=2, unit="bytes") as step:
            for inner in range(nested):
                with step.step(f"block {inner}"):
                    pass
            step.progress(done=2)
        if number % 500 == 0:
            await ctx.checkpoint()


@compaction.operation()
async def held(ctx: Context, path: str) -> None:
    """Has a step that lasts until there is a file at the path."""
    with ctx.step("part", total=10, unit="rows") as step:
        step.progress(done=4)
        while not Path(path).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)


@compaction.operation()
async def counting(ctx: Context, path: str) -> None:
    """Counts things of its own, and has steps that count others; lasts until there is a file at the path."""
    ctx.progress(0, total=3, unit="things")
    with ctx.step("past", total=2, unit="bytes") as step:
        step.progress(done=2)
    with ctx.step("part", total=100, unit="bytes") as step:
        step.progress(done=86)
        while not Path(path).exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        step.progress(done=100)
    ctx.progress(done=3)


@compaction.operation()
async def parent(ctx: Context, children: int = 3) -> None:
    """Spawns children that do not fold, and outlives them until it is aborted."""
    spawned = [await ctx.spawn(major, tables=1, labels={"keyspace": f"ks{number}"}) for number in range(children)]
    await ctx.gather(*spawned)
    await asyncio.Event().wait()


@compaction.operation()
async def endless(ctx: Context, steps: int = 0) -> None:
    """Runs until it is aborted, inside a step per level."""
    if steps:
        with ctx.step(f"level {steps}"):
            await endless(ctx, steps - 1)
    else:
        ctx.progress(done=1, total=4, unit="ranges")
        await asyncio.Event().wait()


@compaction.operation()
async def polite(ctx: Context) -> str:
    """Returns normally although it was aborted."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        return "never mind"
    return "done"


@compaction.operation(abortable=False)
async def stubborn(ctx: Context) -> None:
    """Cannot be aborted."""
    await asyncio.sleep(3600)


@repair.operation(type="repair", scope="table")
async def repair_table(ctx: Context, table: str, broken: str = "") -> None:
    """A part of a repair."""
    ctx.progress(done=4, total=4, unit="ranges")
    if broken == table:
        raise ValueError(f"cannot repair {table}")


@repair.operation(type="repair", scope="keyspace")
async def repair_keyspace(ctx: Context, keyspace: str, tables: int, broken: int) -> None:
    """Spawns a child per table."""
    children = [
        await ctx.spawn(repair_table, table=f"t{number}", broken=f"t{broken}", labels={"table": f"t{number}"})
        for number in range(tables)
    ]
    for child in children:
        await child.wait()


@repair.operation(type="repair", scope="global")
async def repair_all(ctx: Context, keyspaces: int = 2, tables: int = 2, broken: int = -1) -> None:
    """Spawns a child per keyspace."""
    children = [
        await ctx.spawn(
            repair_keyspace,
            keyspace=f"ks{number}",
            tables=tables,
            broken=broken if number == 0 else -1,
            labels={"keyspace": f"ks{number}"},
        )
        for number in range(keyspaces)
    ]
    for child in children:
        await child.wait()
