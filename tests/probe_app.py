"""Operations for tests that need a real server and worker."""

import asyncio
from datetime import timedelta
from typing import Literal

from taskward import Context, Module, Retention, exclusive

probe = Module("probe", description="Operations for tests")
brief = Module("brief", retention=Retention(ttl=timedelta(0)))


@probe.operation()
async def echo(
    ctx: Context, text: str, style: Literal["plain", "loud"] = "plain", password: str = ""
) -> dict[str, str]:
    """Gives back what it was given."""
    ctx.log("echoing", length=len(text))
    ctx.progress(done=1, total=1, unit="texts")
    return {"text": text.upper() if style == "loud" else text, "password": password}


@probe.operation()
async def fail(ctx: Context, message: str = "as asked") -> None:
    """Fails."""
    raise ValueError(message)


@probe.operation()
async def endless(ctx: Context) -> None:
    """Runs until it is canceled."""
    ctx.report("started", done=1, total=2, message="half way")
    await asyncio.Event().wait()


@probe.operation(abortable=False)
async def stubborn(ctx: Context, seconds: float = 0.2) -> None:
    """Cannot be canceled."""
    await asyncio.sleep(seconds)


@probe.operation(resources=[exclusive("lock:{name}")])
async def locked(ctx: Context, name: str) -> None:
    """Holds a lock until it is canceled."""
    await asyncio.Event().wait()


@probe.operation()
async def family(ctx: Context, children: int = 2) -> int:
    """Has steps and children."""
    with ctx.step("prepare", total=1) as step:
        step.progress(done=1)
    spawned = [await ctx.spawn(echo, key=f"child-{number}", text=str(number)) for number in range(children)]
    await ctx.gather(*spawned)
    return children


@brief.operation()
async def nothing(ctx: Context) -> None:
    """Ends, and is forgotten at once."""
