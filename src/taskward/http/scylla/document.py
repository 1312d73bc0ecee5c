"""`/api-doc`: what is served, in Swagger 1.2, from the declarations that the routes are; some clients ask by it."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from litestar.types import ASGIApp
from msgspec import Struct

from taskward.http.endpoint import reply
from taskward.http.scylla.call import Call, Route, Routes
from taskward.http.scylla.editions import Edition
from taskward.http.scylla.wire import Number

_RESOURCES = {
    "task_manager": "The task manager API",
    "task_manager_test": "The task manager API, for tests of its clients",
}
_VERSIONS = {"apiVersion": "0.0.1", "swaggerVersion": "1.2"}
_TYPES: dict[Any, str] = {str: "string", bool: "boolean", int: "long", Number: "double", dict[str, int]: "object"}
_CHILD = {"2024": {"type": "string"}, "2026": {"$ref": "task_identity"}}
"""What a status lists its children as, by edition."""
_IDENTITY = {"id": "task_identity", "properties": {"task_id": {"type": "string"}, "node": {"type": "string"}}}


def documents(served: Sequence[Route], edition: Edition) -> list[Route]:
    """The addresses where it is: of the resources that are served, and of each of them."""
    routes = Routes()
    names = [name for name in _RESOURCES if any(route.resource == name for route in served)]
    apis = [{"path": f"/{name}", "description": _RESOURCES[name]} for name in names]
    _add(routes, "/api-doc", {**_VERSIONS, "apis": apis})
    for name in names:
        _add(routes, f"/api-doc/{name}", document(name, served, edition))
    return routes.all


def _add(routes: Routes, path: str, described: dict[str, Any]) -> None:
    @routes("GET", path)
    async def describe(_: Call) -> ASGIApp:
        return reply(200, described)


def document(name: str, routes: Iterable[Route], edition: Edition) -> dict[str, Any]:
    """A resource in full."""
    apis: dict[str, Any] = {}
    for route in routes:
        if route.resource == name:
            api = apis.setdefault(route.path, {"path": route.path, "operations": []})
            api["operations"].append(_operation(route))
    return {
        **_VERSIONS,
        "basePath": "/",
        "resourcePath": f"/{name}",
        "produces": ["application/json"],
        "apis": list(apis.values()),
        "models": {
            "task_stats": _model("task_stats", edition.stats_kind, edition),
            "task_status": _model("task_status", edition.status_kind, edition),
            **({"task_identity": _IDENTITY} if "$ref" in _CHILD[edition.name] else {}),
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    in_path = [
        {"name": name, "paramType": "path", "type": "string", "required": True, "description": f"The {name}"}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    in_query = [
        {
            "name": each.name,
            "paramType": "query",
            "type": each.type,
            "required": each.required,
            "description": each.description,
        }
        for each in route.parameters
    ]
    kind, is_list = route.answer.removesuffix("[]"), route.answer.endswith("[]")
    return {
        "method": route.method,
        "nickname": route.handler.__name__,
        "summary": route.summary,
        **({"type": "array", "items": _reference(kind)} if is_list else {"type": kind}),
        "parameters": [*in_path, *in_query],
    }


def _reference(kind: str) -> dict[str, str]:
    return {"$ref": kind} if kind.startswith("task_") else {"type": kind}


def _model(name: str, kind: type[Struct], edition: Edition) -> dict[str, Any]:
    children = {"type": "array", "items": _CHILD[edition.name]}
    return {
        "id": name,
        "properties": {
            field.name: children if field.name == "children_ids" else {"type": _TYPES[field.type]}
            for field in msgspec.structs.fields(kind)
        },
    }
