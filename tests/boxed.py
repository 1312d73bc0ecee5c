"""Operations with process isolation: they live in a module of their own, which their processes import."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

from taskward import Canceled, Context, Module, SyncContext

boxed = Module("boxed")


@boxed.operation(isolation="process")
def add(ctx: SyncContext, a: int, b: int = 1) -> dict[str, int]:
    ctx.log("adding", severity="debug", a=a)
    ctx.progress(done=1, total=1, unit="sums")
    ctx.report("pid", done=os.getpid())
    with ctx.step("outer"), ctx.step("inner"):
        pass
    return {"sum": a + b, "pid": os.getpid(), "group": os.getpgid(0), "attempt": ctx.attempt}


@boxed.operation(isolation="process")
async def add_async(ctx: Context, a: int) -> int:
    await asyncio.sleep(0)
    with ctx.step("part"):
        await ctx.checkpoint()
    return a + 1


@boxed.operation(isolation="process")
def fail(ctx: SyncContext, message: str) -> None:
    raise ValueError(message)


@boxed.operation(isolation="process")
def die(ctx: SyncContext, how: str) -> None:
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)


@boxed.operation(isolation="process")
def sleep(ctx: SyncContext, marks: Path, stubborn: bool = False) -> None:  # noqa: FBT001, FBT002
    """Starts a helper, tells both process ids, and sleeps; when asked to stop it says so."""
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    (marks / "pids").write_text(f"{os.getpid()} {helper.pid}")
    while True:
        try:
            time.sleep(60)
        except Canceled:
            (marks / "asked").write_text(str(ctx.canceled))
            if not stubborn:
                raise


@boxed.operation(isolation="process")
def leave_helper(ctx: SyncContext) -> int:
    """Ends while its helper still runs."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid


@boxed.operation(isolation="process")
async def sleep_async(ctx: Context, marks: Path) -> None:
    (marks / "pids").write_text(str(os.getpid()))
    try:
        await asyncio.sleep(60)
    finally:
        (marks / "asked").write_text(str(ctx.canceled))


@boxed.operation(isolation="process")
def parent(ctx: SyncContext, count: int) -> list[int]:
    children = [ctx.spawn(child, n=n) for n in range(count)]
    errors = []
    for operation, args in (("boxed.nothing", {}), ("boxed.child", {"n": "x"})):
        try:
            ctx.spawn(operation, arguments=args)
        except Exception as error:  # noqa: BLE001
            errors.append(f"{type(error).__name__}: {error}")
    try:
        ctx.spawn(child, n=1, queue="nobody").wait(timedelta(milliseconds=10))
    except TimeoutError:
        errors.append("TimeoutError")
    assert errors == [
        "NotFound: no operation boxed.nothing; did you mean boxed.child?",
        "Invalid: /args/n: expected int, got str",
        "TimeoutError",
    ], errors
    return ctx.gather(*children)


@boxed.operation(isolation="process")
async def async_parent(ctx: Context, count: int) -> list[int]:
    return await ctx.gather(*[await ctx.spawn(child, n=n) for n in range(count)])


@boxed.operation()
async def child(ctx: Context, n: int) -> int:
    return n * n


@boxed.operation(isolation="process")
def many_steps(ctx: SyncContext, count: int) -> int:
    for n in range(count):
        with ctx.step(f"step {n}"):
            pass
    return count


@boxed.operation(isolation="process", pausable=True)
def pausable(ctx: SyncContext, marks: Path) -> int:
    (marks / "pids").write_text(str(os.getpid()))
    while not (marks / "go").exists():
        ctx.checkpoint()
        time.sleep(0.01)
    return ctx.attempt
