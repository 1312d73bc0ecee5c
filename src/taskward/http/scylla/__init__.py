"""ScyllaDB's task manager, as its clients know it: `/task_manager`, and `/task_manager_test` where that is wanted."""

from collections.abc import Sequence
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from taskward.auth import Authenticator
from taskward.http.access import Access
from taskward.http.scylla import rehearsal, tasks
from taskward.http.scylla.access import ScyllaAccess
from taskward.http.scylla.call import Call, Dialect, Route
from taskward.http.scylla.editions import EDITIONS
from taskward.http.scylla.errors import Refused, answer
from taskward.http.scylla.nodes import Nodes
from taskward.model.errors import TaskwardError
from taskward.service import Service
from taskward.settings import Settings

_METHODS: Any = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def scylla_routes(service: Service, authenticator: Authenticator, settings: Settings) -> list[HTTPRouteHandler]:
    """The dialect's addresses; everything below them is answered in its way, also what is not there."""
    dialect = Dialect(service, EDITIONS[settings.scylla.edition], Nodes(service.store.workers))
    access = Access(authenticator, settings.auth.required, settings.auth.session_ttl)
    letting_in = ScyllaAccess.of(access, settings)
    served = [*tasks.ROUTES, *(rehearsal.ROUTES if settings.scylla.test_api else ())]
    routes = [route for route in served if route.since <= dialect.edition.name]

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        route, name = _find(routes, request.method, request.scope["path"])
        # The histogram of answers goes by route.
        request.scope["path_template"] = route.path
        principal = await letting_in.principal(request)
        return await route.handler(Call(request, dialect, principal, name))

    prefixes = ["/task_manager", "/task_manager_test"]
    paths = [path for prefix in prefixes for path in (prefix, f"{prefix}/{{rest:path}}")]
    # The application has handlers of its own for the first two, which would go before one for any exception.
    handlers: dict[int | type[Exception], Any] = dict.fromkeys([TaskwardError, HTTPException, Exception], answer)
    return [HTTPRouteHandler(paths, http_method=_METHODS, status_code=200, exception_handlers=handlers)(handle)]


def _find(routes: Sequence[Route], method: str, path: str) -> tuple[Route, str]:
    """The route of a request, and its parameter. Raises Refused."""
    path = path.removesuffix("/")
    for route in routes:
        name = route.match(method, path)
        if name is not None:
            return route, name
    raise Refused(404, "Not found")
