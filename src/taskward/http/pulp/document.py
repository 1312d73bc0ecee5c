"""`docs/api.json`: the OpenAPI 3.1 document, from the declarations that the routes are made of.

Pulp's own clients are generated from such a document, or read it at run time and refuse what it does not declare.
Things with an address are keyed by a parameter that takes their whole href.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from taskward.http.pulp.endpoint import Answer, Operation
from taskward.http.pulp.filters import STRINGS
from taskward.http.pulp.views import VERSIONS

_REFERENCE = "#/components/schemas/{name}"

_DIAGNOSTICS = {
    "in": "header",
    "name": "X-Task-Diagnostics",
    "schema": {"type": "array", "items": {"type": "string"}},
    "description": "List of profilers to use on tasks.",
}
_SECURITY: list[dict[str, list[str]]] = [{"basicAuth": []}, {"cookieAuth": []}]
_SCHEMES = {
    "basicAuth": {"type": "http", "scheme": "basic"},
    "cookieAuth": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
}
_HREFS = {
    "tasks": "task_href",
    "task-groups": "task_group_href",
    "workers": "worker_href",
    "task-schedules": "task_schedule_href",
}


def document(operations: Sequence[Operation], base: str, url: str) -> dict[str, Any]:
    """The whole document; `base` is the path of the tree, `url` where the server is."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path, parameters = _address(operation, base)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation, parameters, schemas)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Pulp 3 API",
            "version": "v3",
            "description": "The task API of Pulp, as Taskward serves it",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "x-pulp-app-versions": VERSIONS,
            "x-pulp-domain-enabled": False,
        },
        "servers": [{"url": url or "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas.components, "securitySchemes": _SCHEMES},
    }


def _address(operation: Operation, base: str) -> tuple[str, list[dict[str, Any]]]:
    """The key of the path, and the parameters in it."""
    collection, found, rest = operation.path.partition("/{id}/")
    if not found:
        return f"{base}{operation.path}", []
    name = _HREFS[collection]
    parameter = {"in": "path", "name": name, "schema": {"type": "string"}, "required": True}
    return f"{{{name}}}{rest}", [parameter]


def _described(operation: Operation, in_path: list[dict[str, Any]], schemas: "_Schemas") -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_DIAGNOSTICS, *in_path, *_query(operation)],
        "tags": [operation.path.partition("/")[0].title()],
        "responses": {str(answer.status): _response(answer, schemas) for answer in operation.answers},
    }
    if operation.body is not None:
        schema = schemas.of(operation.body)
        media = ("application/json", "application/x-www-form-urlencoded")
        described["requestBody"] = {"content": {each: {"schema": schema} for each in media}, "required": True}
    if not operation.is_open:
        described["security"] = _SECURITY
    return described


def _query(operation: Operation) -> Iterable[dict[str, Any]]:
    is_list = operation.pages
    if operation.filters is not None and is_list:
        for each in sorted(operation.filters.filters.values(), key=lambda declared: declared.name):
            yield _parameter(each.name, dict(each.schema), each.description)
        yield _parameter("ordering", operation.filters.order.schema, "Ordering")
        yield _parameter("q", {"type": "string"}, "Filter results by using NOT, AND and OR operations on other filters")
    if is_list:
        yield _parameter("limit", {"type": "integer"}, "Number of results to return per page.")
        yield _parameter("offset", {"type": "integer"}, "The initial index from which to return the results.")
    if operation.selects:
        yield _parameter("fields", STRINGS, "A list of fields to include in the response.", explodes=True)
        yield _parameter("exclude_fields", STRINGS, "A list of fields to exclude from the response.", explodes=True)


def _parameter(name: str, schema: dict[str, Any], description: str, *, explodes: bool = False) -> dict[str, Any]:
    parameter = {"in": "query", "name": name, "required": False, "description": description, "schema": schema}
    if schema.get("type") == "array" and not explodes:
        # Several values are one text with commas.
        parameter |= {"explode": False, "style": "form"}
    return parameter


def _response(answer: Answer, schemas: "_Schemas") -> dict[str, Any]:
    response: dict[str, Any] = {"description": answer.description or ("" if answer.body else "No response body")}
    if answer.body is not None:
        response["content"] = {"application/json": {"schema": schemas.of(answer.body)}}
    return response


class _Schemas:
    """The schemas of every type that an operation takes or gives, under names without brackets."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        answers = (answer.body for operation in operations for answer in operation.answers)
        bodies = (operation.body for operation in operations)
        kinds = list(dict.fromkeys(kind for kind in (*answers, *bodies) if kind is not None))
        references, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
        self._references = dict(zip(kinds, references, strict=True))
        self.components = {_plain(name): schema for name, schema in _cleaned(components).items()}

    def of(self, kind: Any) -> dict[str, Any]:
        """A reference to the schema of a type."""
        reference: dict[str, Any] = _cleaned(self._references[kind])
        return reference


def _plain(name: str) -> str:
    """`Page_TaskBody_` as `PageTaskBody`."""
    return re.sub(r"[^A-Za-z0-9]", "", name)


def _cleaned(schema: Any) -> Any:
    """A schema whose references have plain names."""
    if isinstance(schema, dict):
        return {
            key: f"#/components/schemas/{_plain(value.rpartition('/')[2])}" if key == "$ref" else _cleaned(value)
            for key, value in schema.items()
        }
    return [_cleaned(each) for each in schema] if isinstance(schema, list) else schema
