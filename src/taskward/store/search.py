"""Searches: tasks by any condition, in any order, from any place; and how many there are.

`taskward.store.listing` reads pages along one index by cursor, which scales without bound; other APIs promise offsets,
totals and orders of many columns. What can be is read along an index here too. One condition drives: it is chosen from
those that all have to hold, and it gives rows in the order of creation, in one run or in a few that are merged. The
rest filters. An order without an index is sorted, and a condition without one looks at what the driver leaves.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

from msgspec import Struct

from taskward.model.conditions import (
    Between,
    Condition,
    Field,
    Labeled,
    Locks,
    Made,
    OneOf,
    Order,
    conjuncts,
)
from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.model.task import Report, Task
from taskward.ports import Particulars, Range, Search
from taskward.store.catalogue import Call, compose
from taskward.store.conditions import Clauses, postgres_text
from taskward.store.listing import COLUMNS as TASK_COLUMNS
from taskward.store.listing import number_bounds
from taskward.store.plan import PIECE, Plan, Q
from taskward.store.rows import task_from

_MOST_CHILDREN = 10_000
_MOST_RUNS = 20
_NEWEST_FIRST = (Order(Field.CREATED, descending=True),)
_TALLIED = frozenset({Field.STATE, Field.CLIENT, Field.OPERATION})


def search(wanted: Search) -> Plan[list[Task]]:
    """See `taskward.ports.Tasks.search`."""
    if not 0 <= wanted.offset < 2**62 or not 0 <= wanted.limit <= 10_000:
        raise InvalidFilter("limit", "must be from 0 to 10000, and offset not negative")
    parts = conjuncts(wanted.where)
    bounds = yield from _creation_bounds(parts)
    if bounds is None:
        return []
    span = yield from _short_span(parts)
    rows = yield _page(wanted, parts, bounds, span)
    return [task_from(row) for row in rows]


def count(where: Condition, most: int) -> Plan[int]:
    """See `taskward.ports.Tasks.count`."""
    if (told := _tallied(where)) is not None:
        tallies = yield Q.tallies()
        return sum(
            amount
            for client, operation, _, state, amount in tallies
            if all({Field.CLIENT: client, Field.OPERATION: operation, Field.STATE: state}[each.field] in each.values
                   for each in told)
        )  # fmt: skip
    parts = conjuncts(where)
    bounds = yield from _creation_bounds(parts)
    if bounds is None:
        return 0
    clauses = Clauses()
    # Nothing is hidden from the planner: without an order to keep, any index that narrows will do.
    conditions = " AND ".join([*map(clauses.render, parts), *_bounded(bounds, "t.number", clauses), _NO_STEPS])
    narrowed = conditions.replace("+t.", "t.")
    sql = f"SELECT count(*) FROM (SELECT 1 AS one FROM task t WHERE {narrowed} LIMIT {most}) AS found"
    [(found,)] = yield _call("count", sql, clauses)
    return int(found)


def _tallied(where: Condition) -> list[OneOf] | None:
    """The conditions, if the maintained counters can answer them all."""
    parts = conjuncts(where)
    told = [part for part in parts if isinstance(part, OneOf) and part.field in _TALLIED]
    return told if len(told) == len(parts) else None


def particulars(ids: Sequence[bytes]) -> Plan[dict[UUID, Particulars]]:
    """See `taskward.ports.Tasks.particulars`."""
    children: defaultdict[bytes, list[UUID]] = defaultdict(list)
    reports: defaultdict[bytes, list[Report]] = defaultdict(list)
    created: defaultdict[bytes, list[str]] = defaultdict(list)
    for start in range(0, len(ids), PIECE):
        piece = list(ids[start : start + PIECE])
        for parent_id, child_id in (yield Q.child_ids(piece, _MOST_CHILDREN)):
            children[parent_id].append(UUID(bytes=child_id))
        for task_id, code, done, total, unit, message, state in (yield Q.reports_of(piece)):
            reports[task_id].append(Report(code, done, total, unit, message, State(state)))
        for task_id, name in (yield Q.created_resources(piece)):
            created[task_id].append(name)
    return {UUID(bytes=one): Particulars(tuple(children[one]), tuple(reports[one]), tuple(created[one])) for one in ids}


def label_values(name: str, client: str, offset: int, limit: int) -> Plan[list[str]]:
    """See `taskward.ports.Tasks.label_values`."""
    return [row[0] for row in (yield Q.label_values(name, client, limit, offset))]


# ------------------------------------------------------------------ spans of time

_SHORT = 5_000
"""Rows of a span of time that may be sorted instead of looked for among all."""


def _creation_bounds(parts: Sequence[Condition]) -> Plan[tuple[int, int] | None]:
    """The numbers between which spans of creation lie; None when they hold no task."""
    low, high = 0, 2**63 - 1
    for part in parts:
        if isinstance(part, Between) and part.field is Field.CREATED:
            bounds = yield from number_bounds(Range(part.since, part.before))
            if bounds is None:
                return None
            low, high = max(low, bounds[0]), min(high, bounds[1])
    return low, high


def _bounded(bounds: tuple[int, int], column: str, clauses: Clauses) -> list[str]:
    low, high = bounds
    conditions = [f"{column} >= {clauses.bind(low)}"] if low > 0 else []
    return conditions + ([f"{column} <= {clauses.bind(high)}"] if high < 2**63 - 1 else [])


def _short_span(parts: Sequence[Condition]) -> Plan[Between | None]:
    """A span of starts or ends with so few tasks that it may drive; nothing else says beforehand how many it has."""
    for part in parts:
        if isinstance(part, Between) and part.field in (Field.STARTED, Field.FINISHED):
            clauses = Clauses()
            condition = clauses.render(part).replace("+t.", "t.")
            sql = f"SELECT count(*) FROM (SELECT 1 AS one FROM task t WHERE {condition} LIMIT {_SHORT + 1}) AS found"
            [(found,)] = yield _call("span", sql, clauses)
            if found <= _SHORT:
                return part
    return None


# ------------------------------------------------------------------ pages

_NO_STEPS = "+t.kind <> 'step'"


class _Driver(Struct, frozen=True):
    """How rows are found: `runs` are conditions no two of which hold together, each read in the order of creation."""

    runs: tuple[str, ...]
    source: str = "task t"
    number: str = "t.number"


def _page(wanted: Search, parts: Sequence[Condition], bounds: tuple[int, int], span: Between | None) -> Call:
    clauses = Clauses()
    order = wanted.order or _NEWEST_FIRST
    # Ties, and what comes after the first key that is unique, are newest first.
    if not any(key.field is Field.CREATED for key in order):
        order = (*order, *_NEWEST_FIRST)
    by_creation = order[0].field is Field.CREATED
    driver, rest = _choose(parts, span, clauses)
    conditions = [clauses.render(part) for part in rest] + _bounded(bounds, driver.number, clauses)
    condition = " AND ".join([*conditions, _NO_STEPS])
    if not by_creation:
        runs = " OR ".join(driver.runs)
        sorting = ", ".join(clauses.order(key) for key in order)
        sql = (
            f"SELECT {TASK_COLUMNS} FROM {driver.source} WHERE ({runs}) AND {condition} ORDER BY {sorting}"
            f" LIMIT {wanted.limit} OFFSET {wanted.offset}"
        )
        return _call("search", sql, clauses)
    direction = "DESC" if order[0].descending else "ASC"
    if len(driver.runs) == 1:
        sql = (
            f"SELECT {TASK_COLUMNS} FROM {driver.source} WHERE {driver.runs[0]} AND {condition}"
            f" ORDER BY {driver.number} {direction} LIMIT {wanted.limit} OFFSET {wanted.offset}"
        )
        return _call("search", sql, clauses)
    reach = wanted.offset + wanted.limit
    runs = " UNION ALL ".join(
        f"SELECT * FROM (SELECT t.number FROM task t WHERE {run} AND {condition}"
        f" ORDER BY t.number {direction} LIMIT {reach}) AS run{index}"
        for index, run in enumerate(driver.runs)
    )
    sql = (
        f"SELECT {TASK_COLUMNS} FROM task t WHERE t.number IN (SELECT number FROM ({runs}) AS merged"
        f" ORDER BY number {direction} LIMIT {wanted.limit} OFFSET {wanted.offset}) ORDER BY t.number {direction}"
    )
    return _call("search", sql, clauses)


def _call(name: str, sql: str, clauses: Clauses) -> Call:
    return compose(name, sql, postgres_text(sql))(*clauses.args)


def _choose(parts: Sequence[Condition], span: Between | None, clauses: Clauses) -> tuple[_Driver, list[Condition]]:
    """What drives, and what is left to filter: the kind of condition that narrows most comes first."""
    for drive in _PREFERENCES:
        for part in parts:
            if drive is _by_span and part is not span:
                continue
            driver = drive(part, clauses)
            if driver is not None:
                # A lock drives by its first name only, however it is locked.
                return driver, [each for each in parts if each is not part or isinstance(part, Locks)]
    return _Driver(("TRUE",)), list(parts)


def _by_id(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.ID, values):
            return _Driver((clauses.one_of("t.id", values),))
    return None


def _by_parent(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.PARENT, (_,) as values):
            return _Driver((f"{clauses.one_of('t.parent_id', values)} AND t.parent_id IS NOT NULL",))
    return None


def _by_side_table(part: Condition, clauses: Clauses) -> _Driver | None:
    """Rows of a side table come ordered by number. A cross join keeps SQLite from turning the loops round."""
    match part:
        case Made(name):
            table, condition = "created_resource", f"s.name = {clauses.bind(name)}"
        case Labeled(name, value):
            table, condition = "label", f"s.name = {clauses.bind(name)} AND s.value = {clauses.bind(value)}"
        case Locks((name, *_)):
            table, condition = "task_resource", f"s.resource = {clauses.bind(name)}"
        case _:
            return None
    return _Driver((f"{condition} AND s.number = t.number",), f"{table} s CROSS JOIN task t", "s.number")


def _by_correlation(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.CORRELATION, (str(value),) as values) if value:
            return _Driver((f"{clauses.one_of('t.correlation_id', values)} AND t.correlation_id <> ''",))
    return None


def _by_span(part: Condition, clauses: Clauses) -> _Driver | None:
    return _Driver((clauses.render(part).replace("+t.", "t."),))


def _by_rare_state(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.STATE, values) if State.COMPLETED not in values:
            return _by_state(part, clauses)
    return None


def _by_name(part: Condition, clauses: Clauses) -> _Driver | None:
    """Most tasks are called what their operation is: those are found by it, and only the others have an index."""
    match part:
        case OneOf(Field.NAME, values) if 0 < len(values) <= _MOST_RUNS:
            marks = [clauses.bind(value) for value in values]
            usual = [f"t.operation = {mark} AND +t.name = {mark}" for mark in marks]
            return _Driver((*usual, *(f"t.name = {mark} AND t.name <> t.operation" for mark in marks)))
    return None


def _by_client(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.CLIENT, (str(value),) as values) if value:
            return _Driver((f"{clauses.one_of('t.client', values)} AND t.client <> ''",))
    return None


def _by_operation(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.OPERATION, values) if 0 < len(values) <= _MOST_RUNS:
            return _Driver(tuple(clauses.one_of("t.operation", (value,)) for value in values))
    return None


def _by_state(part: Condition, clauses: Clauses) -> _Driver | None:
    match part:
        case OneOf(Field.STATE, values) if values:
            return _Driver(tuple(clauses.one_of("t.state", (value,)) for value in dict.fromkeys(values)))
    return None


_PREFERENCES: tuple[Callable[[Condition, Clauses], _Driver | None], ...] = (
    _by_id, _by_parent, _by_side_table, _by_correlation, _by_span, _by_rare_state, _by_name, _by_client, _by_operation,
    _by_state,
)  # fmt: skip
