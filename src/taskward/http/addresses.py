"""The addresses of an API that others have drawn: the router knows its roots alone, and all below them is found here.

So what is not there, and a method that an address does not take, are answered in that API's own way.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Method

METHODS: tuple[Method, ...] = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

T = TypeVar("T")

Serve = Callable[[Request[Any, Any, Any]], Awaitable[ASGIApp]]
Refuse = Callable[[Request[Any, Any, Any], Exception], ASGIApp]
"""The answer to a request that raised."""


class Declared(Protocol):
    """What is declared for a method at an address."""

    @property
    def method(self) -> str:
        """In capitals."""
        ...

    @property
    def path(self) -> str:
        """A template, as `Addresses` takes it, or what comes behind a root."""
        ...


D = TypeVar("D", bound=Declared)


def by_path(routes: Iterable[D]) -> dict[str, dict[str, D]]:
    """Routes by their path, and those of one path by their method."""
    found: dict[str, dict[str, D]] = {}
    for route in routes:
        found.setdefault(route.path, {})[route.method] = route
    return found


class Addresses(Generic[T]):
    """What serves each path. Templates begin with a slash and end without one.

    `{name}` in a template is one segment of the path. A template that ends in `/...` serves its root and all below it
    that no other template does; of several the longest. Of two that match, a template without parameters wins.
    """

    def __init__(self, served: Mapping[str, T]) -> None:
        self._exact: dict[str, T] = {}
        self._patterns: list[tuple[re.Pattern[str], str, T]] = []
        self._below: list[tuple[str, T]] = []
        for template, server in served.items():
            if template.endswith("/..."):
                self._below.append((template, server))
            elif "{" in template:
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
                self._patterns.append((re.compile(pattern), template, server))
            else:
                self._exact[template] = server
        self._below.sort(key=lambda place: len(place[0]), reverse=True)

    def find(self, request: Request[Any, Any, Any]) -> T:
        """What serves the request; its `path_params` become those of the template.

        Raises LookupError for a path that is below none of the templates.
        """
        scope = request.scope
        # The histogram of answers goes by template.
        server, scope["path_template"], scope["path_params"] = self._find(scope["path"])
        return server

    def _find(self, path: str) -> tuple[T, str, dict[str, str]]:
        if path in self._exact:
            return self._exact[path], path, {}
        for pattern, template, server in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return server, template, match.groupdict()
        for template, server in self._below:
            if f"{path}/".startswith(template.removesuffix("...")):
                return server, template, {}
        raise LookupError(path)


def below(roots: Iterable[str], serve: Serve) -> HTTPRouteHandler:
    """What the router calls for these roots and everything below them, for all methods.

    What `serve` raises is answered in the way of the native API: see `refusing`.
    """

    async def handle(request: Request[Any, Any, Any]) -> ASGIApp:
        return await serve(request)

    paths = [path for root in roots for path in (root, f"{root}/{{rest:path}}")]
    return HTTPRouteHandler(paths, http_method=list(METHODS), status_code=200)(handle)


def refusing(serve: Serve, refuse: Refuse) -> Serve:
    """As `serve`, but `refuse` answers for what it raises."""

    async def answered(request: Request[Any, Any, Any]) -> ASGIApp:
        try:
            return await serve(request)
        except Exception as error:  # noqa: BLE001 - `refuse` knows every error, and writes down those not meant
            return refuse(request, error)

    return answered
