"""Exchanges with ScyllaDB's task manager API, byte for byte, in both editions on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scylla import exchanges, scylla_server
from tests.serving import ROOT, Server

FIXTURES = ROOT / "tests" / "fixtures" / "scylla"


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(params=["2024", "2026"])
def edition(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def server(request: pytest.FixtureRequest, database: str, edition: str, tmp_path: Path) -> Iterator[Server]:
    with scylla_server(request, database, tmp_path, edition) as server:
        yield server


def test_every_exchange_is_as_recorded(server: Server, edition: str) -> None:
    known: dict[str, str] = {}
    with server.client("") as http:
        for exchange in exchanges(FIXTURES / f"{edition}.txt"):
            exchange.play(http, known)
