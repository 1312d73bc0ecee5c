"""What the API writes into the log of a job: the request, without its secrets."""

from typing import Any

from taskward.http.task_engine.call import Call
from taskward.http.task_engine.wire import encode
from taskward.model.masking import is_secret_name, mask_text, mask_value

_STARS = "*" * 32
_SHOWN = 4
_SHORTEST_SHOWN = 12
_LEFT_OUT = frozenset({"content-length", "content-type", "connection", "transfer-encoding"})
_MOST_BYTES = 100_000


def request_line(call: Call, payload: str) -> str:
    """The request as JSON text: its address, its sender, its headers by the names CGI gives them, its body."""
    scope: Any = call.request.scope
    client = scope.get("client")
    line = {
        "path": f"{scope['method']} {scope['path']}",
        "remote_addr": client[0] if client else "",
        "headers": {
            "HTTP_VERSION": f"HTTP/{scope.get('http_version', '1.1')}",
            **{
                f"HTTP_{name.upper().replace('-', '_')}": _shown(name, value)
                for name, value in call.request.headers.items()
                if name not in _LEFT_OUT
            },
        },
        "parameters": mask_value(call.body),
        "payload": payload,
    }
    text = encode(line)
    if len(text) > _MOST_BYTES:
        text = encode({**line, "parameters": f"{len(text)} bytes, left out"})
    return text.decode()


def _shown(name: str, value: str) -> str:
    if not is_secret_name(name):
        return mask_text(value)
    return _STARS + value[-_SHOWN:] if len(value) >= _SHORTEST_SHOWN else _STARS
