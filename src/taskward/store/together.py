"""One statement run for many rows of parameters at once.

A statement that says `{rows}` where its FROM would be is written for one row of parameters. For many rows they become a
table there, and each parameter is a column of it: one execution instead of as many as there are rows.
"""

import re
from collections.abc import Iterable
from functools import cache

MARK = "{rows}"
_SELECTED = re.compile(r"\bSELECT\b(.*)\{rows\}", re.DOTALL)
_PARAMETER = re.compile(r"\$(\d+)")


def for_one(text: str) -> str:
    """The statement for a single row. An INSERT is one of VALUES, which is quicker."""
    if text.lstrip().startswith("INSERT"):
        return _SELECTED.sub(r"VALUES (\1)", text)
    return text.replace(MARK, "")


def for_sqlite(text: str, width: int, count: int) -> str:
    """The statement for `count` rows of `width` parameters, which are given flat."""
    row = f"({', '.join('?' * width)})"
    return _over(text, f"(VALUES {', '.join([row] * count)}) AS given", "column")


@cache
def for_postgres(text: str, types: tuple[str, ...], *, first: int = 1) -> str:
    """The statement for any number of rows, given as one array for each parameter; `types` are the parameters'.

    The arrays are the statement's parameters from number `first` on.
    """
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, first))
    columns = ", ".join(f"p{number}" for number in range(1, len(types) + 1))
    return _over(text, f"unnest({arrays}) AS given({columns})", "p")


def all_for_postgres(texts: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """One statement that runs several, each for its own rows; the parameters of all follow one another."""
    statements: list[str] = []
    first = 1
    for text, types in texts:
        statements.append(for_postgres(text, types, first=first))
        first += len(types)
    *before, last = statements
    if not before:
        return last
    return f"WITH {', '.join(f'w{number} AS ({one})' for number, one in enumerate(before))} {last}"


def _over(text: str, source: str, column: str) -> str:
    # The table last: it has parameters of its own.
    return _PARAMETER.sub(rf"given.{column}\1", text).replace(MARK, f"FROM {source}")
