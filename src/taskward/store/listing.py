"""Lists of tasks: one page by cursor, always along an index.

The text of a list is put together from its conditions. The one that narrows most drives: with the cursor it says where
on which index a page is read, in order, so that nothing is sorted. The others filter what is read; a unary plus hides
them from SQLite's planner, while PostgreSQL's has statistics. A filter may hold for few of very many tasks, so a page
that has one looks at a stretch of the index and no farther.
"""

import re
from collections.abc import Sequence
from itertools import count
from typing import Any

from msgspec import Struct

from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.ports import Range, TaskPage, TaskQuery
from taskward.store.catalogue import Call, Row, compose
from taskward.store.plan import Plan, Q
from taskward.store.rows import TASK_COLUMNS, task_from, to_micros

_LONGEST_TEXT = 1000
STRETCH = 12_000
"""Most rows of an index that a page with filters looks at, for each state it is about."""
_FEW = 200
_ALL = (0, 2**63 - 1)
"""Bounds that leave out no number."""
STRETCHES = 5
"""Most stretches it looks at while it finds nothing: only behind these a page may be empty and not the last."""

COLUMNS = ", ".join(f"t.{column}" for column in TASK_COLUMNS).replace("t.args", "COALESCE(t.args_shown, t.args)")
_POSITION = {"started_at": TASK_COLUMNS.index("started_at"), "finished_at": TASK_COLUMNS.index("finished_at")}
_SORTS = {"created": "", "started": "started_at", "finished": "finished_at"}


class Cursor(Struct, frozen=True, order=True):
    """Where a page ended: the sort column's value (0 when sorted by creation) and the number."""

    value: int
    number: int

    def __str__(self) -> str:
        return f"{self.value}.{self.number}"


def cursor_from(text: str) -> Cursor:
    """Reads a cursor. Raises InvalidFilter."""
    value, _, number = text.partition(".")
    try:
        cursor = Cursor(int(value), int(number))
    except ValueError:
        cursor = Cursor(-1, -1)
    if not (0 <= cursor.number < 2**63 and 0 <= cursor.value < 2**63):
        raise InvalidFilter("after", f"{text!r} is not a cursor; give the `next` of a page, unchanged")
    return cursor


def page(query: TaskQuery) -> Plan[TaskPage]:
    """See `taskward.ports.Tasks.page`."""
    if query.sort.lstrip("-") not in _SORTS or query.sort.startswith("--"):
        raise InvalidFilter(
            "sort", f"{query.sort!r} is not one of {', '.join(_SORTS)}, each with or without a leading -"
        )
    if not 1 <= query.limit <= 10_000:
        raise InvalidFilter("limit", "must be from 1 to 10000")
    if query.text is not None and (len(query.text) > _LONGEST_TEXT or "\0" in query.text):
        raise InvalidFilter("text", f"must have up to {_LONGEST_TEXT} characters, and no NUL")
    after = None if query.after is None else cursor_from(query.after)
    bounds = yield from number_bounds(query.created)
    if bounds is None:
        return TaskPage((), None)
    for _ in range(STRETCHES):
        found = yield from _look(query, bounds, after)
        if found.tasks or found.next is None:
            return found
        after = cursor_from(found.next)
    return TaskPage((), str(after))


def is_quick(query: TaskQuery) -> bool:
    """Whether a page is a few rows of one index; what is refused is refused quickly."""
    if query.sort.lstrip("-") not in _SORTS:
        return True
    state = query.states[0] if query.states else None
    return query.limit <= _FEW and len(query.states) <= 1 and not _Select(query, state, _ALL, None).is_bounded


def _look(query: TaskQuery, bounds: tuple[int, int], after: Cursor | None) -> Plan[TaskPage]:
    """A page of what the next stretch holds. Each state is read along its own index, and what is found is merged."""
    rows: list[Row] = []
    ends: list[Cursor] = []
    selects = [_Select(query, state, bounds, after) for state in query.states or (None,)]
    for select in selects:
        found = yield select.page()
        rows += found
        if select.is_bounded and len(found) <= query.limit:
            ends += (Cursor(*row) for row in (yield select.stretch_end()))
    place, descending = selects[0].cursor_of, selects[0].descending
    rows.sort(key=place, reverse=descending)
    following: Cursor | None = None
    if ends:
        # Behind the first end tasks of that state may be missing.
        following = max(ends) if descending else min(ends)
        rows = [row for row in rows if place(row) == following or (place(row) > following) == descending]
    if len(rows) > query.limit:
        following = place(rows[query.limit - 1])
    tasks = tuple(task_from(row) for row in rows[: query.limit])
    return TaskPage(tasks, None if following is None else str(following))


