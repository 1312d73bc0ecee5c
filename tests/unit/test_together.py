"""One statement for many rows of parameters does what it does for each of them."""

import sqlite3

import pytest

from taskward.store import together
from taskward.store.catalogue import compose, load

UPDATE = "UPDATE t SET b = COALESCE($2, b) {rows} WHERE a = $1 RETURNING a, b"
INSERT = "INSERT INTO t (a, b) SELECT $1, $2 {rows} RETURNING a, b"


@pytest.fixture
def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT")
    connection.executemany("INSERT INTO t VALUES (?, ?)", [(1, "one"), (2, "two"), (3, "three")])
    return connection


def test_for_one_row_nothing_is_left_of_the_mark() -> None:
    assert together.for_one(UPDATE) == "UPDATE t SET b = COALESCE($2, b)  WHERE a = $1 RETURNING a, b"
    assert together.for_one(INSERT) == "INSERT INTO t (a, b) VALUES ( $1, $2 ) RETURNING a, b"


def test_many_rows_are_updated_by_one_statement(table: sqlite3.Connection) -> None:
    found = table.execute(together.for_sqlite(UPDATE, 2, 3), (1, "a", 2, None, 9, "z")).fetchall()
    assert found == [(1, "a"), (2, "two")]
    assert table.execute("SELECT b FROM t ORDER BY a").fetchall() == [("a",), ("two",), ("three",)]


def test_many_rows_are_inserted_by_one_statement_in_their_order(table: sqlite3.Connection) -> None:
    found = table.execute(together.for_sqlite(INSERT, 2, 2), (5, "five", 4, "four")).fetchall()
    assert found == [(5, "five"), (4, "four")]


def test_on_postgresql_each_parameter_is_an_array() -> None:
    assert together.for_postgres(UPDATE, ("int8", "text")) == (
        "UPDATE t SET b = COALESCE(given.p2, b) FROM unnest($1::int8[], $2::text[]) AS given(p1, p2)"
        " WHERE a = given.p1 RETURNING a, b"
    )


def test_on_postgresql_statements_that_have_nothing_to_do_with_one_another_are_one() -> None:
    one, other = (UPDATE, ("int8", "text")), ("DELETE FROM u {rows} WHERE c = $1", ("text",))
    second = "DELETE FROM u FROM unnest($3::text[]) AS given(p1) WHERE c = given.p1"
    assert together.all_for_postgres([one, other]) == f"WITH w0 AS ({together.for_postgres(*one)}) {second}"
    assert together.all_for_postgres([one]) == together.for_postgres(*one)


def test_a_statement_without_the_mark_is_run_row_by_row() -> None:
    assert compose("plain", "DELETE FROM t WHERE a = $1").sqlite_rows == ""


def test_what_takes_lists_or_names_its_table_again_is_not_run_for_many_rows() -> None:
    """A list cannot be a column, and an array of arrays cannot be taken apart."""
    assert [one.name for one in load() if (one.sqlite_rows or one.postgres_rows) and one.listed] == []
