"""The OpenAPI 3.1 document of the native API, from the declarations of its endpoints."""

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, get_args

import msgspec

from taskward.http.endpoint import Answer, Endpoint
from taskward.http.problems import PROBLEM_JSON
from taskward.http.sse import EVENT_STREAM
from taskward.wire import Problem

_REFERENCE = "#/components/schemas/{name}"
_PROBLEM = {"$ref": _REFERENCE.format(name="Problem")}

_REFUSALS = {
    400: "The request cannot be understood: malformed JSON, an unknown or wrong parameter",
    401: "No credential, or one that is not valid",
    403: "The credential lacks the scope",
    404: "There is no such thing",
    409: "The state of things does not allow it; `task` is the task in play",
    410: "It existed, and was removed",
    412: "`If-Match` names another version; `task` is the task as it is",
    413: "The body is too long",
    415: "The body is not JSON",
    422: "The body does not fit; `errors` says where and what would be right",
    503: "The database cannot be used now",
}

_PARAMETERS = {
    "task": "A task's id or its number",
    "id": "An id, or a name where there is one",
    "name": "A name",
}

_ANSWER_HEADERS = {
    "ETag": "The version of the task",
    "Idempotency-Replayed": "`true` when the key was known",
    "Link": 'The page behind this one, `rel="next"`',
    "Location": "The task",
    "Operation-Location": "The task, as an absolute URL",
    "Preference-Applied": "The preference that was honoured",
    "Retry-After": "Seconds until it is worth asking again",
    "Set-Cookie": "The session and its token",
    "X-CSRF-Token": "What unsafe methods of the session must send",
}

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A personal access token"},
    "basic": {"type": "http", "scheme": "basic", "description": "A user and password"},
    "client": {"type": "apiKey", "in": "header", "name": "client", "description": "Goes with api-key"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "api-key", "description": "Goes with client"},
    "session": {"type": "apiKey", "in": "cookie", "name": "taskward_session", "description": "From POST /v1/session"},
}


def document(endpoints: Sequence[Endpoint], url: str) -> dict[str, Any]:
    """The whole document; `url` is where the API is, without `/v1`."""
    schemas = _Schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(f"/v1{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Taskward",
            "version": version("taskward"),
            "description": "Runs and tracks long-running background operations as trees.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url or "/"}],
        "security": [{"bearer": []}, {"basic": []}, {"client": [], "apiKey": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(endpoint.tag for endpoint in endpoints)],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY},
    }


class _Schemas:
    """The schemas of every type that an endpoint takes or gives."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        kinds = [Problem, *(kind for endpoint in endpoints for answer in endpoint.answers for kind in _kinds(answer))]
        self._kinds = list(dict.fromkeys(kinds))
        references, self.components = msgspec.json.schema_components(self._kinds, ref_template=_REFERENCE)
        self._references = dict(zip(self._kinds, references, strict=True))
        for endpoint in endpoints:
            self.components |= endpoint.query.components
            self.components |= endpoint.body.components if endpoint.body else {}

    def of(self, answer: Answer) -> dict[str, Any]:
        references = [self._references[kind] for kind in _kinds(answer)]
        return references[0] if len(references) == 1 else {"anyOf": references}


def _kinds(answer: Answer) -> Iterable[Any]:
    if answer.body is None:
        return ()
    if isinstance(answer.body, type) and not hasattr(answer.body, "__origin__"):
        return (answer.body,)
    return (answer.body,) if hasattr(answer.body, "__origin__") else get_args(answer.body)


def _operation(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "description": endpoint.handler.__doc__ or "",
        "tags": [endpoint.tag],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_header_parameters(endpoint)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {"application/json": {"schema": endpoint.body.schema}},
        }
    if endpoint.is_public:
        operation["security"] = []
    return operation


def _path_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": _PARAMETERS[name],
            "schema": {"type": "string", "minLength": 1},
        }


def _query_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for declared in endpoint.query.fields:
        schema = dict(endpoint.query.schemas[declared.encode_name])
        description = schema.pop("description", "")
        choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
        if len(choices) == 1:
            # Absent is the way to say null in a URL.
            schema = dict(choices[0])
            description = description or schema.pop("description", "")
        yield {
            "name": declared.encode_name,
            "in": "query",
            "required": declared.required,
            "description": description,
            "schema": {name: value for name, value in schema.items() if name != "default" or value is not None},
        }


def _header_parameters(endpoint: Endpoint) -> Iterable[dict[str, Any]]:
    for header in endpoint.headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": False,
            "description": header.description,
            "example": header.example,
            "schema": {"type": "string"},
        }


def _responses(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for answer in endpoint.answers:
        response: dict[str, Any] = {"description": answer.description}
        if answer.body is not None:
            response["content"] = _content(answer, schemas)
        if answer.headers:
            response["headers"] = {
                name: {"description": _ANSWER_HEADERS[name], "schema": {"type": "string"}} for name in answer.headers
            }
        responses[str(answer.status)] = response
    for status in _refusals(endpoint):
        responses.setdefault(
            str(status), {"description": _REFUSALS[status], "content": {PROBLEM_JSON: {"schema": _PROBLEM}}}
        )
    return dict(sorted(responses.items()))


def _content(answer: Answer, schemas: _Schemas) -> Mapping[str, Any]:
    if answer.media == EVENT_STREAM:
        # A schema here would be read as that of the whole text; it is that of each event's data.
        return {EVENT_STREAM: {"schema": {"type": "string"}, "x-event-data": schemas.of(answer)}}
    return {answer.media: {"schema": schemas.of(answer)}}


def _refusals(endpoint: Endpoint) -> list[int]:
    statuses = {400, 503, *endpoint.errors}
    if not endpoint.is_public:
        statuses |= {401, 403}
    if "{task}" in endpoint.path:
        statuses |= {404, 410}
    if endpoint.body is not None:
        statuses |= {413, 415, 422}
    return sorted(statuses)
