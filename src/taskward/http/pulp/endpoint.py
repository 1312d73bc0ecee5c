"""Operations: what each address of the API does by method, declared once for the routes and for their documentation."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import msgspec
import structlog
from litestar import Request
from litestar.exceptions import HTTPException

from taskward.auth import HOUSE, Principal
from taskward.http.access import Access
from taskward.http.addresses import METHODS
from taskward.http.endpoint import Reply, Site
from taskward.http.pulp import query
from taskward.http.pulp.access import challenge, enter
from taskward.http.pulp.errors import FORBIDDEN, NOT_FOUND, Refused, no_method, translated
from taskward.http.pulp.filters import Filters
from taskward.http.pulp.words import Base
from taskward.model.errors import TaskwardError
from taskward.service import Service

_log = structlog.get_logger(__name__)

_encode = msgspec.json.Encoder().encode
_GUID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Answer:
    """One of an operation's answers; `body` is a type, or None for an answer without one."""

    status: int
    body: Any = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What an address does for one method. `path` is below the base and has its parameters in braces."""

    method: str
    path: str
    id: str
    summary: str
    handler: "Handler"
    answers: tuple[Answer, ...]
    noun: str = "Task"
    """What is not there when nothing is found."""
    filters: Filters[Any] | None = None
    pages: bool = False
    selects: bool = False
    body: Any = None
    is_open: bool = False
    """Whether it needs no credential."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Query parameters of its own, with their descriptions."""

    @property
    def description(self) -> str:
        """From the handler's docstring."""
        return self.handler.__doc__ or ""


Handler = Callable[["Call"], Awaitable[Reply]]
H = TypeVar("H", bound=Callable[..., Awaitable[Reply]])


class Operations:
    """The operations of one noun, collected as they are declared."""

    def __init__(self) -> None:
        self.all: list[Operation] = []

    def __call__(self, method: str, path: str, **members: Any) -> Callable[[H], H]:
        """Declares the function below as the handler."""

        def declare(handler: H) -> H:
            self.all.append(Operation(method=method, path=path, handler=handler, **members))
            return handler

        return declare


@dataclass(frozen=True)
class Tree:
    """One of the places where the API is, with what its operations work with."""

    service: Service
    access: Access
    base: Base
    site: Site
    default_limit: int = query.DEFAULT_LIMIT
    most: int = query.MOST

    @property
    def prefix(self) -> str:
        """What a proxy puts before every path."""
        return self.site.prefix


class Call:
    """One request to an operation."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        tree: Tree,
        operation: Operation,
        principal: Principal,
        correlation_id: str,
    ) -> None:
        self.request = request
        self.tree = tree
        self.operation = operation
        self.principal = principal
        self.correlation_id = correlation_id

    @property
    def service(self) -> Service:
        """What the caller may do."""
        return self.tree.service

    @property
    def base(self) -> Base:
        """Where the tree is."""
        return self.tree.base

    @cached_property
    def query(self) -> query.Query:
        """The query string. Raises Refused."""
        return query.read(self.request.scope["query_string"], self.tree.default_limit, self.tree.most)

    @cached_property
    def asked(self) -> tuple[Any, list[tuple[str, bool]]]:
        """What the filters say, and the keys of the order. Raises Refused."""
        filters = self.operation.filters
        if filters is None:
            # Where nothing can be filtered, Pulp lets anything pass.
            return None, []
        return filters.read(self.query.values, self.query.ordering)

    @property
    def id(self) -> UUID:
        """The id in the path. Raises Refused."""
        try:
            return UUID(self.request.scope["path_params"]["id"])
        except ValueError:
            raise NOT_FOUND from None

    @property
    def url(self) -> str:
        """The whole URL of the request, without its query."""
        return self.tree.site.absolute(self.request, self.path)

    @property
    def path(self) -> str:
        """The path of the request as clients see it."""
        return f"{self.tree.prefix}{self.request.scope['path']}/"

    async def body(self) -> dict[str, Any]:
        """The members of the body. Raises Refused."""
        return query.body_of(await self.request.body(), self.request.headers.get("content-type", ""))


def no_content(status: int = 204) -> Reply:
    """An answer without a body."""
    return Reply(status, b"", ())


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """A JSON answer, whose media type Pulp's clients compare as it is: without a charset."""
    return Reply(status, _encode(body), [("content-type", "application/json"), *(headers or {}).items()])


Shape = Callable[[Refused], Any]
"""How the body of a refusal is written."""


class Desk:
    """Serves one address of a tree: the method decides, and what goes wrong is answered in the API's own way.

    Where there are no operations there is nothing.
    """

    def __init__(self, tree: Tree, by_method: Mapping[str, Operation], shape: Shape) -> None:
        self._tree = tree
        self._shape = shape
        self._by_method = dict(by_method)
        if "GET" in self._by_method:
            self._by_method["HEAD"] = self._by_method["GET"]
        allowed = [*(method for method in METHODS if method in self._by_method), "OPTIONS"]
        self._usual = ((b"allow", ", ".join(allowed).encode()), (b"vary", b"Accept"), *_SAFEGUARDS)

    async def serve(self, request: Request[Any, Any, Any]) -> Reply:
        """The answer, whatever happens."""
        correlation_id = guid(request.headers.get("correlation-id", ""))
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            reply = await self._answered(request, correlation_id)
        told = correlation_id.encode()
        reply.headers += [*self._usual, (b"correlation-id", told), _EXPOSED]
        return reply

    async def _answered(self, request: Request[Any, Any, Any], correlation_id: str) -> Reply:
        if not self._by_method:
            return self._refusal(request, NOT_FOUND)
        scope = request.scope
        method, path = scope["method"], scope["path"]
        # The router takes slashes off the end of the path.
        if not scope["raw_path"].endswith((b"/", b".json")):
            return self._with_slash(scope)
        operation = self._by_method.get(method)
        noun = "" if operation is None else operation.noun
        try:
            principal = HOUSE if operation and operation.is_open else await enter(self._tree.access, request)
            if operation is None:
                return self._refusal(request, FORBIDDEN if method == "OPTIONS" else no_method(method))
            return await operation.handler(Call(request, self._tree, operation, principal, correlation_id))
        except Refused as error:
            refused = error
        except TaskwardError as error:
            refused = translated(error, noun)
        except HTTPException as error:
            refused = Refused(error.status_code, "error", [error.detail])
        except Exception:  # noqa: BLE001 - written to the log, and told as what it is
            _log.exception("request failed", method=method, path=path)
            refused = Refused(500, "error", ["A server error occurred."])
        return self._refusal(request, refused)

    def _with_slash(self, scope: Any) -> Reply:
        found = scope["query_string"].decode("latin-1")
        place = f"{self._tree.prefix}{scope['path']}/" + (f"?{found}" if found else "")
        return Reply(301, b"", [("location", quote(place, safe="/:?&=%+,;@!$'()*~[]"))])

    def _refusal(self, request: Request[Any, Any, Any], refused: Refused) -> Reply:
        headers = {}
        if refused.status == 401:
            headers["www-authenticate"] = challenge(request)
        elif refused.status == 503:
            headers["retry-after"] = "1"
        return answer(self._shape(refused), refused.status, headers)


_SAFEGUARDS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"))
_EXPOSED = (b"access-control-expose-headers", b"Correlation-ID")


def guid(given: str) -> str:
    """The caller's correlation id if it is a GUID, else a new one."""
    return given if _GUID.fullmatch(given) else uuid4().hex
