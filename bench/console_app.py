"""What `bench/console.py` runs: tasks that tell of their progress as often as it is written."""

import asyncio

from taskward import Context, Module

bench = Module("bench")
CHATTY_TASKS = 100
_TICK_SECONDS = 0.1
"""What is told in between is not written: so 100 tasks make 1,000 events a second."""


@bench.operation()
async def chatty(ctx: Context) -> None:
    """Gets on until it is canceled."""
    done = 0
    while True:
        done += 1
        ctx.progress(done=done % 1_000, total=1_000, unit="steps")
        await asyncio.sleep(_TICK_SECONDS)
