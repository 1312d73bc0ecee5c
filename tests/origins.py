"""An HTTP server whose files behave as a test says, and which counts the bytes of them that it sends."""

import hashlib
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MIB = 1024 * 1024


def some_bytes(length: int, seed: str = "") -> bytes:
    """Bytes that differ from piece to piece, and by seed."""
    block = hashlib.shake_256(seed.encode()).digest(MIB)
    blocks = (number.to_bytes(8, "big") + block[8:] for number in range(length // MIB + 1))
    return b"".join(blocks)[:length]


@dataclass
class Page:
    """One file of the origin. `breaks_at`: after how many bytes of an answer it breaks off, one entry an answer."""

    data: bytes
    etag: str | None = '"1"'
    takes_ranges: bool = True
    tells_length: bool = True
    status: int = 200
    location: str | None = None
    said_length: int | None = None
    breaks_at: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    may_send: threading.Event = field(default_factory=threading.Event)
    """With `slow_after`: an answer stops after so many bytes until this is set."""
    slow_after: int | None = None
    on_break: Callable[[], object] | None = None
    """Called after it broke off."""


class Origin:
    """`pages` by path; `sent` counts bytes of bodies by path, `requests` has the headers that came."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.sent: Counter[str] = Counter()
        self.requests: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.url = ""

    def page(self, path: str, data: bytes, **behaviour: object) -> str:
        """Puts a file there; its URL."""
        page = Page(data, **behaviour)  # type: ignore[arg-type]
        if page.slow_after is None:
            page.may_send.set()
        self.pages[path] = page
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin: Origin

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.origin.requests[path].append({name.lower(): value for name, value in self.headers.items()})
        page = self.origin.pages.get(path)
        if page is None or page.status != 200:
            self.send_response(404 if page is None else page.status)
            for name, value in {} if page is None else page.headers.items():
                self.send_header(name, value)
            if page is not None and page.location:
                self.send_header("Location", page.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start, end, status = 0, len(page.data), 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and page.takes_ranges and self.headers.get("If-Range", page.etag) == page.etag:
            start, end, status = int(asked[1]), int(asked[2] or len(page.data) - 1) + 1, 206
        self.send_response(status)
        if page.etag:
            self.send_header("ETag", page.etag)
        for name, value in page.headers.items():
            self.send_header(name, value)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(page.data)}")
        if page.tells_length:
            self.send_header("Content-Length", str(page.said_length or end - start))
        else:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if with_body:
            self.send_body(page, path, page.data[start:end])

    def send_body(self, page: Page, path: str, body: bytes) -> None:
        breaks_at = page.breaks_at.pop(0) if page.breaks_at else None
        body = body[:breaks_at]
        for offset in range(0, len(body), 256 * 1024):
            if page.slow_after is not None and offset >= page.slow_after:
                page.may_send.wait(60)
            chunk = body[offset : offset + 256 * 1024]
            self.wfile.write(chunk)
            self.origin.sent[path] += len(chunk)
        if breaks_at is not None and page.on_break is not None:
            page.on_break()
        if breaks_at is not None or page.said_length is not None:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to tell."""


@contextmanager
def running_origin() -> Iterator[Origin]:
    origin = Origin()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"origin": origin}))
    origin.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield origin
    finally:
        for page in origin.pages.values():
            page.may_send.set()
        server.shutdown()
        thread.join()
        with suppress(OSError):
            server.server_close()
