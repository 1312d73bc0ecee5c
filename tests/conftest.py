"""Fixtures that every kind of test may use."""

import uuid
from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole run (one per process under pytest-xdist)."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a database that is empty and this test's alone."""
    database = f"test_{uuid.uuid4().hex}"
    postgres_server.create_database(database)
    yield postgres_server.dsn(database)
    postgres_server.drop_database(database)
