"""The ASGI application: routes, errors, limits, and what is measured on the way."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, HTTPScope, Message

from taskward.auth import HOUSE, Authenticator
from taskward.http.access import SAFE, Access, caller
from taskward.http.endpoint import Call, Endpoint, House, Site, read_body, reply, reply_text
from taskward.http.metrics import Metrics
from taskward.http.native import ENDPOINTS
from taskward.http.openapi import document
from taskward.http.problems import Problems, kinds
from taskward.http.website import built_console, is_browser_at_the_door, to_console, website_routes
from taskward.model.errors import NotFound
from taskward.service import Service
from taskward.service.audit import AuditTrail
from taskward.settings import Settings

_PATH_KEPT = 500
"""Characters of a path in the audit trail."""
MAX_BODY_BYTES = 16 * 1024 * 1024

_DOCS_POLICY = "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
_METHODS = {"GET": ["GET", "HEAD"]}


class Application(Litestar):
    """Litestar, with addresses that end in `:verb`, a histogram of its answers, and the correlation id sent back."""

    metrics: Metrics
    verbs: frozenset[str]
    door: ASGIApp | None = None
    """Where browsers go from `/`."""
    audit: AuditTrail
    unaudited: frozenset[str]
    """Templates of paths whose unsafe requests leave no trace."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if self.door is not None and is_browser_at_the_door(scope):
            await self.door(scope, receive, send)
            return
        began = time.perf_counter()
        path = scope["path"]
        head, colon, verb = path.rpartition(":")
        if colon and path.startswith("/v1/") and (verb in self.verbs or scope["method"] == "POST") and "/" not in verb:
            # The router knows whole segments only; what is no verb has no route.
            scope["path"] = f"{head}/:{verb}"
        correlation = next((value for name, value in scope["headers"] if name == b"correlation-id"), None)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                if correlation is not None and all(name != b"correlation-id" for name, _ in message["headers"]):
                    message["headers"] = [*message["headers"], (b"correlation-id", correlation)]
                route = scope.get("path_template") or "(none)"
                self.metrics.observe(scope["method"], route, message["status"], time.perf_counter() - began)
                if scope["method"] not in SAFE and route not in self.unaudited:
                    self._keep_trace(scope, path, message["status"])
            await send(message)

        await super().__call__(scope, receive, answer)

    def _keep_trace(self, scope: HTTPScope, path: str, status: int) -> None:
        """Of what nobody was let in for there is no trace: it has done nothing, and would have no end."""
        principal = caller(scope)
        if principal is not None:
            address = scope["client"][0] if scope["client"] else ""
            headers = dict(scope["headers"])
            correlation_id = headers.get(b"correlation-id", b"").decode("latin-1")
            self.audit.note(
                principal, scope["method"], path[:_PATH_KEPT], status, address=address, correlation_id=correlation_id
            )


def create_app(
    service: Service,
    authenticator: Authenticator,
    settings: Settings,
    extra_routes: Sequence[ControllerRouterHandler] = (),
) -> Application:
    """The application of one server. `extra_routes` are routers with their own errors and authentication."""
    house = House(service, Access.of(authenticator, settings), Site.of(settings))
    metrics = Metrics()
    endpoints = ENDPOINTS if settings.dialects.native else ()

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        yield
        await service.close()
        await authenticator.close()

    application = Application(
        route_handlers=[
            *(_route(endpoint, house) for endpoint in endpoints),
            *_open_routes(house, metrics, endpoints),
            *(website_routes(built_console(), house.site.prefix) if settings.dialects.native else ()),
            *extra_routes,
        ],
        exception_handlers=Problems(house.site.public_url).handlers(),
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
        lifespan=[lifespan],
    )
    application.metrics = metrics
    application.audit = service.audit
    application.unaudited = frozenset(_template(each.path) for each in endpoints if not each.is_audited)
    application.door = to_console(house.site.prefix) if settings.dialects.native else None
    application.verbs = frozenset(endpoint.path.partition(":")[2] for endpoint in endpoints if ":" in endpoint.path)
    return application


def _template(path: str) -> str:
    """As the router tells it of a request: a parameter is a whole segment for it, and so is a verb."""
    path, _, verb = path.partition(":")
    return "/v1" + path + (f"/:{verb}" if verb else "")


def _route(endpoint: Endpoint, house: House) -> HTTPRouteHandler:
    path = _template(endpoint.path).replace("}", ":str}")
    parse, shape, optional, handler = endpoint.query.parse, endpoint.body, endpoint.body_optional, endpoint.handler
    is_public = endpoint.is_public

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        principal = HOUSE if is_public else await house.access.principal(request)
        scope = request.scope
        if "\0" in scope["path"]:
            raise NotFound("name", repr(scope["path"]))
        query = parse(scope["query_string"])
        body = None if shape is None else await read_body(request, shape, optional=optional)
        return await handler(Call(request, house, principal, query, body))

    return _handler(path, endpoint.method, handle)


def _handler(path: str, method: str, function: Callable[..., Any]) -> HTTPRouteHandler:
    methods: Any = _METHODS.get(method, [method])
    return HTTPRouteHandler(path, http_method=methods, status_code=200)(function)


def _open_routes(house: House, metrics: Metrics, endpoints: Sequence[Endpoint]) -> list[HTTPRouteHandler]:
    """What needs no credential: documentation, probes, metrics."""
    described = msgspec.json.encode(document(endpoints, house.site.public_url))
    page = files("taskward.http").joinpath("docs.html").read_text()
    problems = kinds()

    async def openapi() -> ASGIApp:
        return reply(200, msgspec.Raw(described))

    async def docs() -> ASGIApp:
        return reply_text(page, "text/html", {"Content-Security-Policy": _DOCS_POLICY})

    async def problem(request: Request[Any, Any, Any]) -> ASGIApp:
        name = request.scope["path_params"]["name"]
        if name not in problems:
            raise NotFound("kind of problem", name)
        kind = problems[name]
        return reply(200, {"title": kind.title, "status": kind.status, "description": kind.__doc__})

    async def healthz() -> ASGIApp:
        return reply(200, {"status": "ok"})

    async def readyz() -> ASGIApp:
        await house.service.store.check()
        return reply(200, {"status": "ready"})

    async def prometheus() -> ASGIApp:
        return reply_text(await metrics.text(house.service), "text/plain; version=0.0.4")

    return [
        _handler("/v1/openapi.json", "GET", openapi),
        _handler("/v1/docs", "GET", docs),
        _handler("/v1/problems/{name:str}", "GET", problem),
        _handler("/healthz", "GET", healthz),
        _handler("/readyz", "GET", readyz),
        _handler("/metrics", "GET", prometheus),
    ]
