"""The parts of the operations: what one child does, for one cluster or one registry.

What they need of other files is imported when they run: gRPC and what reads URLs are large, and most workers never
look for a cache.
"""

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from taskward.modules.cache.circle import Circle, ClustersFailed, reason_of
from taskward.modules.cache.findings import ClusterClearing, ClusterFindings, ClusterWarming, Image
from taskward.modules.cache.wanted import Preheat, WantedImage
from taskward.operations import ChildFailed, Context, Module
from taskward.outbound import OutboundClient
from taskward.settings import CacheSettings

RESOLVE = "cache.resolve"
FIND = "cache.find"
TAKE_STOCK = "cache.take-stock"
CLEAR = "cache.clear"
WARM = "cache.warm"

AtOnce = Annotated[int, Meta(ge=1, le=1000)]


def declare_parts(
    module: Module, circle: Circle, settings: CacheSettings, open_client: Callable[[], OutboundClient]
) -> None:
    """Declares them in the module."""
    timeout = settings.host_timeout

    @module.operation()
    async def resolve(ctx: Context, image: WantedImage) -> Image:  # noqa: ARG001 - an operation's first argument
        """Asks a registry for the blobs of an image: a part of other operations."""
        from taskward.modules.cache.registry import ImageRegistry  # noqa: PLC0415

        async with open_client() as client:
            return await ImageRegistry(client, image).describe(image.url)

    @module.operation()
    async def find(ctx: Context, cluster: int, task_ids: list[str], concurrency: AtOnce) -> ClusterFindings:
        """Asks the hosts of one cluster what they keep of some tasks: a part of other operations."""
        from taskward.modules.cache.hosts import find_copies  # noqa: PLC0415

        return await find_copies(ctx, circle[cluster], task_ids, timeout=timeout, at_once=concurrency)

    @module.operation("take-stock")
    async def take_stock(ctx: Context, cluster: int, concurrency: AtOnce) -> ClusterFindings:
        """Asks the hosts of one cluster for all that they keep: a part of other operations."""
        from taskward.modules.cache.hosts import list_copies  # noqa: PLC0415

        return await list_copies(ctx, circle[cluster], timeout=timeout, at_once=concurrency)

    @module.operation()
    async def clear(
        ctx: Context,
        cluster: int,
        task_ids: list[str],
        concurrency: AtOnce,
        dry_run: bool,  # noqa: FBT001 - arguments are given by name
    ) -> ClusterClearing:
        """Clears some tasks from the hosts of one cluster: a part of other operations."""
        from taskward.modules.cache.hosts import clear_copies  # noqa: PLC0415

        where = circle[cluster]
        name = f"find in {where.name}"
        args = {"cluster": cluster, "task_ids": task_ids, "concurrency": concurrency}
        child = await ctx.spawn(FIND, key="find", name=name, timeout=ctx.timeout, arguments=args)
        try:
            found = msgspec.convert(await child.result(), ClusterFindings)
        except ChildFailed as error:
            raise ClustersFailed(reason_of(error)) from None
        if dry_run:
            return ClusterClearing(found.id, found.name, found.schedulers, found.asked, found.holders, found.failures)
        return await clear_copies(ctx, where, found, timeout=timeout, at_once=concurrency)

    @module.operation()
    async def warm(ctx: Context, cluster: int, what: Preheat, concurrency: AtOnce) -> ClusterWarming:
        """Lets hosts of one cluster fetch something: a part of other operations."""
        from taskward.modules.cache.hosts import warm_hosts  # noqa: PLC0415

        files = await _files(open_client, what)
        return await warm_hosts(ctx, circle[cluster], what, files, timeout=timeout, at_once=concurrency)


async def _files(open_client: Callable[[], OutboundClient], what: Preheat) -> dict[str, dict[str, str]]:
    """The URLs to fetch, and the headers to send for each."""
    if what.kind == "file":
        return {url: dict(what.headers) for url in what.urls}
    from taskward.modules.cache.registry import ImageRegistry  # noqa: PLC0415 - needed by few

    files: dict[str, dict[str, str]] = {}
    async with open_client() as client:
        for url in what.urls:
            registry = ImageRegistry(client, what)
            blobs = (await registry.describe(url)).blobs
            files |= {blob.url: dict(registry.headers) for blob in blobs}
    return files
