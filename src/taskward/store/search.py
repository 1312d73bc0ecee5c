"""Searches: tasks by any condition, in any order, from any place; and how many there are.

`taskward.store.listing` reads pages along one index by cursor, which scales without bound; other APIs promise offsets,
totals and orders of many columns. What can be is read along an index here too (`taskward.store.driving` finds which);
the rest filters. An order without an index is sorted, and a condition without one looks at what the driver leaves.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from taskward.model.conditions import Between, Condition, Field, Numbered, OneOf, Order, conjuncts, simplified
from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.model.task import Report, Task
from taskward.ports import Particulars, Range, Search
from taskward.store.catalogue import Call, compose
from taskward.store.conditions import PLACES, Clauses, postgres_text
from taskward.store.driving import Run, choose, in_order
from taskward.store.listing import COLUMNS, number_bounds
from taskward.store.plan import PIECE, Plan, Q
from taskward.store.rows import task_from

_MOST_CHILDREN = 10_000
_NEAR = 1_000
_NEWEST_FIRST = Order(Field.CREATED, descending=True)
_TALLIED = frozenset({Field.STATE, Field.CLIENT, Field.OPERATION})


def search(wanted: Search) -> Plan[list[Task]]:
    """See `taskward.ports.Tasks.search`."""
    if not 0 <= wanted.offset < 2**62 or not 0 <= wanted.limit <= 10_000:
        raise InvalidFilter("limit", "must be from 0 to 10000, and offset not negative")
    parts = conjuncts(simplified(wanted.where))
    bounds = yield from _creation_bounds(parts)
    if bounds is None:
        return []
    span = yield from _short_span(parts)
    rows = yield _page(wanted, parts, bounds, span)
    return [task_from(row) for row in rows]


def count(where: Condition, most: int) -> Plan[int]:
    """See `taskward.ports.Tasks.count`."""
    parts = conjuncts(simplified(where))
    if (told := _tallied(parts)) is not None:
        tallies = yield Q.tallies()
        return sum(amount for *place, amount in tallies if _holds(told, place))
    bounds = yield from _creation_bounds(parts)
    if bounds is None:
        return 0
    texts = _Texts(bounds)
    driver = choose(parts, None, texts.clauses)
    united = texts.union([texts.rows(run, driver.rest, "1 AS one", f"LIMIT {most}") for run in driver.runs])
    if driver.part is None:
        # Without an order to keep, any index that narrows will do.
        united = united.replace("+t.", "t.")
    [(found,)] = yield texts.call(f"SELECT count(*) FROM (SELECT * FROM ({united}) AS runs LIMIT {most}) AS found")
    return int(found)


def is_quick(wanted: Search) -> bool:
    """Whether it reads little more than it gives: along one index, in order, from near its beginning."""
    parts = conjuncts(simplified(wanted.where))
    if len(parts) > 1 or wanted.offset > _NEAR or wanted.limit > _NEAR:
        return False
    driver = in_order(parts, None, _keys(wanted.order), Clauses())
    return driver is not None and not driver.rest


def is_tallied(where: Condition) -> bool:
    """Whether the maintained counters tell how many there are."""
    return _tallied(conjuncts(simplified(where))) is not None


def _keys(order: Sequence[Order]) -> Sequence[Order]:
    """An order without what it is by itself: newest first among equals."""
    keys = order or (_NEWEST_FIRST,)
    return keys[:-1] if len(keys) > 1 and keys[-1] == _NEWEST_FIRST else keys


def _holds(told: Sequence[OneOf], place: Sequence[str]) -> bool:
    client, operation, _, state, _ = place
    values = {Field.CLIENT: client, Field.OPERATION: operation, Field.STATE: state}
    return all(values[each.field] in each.values for each in told)


def _tallied(parts: Sequence[Condition]) -> list[OneOf] | None:
    """The conditions, if the maintained counters can answer them all."""
    told = [part for part in parts if isinstance(part, OneOf) and part.field in _TALLIED]
    return told if len(told) == len(parts) else None


def particulars(ids: Sequence[bytes]) -> Plan[dict[UUID, Particulars]]:
    """See `taskward.ports.Tasks.particulars`."""
    children: defaultdict[bytes, list[UUID]] = defaultdict(list)
    reports: defaultdict[bytes, list[Report]] = defaultdict(list)
    created: defaultdict[bytes, list[str]] = defaultdict(list)
    for start in range(0, len(ids), PIECE):
        piece = list(ids[start : start + PIECE])
        for kind, task_id, _, child_id, name, *report in (yield Q.particulars(piece, _MOST_CHILDREN)):
            match kind:
                case "child":
                    children[task_id].append(UUID(bytes=child_id))
                case "report":
                    done, total, unit, message, state = report
                    reports[task_id].append(Report(name, done, total, unit, message, State(state)))
                case _:
                    created[task_id].append(name)
    return {UUID(bytes=one): Particulars(tuple(children[one]), tuple(reports[one]), tuple(created[one])) for one in ids}


def label_values(name: str, client: str, offset: int, limit: int) -> Plan[list[str]]:
    """See `taskward.ports.Tasks.label_values`."""
    return [row[0] for row in (yield Q.label_values(name, client, limit, offset))]


# ------------------------------------------------------------------ spans of time

_ALL = (0, 2**63 - 1)
"""Bounds that leave out no number."""
_SHORT = 5_000
"""Rows of a span of time that may be sorted instead of looked for among all."""


def _creation_bounds(parts: Sequence[Condition]) -> Plan[tuple[int, int] | None]:
    """The numbers between which spans of creation lie; None when they hold no task."""
    low, high = _ALL
    for part in parts:
        if isinstance(part, Between) and part.field is Field.CREATED:
            bounds = yield from number_bounds(Range(part.since, part.before))
            if bounds is None:
                return None
            low, high = max(low, bounds[0]), min(high, bounds[1])
        elif isinstance(part, Numbered):
            low = low if part.above is None else max(low, part.above + 1)
            high = high if part.below is None else min(high, part.below - 1)
    return low, high


def _short_span(parts: Sequence[Condition]) -> Plan[Between | None]:
    """A span of starts or ends with so few tasks that it may drive; nothing else says beforehand how many it has."""
    for part in parts:
        if isinstance(part, Between) and part.field in (Field.STARTED, Field.FINISHED):
            texts = _Texts(_ALL)
            condition = texts.clauses.render(part).replace("+t.", "t.")
            sql = f"SELECT count(*) FROM (SELECT 1 AS one FROM task t WHERE {condition} LIMIT {_SHORT + 1}) AS found"
            [(found,)] = yield texts.call(sql)
            if found <= _SHORT:
                return part
    return None


# ------------------------------------------------------------------ pages


def _page(wanted: Search, parts: Sequence[Condition], bounds: tuple[int, int], span: Between | None) -> Call:
    texts = _Texts(bounds)
    keys = _keys(wanted.order)
    window = f"LIMIT {wanted.limit} OFFSET {wanted.offset}"
    driver = in_order(parts, span, keys, texts.clauses)
    if driver is None:
        return _sorted_page(texts, keys, parts, span, window)
    key_way = "DESC" if keys[0].descending else "ASC"
    way = key_way if keys[0].field is Field.CREATED else "DESC"
    if len(driver.runs) == 1:
        [run] = driver.runs
        return texts.call(texts.rows(run, driver.rest, COLUMNS, f"ORDER BY {run.number} {way} {window}"))
    reach = f"LIMIT {wanted.offset + wanted.limit}"
    runs = [
        texts.rows(
            run,
            driver.rest,
            f"t.number, {run.rank} AS rank, {run.key} AS key",
            f"ORDER BY {run.number} {way} {reach}"
            if run.key == "0"
            else f"ORDER BY {run.key} {key_way}, {run.number} {way} {reach}",
        )
        for run in driver.runs
    ]
    sorting = f"rank, key {key_way}, number {way}"
    sql = (
        f"SELECT {COLUMNS} FROM (SELECT * FROM ({texts.union(runs)}) AS merged ORDER BY {sorting} {window}) AS found"
        f" CROSS JOIN task t WHERE t.number = found.number ORDER BY found.rank, found.key {key_way}, found.number {way}"
    )
    return texts.call(sql)


def _sorted_page(
    texts: "_Texts", keys: Sequence[Order], parts: Sequence[Condition], span: Between | None, window: str
) -> Call:
    """Sorts numbers alone, and fetches no more of the tasks than are told."""
    if all(key.field is not Field.CREATED for key in keys):
        keys = (*keys, _NEWEST_FIRST)
    driver = choose(parts, span, texts.clauses)
    sorting = ", ".join(texts.clauses.order(key) for key in keys)
    placed = f" LEFT JOIN {PLACES} AS place ON place.number = t.number" if _asks_for_places(keys) else ""
    run = Run(f"({' OR '.join(run.condition for run in driver.runs)})", driver.runs[0].source + placed)
    numbers = texts.rows(run, driver.rest, "t.number", f"ORDER BY {sorting} {window}")
    return texts.call(f"SELECT {COLUMNS} FROM task t{placed} WHERE t.number IN ({numbers}) ORDER BY {sorting}")


def _asks_for_places(keys: Sequence[Order]) -> bool:
    return any(key.field is Field.PLACE for key in keys)


class _Texts:
    """Puts the texts of one statement together; no number out of bounds is found."""

    def __init__(self, bounds: tuple[int, int]) -> None:
        self.clauses = Clauses()
        self._low, self._high = bounds

    def rows(self, run: Run, rest: Sequence[Condition], columns: str, ending: str) -> str:
        """The rows of a run that pass the rest of the conditions, steps left out."""
        conditions = [run.condition, *(self.clauses.render(part) for part in rest), "+t.kind <> 'step'"]
        if self._low > 0:
            conditions.append(f"{run.number} >= {self.clauses.bind(self._low)}")
        if self._high < 2**63 - 1:
            conditions.append(f"{run.number} <= {self.clauses.bind(self._high)}")
        return f"SELECT {columns} FROM {run.source} WHERE {' AND '.join(conditions)} {ending}"

    @staticmethod
    def union(runs: Sequence[str]) -> str:
        """The rows of all runs."""
        return " UNION ALL ".join(f"SELECT * FROM ({run}) AS run{index}" for index, run in enumerate(runs))

    def call(self, sql: str) -> Call:
        """Runs the statement."""
        return compose("search", sql, postgres_text(sql))(*self.clauses.args)
