"""An endpoint: a handler with everything that its callers and its documentation need to know."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Request
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import Struct

from taskward.auth import Principal
from taskward.http.access import Access
from taskward.http.validation import Malformed, QueryShape, Shape, UnsupportedMedia
from taskward.model.errors import InvalidFilter, NotFound
from taskward.service import Ref, Service
from taskward.settings import Settings

_encode = msgspec.json.Encoder().encode
_LARGEST_NUMBER = 2**63 - 1
_BODILESS = frozenset({204, 304})

Headers = Mapping[str, str]


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


@dataclass(frozen=True)
class Header:
    """A request header that an endpoint reads."""

    name: str
    description: str
    example: str


@dataclass(frozen=True)
class Answer:
    """One of an endpoint's answers. `body` is a type for JSON, or a media type for anything else."""

    status: int
    description: str
    body: Any = None
    media: str = "application/json"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """How an address answers to a method. `path` has parameters in braces and may end in `:verb`."""

    method: str
    path: str
    handler: "Handler"
    summary: str
    tag: str
    answers: tuple[Answer, ...]
    query: QueryShape
    body: Shape | None = None
    body_optional: bool = False
    headers: tuple[Header, ...] = ()
    errors: tuple[int, ...] = ()
    is_public: bool = False
    is_audited: bool = True
    """Whether the audit trail keeps who asked, where the method is unsafe."""


Handler = Callable[["Call[Any, Any]"], Awaitable[ASGIApp]]
H = TypeVar("H", bound=Callable[..., Awaitable[ASGIApp]])


class Routes:
    """The endpoints of one noun, collected as they are declared."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def __call__(
        self,
        method: str,
        path: str,
        summary: str,
        *answers: Answer,
        query: type[Struct] = NoQuery,
        body: Any = None,
        body_optional: bool = False,
        headers: tuple[Header, ...] = (),
        errors: tuple[int, ...] = (),
        is_public: bool = False,
        is_audited: bool = True,
    ) -> Callable[[H], H]:
        """Declares the function below it as the handler; its docstring becomes the description."""

        def declare(handler: H) -> H:
            self.endpoints.append(
                Endpoint(
                    method=method,
                    path=path,
                    handler=handler,
                    summary=summary,
                    tag=self.tag,
                    answers=answers,
                    query=QueryShape(query),
                    body=body if body is None or isinstance(body, Shape) else Shape(body),
                    body_optional=body_optional,
                    headers=headers,
                    errors=errors,
                    is_public=is_public,
                    is_audited=is_audited,
                )
            )
            return handler

        return declare


Q = TypeVar("Q")
B = TypeVar("B")


class Call(Generic[Q, B]):
    """One request to an endpoint: who asks, and what."""

    __slots__ = ("body", "house", "principal", "query", "request")

    def __init__(
        self, request: Request[Any, Any, Any], house: "House", principal: Principal, query: Q, body: B
    ) -> None:
        self.request = request
        self.house = house
        self.principal = principal
        self.query = query
        self.body = body

    @property
    def service(self) -> Service:
        """What the caller may do."""
        return self.house.service

    @property
    def site(self) -> "Site":
        """Where the API is."""
        return self.house.site

    def name(self, parameter: str = "name") -> str:
        """A parameter of the path."""
        value: str = self.request.scope["path_params"][parameter]
        return value

    @property
    def ref(self) -> Ref:
        """The task that the path names. Raises NotFound for what is neither an id nor a number."""
        return parse_ref(self.name("task"))

    def header(self, name: str) -> str:
        """A request header; empty when it is absent."""
        wanted = name.encode()
        for key, value in self.request.scope["headers"]:
            if key == wanted:
                return value.decode("latin-1")
        return ""


@dataclass(frozen=True)
class Site:
    """Where the API is, for the links in its answers. Without a public URL they follow the request."""

    public_url: str = ""
    prefix: str = ""
    """The path of the public URL, before `/v1`."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        public_url = settings.server.public_url.rstrip("/")
        return cls(public_url, urlsplit(public_url).path)

    def absolute(self, request: Request[Any, Any, Any], path: str) -> str:
        """The whole URL of a path that begins with the prefix."""
        if self.public_url:
            return self.public_url.removesuffix(self.prefix) + path
        scope = request.scope
        host = next((value.decode("latin-1") for key, value in scope["headers"] if key == b"host"), None)
        if host is None:
            server = scope.get("server") or ("localhost", None)
            host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
        return f"{scope['scheme']}://{host}{path}"


@dataclass(frozen=True)
class House:
    """What every endpoint works with."""

    service: Service
    access: Access
    site: Site


def parse_ref(text: str) -> Ref:
    """A task's id or number. Raises NotFound for anything else."""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= _LARGEST_NUMBER:
        return int(text)
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("task", text, hint="a task is named by its id, a UUID, or by its number") from None


async def read_body(request: Request[Any, Any, Any], shape: Shape, *, optional: bool) -> Any:
    """The decoded body. Raises Malformed, UnsupportedMedia, Invalid; and 413 when it is too long."""
    raw = await raw_body(request)
    if not raw:
        if optional:
            return shape.kind()
        raise Malformed("a JSON body is needed here")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMedia(f"the body must be application/json, not {media or 'without a Content-Type'}")
    return shape.decode(raw)


async def raw_body(request: Request[Any, Any, Any]) -> bytes:
    """The bytes of the body. Refused by what it says of its length, and at the latest by what comes."""
    limit = request.route_handler.resolve_request_max_body_size() or 0
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > limit:
        raise RequestEntityTooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] != "http.request":
            raise Malformed("the request ended before its body did")
        parts.append(message["body"])
        size += len(message["body"])
        if size > limit:
            raise RequestEntityTooLarge
        if not message.get("more_body"):
            return b"".join(parts)


class Reply:
    """A whole answer in two messages: a framework's response object costs more than all that it is asked for here."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Iterable[tuple[str, str]]) -> None:
        self.status = status
        self.body = body
        self.headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers]
        if status not in _BODILESS:
            self.headers.append((b"content-length", b"%d" % len(body)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Sends it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def reply(status: int, body: Any = None, headers: Headers | None = None) -> ASGIApp:
    """A JSON answer, or one without a body."""
    given = () if headers is None else headers.items()
    if body is None:
        return Reply(status, b"", given)
    return Reply(status, _encode(body), (("content-type", "application/json"), *given))


def reply_text(text: str, media: str, headers: Headers | None = None) -> ASGIApp:
    """An answer that is not JSON."""
    given = () if headers is None else headers.items()
    return Reply(200, text.encode(), [("content-type", f"{media}; charset=utf-8"), *given])


def versions(header: str, name: str) -> Sequence[int] | None:
    """The versions in an `If-Match` or `If-None-Match`; None for `*`. Raises InvalidFilter."""
    if header.strip() == "*":
        return None
    found = []
    for part in header.split(","):
        tag = part.strip().removeprefix("W/")
        digits = tag[1:-1]
        if len(tag) < 3 or tag[0] != '"' or tag[-1] != '"':
            raise InvalidFilter(name, 'must hold entity tags as given in ETag, such as "3"')
        # A tag that is not a version of ours matches none.
        found.append(int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else -1)
    return found
