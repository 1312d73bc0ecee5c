"""One server process for the tests of a file."""

from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from tests.postgres import PostgresServer
from tests.serving import Server, running_server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With a worker, on either database."""
    data_dir = tmp_path_factory.mktemp("server")
    if request.param == "sqlite":
        with running_server(data_dir) as server:
            yield server
        return
    postgres: PostgresServer = request.getfixturevalue("postgres_server")
    database = f"test_{uuid4().hex}"
    postgres.create_database(database)
    with running_server(data_dir, flags={"server.database": postgres.dsn(database)}) as server:
        yield server
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx2.Client]:
    """Speaks as an administrator."""
    with server.client() as client:
        yield client
