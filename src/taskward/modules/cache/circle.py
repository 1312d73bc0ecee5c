"""The clusters of an installation, and what is asked of each by a child of its own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from taskward.model.errors import Invalid
from taskward.modules.cache.findings import ClusterClearing, ClusterFindings, ClusterWarming
from taskward.operations import ChildFailed, Context
from taskward.settings import ClusterSettings

Outcome = TypeVar("Outcome", ClusterFindings, ClusterClearing, ClusterWarming)


class ClustersFailed(Exception):
    """Some cluster could not be asked. What the others answered is the result of their children."""


class Circle:
    """The clusters there are."""

    def __init__(self, clusters: Sequence[ClusterSettings]) -> None:
        self._by_id = {cluster.id: cluster for cluster in clusters}

    def __getitem__(self, cluster_id: int) -> ClusterSettings:
        return self.chosen([cluster_id])[0]

    def chosen(self, ids: Sequence[int]) -> list[ClusterSettings]:
        """Those with these ids, or all. Raises Invalid for one there is not, and when there is none at all."""
        if not self._by_id:
            raise Invalid(
                "/args/clusters", "no cluster is configured: name its schedulers in the setting cache.clusters"
            )
        if unknown := next((each for each in ids if each not in self._by_id), None):
            known = ", ".join(f"{each.id} ({each.name})" for each in self._by_id.values())
            raise Invalid("/args/clusters", f"there is no cluster {unknown}; there are {known}")
        return [self._by_id[each] for each in dict.fromkeys(ids or self._by_id)]

    async def ask(
        self, ctx: Context, ids: Sequence[int], operation: str, kind: type[Outcome], args: Mapping[str, Any]
    ) -> list[Outcome]:
        """The results of an operation's child for each cluster. Raises ClustersFailed when some have none."""
        wanted = self.chosen(ids)
        ctx.progress(0, total=len(wanted), unit="clusters")
        children = [
            await ctx.spawn(
                operation,
                key=f"cluster-{cluster.id}",
                name=cluster.name,
                labels={"cluster": str(cluster.id)},
                # What is out of time leaves no child behind that goes on deleting.
                timeout=ctx.timeout,
                arguments={**args, "cluster": cluster.id},
            )
            for cluster in wanted
        ]
        results: list[Outcome] = []
        reasons: list[str] = []

        async def collect(index: int) -> None:
            try:
                results.append(msgspec.convert(await children[index].result(), kind))
            except ChildFailed as error:
                reasons.append(reason_of(error))
            ctx.progress(advance=1)

        await asyncio.gather(*map(collect, range(len(children))))
        if reasons:
            raise ClustersFailed(f"{len(reasons)} of {len(wanted)} clusters could not be asked: {'; '.join(reasons)}")
        order = [cluster.id for cluster in wanted]
        return sorted(results, key=lambda result: order.index(result.id))


def reason_of(error: ChildFailed) -> str:
    """Why a child failed, for people."""
    child = error.task
    return f"{child.name}: {error.error.message if error.error else child.state}"
