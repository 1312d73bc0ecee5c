"""The operations of the module `cache`.

A root has a child for each cluster, and a child a step for each host, so that progress, logs, abort and reasons are
those of any task. What is to be cleared is found by a child of its own first: a run that is repeated, because its
worker was lost, finds that child again by its key, and so no host is missing from its result for having been cleared
before. What the hosts are asked is in `hosts`, which is loaded with gRPC when first needed.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from taskward.modules.cache.circle import Circle
from taskward.modules.cache.findings import (
    Cleared,
    ClusterClearing,
    ClusterFindings,
    ClusterHosts,
    ClusterWarming,
    Distribution,
    Found,
    Image,
    Target,
    Warming,
)
from taskward.modules.cache.parts import CLEAR, FIND, RESOLVE, TAKE_STOCK, WARM, declare_parts
from taskward.modules.cache.shares import distributed
from taskward.modules.cache.wanted import Preheat, Wanted, WantedImage
from taskward.operations import ChildFailed, Context, Module
from taskward.outbound import OutboundClient
from taskward.settings import CacheSettings, ClusterSettings

AtOnce = Annotated[int, Meta(ge=1, le=1000)]
Chosen = tuple[int, ...]
"""Clusters by id; none means all."""


class ImageUnknown(Exception):
    """A registry did not describe the image; the message says why, for people."""


def cache(
    clusters: Sequence[ClusterSettings], settings: CacheSettings, open_client: Callable[[], OutboundClient]
) -> Module:
    """The module, for these clusters. `open_client` makes a client for image registries."""
    module = Module("cache", description="Finds and clears what P2P download networks keep")
    circle = Circle(clusters)
    declare_parts(module, circle, settings, open_client)

    @module.operation()
    async def search(
        ctx: Context, what: Wanted, clusters: Chosen = (), concurrency: AtOnce = settings.concurrency
    ) -> Found:
        """Finds which hosts keep something: what a URL leads to, what a content names, or a task by its id."""
        target = what.named()
        args = {"task_ids": target.task_ids, "concurrency": concurrency}
        return Found([target], await circle.ask(ctx, clusters, FIND, ClusterFindings, args))

    @module.operation()
    async def delete(
        ctx: Context,
        what: Wanted,
        clusters: Chosen = (),
        concurrency: AtOnce = settings.concurrency,
        dry_run: bool = False,  # noqa: FBT001, FBT002 - arguments are given by name
    ) -> Cleared:
        """Clears something from every host that a search finds. A dry run only tells which those are."""
        target = what.named()
        args = {"task_ids": target.task_ids, "concurrency": concurrency, "dry_run": dry_run}
        return Cleared(dry_run, [target], await circle.ask(ctx, clusters, CLEAR, ClusterClearing, args))

    @module.operation()
    async def image(
        ctx: Context, image: WantedImage, clusters: Chosen = (), concurrency: AtOnce = settings.concurrency
    ) -> Distribution:
        """Finds which hosts keep which blobs of an image, by the URL of its manifest."""
        described = await _described(ctx, image)
        targets = image.targets(described)
        args = {"task_ids": _ids_of(targets), "concurrency": concurrency}
        findings = await circle.ask(ctx, clusters, FIND, ClusterFindings, args)
        return distributed(image, described, findings)

    @module.operation("delete-image")
    async def delete_image(
        ctx: Context,
        image: WantedImage,
        clusters: Chosen = (),
        concurrency: AtOnce = settings.concurrency,
        dry_run: bool = False,  # noqa: FBT001, FBT002 - arguments are given by name
    ) -> Cleared:
        """Clears all blobs of an image from every host. A dry run only tells which hosts keep some."""
        described = await _described(ctx, image)
        targets = image.targets(described)
        args = {"task_ids": _ids_of(targets), "concurrency": concurrency, "dry_run": dry_run}
        return Cleared(dry_run, targets, await circle.ask(ctx, clusters, CLEAR, ClusterClearing, args), image=described)

    @module.operation()
    async def preheat(
        ctx: Context, what: Preheat, clusters: Chosen = (), concurrency: AtOnce = settings.concurrency
    ) -> Warming:
        """Lets hosts fetch files, or the blobs of images, ahead of need."""
        args = {"what": msgspec.to_builtins(what), "concurrency": concurrency}
        return Warming(list(what.urls), await circle.ask(ctx, clusters, WARM, ClusterWarming, args))

    @module.operation("list")
    async def list_(ctx: Context, clusters: Chosen = (), concurrency: AtOnce = settings.concurrency) -> Found:
        """Lists all that hosts keep, where their programs tell: Dragonfly's own tell it to their machine alone."""
        args = {"concurrency": concurrency}
        return Found([], await circle.ask(ctx, clusters, TAKE_STOCK, ClusterFindings, args))

    @module.operation("clusters")
    async def clusters_(ctx: Context, clusters: Chosen = ()) -> list[ClusterHosts]:
        """Tells the clusters, whether their schedulers answer, and which hosts these know."""
        from taskward.modules.cache.network import Network  # noqa: PLC0415 - loads gRPC

        async def look(cluster: ClusterSettings) -> ClusterHosts:
            with ctx.step(cluster.name, type="cluster"):
                async with Network(cluster, settings.host_timeout) as network:
                    return await network.inventory()

        return list(await asyncio.gather(*map(look, circle.chosen(clusters))))

    return module


async def _described(ctx: Context, image: WantedImage) -> Image:
    """The image as it was when first asked for: a tag may mean another one when a run is repeated."""
    child = await ctx.spawn(RESOLVE, key="resolve", name="resolve", image=msgspec.to_builtins(image))
    try:
        return msgspec.convert(await child.result(), Image)
    except ChildFailed as error:
        raise ImageUnknown(error.error.message if error.error else f"{error.task.name} is {error.state}") from None


def _ids_of(targets: Sequence[Target]) -> list[str]:
    return list(dict.fromkeys(each for target in targets for each in target.task_ids))
