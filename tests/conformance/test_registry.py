"""Schedules, run-time settings, credentials."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from uuid_utils.compat import uuid7

from taskward.model.errors import Conflict, NotFound
from taskward.ports import Credential, Schedule, Topic
from tests.house import House

HOUR = timedelta(hours=1)


# ---------------------------------------------------------------- schedules


def schedule(name: str = "s", next_at: datetime | None = None, **members: Any) -> Schedule:
    defaults: dict[str, Any] = {"name": name, "operation": "m.op", "every": HOUR, "next_at": next_at}
    return Schedule(**defaults | members)


async def test_a_schedule_is_kept_whole(house: House) -> None:
    wanted = schedule(
        args={"a": [1, None], "b": "ä"}, every=None, cron="0 4 * * *", timezone="Europe/Berlin", first_in=HOUR,
        client="c", priority=3, queue="q", labels={"x": "y"}, description="d", active=False, next_at=house.now,
    )  # fmt: skip
    house.notifier.taken()
    assert await house.store.schedules.save(wanted, house.now) == wanted
    assert house.notifier.taken() == {Topic.TIMERS}
    assert await house.store.schedules.all() == [wanted]


async def test_schedules_are_listed_by_name_replaced_and_removed(house: House) -> None:
    for name in ("b", "a"):
        await house.store.schedules.save(schedule(name), house.now)
    replaced = await house.store.schedules.save(schedule("b", description="new"), house.now)
    assert [one.name for one in await house.store.schedules.all()] == ["a", "b"]
    assert (await house.store.schedules.all())[1] == replaced
    await house.store.schedules.delete("a")
    assert [one.name for one in await house.store.schedules.all()] == ["b"]
    with pytest.raises(NotFound):
        await house.store.schedules.delete("a")


async def test_what_is_due(house: House) -> None:
    for name, when, active in (
        ("late", -HOUR, True),
        ("now", 0 * HOUR, True),
        ("soon", HOUR, True),
        ("off", -HOUR, False),
    ):
        await house.store.schedules.save(schedule(name, house.now + when, active=active), house.now)
    await house.store.schedules.save(schedule("never"), house.now)
    assert [one.name for one in await house.store.schedules.due(house.now)] == ["late", "now"]
    assert await house.store.tasks.next_due(house.now) == house.now - HOUR
    await house.store.schedules.delete("late")
    await house.store.schedules.delete("now")
    assert await house.store.tasks.next_due(house.now) == house.now + HOUR


async def test_of_many_processes_one_ticks(house: House, other_house: House) -> None:
    await house.store.schedules.save(schedule("s", house.now), house.now)
    task_ids = [uuid7() for _ in range(10)]
    won = await asyncio.gather(
        *(
            (house, other_house)[n % 2].store.schedules.tick("s", house.now, house.now + HOUR, task_id, house.now)
            for n, task_id in enumerate(task_ids)
        )
    )
    assert sum(won) == 1
    [moved] = await house.store.schedules.all()
    assert (moved.next_at, moved.last_at, moved.last_task_id) == (
        house.now + HOUR,
        house.now,
        task_ids[won.index(True)],
    )


async def test_a_tick_that_is_over_or_off_is_nobody_s(house: House) -> None:
    tick = house.store.schedules.tick
    await house.store.schedules.save(schedule("s", house.now), house.now)
    assert not await tick("s", house.now - HOUR, house.now + HOUR, uuid7(), house.now)
    assert not await tick("unknown", house.now, house.now + HOUR, uuid7(), house.now)
    assert await tick("s", house.now, None, uuid7(), house.now)
    assert (await house.store.schedules.all())[0].next_at is None
    await house.store.schedules.save(schedule("s", house.now, active=False), house.now)
    assert not await tick("s", house.now, house.now + HOUR, uuid7(), house.now)


async def test_a_tick_that_submitted_nothing_keeps_the_last_task(house: House) -> None:
    await house.store.schedules.save(schedule("s", house.now), house.now)
    await house.store.schedules.tick("s", house.now, house.now + HOUR, task_id := uuid7(), house.now)
    assert await house.store.schedules.tick("s", house.now + HOUR, house.now + 2 * HOUR, None, house.now + HOUR)
    [moved] = await house.store.schedules.all()
    assert (moved.next_at, moved.last_at, moved.last_task_id) == (house.now + 2 * HOUR, house.now + HOUR, task_id)


async def test_a_replaced_schedule_remembers_its_last_tick(house: House) -> None:
    await house.store.schedules.save(schedule("s", house.now), house.now)
    await house.store.schedules.tick("s", house.now, house.now + HOUR, task_id := uuid7(), house.now)
    replaced = await house.store.schedules.save(schedule("s", house.now, description="new"), house.now)
    assert (replaced.last_at, replaced.last_task_id) == (house.now, task_id)


# ---------------------------------------------------------------- settings


async def test_settings_are_stored_and_removed_per_client(house: House) -> None:
    registry = house.store.registry
    assert await registry.settings("") == {}
    assert await registry.set_setting("", "a", "1", house.now) is None
    house.notifier.taken()
    assert await registry.set_setting("", "a", "2", house.now) == "1"
    assert house.notifier.taken() >= {Topic.SETTINGS}
    assert await registry.set_setting("c", "a", "3", house.now) is None
    assert (await registry.settings(""), await registry.settings("c")) == ({"a": "2"}, {"a": "3"})
    assert await registry.set_setting("", "a", None, house.now) == "2"
    assert await registry.set_setting("", "a", None, house.now) is None
    assert (await registry.settings(""), await registry.settings("c")) == ({}, {"a": "3"})


async def test_a_check_leaves_no_setting(house: House) -> None:
    await house.store.check()
    assert await house.store.registry.settings("") == {}


# ---------------------------------------------------------------- credentials


def credential(house: House, name: str = "n", **members: Any) -> Credential:
    defaults: dict[str, Any] = {"id": uuid7(), "kind": "token", "name": name, "secret_hash": f"hash of {name}"}
    members.setdefault("created_at", house.now)
    return Credential(**defaults | members)


async def test_a_credential_is_kept_whole(house: House) -> None:
    registry = house.store.registry
    one = credential(
        house, scopes=("read", "write"), client="c", owner="o", description="d", expires_at=house.now + HOUR
    )
    await registry.add_credential(one)
    assert await registry.credential("token", name="n") == one
    assert await registry.credential("token", secret_hash="hash of n") == one
    assert await registry.credentials("token") == [one]
    await registry.touch(one.id, house.tick())
    seen = await registry.credential("token", name="n")
    assert seen is not None
    assert seen.used_at == house.now


async def test_a_credential_is_changed_and_switched_off_with_its_secret_kept(house: House) -> None:
    registry = house.store.registry
    one = credential(house, scopes=("read",))
    await registry.add_credential(one)
    changed = structs.replace(
        one, scopes=("job",), description="d", expires_at=house.now + HOUR, suspended_at=house.tick()
    )
    await registry.change_credential(changed)
    assert await registry.credential("token", secret_hash=one.secret_hash) == changed
    await registry.change_credential(one)
    assert await registry.credentials("token") == [one]
    await registry.revoke(one.id, house.now)
    with pytest.raises(NotFound):
        await registry.change_credential(changed)


async def test_credentials_of_another_kind_are_others(house: House) -> None:
    registry = house.store.registry
    await registry.add_credential(credential(house))
    await registry.add_credential(credential(house, kind="user"))
    for wanted in ({"name": "other"}, {"secret_hash": "other"}, {}):
        assert await registry.credential("token", **wanted) is None
    assert await registry.credential("key", name="n") is None
    assert len(await registry.credentials("user")) == 1


async def test_a_name_is_taken_until_it_is_revoked(house: House) -> None:
    registry = house.store.registry
    first = credential(house)
    await registry.add_credential(first)
    with pytest.raises(Conflict, match="token called n"):
        await registry.add_credential(credential(house))
    await registry.revoke(first.id, house.now)
    assert await registry.credential("token", name="n") is None
    assert await registry.credential("token", secret_hash="hash of n") is None
    assert await registry.credentials("token") == []
    with pytest.raises(NotFound):
        await registry.revoke(first.id, house.now)
    await registry.add_credential(second := credential(house))
    assert await registry.credential("token", name="n") == second


async def test_credentials_are_listed_oldest_first(house: House) -> None:
    for name in ("b", "a", "c"):
        await house.store.registry.add_credential(credential(house, name, created_at=house.tick()))
    assert [one.name for one in await house.store.registry.credentials("token")] == ["b", "a", "c"]


async def test_one_name_at_once_is_given_once(house: House, other_house: House) -> None:
    answers = await asyncio.gather(
        *(one.store.registry.add_credential(credential(house)) for one in (house, other_house) for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 7 + ["NoneType"]
