"""What `/api-doc` says of ScyllaDB's API."""

from typing import Any

import pytest

from taskward.http.scylla import rehearsal, tasks
from taskward.http.scylla.document import document
from taskward.http.scylla.editions import EDITIONS

ROUTES = [*tasks.routes.all, *rehearsal.routes.all]


@pytest.mark.parametrize("name", ["task_manager", "task_manager_test"])
def test_every_route_is_described(name: str) -> None:
    described = document(name, ROUTES, EDITIONS["2026"])
    operations: list[tuple[str, Any]] = [
        (api["path"], operation) for api in described["apis"] for operation in api["operations"]
    ]
    assert [(operation["method"], path) for path, operation in operations] == [
        (route.method, route.path) for route in ROUTES if route.resource == name
    ]
    assert len({operation["nickname"] for _, operation in operations}) == len(operations)
    for path, operation in operations:
        assert operation["summary"], path
        in_path = [each["name"] for each in operation["parameters"] if each["paramType"] == "path"]
        assert [f"{{{each}}}" in path for each in in_path] == [True] * path.count("{")


@pytest.mark.parametrize("edition", ["2024", "2026"])
def test_models_are_those_of_the_edition(edition: str) -> None:
    models = document("task_manager", ROUTES, EDITIONS[edition])["models"]
    status = models["task_status"]["properties"]
    assert ("kind" in status, "task_identity" in models) == (edition == "2026",) * 2
    assert status["progress_total"] == {"type": "double"}
    child = {"2024": {"type": "string"}, "2026": {"$ref": "task_identity"}}[edition]
    assert status["children_ids"] == {"type": "array", "items": child}
