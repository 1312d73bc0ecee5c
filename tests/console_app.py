"""Operations that look like those of a real house, for tests of the console and for its pictures."""

import asyncio

from taskward import Context, Module, exclusive

media = Module("media", description="Videos, from upload to stream")
archive = Module("archive", description="Copies of what must not be lost")

_TICK_SECONDS = 0.05


@media.operation()
async def publish(ctx: Context, title: str, renditions: int = 4, ticks: int = 20) -> dict[str, int]:
    """Makes every rendition of a video, then its playlist."""
    ctx.log("publishing", title=title)
    with ctx.step("probe the source", total=3, unit="streams") as step:
        for done in range(1, 4):
            step.progress(done=done)
            await asyncio.sleep(_TICK_SECONDS)
    children = [
        await ctx.spawn(transcode, key=f"rendition-{number}", name=f"{title} {height}p", height=height, ticks=ticks)
        for number, height in enumerate([1080, 720, 480, 240, 144][:renditions])
    ]
    ctx.progress(done=1, total=3, message="transcoding")
    await ctx.gather(*children)
    ctx.created(f"playlist/{title}.m3u8")
    ctx.progress(done=3, total=3, message="published")
    return {"renditions": renditions}


@media.operation(pausable=True)
async def transcode(ctx: Context, height: int = 720, ticks: int = 20) -> dict[str, int]:
    """Makes one rendition."""
    ctx.log("the encoder is ready", height=height)
    for done in range(ticks):
        await ctx.checkpoint()
        ctx.progress(done=done, total=ticks, unit="frames", message=f"pass 1 of 1 at {height}p")
        if done % 5 == 4:
            ctx.log(f"{done + 1} frames encoded", severity="debug")
        await asyncio.sleep(_TICK_SECONDS)
    ctx.progress(done=ticks, total=ticks, unit="frames", message="done")
    return {"frames": ticks}


@media.operation(pool="encoders")
async def preview(ctx: Context, title: str, ticks: int = 20) -> None:
    """Makes a preview on one of few encoders."""
    for done in range(ticks):
        ctx.progress(done=done, total=ticks, unit="frames")
        await asyncio.sleep(_TICK_SECONDS)


@media.operation()
async def inspect(ctx: Context, title: str, flaw: str = "no moov atom was found") -> None:
    """Finds what is wrong with a video."""
    ctx.log("reading the container", title=title)
    ctx.report("inspect.tracks", done=1, total=2, unit="tracks", message="video track read")
    ctx.log("the index is damaged", severity="error", offset=48)
    raise ValueError(flaw)


@archive.operation(resources=[exclusive("volume:{volume}")])
async def copy(ctx: Context, volume: str, size: int = 40) -> dict[str, int]:
    """Copies a volume, which nothing else may touch meanwhile."""
    for done in range(size):
        ctx.progress(done=done * 10_000_000, total=size * 10_000_000, unit="bytes", message=f"{volume}/part-{done}")
        await asyncio.sleep(_TICK_SECONDS)
    ctx.progress(done=size * 10_000_000, total=size * 10_000_000, unit="bytes", message="done")
    ctx.created(f"backup/{volume}.tar.zst")
    return {"bytes": size * 10_000_000}


@archive.operation()
async def verify(ctx: Context, backup: str) -> dict[str, str]:
    """Compares a copy with its checksums."""
    ctx.log("checksums match", backup=backup)
    return {"backup": backup, "verdict": "good"}
