import asyncio

import pytest

from taskward.engine.slots import Slots


def test_slots_are_taken_and_given_back() -> None:
    freed: list[int] = []
    slots = Slots(2, lambda: freed.append(slots.free))
    slots.take()
    slots.take()
    assert slots.free == 0
    slots.give_back()
    assert (slots.free, freed) == (1, [1])


async def test_whoever_returns_comes_before_new_tasks() -> None:
    freed: list[None] = []
    slots = Slots(1, lambda: freed.append(None))
    slots.take()
    returning = [asyncio.create_task(slots.take_again()) for _ in range(2)]
    await asyncio.sleep(0)
    slots.give_back()
    await returning[0]
    assert not returning[1].done()
    assert freed == []
    slots.give_back()
    await returning[1]
    slots.give_back()
    assert (slots.free, freed) == (1, [None])


@pytest.mark.parametrize("given", [True, False])
async def test_a_canceled_return_holds_a_slot_all_the_same(*, given: bool) -> None:
    slots = Slots(1, lambda: None)
    slots.take()
    returning = asyncio.create_task(slots.take_again())
    await asyncio.sleep(0)
    if given:
        slots.give_back()  # to the one that returns, which has not seen it yet
    returning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await returning
    slots.give_back()
    assert slots.free == (1 if given else 0)
    if not given:
        slots.give_back()
        assert slots.free == 1
