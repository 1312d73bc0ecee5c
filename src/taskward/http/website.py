"""The web console: its built files below `/console/`, and the way there for browsers."""

import gzip
import hashlib
import mimetypes
import secrets
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope
from msgspec import Struct

from taskward.http.endpoint import Reply

PATH = "/console/"

_NONCE_MARK = b"CONSOLE_NONCE"
_BASE_MARK = b'<base href="/console/"'
_HASHED = "assets/"
"""What lies below has its content's hash in its name."""
_PACKED = (".js", ".css", ".svg", ".html", ".json", ".map", ".txt", ".webmanifest")
_LEAST_PACKED_BYTES = 1024
_ALWAYS = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
)
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self';"
    " frame-ancestors 'none'"
)
_NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Taskward</title>
<h1>The console was not built</h1>
<p>This copy of Taskward was installed from its sources, which hold the console unbuilt. In the folder of the sources
<code>make console</code> builds it. A released package carries it built.</p>
<p>The API is at <a href="../v1/docs">/v1/docs</a>.</p>
</html>
"""


class File(Struct, frozen=True):
    """A built file as it is answered."""

    media: str
    body: bytes
    packed: bytes | None
    tag: str


class Console:
    """The files of the build, each read once. `prefix` is what a proxy puts before `/console/`."""

    def __init__(self, folder: Traversable, prefix: str = "") -> None:
        self._folder = folder
        self._base = f'<base href="{prefix}{PATH}"'.encode()
        self._files: dict[str, File | None] = {}

    def answer(self, request: Request[Any, Any, Any]) -> ASGIApp:
        """A file of the build; for every other path the page itself, whose own routes go on from there."""
        path = request.scope["path"].removeprefix("/console").lstrip("/")
        headers = dict(request.scope["headers"])
        file = self._file(path) if path and path != "index.html" else None
        if file is not None:
            return _answer_file(file, headers, is_hashed=path.startswith(_HASHED))
        if path.startswith(_HASHED):
            return Reply(404, b"", [*_ALWAYS, ("cache-control", "no-store")])
        page = self._file("index.html")
        if page is None:
            return Reply(404, _NOT_BUILT, _page_headers("default-src 'none'; frame-ancestors 'none'"))
        nonce = secrets.token_urlsafe(16)
        body = page.body.replace(_NONCE_MARK, nonce.encode()).replace(_BASE_MARK, self._base, 1)
        return Reply(200, body, _page_headers(_POLICY.format(nonce=nonce)))

    def _file(self, path: str) -> File | None:
        if path not in self._files:
            found = self._read(path)
            if found is None:
                # Only what is there is remembered: paths that are not have no end.
                return None
            self._files[path] = found
        return self._files[path]

    def _read(self, path: str) -> File | None:
        parts = PurePosixPath(path).parts
        if not parts or "\0" in path or "\\" in path or any(part in ("..", "/") for part in parts):
            return None
        try:
            body = self._folder.joinpath(*parts).read_bytes()
        except (OSError, ValueError):
            return None
        media = mimetypes.guess_type(path)[0] or "application/octet-stream"
        if path.endswith(".js"):
            media = "text/javascript"
        if media.startswith("text/"):
            media += "; charset=utf-8"
        packed = None
        if path.endswith(_PACKED) and len(body) >= _LEAST_PACKED_BYTES:
            packed = gzip.compress(body, 9, mtime=0)
        return File(media, body, packed, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def built_console() -> Traversable:
    """The folder that the build of `console/` writes; a wheel carries it."""
    return files("taskward.http").joinpath("console")


def website_routes(folder: Traversable, prefix: str) -> list[HTTPRouteHandler]:
    """What is below `/console`, of a build in this folder."""
    console = Console(folder, prefix)

    async def answer(request: Request[Any, Any, Any]) -> ASGIApp:
        return console.answer(request)

    return [
        HTTPRouteHandler(["/console", "/console/{path:path}"], http_method=["GET", "HEAD"], status_code=200)(answer)
    ]


def is_browser_at_the_door(scope: HTTPScope) -> bool:
    """Whether a person has typed the server's address: `/` is the console for them, whatever it is for programs."""
    if scope["path"] != "/" or scope["method"] not in ("GET", "HEAD"):
        return False
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return b"text/html" in accept


def to_console(prefix: str) -> ASGIApp:
    """The way there; not for good, as `/` may be something else for the next caller."""
    return Reply(307, b"", [("location", f"{prefix}{PATH}"), ("vary", "Accept"), ("cache-control", "no-store")])


def _page_headers(policy: str) -> list[tuple[str, str]]:
    return [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("cache-control", "no-store"),
        *_ALWAYS,
    ]


def _answer_file(file: File, headers: dict[bytes, bytes], *, is_hashed: bool) -> ASGIApp:
    told = [
        ("content-type", file.media),
        ("etag", file.tag),
        ("vary", "Accept-Encoding"),
        ("cache-control", "public, max-age=31536000, immutable" if is_hashed else "no-cache"),
        *_ALWAYS,
    ]
    if file.tag in headers.get(b"if-none-match", b"").decode("latin-1"):
        return Reply(304, b"", told)
    if file.packed is not None and b"gzip" in headers.get(b"accept-encoding", b""):
        return Reply(200, file.packed, [*told, ("content-encoding", "gzip")])
    return Reply(200, file.body, told)
