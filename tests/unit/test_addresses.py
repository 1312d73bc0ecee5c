"""What serves a path of an API that is not ours."""

from typing import Any

import pytest
from litestar import Request
from litestar.exceptions import NotFoundException
from litestar.testing import create_test_client
from litestar.types import ASGIApp

from taskward.http.addresses import Addresses, below, refusing
from taskward.http.endpoint import reply


def served() -> Addresses[str]:
    templates = (
        *("/hub/...", "/hub/pulp/...", "/hub/tasks", "/hub/tasks/{id}", "/hub/tasks/purge"),
        "/hub/tasks/{id}/logs/{line}",
    )
    return Addresses({template: template for template in templates})


@pytest.mark.parametrize(
    ("path", "template", "parameters"),
    [
        ("/hub", "/hub/...", {}),
        ("/hub/nothing/here", "/hub/...", {}),
        ("/hub/pulp", "/hub/pulp/...", {}),
        ("/hub/pulpit", "/hub/...", {}),
        ("/hub/tasks/", "/hub/tasks", {}),
        ("/hub/tasks/7", "/hub/tasks/{id}", {"id": "7"}),
        ("/hub/tasks/purge", "/hub/tasks/purge", {}),
        ("/hub/tasks/7/logs/9", "/hub/tasks/{id}/logs/{line}", {"id": "7", "line": "9"}),
        ("/hub/tasks/7/logs", "/hub/...", {}),
    ],
)
def test_the_most_exact_template_serves(path: str, template: str, parameters: dict[str, str]) -> None:
    addresses = served()

    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        found = addresses.find(request)
        assert request.scope["path_template"] == found
        return reply(200, {found: request.scope["path_params"]})

    with create_test_client([below(["/hub"], serve)], openapi_config=None) as client:
        for method in ("GET", "PATCH"):
            assert client.request(method, path).json() == {template: parameters}


def test_what_is_raised_is_answered_in_the_apis_own_way() -> None:
    async def serve(_: Request[Any, Any, Any]) -> ASGIApp:
        raise NotFoundException("none of ours")

    def refuse(_: Request[Any, Any, Any], error: Exception) -> ASGIApp:
        return reply(418, str(error))

    with create_test_client([below(["/hub"], refusing(serve, refuse))], openapi_config=None) as client:
        answer = client.get("/hub/x")
    assert (answer.status_code, answer.json()) == (418, "404: none of ours")


def test_a_path_below_nothing_is_a_mistake_of_the_program() -> None:
    request: Request[Any, Any, Any] = Request({"type": "http", "path": "/elsewhere"})  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        served().find(request)