def number_bounds(created: Range) -> Plan[tuple[int, int] | None]:
    """Creation follows numbers closely, so a range of creation is first a range of numbers, with some slack."""
    low, high = _ALL
    if created.since is not None:
        rows = yield Q.number_since(to_micros(created.since))
        if not rows:
            return None
        low = rows[0][0] - 1000
    if created.before is not None:
        rows = yield Q.number_before(to_micros(created.before))
        if not rows:
            return None
        high = rows[0][0] + 1000
    return low, high


class _Select:
    """The text of one list, put together condition by condition."""

    def __init__(self, query: TaskQuery, state: State | None, bounds: tuple[int, int], after: Cursor | None) -> None:
        self.descending = query.sort.startswith("-")
        self.is_bounded = False
        """Whether something filters, that may hold for few."""
        self._column = _SORTS[query.sort.lstrip("-")]
        self._limit = query.limit + 1
        self._source, self._number = "task t", "t.number"
        self._place: list[_Condition] = []
        """What says where on the driving index a page lies."""
        self._filters: list[_Condition] = []
        self._driven = bool(self._column)
        self._drive(query)
        self._narrow(query, state)
        self._spans(query, bounds, after)
        self._filter(query)

    # ---------------------------------------------------------- what it gives

    def page(self) -> Call:
        """The rows, one more than the limit if there are more."""
        limit = f"LIMIT {self._limit}"
        if not self.is_bounded:
            return self._read(COLUMNS, limit, self._filters)
        stretch, filters = f"LIMIT {STRETCH}", _all(self._filters)
        # SQLite reads a cross join in the order of its left side. PostgreSQL might join otherwise, and needs none.
        place = self._text("t.number AS number", stretch, self._place)
        joined = f"({place}) AS place CROSS JOIN task t WHERE t.number = place.number AND {filters}"
        inside = f"({self._text('t.*', stretch, self._place)}) AS t WHERE {filters}"
        order = self._order(f"t.{self._column}", "t.number")
        sqlite, postgres = f"FROM {joined}", f"FROM {inside} ORDER BY {order}"
        conditions = [*self._place, *self._filters]
        return _call(f"SELECT {COLUMNS} {sqlite} {limit}", f"SELECT {COLUMNS} {postgres} {limit}", conditions)

    def stretch_end(self) -> Call:
        """The cursor of the last row of the stretch; nothing when no more rows are left than it has."""
        value = f"t.{self._column}" if self._column else "0"
        return self._read(f"{value}, t.number", f"LIMIT 1 OFFSET {STRETCH - 1}", ())

    def cursor_of(self, row: Row) -> Cursor:
        return Cursor(row[_POSITION[self._column]] if self._column else 0, row[1])

    def _read(self, columns: str, limit: str, filters: Sequence["_Condition"]) -> Call:
        conditions = [*self._place, *filters]
        sql = self._text(columns, limit, conditions)
        return _call(sql, sql, conditions)

    def _text(self, columns: str, limit: str, conditions: Sequence["_Condition"]) -> str:
        order = self._order(f"t.{self._column}", self._number)
        return f"SELECT {columns} FROM {self._source} WHERE {_all(conditions)} ORDER BY {order} {limit}"

    def _order(self, value: str, number: str) -> str:
        direction = "DESC" if self.descending else "ASC"
        return f"{value} {direction}, {number} {direction}" if self._column else f"{number} {direction}"

    # ---------------------------------------------------------- conditions

    def _at(self, condition: str, *values: Any) -> None:
        self._place.append((condition, values))

    def _only(self, condition: str, *values: Any) -> None:
        self._filters.append((condition, values))
        self.is_bounded = True

    def _drive(self, query: TaskQuery) -> None:
        """Labels and resources live in tables of their own, ordered by number: the first of them drives."""
        sides = [("label", {"name": name, "value": value}) for name, value in query.labels]
        if query.resource is not None:
            sides.append(("task_resource", {"resource": query.resource}))
        for table, values in sides:
            if not self._driven:
                # A cross join keeps SQLite from turning the loops round.
                self._source, self._number = f"{table} s CROSS JOIN task t", "s.number"
                for name, value in values.items():
                    self._at(f"s.{name} = ?", value)
                self._at("s.number = t.number")
                self._driven = True
            else:
                same = " AND ".join(f"o.{name} = ?" for name in values)
                self._only(f"EXISTS (SELECT 1 FROM {table} o WHERE o.number = t.number AND {same})", *values.values())

    def _narrow(self, query: TaskQuery, state: State | None) -> None:
        """Equality conditions, the most selective first: the first one may drive, the rest filter."""
        states = () if state is None else (state.value,)
        rare = state is not State.COMPLETED
        wanted: list[tuple[str, tuple[Any, ...], str]] = [
            ("parent_id", () if query.parent_id is None else (query.parent_id.bytes,), "t.parent_id IS NOT NULL"),
            ("root_id", () if query.root_id is None else (query.root_id.bytes,), ""),
            ("correlation_id", (query.correlation_id,) if query.correlation_id else (), "t.correlation_id <> ''"),
            ("state", states if rare else (), ""),
            ("worker", () if query.worker is None else (query.worker,), "t.worker IS NOT NULL"),
            ("client", (query.client,) if query.client else (), "t.client <> ''"),
            ("operation", query.operations, ""),
            ("module", query.modules, ""),
            ("state", () if rare else states, ""),
        ]
        for column, values, guard in wanted:
            if len(values) == 1 and not self._driven:
                self._at(f"t.{column} = ?", *values)
                self._place += [(guard, ())] if guard else []
                self._driven = True
            elif values:
                # Several values of one column would have to be sorted: they only filter.
                self._only(f"+t.{column} IN ({', '.join('?' * len(values))})", *values)

    def _spans(self, query: TaskQuery, bounds: tuple[int, int], after: Cursor | None) -> None:
        low, high = bounds
        if self._column:
            self._at(f"t.{self._column} IS NOT NULL")
        if low:
            (self._only if self._column else self._at)(f"{self._number} >= ?", low)
        if high < _ALL[1]:
            (self._only if self._column else self._at)(f"{self._number} <= ?", high)
        if after is not None:
            sign = "<" if self.descending else ">"
            if self._column:
                self._at(f"(t.{self._column}, t.number) {sign} (?, ?)", after.value, after.number)
            else:
                self._at(f"{self._number} {sign} ?", after.number)
        spans = (("created_at", query.created), ("started_at", query.started), ("finished_at", query.finished))
        for name, span in spans:
            place = self._at if name == self._column else self._only
            plus = "" if name == self._column else "+"
            if span.since is not None:
                place(f"{plus}t.{name} >= ?", to_micros(span.since))
            if span.before is not None:
                place(f"{plus}t.{name} < ?", to_micros(span.before))

    def _filter(self, query: TaskQuery) -> None:
        """Conditions no index answers."""
        for name, wanted in (("queue", query.queue), ("pool", query.pool)):
            if wanted is not None:
                self._only(f"+t.{name} = ?", wanted)
        for name, wanted in (("client", query.client), ("correlation_id", query.correlation_id)):
            if wanted == "":
                self._only(f"+t.{name} = ''")
        if query.roots_only:
            self._only("+t.parent_id IS NULL")
        if query.text is not None:
            # A literal, case-insensitive substring. SQLite's own function knows ASCII letters only, and is quick.
            lower = "lower" if query.text.isascii() else "unicode_lower"
            literal = query.text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            fields = ("t.name", "t.operation", "t.labels", "COALESCE(t.args_shown, t.args)")
            alike = " OR ".join(f"{lower}({field}) LIKE ? ESCAPE '\\'" for field in fields)
            self._only(f"({alike})", *[f"%{literal}%"] * len(fields))
        if not query.internal:
            self._filters.append(("NOT t.internal", ()))


_Condition = tuple[str, tuple[Any, ...]]
"""A condition, and the values that its question marks stand for."""


def _all(conditions: Sequence[_Condition]) -> str:
    return " AND ".join(condition for condition, _ in conditions) or "TRUE"


def _call(sqlite: str, postgres: str, conditions: Sequence[_Condition]) -> Call:
    """A statement whose question marks are those of `conditions`, in their order."""
    values = [value for _, some in conditions for value in some]
    postgres = postgres.replace("+t.", "t.").replace("unicode_lower(", "lower(")
    return compose("page", _numbered(sqlite), _numbered(postgres))(*values)


def _numbered(sql: str) -> str:
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", sql)
