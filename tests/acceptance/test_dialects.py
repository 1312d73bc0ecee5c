"""What the APIs of others have in common."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving import Server, running_server

ADDRESSES = {
    "scylla": "/task_manager/list_modules",
    "pulp": "/pulp/api/v3/tasks/",
    "hub": "/api/automation-hub/v3/tasks/",
    "dragonfly": "/oapi/v1/jobs",
    "dragonfly console": "/api/v1/jobs",
}


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One that says it is behind a proxy."""
    flags: dict[str, Any] = {"server.public_url": "https://tasks.example.org/tools"}
    with running_server(tmp_path_factory.mktemp("s"), workers=0, flags=flags) as server:
        yield server


def test_each_can_be_switched_off(tmp_path_factory: pytest.TempPathFactory) -> None:
    flags = {"dialects.scylla": False, "dialects.pulp": False, "dialects.dragonfly": False}
    with running_server(tmp_path_factory.mktemp("s"), workers=0, flags=flags) as server, server.client() as api:
        for path in ADDRESSES.values():
            answer = api.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert api.get("/v1/tasks").status_code == 200


def test_answers_are_counted_by_template(proxied: Server) -> None:
    with proxied.client() as api:
        for path in (*ADDRESSES.values(), "/pulp/api/v3/tasks/zzz/", "/task_manager/x", "/api/galaxy/x/", "/oapi/v1/x"):
            api.get(path)
        measured = api.get("/metrics").text
    for template in (
        *(path.rstrip("/") for path in ADDRESSES.values()),
        *("/pulp/api/v3/tasks/{id}", "/task_manager/...", "/api/galaxy/...", "/oapi/v1/..."),
    ):
        assert f'route="{template}"' in measured, measured


def test_a_local_address_is_no_reason_to_let_anybody_in(proxied: Server) -> None:
    with proxied.client("") as nobody:
        for path in ADDRESSES.values():
            assert nobody.get(path).status_code == 401


def test_links_follow_the_public_url(proxied: Server) -> None:
    with proxied.client() as api:
        for _ in range(2):
            body = {"operation": "probe.echo", "args": {"text": "x"}}
            assert api.post("/v1/tasks", json=body).status_code == 202
        page = api.get(ADDRESSES["pulp"], params={"limit": 1}).json()
        assert page["next"] == "https://tasks.example.org/tools/pulp/api/v3/tasks/?limit=1&offset=1"
        assert page["results"][0]["pulp_href"].startswith("/tools/pulp/api/v3/tasks/")
        assert api.get("/pulp/api/v3/tasks").headers["location"] == "/tools/pulp/api/v3/tasks/"
        hub = api.get(ADDRESSES["hub"], params={"limit": 1}).json()
        assert hub["links"]["next"] == "/tools/api/automation-hub/v3/tasks/?limit=1&offset=1"
        paths = api.get("/pulp/api/v3/docs/api.json").json()["paths"]
        assert "/tools/pulp/api/v3/tasks/" in paths
