"""Pulp's task API, and the Galaxy hub's, which is built on it.

Dialects translate and never decide: what a request means is found here, what comes of it in the service.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.handlers import HTTPRouteHandler

from taskward.auth import Authenticator
from taskward.http.endpoint import Reply, Site
from taskward.http.pulp import galaxy, groups, login, schedules, tasks, workers
from taskward.http.pulp.access import Door
from taskward.http.pulp.document import document
from taskward.http.pulp.endpoint import Answer, Call, Operation, Operations, Shape, Tree, route
from taskward.http.pulp.errors import NOT_FOUND, Refused
from taskward.http.pulp.status import local_storage, remote_storage, status_operations
from taskward.http.pulp.words import API, ROOTS, Base, base_of
from taskward.service import Service
from taskward.settings import Settings

_DAYS_100 = 8_640_000

_PARTS = tuple(each for part in (tasks, groups, workers, schedules, login) for each in part.operations.all)
PULP_OPERATIONS = (*_PARTS, *status_operations(remote_storage).all)
"""Everything that is declared of Pulp's tree, for its documentation."""
GALAXY_OPERATIONS = tuple(galaxy.operations.all)
"""The same of the hub's own addresses."""


def pulp_routes(service: Service, authenticator: Authenticator, settings: Settings) -> list[HTTPRouteHandler]:
    """Every route of the dialect: Pulp's tree under each of its roots, and the hub's own addresses."""
    public_url = settings.server.public_url.rstrip("/")
    site = Site(public_url, urlsplit(public_url).path)
    door = Door(authenticator, settings.auth.required, settings.auth.session_ttl)
    is_local = settings.server.database_url.startswith("sqlite:")
    storage = local_storage(Path(settings.server.data_dir)) if is_local else remote_storage
    pulp = [*_PARTS, *status_operations(storage).all]
    found = []
    for root in ROOTS:
        tree = Tree(service, door, base_of(site.prefix, root), site)
        found += _tree(f"{root}{API}", tree, [*pulp, *_documents(pulp, tree)], _pulp_shape)
    for hub in galaxy.HUBS:
        base = Base(f"{site.prefix}{hub}pulp/{API}")
        tree = replace(Tree(service, door, base, site), default_limit=galaxy.DEFAULT_LIMIT, most=galaxy.MOST)
        found += _tree(hub, tree, galaxy.operations.all, galaxy.errors_body)
    return found


def _tree(path: str, tree: Tree, operations: Sequence[Operation], shape: Shape) -> list[HTTPRouteHandler]:
    """The operations below a path, and what answers for all that is not there."""
    by_path: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_path[operation.path].append(operation)
    handlers = [
        route(path + re.sub(r"\{(\w+)\}", r"{\1:str}", below), tree, found, shape) for below, found in by_path.items()
    ]
    nowhere = [path.removesuffix("/")] if "" not in by_path else []
    return [*handlers, *(route(each, tree, [_NOWHERE], shape) for each in (*nowhere, f"{path}{{rest:path}}"))]


async def _nowhere(call: Call) -> Reply:  # noqa: ARG001 - an operation's handler
    raise NOT_FOUND


_NOWHERE = Operation(
    method="GET", path="", id="nowhere", summary="", handler=_nowhere, answers=(Answer(404),), is_open=True
)


def _pulp_shape(refused: Refused) -> Any:
    return refused.body


def _documents(operations: Sequence[Operation], tree: Tree) -> list[Operation]:
    """The address of the tree's own documentation."""
    found = Operations()
    described = msgspec.json.encode(document(operations, tree.base.path, tree.site.public_url))

    @found("GET", "docs/api.json", id="docs_read", summary="OpenAPI", answers=(Answer(200),), is_open=True)
    async def read_document(call: Call) -> Reply:  # noqa: ARG001 - an operation's handler
        """Made once; it changes only with the server."""
        headers = [
            ("content-type", "application/vnd.oai.openapi+json"),
            ("content-disposition", 'inline; filename="Pulp 3 API.json"'),
            ("cache-control", f"max-age={_DAYS_100}"),
        ]
        return Reply(200, described, headers)

    return found.all
