"""Exchanges with the Task Engine's API, byte for byte, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import ROOT, Server
from tests.task_engine import JobApi, exchanges, job_server

FIXTURE = ROOT / "tests" / "fixtures" / "task_engine" / "exchanges.txt"


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with job_server(request, request.param, tmp_path, workers=0) as server:
        yield server


def test_every_exchange_is_as_recorded(server: Server) -> None:
    api = JobApi(server, "demo-client")
    for exchange in exchanges(FIXTURE):
        exchange.play(api.http)
    api.close()
