"""Pulp's task API, and the Galaxy hub's, which is built on it.

Dialects translate and never decide: what a request means is found here, what comes of it in the service.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from taskward.auth import Authenticator
from taskward.http.access import Access
from taskward.http.addresses import Addresses, below, by_path
from taskward.http.endpoint import Reply, Site
from taskward.http.pulp import galaxy, groups, login, schedules, tasks, workers
from taskward.http.pulp.access import with_pulps_session
from taskward.http.pulp.document import document
from taskward.http.pulp.endpoint import Answer, Call, Desk, Operation, Operations, Shape, Tree
from taskward.http.pulp.errors import Refused
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
    site = Site.of(settings)
    access = with_pulps_session(Access.of(authenticator, settings))
    is_local = settings.server.database_url.startswith("sqlite:")
    storage = local_storage(Path(settings.server.data_dir)) if is_local else remote_storage
    pulp = [*_PARTS, *status_operations(storage).all]
    desks: dict[str, Desk] = {}
    for root in ROOTS:
        tree = Tree(service, access, base_of(site.prefix, root), site)
        desks[f"{root}..."] = Desk(tree, {}, _pulp_shape)
        desks |= _desks(f"{root}{API}", tree, [*pulp, *_documents(pulp, tree)], _pulp_shape)
    for hub in galaxy.HUBS:
        base = Base(f"{site.prefix}{hub}pulp/{API}")
        tree = Tree(service, access, base, site, default_limit=galaxy.DEFAULT_LIMIT, most=galaxy.MOST)
        desks[f"{hub}..."] = Desk(tree, {}, galaxy.errors_body)
        desks |= _desks(hub, tree, galaxy.operations.all, galaxy.errors_body)
    addresses = Addresses(desks)

    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        return await addresses.find(request).serve(request)

    return [below([root.rstrip("/") for root in ("/pulp/", *galaxy.HUBS)], serve)]


def _desks(root: str, tree: Tree, operations: Sequence[Operation], shape: Shape) -> dict[str, Desk]:
    return {
        f"{root}{path}".rstrip("/"): Desk(tree, by_method, shape) for path, by_method in by_path(operations).items()
    }


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
