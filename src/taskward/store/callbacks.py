"""Callbacks: which trees are followed, what is to be told of them, and to whom it has been."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

from taskward.ports import Delivery, Message, News, Telling, Topic
from taskward.store.journal import end, position
from taskward.store.notes import log_row
from taskward.store.plan import Plan, Q, Wake
from taskward.store.rows import event_from, from_micros, to_micros


def lead(holder: UUID, now: int, silence: int) -> Plan[bool]:
    return bool((yield Q.take_lead(str(holder), now, now - silence)))


def is_any_followed() -> Plan[bool]:
    return bool((yield Q.any_hook()))


def news(limit: int) -> Plan[News]:
    """See `taskward.ports.Callbacks.news`; some tree is followed."""
    told = yield Q.told_until()
    after = str(told[0][0]) if told else ""
    # Where the journal ends now, seen before its events are: none of those behind it is skipped.
    until = yield from end()
    events = [event_from(row) for row in (yield Q.hooked_events(*position(after), limit))]
    if events and (len(events) == limit or position(events[-1].cursor) > position(until)):
        until = events[-1].cursor
    return News(after, until, events)


def tell(what: News, telling: Telling, now: int) -> Plan[bool]:
    """See `taskward.ports.Callbacks.tell`."""
    if what.after:
        moved = yield Q.go_on_telling(what.after, what.until, now)
    else:
        moved = yield Q.start_telling(what.until, now)
    if not moved:
        return False
    counts = Counter(message.root_id for message in telling.messages)
    roots = sorted(counts.keys() | telling.ended)
    rows = yield Q.post.each((root.bytes, counts[root], root in telling.ended) for root in roots)
    numbers = {UUID(bytes=root): posted - counts[UUID(bytes=root)] for root, posted in rows}
    messages = []
    for message in telling.messages:
        if message.root_id in numbers:
            number = numbers[message.root_id] = numbers[message.root_id] + 1
            messages.append(
                (
                    message.root_id.bytes, number, message.task_id.bytes, message.title, message.body.decode(),
                    to_micros(message.at),
                )
            )  # fmt: skip
    yield Q.insert_message.each(messages)
    yield Q.wake_lanes.each((root.bytes, now) for root in roots if counts[root])
    yield Q.insert_log.each(map(log_row, telling.notes))
    topics = {Topic.CALLBACKS} if messages else set()
    yield Wake(frozenset(topics | {Topic.LOGS}))
    return True


def take(now: int, until: int, limit: int) -> Plan[list[Delivery]]:
    """See `taskward.ports.Callbacks.take`."""
    found: list[Delivery] = []
    for row in (yield Q.due_lanes(now, limit)):
        delivery = yield from _next(_Lane(*row), until)
        if delivery is not None:
            found.append(delivery)
    return found


class _Lane(NamedTuple):
    """A receiver of a tree, whose row is locked."""

    root_id: bytes
    position: int
    url: str
    sent: int
    attempts: int


def _next(lane: _Lane, until: int) -> Plan[Delivery | None]:
    """The next message for a receiver; without one it is left alone until there is."""
    number = lane.sent + 1
    rows = yield Q.next_message(lane.root_id, number)
    if not rows:
        yield Q.park_lane(lane.root_id, lane.position)
        return None
    yield Q.hold_lane(lane.root_id, lane.position, until)
    [(task_id, title, body, at, client)] = rows
    message = Message(UUID(bytes=lane.root_id), UUID(bytes=task_id), title, body.encode(), from_micros(at))
    return Delivery(message, client, lane.position, lane.url, number, lane.attempts)


def sent(delivery: Delivery, until: int) -> Plan[Delivery | None]:
    """See `taskward.ports.Callbacks.sent`."""
    root_id, place, number = delivery.message.root_id.bytes, delivery.position, delivery.number
    if not (yield Q.note_sent(root_id, place, number, until)):
        return None
    return (yield from _next(_Lane(root_id, place, delivery.url, number, 0), until))


def unsent(delivery: Delivery, due: int) -> Plan[None]:
    yield Q.note_unsent(delivery.message.root_id.bytes, delivery.position, delivery.number, due)


def next_due() -> Plan[int | None]:
    rows = yield Q.next_lane()
    return rows[0][0] if rows else None


def forget(root_id: bytes) -> Plan[None]:
    """Follows a tree no more."""
    if (yield Q.delete_hook(root_id)):
        yield Q.delete_lanes(root_id)
        yield Q.delete_messages(root_id)
