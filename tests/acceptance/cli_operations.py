"""Operations for the tests of the command line."""

import asyncio
from typing import Any

from taskward import Context, Module, exclusive

trial = Module("trial", description="Operations to try things with")


@trial.operation()
async def echo(ctx: Context, value: Any = None, times: int = 1) -> Any:
    """Returns what it was given, and logs it."""
    for number in range(times):
        ctx.log(f"echo {number}", value=value)
    ctx.progress(times, total=times, unit="echoes")
    return value


@trial.operation()
async def fail(ctx: Context, message: str = "it went wrong") -> None:
    """Fails."""
    raise ValueError(message)


@trial.operation(pausable=True)
async def hold(ctx: Context, lock: str = "") -> None:
    """Runs until it is stopped."""
    while True:
        await ctx.checkpoint()
        await asyncio.sleep(0.05)


@trial.operation(resources=[exclusive("trial:{lock}")])
async def locked(ctx: Context, lock: str) -> str:
    """Runs alone among those with the same lock."""
    return lock


@trial.operation()
async def tree(ctx: Context, children: int = 2) -> list[int]:
    """Has steps and children."""
    with ctx.step("prepare", total=10, unit="things") as step:
        step.progress(10)
    spawned = [await ctx.spawn(echo, key=str(n), name=f"child {n}", value=n) for n in range(children)]
    return await ctx.gather(*spawned)


@trial.operation()
async def bad_tree(ctx: Context) -> None:
    """Has a child that fails."""
    child = await ctx.spawn(fail, message="the child went wrong")
    await child.result()
