"""Lists of tasks: one page by cursor, always along an index.

The text of a list is put together from its conditions. The condition that narrows most drives; the others are hidden
from SQLite's planner by a unary plus, so that a page is read in order from one index and never sorted. PostgreSQL's
planner has statistics and decides for itself.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from taskward.model.errors import InvalidFilter
from taskward.model.states import State
from taskward.ports import Range, TaskPage, TaskQuery
from taskward.store.catalogue import Call, compose
from taskward.store.plan import Plan, Q
from taskward.store.rows import TASK_COLUMNS, task_from, to_micros

_LONGEST_TEXT = 1000
STRETCH = 20_000
"""Most rows a page with a text condition looks at: such a page may be short and still have a next one."""

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
    by_state = query.states and query.text is None
    end: Cursor | None = None
    if query.text is not None:
        end = yield from _stretch_end(_Select(query, query.states, bounds, after, None))
    rows: list[Sequence[Any]] = []
    for states in [(state,) for state in query.states] if by_state else [query.states]:
        rows += yield _Select(query, states, bounds, after, end).page()
    select = _Select(query, query.states, bounds, after, end)
    rows.sort(key=select.cursor_of, reverse=select.descending)
    tasks = tuple(task_from(row) for row in rows[: query.limit])
    following = select.cursor_of(rows[query.limit - 1]) if len(rows) > query.limit else end
    return TaskPage(tasks, None if following is None else str(following))


def _stretch_end(select: "_Select") -> Plan[Cursor | None]:
    """Where a stretch of STRETCH rows ends; None when fewer are left."""
    rows = yield select.stretch()
    return Cursor(*rows[0]) if rows else None


def number_bounds(created: Range) -> Plan[tuple[int, int] | None]:
    """Creation follows numbers closely, so a range of creation is first a range of numbers, with some slack."""
    low, high = 0, 2**63 - 1
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

    def __init__(
        self,
        query: TaskQuery,
        states: tuple[State, ...],
        bounds: tuple[int, int],
        after: Cursor | None,
        end: Cursor | None,
    ) -> None:
        self.descending = query.sort.startswith("-")
        self._column = _SORTS[query.sort.lstrip("-")]
        self._limit = query.limit + 1
        self._source, self._number = "task t", "t.number"
        self._conditions: list[str] = []
        self._args: list[Any] = []
        self._driven = bool(self._column)
        self._drive(query)
        self._narrow(query, states)
        self._filter(query)
        low, high = bounds
        if low:
            self._add(f"{self._number} >= ?", low)
        if high < 2**63 - 1:
            self._add(f"{self._number} <= ?", high)
        self._bound("<" if self.descending else ">", after)
        self._bound(">=" if self.descending else "<=", end)
        self._bounded = len(self._args)
        self._text: list[str] = []
        if query.text is not None:
            self._match(query.text)

    # ---------------------------------------------------------- what it gives

    def page(self) -> Call:
        return self._call(COLUMNS, [*self._conditions, *self._text], self._args, f"LIMIT {self._limit}")

    def stretch(self) -> Call:
        value = f"t.{self._column}" if self._column else "0"
        return self._call(
            f"{value}, t.number", self._conditions, self._args[: self._bounded], f"LIMIT 1 OFFSET {STRETCH - 1}"
        )

    def cursor_of(self, row: Sequence[Any]) -> Cursor:
        return Cursor(row[_POSITION[self._column]] if self._column else 0, row[1])

    def _call(self, columns: str, conditions: list[str], args: list[Any], limit: str) -> Call:
        direction = "DESC" if self.descending else "ASC"
        order = f"{self._number} {direction}"
        if self._column:
            order = f"t.{self._column} {direction}, {order}"
        where = " AND ".join(conditions) or "TRUE"
        sql = f"SELECT {columns} FROM {self._source} WHERE {where} ORDER BY {order} {limit}"
        return compose("page", sql, sql.replace("+t.", "t.").replace("unicode_lower(", "lower("))(*args)

    # ---------------------------------------------------------- conditions

    def _add(self, condition: str, *values: Any) -> None:
        """Each `?` stands for the next value."""
        for value in values:
            self._args.append(value)
            condition = condition.replace("?", f"${len(self._args)}", 1)
        self._conditions.append(condition)

    def _drive(self, query: TaskQuery) -> None:
        """Labels and resources live in tables of their own, ordered by number: the first of them drives."""
        sides = [("label", ("name", name), ("value", value)) for name, value in query.labels]
        if query.resource is not None:
            sides.append(("task_resource", ("resource", query.resource), ("resource", query.resource)))
        for index, (table, *columns) in enumerate(sides):
            alias = f"s{index}"
            for name, value in dict(columns).items():
                self._add(f"{alias}.{name} = ?", value)
            self._add(f"{alias}.number = t.number")
            if index == 0 and not self._column:
                # A cross join keeps SQLite from turning the loops round.
                self._source, self._number = f"{table} s0 CROSS JOIN task t", "s0.number"
            else:
                self._source += f" CROSS JOIN {table} {alias}"
            self._driven = True

    def _narrow(self, query: TaskQuery, states: tuple[State, ...]) -> None:
        """Equality conditions, the most selective first: the first one may drive, the rest filter."""
        one_state = states[0] if len(states) == 1 else None
        rare = one_state is not None and one_state is not State.COMPLETED
        wanted: list[tuple[str, tuple[Any, ...], str]] = [
            ("parent_id", () if query.parent_id is None else (query.parent_id.bytes,), "t.parent_id IS NOT NULL"),
            ("root_id", () if query.root_id is None else (query.root_id.bytes,), ""),
            (
                "correlation_id",
                () if query.correlation_id is None else (query.correlation_id,),
                "t.correlation_id <> ''",
            ),
            ("state", (one_state.value,) if rare and one_state else (), ""),
            ("worker", () if query.worker is None else (query.worker,), "t.worker IS NOT NULL"),
            ("client", (query.client,) if query.client else (), "t.client <> ''"),
            ("operation", query.operations, ""),
            ("module", query.modules, ""),
            ("state", tuple(state.value for state in states) if not rare else (), ""),
        ]
        for column, values, guard in wanted:
            if not values:
                continue
            # Several values of one column would have to be sorted: they only filter.
            drives = len(values) == 1 and not self._driven
            slots = ", ".join("?" * len(values))
            self._add(f"t.{column} = ?" if drives else f"+t.{column} IN ({slots})", *values)
            if drives and guard:
                self._add(guard)
            self._driven |= drives

    def _filter(self, query: TaskQuery) -> None:
        """Conditions no index answers."""
        for name, wanted in (("queue", query.queue), ("pool", query.pool)):
            if wanted is not None:
                self._add(f"+t.{name} = ?", wanted)
        if query.client == "":
            self._add("+t.client = ''")
        if query.roots_only:
            self._add("+t.parent_id IS NULL")
        if not query.internal:
            self._add("NOT t.internal")
        spans = (("created_at", query.created), ("started_at", query.started), ("finished_at", query.finished))
        for name, span in spans:
            plus = "" if name == self._column else "+"
            if span.since is not None:
                self._add(f"{plus}t.{name} >= ?", to_micros(span.since))
            if span.before is not None:
                self._add(f"{plus}t.{name} < ?", to_micros(span.before))
        if self._column:
            self._add(f"t.{self._column} IS NOT NULL")

    def _bound(self, sign: str, cursor: Cursor | None) -> None:
        if cursor is None:
            return
        if self._column:
            self._add(f"(t.{self._column}, t.number) {sign} (?, ?)", cursor.value, cursor.number)
        else:
            self._add(f"{self._number} {sign} ?", cursor.number)

    def _match(self, wanted: str) -> None:
        """A literal, case-insensitive substring."""
        pattern = wanted.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        self._args.append(f"%{pattern}%")
        slot = f"${len(self._args)}"
        fields = ("t.name", "t.operation", "t.labels", "COALESCE(t.args_shown, t.args)")
        # SQLite's own function knows ASCII letters only, and is quick.
        lower = "lower" if wanted.isascii() else "unicode_lower"
        self._text.append("(" + " OR ".join(f"{lower}({field}) LIKE {slot} ESCAPE '\\'" for field in fields) + ")")
