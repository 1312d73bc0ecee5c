"""ScyllaDB's task manager, as its clients know it: `/task_manager`, and `/task_manager_test` where that is wanted."""

from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from taskward.auth import Authenticator
from taskward.http.access import Access
from taskward.http.addresses import Addresses, below, by_path, refusing
from taskward.http.scylla import rehearsal, tasks
from taskward.http.scylla.access import scylla_access
from taskward.http.scylla.call import Call, Dialect, Route
from taskward.http.scylla.document import documents
from taskward.http.scylla.editions import EDITIONS
from taskward.http.scylla.errors import Refused, answer
from taskward.http.scylla.nodes import Nodes
from taskward.service import Service
from taskward.settings import Settings

_ROOTS = ("/task_manager", "/task_manager_test", "/api-doc")


def scylla_routes(service: Service, authenticator: Authenticator, settings: Settings) -> list[HTTPRouteHandler]:
    """The dialect's addresses; everything below them is answered in its way, also what is not there."""
    dialect = Dialect(service, EDITIONS[settings.scylla.edition], Nodes(service.store.workers))
    letting_in = scylla_access(Access.of(authenticator, settings), settings)
    declared = [*tasks.routes.all, *(rehearsal.routes.all if settings.scylla.test_api else ())]
    served = [route for route in declared if route.since <= dialect.edition.name]
    routes = by_path([*served, *documents(served, dialect.edition)])
    addresses: Addresses[dict[str, Route]] = Addresses(routes | {f"{root}/...": {} for root in _ROOTS})

    async def serve(request: Request[Any, Any, Any]) -> ASGIApp:
        by_method = addresses.find(request)
        if request.method not in by_method:
            raise Refused(404, "Not found")
        principal = await letting_in.principal(request)
        return await by_method[request.method].handler(Call(request, dialect, principal))

    return [below(_ROOTS, refusing(serve, answer))]
