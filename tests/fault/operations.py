"""Operations whose end is known in advance, whatever happens to the processes that run them."""

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

from taskward import Context, Module, Retention, Retry, SyncContext, exclusive, shared

# So many losses that none of them fails a task: what a lost worker does to a task has its own test.
STEADY = Retry(lost_limit=1_000)
EAGER = Retry(limit=4, delay=timedelta(milliseconds=50), jitter=0.5, lost_limit=1_000)

work = Module("work")
packed = Module("packed", retention=Retention(fold=True))


@work.operation()
async def idle(ctx: Context) -> None:
    """Does nothing."""


@work.operation(retry=STEADY)
async def square(ctx: Context, n: int, milliseconds: int = 10) -> int:
    ctx.log("squaring", n=n)
    await _pause(milliseconds)
    return n * n


@work.operation(retry=STEADY)
def square_in_thread(ctx: SyncContext, n: int, milliseconds: int = 10) -> int:
    ctx.sleep(timedelta(milliseconds=milliseconds))
    return n * n


@work.operation(retry=STEADY, isolation="process")
def square_in_process(ctx: SyncContext, n: int, milliseconds: int = 10) -> int:
    ctx.sleep(timedelta(milliseconds=milliseconds))
    return n * n


@work.operation(retry=EAGER)
async def flaky(ctx: Context, failures: int) -> int:
    """Lost attempts count here as failed ones: it never fails more often than it is retried."""
    await _pause(5)
    if ctx.attempt <= failures:
        raise ConnectionError("not yet")
    return failures


@work.operation(retry=Retry(limit=2, delay=timedelta(milliseconds=20), lost_limit=1_000))
async def hopeless(ctx: Context) -> None:
    await _pause(5)
    raise ValueError("as always")


@work.operation(
    retry=Retry(limit=1, delay=timedelta(milliseconds=20), lost_limit=1_000), timeout=timedelta(milliseconds=100)
)
async def overlong(ctx: Context) -> None:
    await asyncio.Event().wait()


@work.operation(retry=STEADY, resources=[exclusive("doc:{name}")])
async def write(ctx: Context, name: str, milliseconds: int = 10) -> None:
    await _pause(milliseconds)


@work.operation(retry=STEADY, resources=[shared("doc:{name}")])
async def read(ctx: Context, name: str, milliseconds: int = 10) -> None:
    await _pause(milliseconds)


@work.operation(retry=EAGER, resources=[exclusive("doc:{source}"), exclusive("doc:{target}")])
async def move(ctx: Context, source: str, target: str, failures: int = 0) -> None:
    """Leaves its lines to wait for a retry, and joins them again."""
    await _pause(10)
    if ctx.attempt <= failures:
        raise ConnectionError("not yet")


@work.operation(retry=STEADY, pool="narrow")
async def squeeze(ctx: Context, milliseconds: int = 10) -> None:
    await _pause(milliseconds)


@work.operation(retry=STEADY)
async def family(ctx: Context, children: int) -> int:
    return await _sum_of_children(ctx, square, children)


@packed.operation(retry=STEADY)
async def leaf(ctx: Context, n: int) -> int:
    with ctx.step("bud"):
        await _pause(5)
    return n * n


@packed.operation(retry=STEADY)
async def tree(ctx: Context, children: int) -> int:
    return await _sum_of_children(ctx, leaf, children)


@work.operation(retry=STEADY)
async def endless(ctx: Context) -> None:
    await asyncio.Event().wait()


@work.operation(retry=STEADY)
async def clan(ctx: Context, children: int) -> None:
    await ctx.gather(*[await ctx.spawn(endless, key=str(n)) for n in range(children)])


@work.operation(retry=Retry(lost_limit=1))
async def deadly(ctx: Context) -> None:
    """Takes its worker with it."""
    os.kill(os.getpid(), signal.SIGKILL)


@work.operation(retry=STEADY)
async def hold(ctx: Context, until: Path, look_every_seconds: float = 0.02) -> int:
    """Runs until a file exists; returns in which attempt."""
    while not until.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(look_every_seconds)
    return ctx.attempt


async def _sum_of_children(ctx: Context, operation: object, children: int) -> int:
    with ctx.step("spawn", total=children) as step:
        spawned = []
        for n in range(children):
            spawned.append(await ctx.spawn(operation, key=f"child-{n}", n=n))  # type: ignore[arg-type]
            step.progress(advance=1)
    with ctx.step("gather"):
        squares: list[int] = await ctx.gather(*spawned)
    return sum(squares)


async def _pause(milliseconds: int) -> None:
    await asyncio.sleep(milliseconds / 1000)
