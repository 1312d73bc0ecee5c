"""Operations for tests of ScyllaDB's API."""

import asyncio

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
