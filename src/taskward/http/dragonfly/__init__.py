"""Dragonfly's task manager, as its clients and its console know it: `/oapi/v1` and `/api/v1`.

Dialects translate and never decide: jobs are tasks of the module `cache`, personal access tokens those of the house.
"""

from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from taskward.auth import HOUSE, Authenticator
from taskward.http.access import Access
from taskward.http.addresses import Addresses, Serve, below, by_path, refusing
from taskward.http.dragonfly import clusters, jobs, people
from taskward.http.dragonfly.access import DragonflyAccess
from taskward.http.dragonfly.call import Call, Dialect
from taskward.http.dragonfly.errors import answer, moved_home
from taskward.http.dragonfly.inventory import Inventory
from taskward.http.endpoint import Reply, Site
from taskward.service import Service
from taskward.settings import ClusterSettings, Settings

OPEN, CONSOLE = "/oapi/v1", "/api/v1"

_OPEN_ROUTES = (*jobs.ROUTES, *clusters.OPEN_ROUTES)
_CONSOLE_ROUTES = (*_OPEN_ROUTES, *clusters.CONSOLE_ROUTES, *people.ROUTES)


def dragonfly_routes(
    service: Service, authenticator: Authenticator, settings: Settings, cluster_settings: Sequence[ClusterSettings]
) -> list[HTTPRouteHandler]:
    """The dialect's addresses; everything below them is answered in its way, also what is not there."""
    access = Access.of(authenticator, settings)
    dialect = Dialect(service, access, Site.of(settings), tuple(cluster_settings), Inventory(service))
    letting_in = DragonflyAccess(access)
    addresses = Addresses(
        {
            f"{root}{path}": by_method
            for root, routes in ((OPEN, _OPEN_ROUTES), (CONSOLE, _CONSOLE_ROUTES))
            for path, by_method in (by_path(routes) | {"/...": {}}).items()
        }
    )

    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        route = addresses.find(request).get(request.method)
        if route is None:
            return moved_home()
        if route.is_public:
            principal = HOUSE
        elif request.scope["path"].startswith(OPEN):
            principal = await letting_in.open_api(request, route.opens)
        else:
            principal = await letting_in.console(request)
        return await route.handler(Call(request, dialect, principal))

    return [below([OPEN, CONSOLE], _naming_server(refusing(serve, answer)))]


def _naming_server(serve: Serve) -> Serve:
    """As `serve`, and each answer says which server gave it: its IPv4 address, and after a comma the IPv6 one."""

    async def named(request: Request[Any, Any, Any]) -> ASGIApp:
        reply = await serve(request)
        if isinstance(reply, Reply):
            host = (request.scope.get("server") or ("", None))[0]
            four, six = ("", host) if ":" in host else (host, "")
            reply.headers.append((b"x-server-ip", f"{four}, {six}".encode()))
        return reply

    return named
