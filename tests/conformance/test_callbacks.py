"""Trees that are followed: news once, messages in order to each receiver, nothing forgotten before it is told."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from taskward.model.states import State
from taskward.model.task import Task
from taskward.ports import Delivery, Message, News, Telling, Topic
from tests.house import House, new_task

URLS = ("http://one.example", "http://two.example")
LEASE = timedelta(seconds=20)


async def followed(house: House) -> Task:
    return await house.submit(callbacks=URLS)


async def news_of(house: House) -> News:
    news = await house.store.callbacks.news(100)
    assert news is not None
    return news


def message(task: Task, text: str, house: House) -> Message:
    return Message(task.id, task.id, text, b"{}", house.now)


async def tell(house: House, task: Task, *texts: str, ended: bool = False) -> bool:
    messages = tuple(message(task, text, house) for text in texts)
    telling = Telling(messages, (), frozenset([task.id] if ended else []))
    return await house.store.callbacks.tell(await news_of(house), telling, house.now)


async def take(house: House, limit: int = 10) -> list[Delivery]:
    return await house.store.callbacks.take(house.now, house.now + LEASE, limit)


def names(deliveries: list[Delivery]) -> list[tuple[int, str, int]]:
    return sorted((one.position, one.message.title, one.number) for one in deliveries)


async def test_news_are_of_followed_trees_and_told_once(house: House) -> None:
    await house.submit()
    assert await house.store.callbacks.news(100) is None
    root = await followed(house)
    child = await house.child_of(root)
    await house.submit()
    news = await news_of(house)
    assert [event.task_id for event in news.events] == [root.id, child.id]
    nothing = Telling((), (), frozenset())
    assert await house.store.callbacks.tell(news, nothing, house.now)
    assert not await house.store.callbacks.tell(news, nothing, house.now)
    assert (await news_of(house)).events == []
    for task in (root, child):
        await house.store.tasks.cancel(task.id, "", house.tick())
    first = await house.store.callbacks.news(1)
    assert first is not None
    assert await house.store.callbacks.tell(first, nothing, house.now)
    rest = await news_of(house)
    assert [event.data["state"] for event in (*first.events, *rest.events)] == [State.CANCELED] * 2
    # What nobody follows any more makes no news.
    assert await house.store.callbacks.tell(rest, Telling((), (), frozenset([root.id])), house.now)
    assert await house.store.callbacks.news(100) is None


async def test_of_two_processes_one_leads_until_it_is_silent(house: House, other_house: House) -> None:
    one, two, silence = uuid4(), uuid4(), timedelta(seconds=5)
    led = await asyncio.gather(
        *(each.store.callbacks.lead(holder, house.now, silence) for each, holder in ((house, one), (other_house, two)))
    )
    assert sorted(led) == [False, True]
    leader, other = (one, two) if led[0] else (two, one)
    assert await house.store.callbacks.lead(leader, house.tick(4), silence)
    assert not await house.store.callbacks.lead(other, house.tick(4), silence)
    assert await house.store.callbacks.lead(other, house.tick(1), silence)
    assert not await house.store.callbacks.lead(leader, house.tick(1), silence)


async def test_each_receiver_gets_messages_in_their_order_at_its_own_pace(house: House) -> None:
    root = await followed(house)
    assert await take(house) == []
    house.notifier.taken()
    await tell(house, root, "a", "b")
    assert Topic.CALLBACKS in house.notifier.taken()
    first = await take(house)
    assert names(first) == [(0, "a", 1), (1, "a", 1)]
    assert {one.url for one in first} == set(URLS)
    # Both are under way: nobody else gets them.
    assert await take(house) == []
    slow, quick = sorted(first, key=lambda one: one.position)
    following = await house.store.callbacks.sent(quick, house.now + LEASE)
    assert following is not None
    assert following.message.title == "b"
    assert await house.store.callbacks.sent(following, house.now + LEASE) is None
    await house.store.callbacks.unsent(slow, house.now + timedelta(seconds=5))
    assert await take(house) == []
    await tell(house, root, "c")
    assert names(await take(house)) == [(1, "c", 3)]
    house.tick(5)
    [again] = await take(house)
    assert names([again]) == [(0, "a", 1)]
    assert again.attempts == 1


async def test_what_a_lost_process_had_taken_is_due_again(house: House, other_house: House) -> None:
    root = await followed(house)
    await tell(house, root, "a")
    taken = await asyncio.gather(*(take(one, 1) for one in (house, other_house) for _ in range(3)))
    found = [delivery for some in taken for delivery in some]
    assert names(found) == [(0, "a", 1), (1, "a", 1)]
    assert await house.store.callbacks.next_due() == house.now + LEASE
    house.tick(20)
    assert names(await take(house)) == names(found)
    # The first of two that sent it counts, and the other changes nothing.
    assert await house.store.callbacks.sent(found[0], house.now) is None
    assert await house.store.callbacks.sent(found[0], house.now) is None
    await house.store.callbacks.unsent(found[0], house.now)
    assert names(await take(house)) == []


async def test_a_tree_is_kept_until_everything_is_told(house: House) -> None:
    await house.store.registry.set_setting("", "task_ttl", "0", house.now)
    await house.store.registry.set_setting("", "registry_ttl", "0", house.now)
    root = await house.run(callbacks=URLS[:1])
    await house.finish(root)
    assert await house.store.tasks.prune(house.tick(), 10) == 0
    await tell(house, root, "end", ended=True)
    [delivery] = await take(house)
    assert await house.store.tasks.prune(house.tick(61), 10) == 0
    assert await house.store.callbacks.sent(delivery, house.now + LEASE) is None
    assert await house.store.tasks.prune(house.tick(61), 10) == 1
    assert await house.count("SELECT (SELECT count(*) FROM hook) + (SELECT count(*) FROM lane)"
                             " + (SELECT count(*) FROM message)") == 0  # fmt: skip


async def test_a_rerun_is_followed_as_the_first_run_was(house: House) -> None:
    root = await followed(house)
    silent = await house.submit(callbacks=())
    plain = await house.submit()
    asked = [(await house.store.tasks.asked(task.id)).callbacks for task in (root, silent, plain)]
    assert asked == [URLS, (), None]
    await house.store.tasks.cancel(root.id, "", house.now)
    await house.submit_all(new_task(callbacks=URLS), supersedes=root.id)
    assert await house.count("SELECT count(*) FROM lane") == 4
