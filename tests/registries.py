"""An image registry on loopback."""

import base64
import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
USER, PASSWORD, TOKEN = "ann", "secret", "a-token"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def described(*names: str) -> tuple[bytes, list[str]]:
    """A manifest of a configuration and layers, and the digests of these."""
    digests = [digest_of(name.encode()) for name in names]
    config, *layers = ({"digest": digest, "size": 10} for digest in digests)
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}).encode(), digests


class Registry(ThreadingHTTPServer):
    """Speaks the distribution protocol as far as manifests go, and knows two ways to ask who is there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manifests: dict[str, bytes] = {}
        self.demands = ""
        """Nothing, `basic` or `bearer`."""
        self.realm = ""
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def url(self, reference: str) -> str:
        return f"{self.base}/v2/team/app/manifests/{reference}"

    def blob(self, digest: str) -> str:
        return f"{self.base}/v2/team/app/blobs/{digest}"

    def push(self, content: bytes, *tags: str) -> str:
        digest = digest_of(content)
        for reference in (digest, *tags):
            self.manifests[reference] = content
        return digest


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.asked.append((self.path, headers))
        authorization = headers.get("authorization", "")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.path.startswith("/token"):
            query = parse_qs(urlsplit(self.path).query)
            right = authorization == basic and query == {"service": ["registry"], "scope": ["repository:team/app:pull"]}
            self._answer(200 if right else 401, json.dumps({"token": TOKEN} if right else {}).encode())
        elif self.server.demands == "basic" and authorization != basic:
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="registry"'})
        elif self.server.demands == "bearer" and authorization != f"Bearer {TOKEN}":
            realm = self.server.realm or f"{self.server.base}/token"
            challenge = f'Bearer realm="{realm}",service="registry",scope="repository:team/app:pull"'
            self._answer(401, b"", {"WWW-Authenticate": challenge})
        else:
            content = self.server.manifests.get(self.path.rpartition("/manifests/")[2])
            if content is None:
                errors = {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}
                self._answer(404, json.dumps(errors).encode())
            else:
                self._answer(200, content, {"Content-Type": MANIFEST})

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_registry(certificate: Path | None = None) -> Iterator[Registry]:
    """With a certificate (and its key) it speaks TLS."""
    with Registry() as running:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()
