"""Schedules, run-time settings, credentials, definitions of workflows: tables of few rows."""

from uuid import UUID

import msgspec

from taskward.model.errors import Conflict, NotFound
from taskward.ports import Credential, Schedule, Topic
from taskward.store.catalogue import Row
from taskward.store.plan import Plan, Q, Wake, text
from taskward.store.rows import from_micros, instant, micros_or_none, to_micros, uuid_or_none

_schedule = msgspec.json.Decoder(Schedule).decode
_scopes = msgspec.json.Decoder(tuple[str, ...]).decode


def save_schedule(schedule: Schedule) -> Plan[Schedule]:
    yield Q.save_schedule(schedule.name, text(schedule), schedule.active, micros_or_none(schedule.next_at))
    yield Wake(frozenset({Topic.TIMERS}))
    [row] = yield Q.get_schedule(schedule.name)
    return _schedule_from(row)


def _schedule_from(row: Row) -> Schedule:
    body, active, next_at, last_at, last_task_id = row
    return msgspec.structs.replace(
        _schedule(body), active=bool(active), next_at=instant(next_at), last_at=instant(last_at),
        last_task_id=uuid_or_none(last_task_id),
    )  # fmt: skip


def delete_schedule(name: str) -> Plan[None]:
    if not (yield Q.delete_schedule(name)):
        raise NotFound("schedule", name)


def schedules() -> Plan[list[Schedule]]:
    return [_schedule_from(row) for row in (yield Q.schedules())]


def due_schedules(now: int) -> Plan[list[Schedule]]:
    return [_schedule_from(row) for row in (yield Q.due_schedules(now))]


def tick(name: str, expected: int, next_at: int | None, task_id: bytes | None, now: int) -> Plan[bool]:
    return bool((yield Q.tick_schedule(name, expected, next_at, task_id, now)))


def settings(client: str) -> Plan[dict[str, str]]:
    """Names beginning with a dot are the store's own."""
    return {name: value for name, value in (yield Q.settings(client)) if not name.startswith(".")}


def set_setting(client: str, name: str, value: str | None, now: int) -> Plan[str | None]:
    rows = yield Q.get_setting(client, name)
    if value is None:
        yield Q.delete_setting(client, name)
    else:
        yield Q.put_setting(client, name, value, now)
    yield Wake(frozenset({Topic.SETTINGS, Topic.TIMERS, Topic.WORK}))
    return rows[0][0] if rows else None


def add_credential(one: Credential) -> Plan[None]:
    added = yield Q.insert_credential(
        one.id.bytes, one.kind, one.name, one.secret_hash, text(one.scopes), one.client, one.owner, one.description,
        to_micros(one.created_at), micros_or_none(one.expires_at),
    )  # fmt: skip
    if not added:
        raise Conflict(f"a {one.kind} called {one.name} exists; revoke it first, or choose another name")


def _credential_from(row: Row) -> Credential:
    (id_, kind, name, secret_hash, scopes, client, owner, description, created_at, expires_at, revoked_at, used_at,
     suspended_at) = row  # fmt: skip
    return Credential(
        id=UUID(bytes=id_), kind=kind, name=name, secret_hash=secret_hash, scopes=_scopes(scopes), client=client,
        owner=owner,
        description=description, created_at=from_micros(created_at), expires_at=instant(expires_at),
        revoked_at=instant(revoked_at), used_at=instant(used_at), suspended_at=instant(suspended_at),
    )  # fmt: skip


def credential(kind: str, name: str | None, secret_hash: str | None) -> Plan[Credential | None]:
    statement, key = (Q.credential_by_name, name) if name is not None else (Q.credential_by_secret, secret_hash)
    rows = yield statement(kind, key)
    return _credential_from(rows[0]) if rows else None


def credentials(kind: str) -> Plan[list[Credential]]:
    return [_credential_from(row) for row in (yield Q.credentials(kind))]


def revoke(credential_id: bytes, now: int) -> Plan[None]:
    if not (yield Q.revoke_credential(credential_id, now)):
        raise NotFound("credential", UUID(bytes=credential_id))


def change_credential(one: Credential) -> Plan[None]:
    if not (
        yield Q.change_credential(
            one.id.bytes, text(one.scopes), one.description, micros_or_none(one.expires_at),
            micros_or_none(one.suspended_at),
        )
    ):  # fmt: skip
        raise NotFound("credential", one.id)


def touch(credential_id: bytes, now: int) -> Plan[None]:
    yield Q.touch_credential(credential_id, now)


def save_definition(digest: str, document: str, now: int) -> Plan[None]:
    yield Q.insert_definition(digest, document, now)


def definition(digest: str) -> Plan[bytes]:
    rows = yield Q.definition(digest)
    if not rows:
        raise NotFound("workflow definition", digest)
    document: str = rows[0][0]
    return document.encode()


def check(now: int) -> Plan[None]:
    yield Q.ping()
    yield Q.prove_writable(now)
