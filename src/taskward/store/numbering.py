"""Sequence numbers: each module counts its roots, and what is below a root has the root's number.

A counter is kept per shard, so that servers which commit at the same time count on different ones and none waits for
another; two roots of different shards may have the same number.
"""

from collections import defaultdict
from collections.abc import Sequence

from taskward.store.accepted import Accepted
from taskward.store.plan import Plan, Q


def number(accepted: Sequence[Accepted]) -> Plan[None]:
    """Gives new tasks their sequence numbers and shards, with one statement for all."""
    roots: defaultdict[tuple[str, int | None], list[Accepted]] = defaultdict(list)
    for one in accepted:
        if one.parent is None:
            roots[one.new.module, one.new.shard].append(one)
    if roots:
        groups = sorted(roots.items(), key=lambda group: (group[0][0], group[0][1] or 0))
        rows = yield Q.count_roots.each((module, shard, len(group)) for (module, shard), group in groups)
        for (_, group), (shard, last) in zip(groups, rows, strict=True):
            for sequence, one in enumerate(group, last - len(group) + 1):
                one.sequence, one.shard = sequence, shard
    for one in accepted:
        _inherit(one)


def _inherit(one: Accepted) -> None:
    above = one.above
    if above is None:
        return
    if isinstance(above, Accepted):
        _inherit(above)
    one.sequence = above.sequence
    one.shard = above.shard if one.new.shard is None else one.new.shard
