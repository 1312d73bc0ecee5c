from __future__ import annotations  # asyncpg.Connection takes a parameter in its stubs only

from collections.abc import AsyncIterator

import asyncpg
import pytest

seen_databases: set[str] = set()


@pytest.fixture
async def connection(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(postgres_dsn)
    yield connection
    await connection.close()


async def test_answers_a_query(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    assert await connection.fetchval("SELECT 1") == 1


@pytest.mark.parametrize("nth", [1, 2])
async def test_each_test_has_an_empty_database_of_its_own(
    connection: asyncpg.Connection[asyncpg.Record], nth: int
) -> None:
    database = await connection.fetchval("SELECT current_database()")
    assert database not in seen_databases
    seen_databases.add(database)

    await connection.execute("CREATE TABLE trace (nth integer)")  # fails where the other test's table still is
    assert await connection.fetchval("SELECT count(*) FROM trace") == 0


async def test_is_reached_through_its_own_socket_only(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    assert await connection.fetchval("SHOW listen_addresses") == ""
    assert await connection.fetchval("SELECT inet_server_addr()") is None
