"""Exchanges recorded with a pulpcore 3.123.1: the same requests get the same answers here.

They are those whose answers do not depend on what is stored: refusals, and lists in which nothing can be found.
"""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.serving import Server

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "pulp" / "exchanges.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def pulp(server: Server) -> Any:
    """Speaks with Basic, as Pulp's clients do."""
    with server.client() as api:
        body = {"name": "pulp", "password": "open sesame", "role": "admin"}
        assert api.post("/v1/users", json=body).status_code == 201
    with httpx2.Client(base_url=server.url, auth=("pulp", "open sesame"), timeout=30, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("exchange", RECORDED, ids=lambda one: f"{one['method']} {one['path'][:80]} {one.get('body')}")
def test_the_answer_is_as_recorded(server: Server, pulp: httpx2.Client, exchange: dict[str, Any]) -> None:
    request = {
        "content": exchange["raw"].encode() if "raw" in exchange else None,
        "json": exchange.get("body"),
        "headers": exchange.get("headers", {}),
    }
    if exchange.get("anonymous") or "Authorization" in request["headers"]:
        with server.client("") as nobody:
            answer = nobody.request(exchange["method"], exchange["path"], **request)
    else:
        answer = pulp.request(exchange["method"], exchange["path"], **request)
    assert answer.status_code == exchange["status"], answer.text
    told = None if not answer.content else answer.json()
    assert _here(told, server.url) == _here(exchange["answer"], "http://127.0.0.1:24817")
    assert answer.headers.get("www-authenticate") == exchange.get("www-authenticate")
    if answer.content:
        assert answer.headers["content-type"] == "application/json"


def _here(answer: Any, url: str) -> Any:
    """The answer, wherever the server was."""
    return json.loads(json.dumps(answer).replace(url, "http://here"))
