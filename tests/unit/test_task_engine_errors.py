"""Errors in the Task Engine's shape, of every kind that can be raised."""

from typing import Any

import msgspec
import pytest
from litestar import Request
from litestar.exceptions import HTTPException

from taskward.http.endpoint import Reply
from taskward.http.task_engine.errors import about_job, answer, bad
from taskward.http.task_engine.words import NUMBERS, STATES
from taskward.model.errors import (
    Forbidden,
    IllegalTransition,
    Invalid,
    KeyReused,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from taskward.model.states import State


def request(method: str = "GET", path: str = "/health") -> Request[Any, Any, Any]:
    scope: Any = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "state": {}}
    return Request(scope)


def told(reply: Reply) -> tuple[int, Any]:
    return reply.status, msgspec.json.decode(reply.body)


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (bad("state is wrong"), 400, "state is wrong"),
        (Invalid("/args/parameters/files/0", "is a text"), 400, "parameters.files.0: is a text"),
        (Invalid("/gate", "is a URL"), 400, "semaphore_url: is a URL"),
        (NotFound("task", 7), 400, "there is no job 7"),
        (NotFound("workflow", "x", hint="did you mean y?"), 400, "no workflow x; did you mean y?"),
        (
            IllegalTransition(State.RUNNING, State.PAUSED, "it cannot"),
            400,
            "invalid transition started -> paused: it cannot",
        ),
        (KeyReused("the key was used"), 400, "the key was used"),
        (Forbidden("it lacks write"), 403, "it lacks write"),
        (Unavailable("the database is away"), 500, "the database is away"),
        (HTTPException(detail="too long", status_code=413), 413, "too long"),
        (RuntimeError("a secret of ours"), 500, "the server failed on this request; its log says why"),
    ],
)
def test_an_error_is_its_message_and_a_status_that_is_known(error: Exception, status: int, message: str) -> None:
    assert told(answer(request(), error)) == (status, {"error": message})


def test_who_is_not_known_is_told_so() -> None:
    assert told(answer(request(), Unauthenticated("no"))) == (401, {"result": "Unauthorized request."})


def test_a_job_in_play_is_named() -> None:
    asked = request("PUT", "/jobs/7")
    about_job(asked, 7)
    assert told(answer(asked, bad("no"))) == (400, {"id": 7, "error": "no"})
    submitted = request("POST", "/job")
    about_job(submitted, None)
    assert told(answer(submitted, bad("no"))) == (400, {"id": None, "error": "no"})


@pytest.mark.parametrize("error", [Unavailable("the database is away"), RuntimeError("x")])
def test_a_job_that_cannot_be_made_is_a_text(error: Exception) -> None:
    assert told(answer(request("POST", "/job"), error)) == (500, "Unable to create job request")


def test_every_state_has_a_word_and_every_word_a_number() -> None:
    assert set(STATES) == set(State)
    assert set(STATES.values()) == set(NUMBERS)
    assert sorted(NUMBERS.values()) == list(range(7))
