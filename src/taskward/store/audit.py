"""The trail of deeds: who did what, when."""

from collections.abc import Sequence
from datetime import timedelta

from taskward.model.errors import InvalidFilter
from taskward.model.settings import duration_of
from taskward.ports import AuditPage, AuditQuery, Deed
from taskward.store.catalogue import Row
from taskward.store.plan import Plan, Q
from taskward.store.rows import from_micros, storable, to_micros

_STRETCH = 5000
"""Most deeds that a page by text looks at."""
_PIECE = 500
_LATEST = 2**62
_MICROSECOND = timedelta(microseconds=1)


def add(deeds: Sequence[Deed]) -> Plan[None]:
    yield Q.add_audit.each(
        (
            to_micros(deed.at), storable(deed.principal), deed.kind, storable(deed.client), deed.method,
            storable(deed.path), deed.status, deed.address, storable(deed.correlation_id),
        )
        for deed in deeds
    )  # fmt: skip


def page(query: AuditQuery) -> Plan[AuditPage]:
    place = _place(query.after)
    if query.at.before is not None:
        place = min(place, (to_micros(query.at.before), 0))
    since = 0 if query.at.since is None else to_micros(query.at.since)
    wanted = (query.text or "").casefold()
    found: list[Row] = []
    for _ in range(_STRETCH // _PIECE if wanted else 1):
        size = _PIECE if wanted else query.limit + 1
        if query.principal is None:
            rows = yield Q.audits(*place, since, size)
        else:
            rows = yield Q.audits_of(*place, since, size, query.principal)
        for row in rows:
            if len(found) == query.limit:
                return AuditPage(tuple(map(_deed, found)), _cursor(found[-1]))
            if wanted in row[6].casefold():
                found.append(row)
        if len(rows) < size:
            return AuditPage(tuple(map(_deed, found)), None)
        place = (rows[-1][1], rows[-1][0])
    return AuditPage(tuple(map(_deed, found)), f"{place[0]}.{place[1]}")


def prune(now: int, limit: int) -> Plan[None]:
    stored: dict[str, str] = dict((yield Q.settings("")))  # type: ignore[arg-type]
    yield Q.delete_old_audits(now - duration_of("audit_ttl", stored) // _MICROSECOND, limit)


def _place(cursor: str | None) -> tuple[int, int]:
    """Instant and sequence number of a cursor: the page is older."""
    if cursor is None:
        return _LATEST, 0
    at, dot, seq = cursor.partition(".")
    if not (dot and at.isascii() and at.isdigit() and seq.isascii() and seq.isdigit() and len(cursor) < 38):
        raise InvalidFilter("after", "is not a cursor that a page has given")
    return min(int(at), _LATEST), min(int(seq), _LATEST)


def _cursor(row: Row) -> str:
    return f"{row[1]}.{row[0]}"


def _deed(row: Row) -> Deed:
    _, at, principal, kind, client, method, path, status, address, correlation_id = row
    return Deed(
        at=from_micros(at),
        principal=principal,
        kind=kind,
        client=client,
        method=method,
        path=path,
        status=status,
        address=address,
        correlation_id=correlation_id,
    )
