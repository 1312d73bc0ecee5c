"""The audit trail is read newest first, page by page, by who and when and what, and forgotten in time."""

from datetime import timedelta

import pytest

from taskward.model.errors import InvalidFilter
from taskward.ports import AuditQuery, Deed, Range
from tests.house import House


def deed(house: House, principal: str = "ann", path: str = "/v1/queues/q") -> Deed:
    return Deed(
        at=house.now,
        principal=principal,
        kind="user",
        client="",
        method="PATCH",
        path=path,
        status=200,
        address="127.0.0.1",
        correlation_id="c",
    )


async def walk(house: House, query: AuditQuery) -> list[Deed]:
    """All pages."""
    found: list[Deed] = []
    for _ in range(20):
        page = await house.store.audit.page(query)
        assert len(page.deeds) <= query.limit
        found += page.deeds
        if page.next is None:
            return found
        query = AuditQuery(principal=query.principal, at=query.at, text=query.text, limit=query.limit, after=page.next)
    raise AssertionError("there is no last page")


async def test_pages_lead_through_all_newest_first(house: House) -> None:
    deeds = []
    for number in range(7):
        deeds.append(deed(house, principal=("ann", "bob")[number % 2], path=f"/v1/queues/Q{number}"))
        if number % 3:
            house.tick()
    await house.store.audit.add(deeds)
    expected = deeds[::-1]
    for limit in (1, 2, 7, 50):
        assert await walk(house, AuditQuery(limit=limit)) == expected
        of_bob = [one for one in expected if one.principal == "bob"]
        assert await walk(house, AuditQuery(limit=limit, principal="bob")) == of_bob
        assert await walk(house, AuditQuery(limit=limit, text="QUEUES/q3")) == [deeds[3]]
        middle = Range(deeds[2].at, deeds[5].at)
        within = [one for one in expected if middle.since <= one.at < middle.before]  # type: ignore[operator]
        assert await walk(house, AuditQuery(limit=limit, at=middle)) == within


async def test_a_text_is_looked_for_in_a_bounded_stretch(house: House) -> None:
    await house.store.audit.add([deed(house, path="/v1/rare"), *(deed(house) for _ in range(5200))])
    page = await house.store.audit.page(AuditQuery(text="rare"))
    assert (page.deeds, page.next is None) == ((), False)
    assert [one.path for one in await walk(house, AuditQuery(text="rare"))] == ["/v1/rare"]


@pytest.mark.parametrize("cursor", ["x", "1", "1.", "-1.2", "1.2.3", "9" * 40])
async def test_what_is_no_cursor_is_refused(house: House, cursor: str) -> None:
    with pytest.raises(InvalidFilter):
        await house.store.audit.page(AuditQuery(after=cursor))


async def test_it_is_forgotten_when_its_time_is_over(house: House) -> None:
    await house.store.registry.set_setting("", "audit_ttl", "3600", house.now)
    await house.store.audit.add([deed(house, path=f"/{number}") for number in range(3)])
    house.tick(3000)
    await house.store.audit.add([deed(house, path="/new")])
    house.tick(1000)
    await house.store.audit.prune(house.now, 2)
    assert [one.path for one in await walk(house, AuditQuery())] == ["/new", "/2"]
    await house.store.audit.prune(house.now + timedelta(days=1), 100)
    assert await walk(house, AuditQuery()) == []
