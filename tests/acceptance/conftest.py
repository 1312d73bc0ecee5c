"""One server process for the tests of a file."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.serving import Server, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx2.Client]:
    """Speaks as an administrator."""
    with server.client() as client:
        yield client
