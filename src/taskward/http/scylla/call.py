"""One request to ScyllaDB's API, and the addresses that answer to it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.types import ASGIApp

from taskward.auth import Principal
from taskward.http.scylla.editions import Edition
from taskward.http.scylla.nodes import Nodes, is_address
from taskward.http.scylla.query import Query, parse_uuid
from taskward.http.scylla.words import NO_NODE
from taskward.service import Service
from taskward.service.sightings import Sighting


@dataclass(frozen=True)
class Dialect:
    """What every call works with."""

    service: Service
    edition: Edition
    nodes: Nodes


class Call:
    """Who asks, and what."""

    def __init__(self, request: Request[Any, Any, Any], dialect: Dialect, principal: Principal) -> None:
        self.request = request
        self.principal = principal
        self.query = Query(request.scope["query_string"])
        self.service = dialect.service
        self.edition = dialect.edition
        self._nodes = dialect.nodes

    @property
    def module(self) -> str:
        """The module that the address names."""
        name: str = self.request.scope["path_params"]["module"]
        return name

    @property
    def task_id(self) -> UUID:
        """The task that the address names. Raises Refused."""
        return parse_uuid(self.request.scope["path_params"]["task_id"])

    async def statuses(self, seen: Sequence[Sighting]) -> list[Any]:
        """On the wire."""
        counts = self.query.boolean("counts")
        server = self.request.scope.get("server")
        here = server[0] if server and is_address(server[0]) else NO_NODE
        node_of = await self._nodes.of(here, (row for one in seen for row in one.rows))
        return [self.edition.status(one, node_of, counts=counts) for one in seen]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query string, and its type in Swagger's words."""

    name: str
    type: str
    description: str
    required: bool = False


Handler = Callable[[Call], Awaitable[ASGIApp]]


@dataclass(frozen=True)
class Route:
    """An address and its method; `path` may have a parameter in braces. `answer` is a type in Swagger's words, and
    `[]` behind it makes it an array.
    """

    method: str
    path: str
    handler: Handler
    answer: str
    parameters: tuple[Parameter, ...]
    since: str
    """The first edition that has it."""

    @property
    def resource(self) -> str:
        """The first part of the path."""
        return self.path.split("/")[1]

    @property
    def summary(self) -> str:
        """From the handler's docstring."""
        return (self.handler.__doc__ or "").partition("\n")[0].rstrip(".")


class Routes:
    """The routes of a resource, collected as they are declared."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def __call__(
        self, method: str, path: str, answer: str = "void", *parameters: Parameter, since: str = "2024"
    ) -> Callable[[Handler], Handler]:
        """Declares the function below as the handler."""

        def declare(handler: Handler) -> Handler:
            self.all.append(Route(method, path, handler, answer, parameters, since))
            return handler

        return declare
