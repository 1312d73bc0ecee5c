"""What charts show: counts by the minute that the ledger of every transaction keeps."""

from datetime import timedelta
from uuid import UUID

from taskward.ports import FailureGroup, Pace, PoolLine, WaitingCounts
from taskward.store.plan import MINUTE, Plan, Q
from taskward.store.rows import from_micros

_KEPT_MINUTES = 25 * 60
"""A day, and the hour in which it is looked at."""


def paces(since: int, before: int, step: timedelta, client: str) -> Plan[list[Pace]]:
    minutes = max(int(step.total_seconds()) // 60, 1)
    rows = yield Q.paces(since // MINUTE, -(-before // MINUTE), minutes, client)
    return [
        Pace(from_micros(minute * MINUTE), measure, bucket, count, timedelta(microseconds=micros))
        for minute, measure, bucket, count, micros in rows
    ]


def failures(since: int, client: str, limit: int) -> Plan[list[FailureGroup]]:
    rows = yield Q.failures(since // MINUTE, client, limit)
    return [
        FailureGroup(operation, kind, count, from_micros(at), UUID(bytes=task_id), message)
        for operation, kind, count, at, task_id, message in rows
    ]


def waiting(most: int) -> Plan[WaitingCounts]:
    [(gated, unmet)] = yield Q.waiting_counts(most)
    lines = [PoolLine(*row) for row in (yield Q.waiting_in_pools(most))]
    return WaitingCounts(gated, unmet, tuple(lines))


def prune(now: int) -> Plan[None]:
    oldest = now // MINUTE - _KEPT_MINUTES
    yield Q.delete_old_paces(oldest)
    yield Q.delete_old_failures(oldest)
