"""A program that is told what becomes of jobs: it fails, hangs and recovers when it is told to."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request, and what it was answered; 0 stands for an answer that never came."""

    path: str
    headers: dict[str, str]
    raw: bytes
    answered: int

    @property
    def body(self) -> Json:
        body: Json = json.loads(self.raw)
        return body

    @property
    def what(self) -> str:
        """What it tells, in two words."""
        body = self.body
        return f"{body['task_name']} {body['event']}" if "event" in body else f"job {body['status']}"


class Receiver:
    """Answers with `status`; while that is 0 it takes requests and does not answer them."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.calls: list[Call] = []
        self._changed = threading.Condition()
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver.status
                with receiver._changed:
                    receiver.calls.append(Call(self.path, headers, raw, status))
                    receiver._changed.notify_all()
                if status == 0:
                    receiver._over.wait(30)
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/told"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def arrived(self) -> list[Call]:
        """Those that were answered well, in their order; each delivery once, as receivers are to count them."""
        first: dict[str, Call] = {}
        for call in self.calls:
            if 200 <= call.answered < 300:
                first.setdefault(call.headers["taskward-delivery"], call)
        return list(first.values())

    def wait_for(self, what: str, times: int = 1, timeout: float = 40) -> list[str]:
        """What has arrived, as soon as this has so often."""
        with self._changed:
            is_there = self._changed.wait_for(lambda: self._told().count(what) >= times, timeout)
        assert is_there, f"{what} is not among {self._told()}; asked {[call.answered for call in self.calls]}"
        return self._told()

    def wait_for_calls(self, count: int, timeout: float = 40) -> None:
        """Until it was asked so often, whatever it answered."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.calls) >= count, timeout), len(self.calls)

    def _told(self) -> list[str]:
        return [call.what for call in self.arrived]
