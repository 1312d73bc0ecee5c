"""The query of `GET /jobs` as a condition, an order and a window."""

from msgspec import Struct

from taskward.http.task_engine import values
from taskward.http.task_engine.errors import bad
from taskward.http.task_engine.words import FAILED_NUMBER, NUMBERS, STATES, by_state_and_failure
from taskward.model.conditions import (
    Between,
    Condition,
    Every,
    Field,
    Mentions,
    Numbered,
    OneOf,
    Order,
    Some,
)
from taskward.model.states import State

DEFAULT_LIMIT = 10
MOST = 1000
_LONGEST_SEARCH = 500
_WORDS = {number: word for word, number in NUMBERS.items()}
_KNOWN = (
    "limit", "items", "order_by", "asc", "state", "from", "to", "failed", "search", "job_ids", "client", "persist",
    "cursor",
)  # fmt: skip
_STANDINGS = tuple(
    (*(state.value for state in State if STATES[state] == word), *(["repeated"] if word == "broken" else []))
    for word in NUMBERS
)
"""What a job can be, in the order of this API's numbers for it."""
_FAILED_LAST = (tuple(state.value for state in State if state is not State.FAILED), (State.FAILED.value,))
ORDERS = {
    "id": Order(Field.CREATED),
    "client": Order(Field.CLIENT),
    "workflow": Order(Field.NAME),
    "priority": Order(Field.PRIORITY),
    "position": Order(Field.PLACE),
    "queue_state": Order(Field.STANDING, ranks=_STANDINGS),
    "failed": Order(Field.STATE, ranks=_FAILED_LAST),
    "run_at": Order(Field.DUE),
    "created_at": Order(Field.CREATED),
    "updated_at": Order(Field.UPDATED),
}


class Wanted(Struct, frozen=True):
    """What a list is to show."""

    where: Condition
    order: tuple[Order, ...]
    limit: int
    offset: int = 0
    by_number: bool = True
    """In the order of creation: the next page goes on behind the last number, whatever is added meanwhile."""
    descending: bool = True

    def page(self, cursor: str) -> "Wanted":
        """The page that a cursor of an earlier one leads to. Raises Refused."""
        kind, digits = cursor[:1], cursor[1:]
        if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or kind != ("n" if self.by_number else "o"):
            raise bad("cursor is that of a `Link` header, unchanged, with the other parameters of its page")
        if not self.by_number:
            return Wanted(self.where, self.order, self.limit, int(digits), self.by_number, self.descending)
        behind = Numbered(below=int(digits)) if self.descending else Numbered(above=int(digits))
        return Wanted(Every((self.where, behind)), self.order, self.limit, 0, self.by_number, self.descending)

    def following(self, last_number: int) -> str:
        """The cursor of the page behind one that ends with the job of this number."""
        return f"n{last_number}" if self.by_number else f"o{self.offset + self.limit}"


def read(query: dict[str, str], *, sees_parameters: bool) -> Wanted:
    """What a query asks for; empty parameters count as absent. Raises Refused."""
    query = {name: value for name, value in query.items() if value}
    values.only(_KNOWN, query, "as a filter")
    where: list[Condition] = [_states(query), _dates(query)]
    if "search" in query:
        where.append(_search(query["search"], sees_parameters=sees_parameters))
    ids: tuple[int, ...] = ()
    if "job_ids" in query:
        ids = tuple(dict.fromkeys(values.whole("job_ids", part, 0) for part in query["job_ids"].split(",")))
        where.append(OneOf(Field.NUMBER, ids))
    if "client" in query:
        where.append(OneOf(Field.CLIENT, (query["client"],)))
    if "persist" in query:
        where.append(OneOf(Field.PERSIST, (values.truth("persist", query["persist"]),)))
    order_by = query.get("order_by", "created_at")
    if order_by not in ORDERS:
        raise bad(f"order_by is one of {', '.join(ORDERS)}; not {order_by!r}")
    descending = not values.truth("asc", query.get("asc", "0"))
    order = ORDERS[order_by]
    keys = [Order(order.field, descending, order.ranks)]
    if order.field is not Field.CREATED:
        keys.append(Order(Field.CREATED, descending))
    wanted = Wanted(
        where=Every(tuple(where)),
        order=tuple(keys),
        limit=_limit(query, ids),
        by_number=order.field is Field.CREATED,
        descending=descending,
    )
    return wanted.page(query["cursor"]) if "cursor" in query else wanted


def _limit(query: dict[str, str], ids: tuple[int, ...]) -> int:
    for name in ("limit", "items"):
        if name in query:
            return values.whole(name, query[name], 1, MOST)
    return min(len(ids), MOST) if ids else DEFAULT_LIMIT


def _states(query: dict[str, str]) -> Condition:
    words: list[str] = []
    failed = None if "failed" not in query else values.truth("failed", query["failed"])
    asked = [part.strip() for part in query["state"].split(",")] if "state" in query else []
    for part in asked:
        if part in ("failed", str(FAILED_NUMBER)):
            continue
        word = part if part in NUMBERS else _WORDS.get(int(part) if part.isascii() and part.isdigit() else -1)
        if word is None:
            known = ", ".join(f"{number} ({word})" for word, number in NUMBERS.items())
            raise bad(f"state is one of {known}, {FAILED_NUMBER} (failed); not {part!r}")
        words.append(word)
    if len(words) == len(asked):
        return by_state_and_failure(tuple(words), failed)
    if failed is False:
        return Every((by_state_and_failure(tuple(words), failed),)) if words else Some()
    alone = by_state_and_failure((), True)
    return Some((alone, by_state_and_failure(tuple(words), failed))) if words else alone


def _dates(query: dict[str, str]) -> Condition:
    since = None if "from" not in query else values.instant("from", query["from"])
    before = None if "to" not in query else values.end_of("to", query["to"])
    if since is not None and before is not None and since >= before:
        raise bad(f"from ({query['from']}) is later than to ({query['to']})")
    return Between(Field.CREATED, since, before)


def _search(text: str, *, sees_parameters: bool) -> Condition:
    if len(text) > _LONGEST_SEARCH or "\0" in text:
        raise bad(f"search is a text of up to {_LONGEST_SEARCH} characters, without NUL")
    fields = (Field.NAME, Field.PARAMETERS) if sees_parameters else (Field.NAME,)
    found: list[Condition] = [Mentions(field, text) for field in fields]
    if text.isascii() and text.isdigit() and len(text) < 19:
        found.append(OneOf(Field.NUMBER, (int(text),)))
    return Some(tuple(found))
