"""Whatever the document of the API allows, and much that it does not, is answered without an error of the server."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from taskward.http.native import ENDPOINTS
from taskward.http.openapi import document
from tests.serving import Server, running_server

EXAMPLES = int(os.environ.get("TASKWARD_TEST_EXAMPLES", "12"))

_SCHEMA = schemathesis.openapi.from_dict(document(ENDPOINTS, ""))
# Calls that wait on purpose would only use the time up.
_OPERATIONS = {
    f"{operation.method.upper()} {operation.path}": operation
    for operation in (result.ok() for result in _SCHEMA.get_all_operations() if isinstance(result, Ok))
    if not operation.path.endswith(("/events", ":wait"))
}
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Without a worker: nothing that is made up here is run."""
    with running_server(tmp_path_factory.mktemp("schemathesis"), workers=0) as server:
        # Something to be found by what asks for tasks by number.
        with server.client() as api:
            body = {"operation": "probe.echo", "args": {"text": "hi"}}
            assert api.post("/v1/tasks", json={"tasks": [body] * 10}).status_code == 202
        yield server


@pytest.mark.parametrize("name", _OPERATIONS)
def test_no_request_is_an_error_of_the_server(name: str, target: Server) -> None:
    headers = {"Authorization": f"Bearer {target.token}"}

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_OPERATIONS[name].as_strategy(), number=st.none() | st.integers(1, 12))
    def each(case: Any, number: int | None) -> None:
        if number is not None and "task" in case.path_parameters:
            # Most names that are made up name nothing.
            case.path_parameters["task"] = str(number)
            case.query.pop("follow", None)
        answer = case.call(base_url=target.url, headers=headers, timeout=20)
        case.validate_response(answer, checks=_CHECKS)

    each()


def test_the_document_is_whole(target: Server) -> None:
    with target.client("") as nobody:
        served = nobody.get("/v1/openapi.json").json()
    names = [operation["operationId"] for path in served["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where
            assert all(parameter["description"] for parameter in operation["parameters"]), where
            problems = [status for status in operation["responses"] if status >= "400"]
            assert {"400", "503"} <= set(problems), where
            for status in problems:
                assert "application/problem+json" in operation["responses"][status]["content"], where
    text = str(served)
    for name in served["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text, name
