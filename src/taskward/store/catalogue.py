"""The catalogue of SQL statements: `sql/*.sql`, read once.

A statement begins with `-- name: verb_noun`; a second word, `sqlite` or `postgres`, marks a text only that database
uses; one without a text for a database does nothing there. Parameters are `$1, $2, ...` in both. `{task}` stands for
the columns `rows.task_from` reads, `IN ($n[])` for membership in a list parameter, and `{rows}` for the place where
many rows of parameters go (see `together`).
Where that is, states are compared as `state || ''`, which no index matches: PostgreSQL would rather read all that runs
than find each row by its id.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from msgspec import Struct

from taskward.store import together

Flavour = Literal["sqlite", "postgres"]
Row = Sequence[Any]

_HEADER = re.compile(r"^-- name: (\w+)(?: (sqlite|postgres))?$", re.MULTILINE)
_LIST_PARAMETER = re.compile(r"IN \(\$(\d+)\[\]\)")


class Statement(Struct, frozen=True):
    """One named statement. Calling it gives the `Call` a plan yields."""

    name: str
    sqlite: str
    postgres: str
    returns: bool
    """Whether it gives rows."""
    listed: frozenset[int] = frozenset()
    """Numbers of the parameters that are lists."""
    sqlite_rows: str = ""
    postgres_rows: str = ""
    """The texts from which one statement for many rows is made (see `together`), where there are such."""

    def __call__(self, *args: Any) -> "Call":
        return Call(self, args)

    def each(self, rows: Iterable[tuple[Any, ...]]) -> "Batch":
        """Runs it once per row of parameters; gives the rows of all runs, flat."""
        return Batch(self, list(rows))


class Call(Struct, frozen=True):
    """Run one statement; the plan is sent its rows."""

    statement: Statement
    args: tuple[Any, ...]


class Batch(Struct, frozen=True):
    """Run one statement for many rows of parameters, in one round trip."""

    statement: Statement
    rows: list[tuple[Any, ...]]


class Writes(Struct, frozen=True):
    """Batches that give no rows and have nothing to do with one another, in one round trip."""

    batches: list[Batch]


def compose(name: str, sqlite: str, postgres: str | None = None) -> Statement:
    """A statement from texts in the catalogue's notation."""
    listed = frozenset(int(n) for n in _LIST_PARAMETER.findall(sqlite))
    text = postgres if postgres is not None else sqlite
    returns = bool(re.search(r"\bRETURNING\b|^\s*(SELECT|WITH|PRAGMA)\b", sqlite or text, re.IGNORECASE))
    return Statement(
        name=name,
        sqlite=together.for_one(sqlite),
        postgres=_LIST_PARAMETER.sub(r"= ANY($\1)", together.for_one(text)),
        returns=returns,
        listed=listed,
        sqlite_rows=sqlite if together.MARK in sqlite else "",
        postgres_rows=text if together.MARK in text else "",
    )


class Catalogue:
    """Statements as attributes: `Q.insert_task`."""

    def __init__(self, statements: dict[str, Statement]) -> None:
        self._statements = statements

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"no SQL statement named {name}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())

    def names(self) -> frozenset[str]:
        return frozenset(self._statements)


def parse(text: str, macros: dict[str, str]) -> dict[tuple[str, str], str]:
    """Statement texts of one file by (name, flavour or "")."""
    pieces = _HEADER.split(text)
    found: dict[tuple[str, str], str] = {}
    for name, flavour, body in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        sql = "\n".join(line for line in body.splitlines() if line.strip() and not line.lstrip().startswith("--"))
        for macro, columns in macros.items():
            sql = sql.replace("{" + macro + "}", columns)
        key = (name, flavour or "")
        if key in found:
            raise ValueError(f"SQL statement {name} {flavour or ''} is written twice")
        found[key] = sql
    return found


@cache
def load() -> Catalogue:
    """Reads every file of the catalogue."""
    from taskward.store.rows import MACROS  # noqa: PLC0415 - rows is the plan layer's, the catalogue is below it

    texts: dict[tuple[str, str], str] = {}
    for path in sorted(files("taskward.store").joinpath("sql").iterdir(), key=lambda p: p.name):
        if path.name.endswith(".sql"):
            texts |= parse(path.read_text("utf-8"), MACROS)
    statements: dict[str, Statement] = {}
    for name in {name for name, _ in texts}:
        common = texts.get((name, ""))
        sqlite = texts.get((name, "sqlite"), common)
        postgres = texts.get((name, "postgres"), common)
        statements[name] = compose(name, sqlite or "", postgres or "")
    return Catalogue(statements)
