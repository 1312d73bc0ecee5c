"""The Task Engine's API, as its clients know it: `/job`, `/jobs`, `/logs`, `/settings` and what is beside them."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from taskward.auth import HOUSE, Authenticator
from taskward.http.access import Access
from taskward.http.addresses import Addresses, below, by_path, refusing
from taskward.http.anonymous import READER
from taskward.http.endpoint import Site
from taskward.http.task_engine import jobs, logs, schedules, settings, status
from taskward.http.task_engine.access import Door
from taskward.http.task_engine.call import Call, read_object
from taskward.http.task_engine.errors import Refused, answer
from taskward.service import Service
from taskward.settings import Settings

_ROUTES = (*status.ROUTES, *jobs.ROUTES, *logs.ROUTES, *schedules.ROUTES, *settings.ROUTES)
_ROOTS = ("/health", "/dashboard", "/job", "/jobs", "/logs", "/schedules", "/scheduler", "/settings")


def task_engine_routes(service: Service, authenticator: Authenticator, settings: Settings) -> list[HTTPRouteHandler]:
    """The dialect's addresses; everything below them is answered in its way, also what is not there."""
    door = Door(Access.of(authenticator, settings), settings)
    site = Site.of(settings)
    addresses = Addresses(by_path(_ROUTES) | {f"{root}/...": {} for root in _ROOTS})

    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        by_method = addresses.find(request)
        route = by_method.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            if not by_method:
                raise Refused(404, "there is nothing at this address")
            request.scope["state"]["allow"] = ", ".join(sorted(by_method))
            raise Refused(405, f"{request.method} is not allowed here")
        if route.path == "/":
            return await route.handler(Call(request, service, site, HOUSE, {}))
        if route.has_body:
            await door.knock(request)
        body = await read_object(request) if route.has_body else {}
        principal = await (door.enter_open(request) if route.is_open else door.enter(request, body))
        return await route.handler(Call(request, service, site, principal, body, is_open=principal is READER))

    served = refusing(serve, answer)

    async def root(request: Request[Any, Any, Any]) -> ASGIApp:
        return await served(request)

    return [HTTPRouteHandler("/", http_method=["GET", "HEAD"], status_code=200)(root), below(_ROOTS, served)]
