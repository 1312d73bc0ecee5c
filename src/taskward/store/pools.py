"""Pools: counting their slots, and setting them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import msgspec

from taskward.model.errors import Conflict, NotFound
from taskward.model.pools import Pool
from taskward.ports import Topic
from taskward.store.plan import Plan, Q, Wake
from taskward.store.rows import micros_or_none, pool_from

URGENT, ORDINARY = 1, 2
"""The kinds of slot that a task may hold."""
_MICROSECOND = timedelta(microseconds=1)

Taken = tuple[int, int]
"""Slots taken (given back when negative): all of them, and the ordinary ones among them."""


def fill(taken: Mapping[str, Taken]) -> Plan[None]:
    """Counts slots in these pools, and in those that they are within."""
    outer: dict[str, list[int]] = {}
    for name, within in (yield Q.fill_pool.each((name, *taken[name]) for name in sorted(taken))):
        if within:
            counts = outer.setdefault(within, [0, 0])
            counts[0] += taken[name][0]
            counts[1] += taken[name][1]
    if outer:
        yield Q.fill_pool.each((name, *outer[name]) for name in sorted(outer))


def lock(names: Iterable[str]) -> Plan[tuple[dict[str, Pool], dict[str, Pool]]]:
    """Those of the pools that no other claim is at, and those that they are within."""
    inner = {pool.name: pool for pool in map(pool_from, (yield Q.lock_pools(list(names))))}
    around = sorted({pool.within for pool in inner.values() if pool.within})
    if not around:
        return inner, {}
    return inner, {pool.name: pool for pool in map(pool_from, (yield Q.lock_outer_pools(around)))}


def set_pool(pool: Pool) -> Plan[Pool]:
    """See `taskward.ports.Workers.set_pool`."""
    interval = None if pool.gate_interval is None else pool.gate_interval // _MICROSECOND
    yield Q.set_pool(
        pool.name, pool.limit, pool.reserved, pool.threshold, pool.within, micros_or_none(pool.scheduled_from), interval
    )
    yield Q.recharge(pool.name, pool.threshold)
    yield from _recount([pool.name, pool.within])
    yield Wake(frozenset({Topic.WORK, Topic.SETTINGS, Topic.TIMERS}))
    [row] = yield Q.get_pool(pool.name)
    return pool_from(row)


def enclose(outer: Pool, names: Sequence[str]) -> Plan[None]:
    """See `taskward.ports.Workers.enclose`."""
    # Their rows are locked from here on: nothing is claimed or ends in them until the count is right.
    yield Q.put_within(outer.name, list(names))
    yield from set_pool(outer)


def _recount(names: Sequence[str]) -> Plan[None]:
    """Counts what runs in pools, inner ones before outer ones."""
    for name in names:
        if name:
            # Counted while it is locked, so that no claim that is under way is missed.
            yield Q.lock_outer_pools([name])
            yield Q.recount_pool(name)


def delete_pool(name: str) -> Plan[None]:
    """See `taskward.ports.Workers.delete_pool`."""
    if not (yield Q.lock_pool(name)):
        raise NotFound("pool", name)
    if (yield Q.pool_in_use(name)):
        raise Conflict(f"pool {name} has tasks that wait or run in it: let them end first")
    yield Q.delete_pool(name)


def pools(client: str) -> Plan[list[Pool]]:
    """See `taskward.ports.Workers.pools`."""
    found = [pool_from(row) for row in (yield Q.pools())]
    if not client:
        return found
    running, ordinary = Counter[str](), Counter[str]()
    within = {pool.name: pool.within for pool in found}
    for name, charge, count in (yield Q.slots_of_client(client)):
        for one in (name, within.get(name, "")):
            running[one] += count
            ordinary[one] += count * (charge == ORDINARY)
    return [
        msgspec.structs.replace(pool, running=running[pool.name], running_ordinary=ordinary[pool.name])
        for pool in found
    ]
