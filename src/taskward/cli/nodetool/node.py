"""The node that nodetool talks to, over plain HTTP."""

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from taskward.client.discovery import DEFAULT_URL, Address, find, is_loopback

SCYLLA_PORT = 10_000
_ANSWER_SECONDS = 120.0


class Failed(Exception):
    """The node answered with an error. `code` is its HTTP status, `reason` what it says."""

    def __init__(self, call: str, code: int, reason: str) -> None:
        status = f"{code} {_phrase(code)}".rstrip()
        super().__init__(f"error executing {call}: remote replied with status code {status}:\n{reason}")
        self.code = code


class Unreachable(Exception):
    """No answer, or none that makes sense."""


@dataclass(frozen=True)
class Node:
    """Where it is and what is shown to it."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str, /, *names: str, **params: object) -> Any:
        """The answer's JSON. `names` are appended to the path. Raises Failed, Unreachable."""
        return self._call("GET", path, names, params, timeout=_ANSWER_SECONDS)

    def wait(self, path: str, /, *names: str, **params: object) -> Any:
        """As `get`, for as long as it takes."""
        return self._call("GET", path, names, params, timeout=None)

    def post(self, path: str, /, *names: str, **params: object) -> Any:
        """The answer's JSON; None for an empty one. Raises Failed, Unreachable."""
        return self._call("POST", path, names, params, timeout=_ANSWER_SECONDS)

    def _call(
        self, method: str, path: str, names: tuple[str, ...], params: Mapping[str, object], *, timeout: float | None
    ) -> Any:
        given = {name: str(value) for name, value in params.items() if value is not None}
        address = urlsplit(self.url)
        target = "/".join([address.path.rstrip("/") + path, *(quote(name, safe="") for name in names)])
        call = f"{method} request to {address.scheme}://{address.netloc}{target} with parameters {_show(given)}"
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.hostname or "", address.port, timeout=timeout)
        try:
            connection.request(method, target + (f"?{urlencode(given)}" if given else ""), headers=dict(self.headers))
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"error executing {call}: {str(error) or type(error).__name__}") from None
        finally:
            connection.close()
        if response.status >= 400:
            raise Failed(call, response.status, _reason(body))
        try:
            return json.loads(body) if body else None
        except ValueError:
            raise Unreachable(f"error executing {call}: the answer is not JSON") from None


def node_of(host: str | None, port: int | None, token: str | None, username: str | None, password: str | None) -> Node:
    """The node that is meant. A token that was not given is shown to nobody but the server that it is of."""
    own = _own_server()
    if own is not None and host is None and port is None:
        return Node(own.url, _credential(token or own.token, username, password))
    url = f"http://{_bracketed(host or '127.0.0.1')}"
    if port is None:
        port = urlsplit(own.url).port if own is not None and is_loopback(url) and is_loopback(own.url) else None
    url = f"{url}:{port or SCYLLA_PORT}"
    if own is not None and token is None and _same(own.url, url):
        token = own.token
    return Node(url, _credential(token, username, password))


def _own_server() -> Address | None:
    """The Taskward server that is named, or that runs on this machine."""
    found = find()
    return None if found == Address(DEFAULT_URL, None) else found


def _same(left: str, right: str) -> bool:
    one, other = urlsplit(left), urlsplit(right)
    both_local = is_loopback(left) and is_loopback(right)
    return one.port == other.port and (both_local or one.hostname == other.hostname)


def _credential(token: str | None, username: str | None, password: str | None) -> dict[str, str]:
    if username is not None:
        pair = base64.b64encode(f"{username}:{password or ''}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""


def _show(params: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": "{value}"' for name, value in params.items()) + "}"


def _reason(body: bytes) -> str:
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace").strip() or "(no message)"
    return str(message)
