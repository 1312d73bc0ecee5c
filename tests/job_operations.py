"""Workflows without a file: operations that take what a job was given, as one object."""

import asyncio
from pathlib import Path
from typing import Any

from taskward.operations import Context, Module

jobs = Module("jobs", description="Workflows for tests")


@jobs.operation()
async def quick(ctx: Context, parameters: dict[str, Any] = {}) -> dict[str, Any]:  # noqa: B006 - each run gets a copy
    """Ends at once with what it was given."""
    ctx.log("quick is nearly done", visible=False)
    ctx.log("quick is done")
    return parameters


@jobs.operation(pausable=True)
async def steps(ctx: Context, parameters: dict[str, Any]) -> int:
    """Waits at a boundary after each of `steps` steps, until the file `go` is there."""
    go = Path(parameters["go"])
    for number in range(int(parameters.get("steps", 1_000_000))):
        await ctx.checkpoint()
        ctx.log(f"step {number}")
        if go.exists():
            return number
        await asyncio.sleep(0.02)
    return -1


@jobs.operation()
async def forever(ctx: Context, parameters: dict[str, Any]) -> None:
    """Runs until it is broken."""
    await asyncio.Event().wait()


@jobs.operation()
async def failing(ctx: Context, parameters: dict[str, Any]) -> None:
    """Fails `times` times (always, if that is left out), then is well."""
    ctx.log(f"attempt {ctx.attempt}")
    if ctx.attempt <= int(parameters.get("times", 1_000)):
        raise RuntimeError("the disk is full")


@jobs.operation()
async def parent(ctx: Context, parameters: dict[str, Any]) -> None:
    """Has a child for each name in `parts`; the one called `bad` fails."""
    for name in parameters.get("parts", ["one", "two"]):
        await (await ctx.spawn("jobs.part", name=name, key=name, fails=name == "bad")).result()


@jobs.operation()
async def part(ctx: Context, fails: bool = False) -> None:  # noqa: FBT001, FBT002 - an argument of an operation
    """A part of `parent`."""
    ctx.log("part is done")
    if fails:
        raise RuntimeError("the part is bad")
