"""The client against a server that is made up: what it sends, and what it makes of the answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import msgspec
import pytest

from taskward.client import ApiError, AsyncClient, Client, ServerUnreachable, WaitTimedOut
from taskward.client.face import Blocking, Iterating, Managing
from taskward.model.states import State
from taskward.wire import EventView, Page, Problem, ProblemItem, TaskView, Waited
from tests.views import NOON, task_view

Handler = Callable[[httpx2.Request], httpx2.Response]


def client_of(handler: Handler) -> AsyncClient:
    return AsyncClient("http://server.test", "secret", http=httpx2.MockTransport(handler))


def answer(value: object, status: int = 200) -> httpx2.Response:
    return httpx2.Response(status, content=msgspec.json.encode(value))


class Script:
    """Answers requests one after the other, and keeps them."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        following = self._answers.pop(0)
        if isinstance(following, Exception):
            raise following
        return following


async def test_submit_sends_arguments_and_options() -> None:
    script = Script(answer(task_view(), 202))
    async with client_of(script) as client:
        task = await client.submit(
            "files.checksum",
            args={"operation": "x"},
            path="/data",
            labels={"team": "a"},
            timeout=timedelta(minutes=1),
            idempotency_key='a"b',
            correlation_id="order-7",
            wait=timedelta(seconds=3),
        )
    (request,) = script.requests
    body = json.loads(request.content)
    assert (request.method, request.url.path) == ("POST", "/v1/tasks")
    assert body["operation"] == "files.checksum"
    assert body["args"] == {"operation": "x", "path": "/data"}
    assert body["labels"] == {"team": "a"}
    assert body["timeout_seconds"] == 60
    assert request.headers["Idempotency-Key"] == '"a\\"b"'
    assert request.headers["Correlation-ID"] == "order-7"
    assert request.headers["Prefer"] == "wait=3"
    assert request.headers["Authorization"] == "Bearer secret"
    assert task.state is State.RUNNING


async def test_tasks_walks_all_pages() -> None:
    first, second = task_view(number=1), task_view(number=2)
    script = Script(answer(Page([first], "next")), answer(Page([second])))
    async with client_of(script) as client:
        found = [
            task.number
            async for task in client.tasks(
                state=[State.RUNNING, "queued"], label={"team": "a"}, created_since=NOON, roots=True, limit=1
            )
        ]
    assert found == [1, 2]
    query = script.requests[1].url.params
    assert query.get_list("state") == ["running", "queued"]
    assert query.get_list("label") == ["team:a"]
    assert query["created_since"] == "2026-01-01T12:00:00+00:00"
    assert query["roots"] == "true"
    assert query["after"] == "next"
    assert "after" not in script.requests[0].url.params


async def test_a_refusal_is_a_typed_problem() -> None:
    problem = Problem(
        type="/problems/invalid",
        title="Input rejected",
        status=422,
        errors=[ProblemItem(pointer="/args/path", detail="is missing")],
    )
    async with client_of(Script(answer(problem, 422))) as client:
        with pytest.raises(ApiError, match="Input rejected: /args/path: is missing") as caught:
            await client.submit("files.checksum")
    assert caught.value.problem == problem
    assert caught.value.status == 422


async def test_a_refusal_by_something_else_is_a_problem_too() -> None:
    async with client_of(Script(httpx2.Response(502, text="<html>bad gateway"))) as client:
        with pytest.raises(ApiError, match="bad gateway") as caught:
            await client.get("1")
    assert caught.value.status == 502


async def test_what_is_no_taskward_counts_as_unreachable() -> None:
    async with client_of(Script(httpx2.Response(200, text="<html>hello"))) as client:
        with pytest.raises(ServerUnreachable, match="did not answer as a Taskward server does"):
            await client.get("1")


async def test_a_broken_connection_is_tried_again_where_that_is_safe() -> None:
    script = Script(httpx2.RemoteProtocolError("gone"), answer(task_view(number=3)))
    async with client_of(script) as client:
        assert (await client.get("3")).number == 3
    script = Script(httpx2.RemoteProtocolError("gone"))
    async with client_of(script) as client:
        with pytest.raises(ServerUnreachable):
            await client.submit("files.checksum")
    assert len(script.requests) == 1
    script = Script(httpx2.RemoteProtocolError("gone"), answer(task_view(number=4)))
    async with client_of(script) as client:
        assert (await client.submit("files.checksum", idempotency_key="k")).number == 4


async def test_nobody_there() -> None:
    async with client_of(Script(httpx2.ConnectError("refused"))) as client:
        with pytest.raises(ServerUnreachable, match="no server answers"):
            await client.stats()


async def test_names_are_one_segment_of_the_path() -> None:
    script = Script(httpx2.Response(204))
    async with client_of(script) as client:
        await client.delete_pool("a/b c")
    assert script.requests[0].url.raw_path == b"/v1/pools/a%2Fb%20c"


# ------------------------------------------------------------------ streams and waits


def event(task: TaskView, cursor: str, kind: str, **data: object) -> str:
    view = EventView(cursor=cursor, task_id=task.id, root_id=task.root_id, kind=kind, at=NOON, data=dict(data))
    return f"id: {cursor}\nevent: {kind}\ndata: {msgspec.json.encode(view).decode()}\n\n"


class Stream(httpx2.AsyncByteStream):
    """A stream of events that may break."""

    def __init__(self, *pieces: str | Exception) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece.encode()


def stream(*pieces: str | Exception) -> httpx2.Response:
    return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Stream(*pieces))


class Server:
    """Answers streams and looks separately, as both are open at once."""

    def __init__(self, streams: list[httpx2.Response], looks: list[TaskView]) -> None:
        self.streams = streams
        self.looks = looks
        self.cursors: list[str | None] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/events"):
            self.cursors.append(request.headers.get("Last-Event-ID"))
            return self.streams.pop(0)
        return answer(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])


async def test_a_broken_stream_goes_on_where_it_stopped() -> None:
    task = task_view()
    server = Server(
        [
            stream(event(task, "1", "progress"), ": keep-alive\n\n", httpx2.ReadError("gone")),
            stream(event(task, "2", "state", state="completed")),
            httpx2.Response(204),
        ],
        [task],
    )
    async with client_of(server) as client:
        assert [event.cursor async for event in client.events(task.id)] == ["1", "2"]
    assert server.cursors == [None, "1", "2"]


async def test_a_stream_that_a_stopping_server_closed_goes_on() -> None:
    task, done = task_view(), task_view(state=State.COMPLETED)
    server = Server([stream(event(task, "1", "progress")), stream(event(task, "2", "state"))], [task, done])
    async with client_of(server) as client:
        assert [event.cursor async for event in client.events(task.id)] == ["1", "2"]


async def test_wait_ends_with_the_event_of_the_end() -> None:
    task = task_view()
    done = msgspec.structs.replace(task, state=State.COMPLETED)
    child = task_view(root_id=task.id)
    server = Server(
        [stream(event(child, "1", "state", state="completed"), event(task, "2", "state", state="completed"))],
        [task, done],
    )
    async with client_of(server) as client:
        assert (await client.wait(task.id)).state is State.COMPLETED
    assert server.looks == [done], "one look when connected, one at the end, none for the child"


async def test_wait_sees_an_end_before_the_stream() -> None:
    done = task_view(state=State.FAILED)
    async with client_of(Server([stream()], [done])) as client:
        assert (await client.wait(done.id)).state is State.FAILED


async def test_wait_times_out() -> None:
    task = task_view()

    async def handler(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/events"):
            return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=Endless())
        return answer(task)

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b": open\n\n"
            await asyncio.Event().wait()

    async with AsyncClient("http://server.test", http=httpx2.MockTransport(handler)) as client:
        with pytest.raises(WaitTimedOut) as caught:
            await client.wait(task.id, timeout=timedelta(milliseconds=50))
    assert isinstance(caught.value, TimeoutError)
    assert [late.id for late in caught.value.tasks] == [task.id]


async def test_wait_many_asks_until_all_are_final() -> None:
    one, two = task_view(), task_view()
    done = [msgspec.structs.replace(task, state=State.COMPLETED) for task in (one, two)]
    script = Script(answer(Waited(done=False, items=[done[0], two])), answer(Waited(done=True, items=done)))
    async with client_of(script) as client:
        ended = await client.wait_many([one.id, two.id])
    assert [task.id for task in ended] == [one.id, two.id]
    assert json.loads(script.requests[0].content)["ids"] == [str(one.id), str(two.id)]


async def test_wait_many_outlasts_a_server_that_is_away_for_a_moment() -> None:
    task = task_view()
    done = msgspec.structs.replace(task, state=State.COMPLETED)
    script = Script(
        answer(Waited(done=False, items=[task])),
        httpx2.RemoteProtocolError("stopped"),
        httpx2.ConnectError("not started yet"),
        answer(Waited(done=True, items=[done])),
    )
    async with client_of(script) as client:
        assert await client.wait_many([task.id]) == [done]
    async with client_of(Script(httpx2.ConnectError("not started"))) as client:
        with pytest.raises(ServerUnreachable):
            await client.wait_many([task.id])


async def test_wait_all_goes_on_until_nothing_is_left() -> None:
    one, two = task_view(), task_view()
    done = [msgspec.structs.replace(task, state=State.COMPLETED) for task in (one, two)]
    script = Script(
        answer(Waited(done=False, items=[one])),
        answer(Waited(done=True, items=done[:1])),
        answer(Waited(done=False, items=[two])),
        answer(Waited(done=True, items=done[1:])),
        answer(Waited(done=True, items=[])),
    )
    async with client_of(script) as client:
        assert [task.id for task in await client.wait_all(module="files")] == [one.id, two.id]
    assert json.loads(script.requests[0].content)["module"] == "files"


# ------------------------------------------------------------------ work outside


async def test_tracked_work_ends_as_its_block_does() -> None:
    told: list[tuple[str, dict[str, object]]] = []

    def handler(request: httpx2.Request) -> httpx2.Response:
        told.append((request.url.path.rpartition("/")[2].rpartition(":")[2], json.loads(request.content)))
        ended = request.url.path.endswith(":finish")
        return answer(task_view(state=State(json.loads(request.content)["state"]) if ended else State.RUNNING))

    async with client_of(handler) as client:
        async with client.track("import", labels={"source": "crm"}) as work:
            await work.progress(3, 10, unit="files")
            await work.log("half", source="crm")
            work.result = {"rows": 3}
        assert work.task.state is State.COMPLETED
        with pytest.raises(ValueError, match="bad row"):
            async with client.track("import"):
                raise ValueError("bad row")
    verbs = [verb for verb, _ in told]
    assert verbs == ["tasks", "progress", "logs", "finish", "tasks", "finish"]
    assert told[0][1]["state"] == "running"
    assert told[3][1]["result"] == {"rows": 3}
    assert told[5][1] == {"state": "failed", "result": None, "error": "ValueError: bad row"}


# ------------------------------------------------------------------ the blocking face


def test_every_method_has_a_blocking_face() -> None:
    public = {name for name in dir(AsyncClient) if not name.startswith("_")} - {"close"}
    faces = {name for name, value in vars(Client).items() if isinstance(value, Blocking | Iterating | Managing)}
    assert public == faces


def test_the_blocking_client_does_what_the_other_does(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = task_view(number=1), task_view(number=2)
    script = Script(
        answer(first),
        answer(Page([first], "next")),
        answer(Page([second])),
        answer(Problem(type="t", title="Gone", status=410), 410),
    )
    transport = httpx2.MockTransport(script)
    monkeypatch.setattr(
        "taskward.client.synchronous.AsyncClient",
        lambda server, token, data_dir: AsyncClient(server, token, data_dir=data_dir, http=transport),
    )
    with Client("http://server.test") as client:
        assert client.get(1).number == 1
        assert [task.number for task in client.tasks()] == [1, 2]
        with pytest.raises(ApiError, match="Gone"):
            client.stats()


def test_blocking_tracked_work_fails_with_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(answer(task_view()), answer(task_view(state=State.FAILED)))
    transport = httpx2.MockTransport(script)
    monkeypatch.setattr(
        "taskward.client.synchronous.AsyncClient",
        lambda server, token, data_dir: AsyncClient(server, token, data_dir=data_dir, http=transport),
    )
    with Client("http://server.test") as client:
        with pytest.raises(ValueError, match="bad row"), client.track("import") as work:
            raise ValueError("bad row")
        assert work.task.state is State.FAILED
    assert json.loads(script.requests[1].content)["error"] == "ValueError: bad row"


# ------------------------------------------------------------------ where the server is


def write_server(folder: Path, url: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.json").write_text(json.dumps({"url": url, "pid": 1}))
    (folder / "admin-token").write_text("admin\n")


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("TASKWARD_SERVER", "TASKWARD_TOKEN", "TASKWARD_SERVER__DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_word_the_server_of_the_data_folder(nowhere: Path) -> None:
    from taskward.client.discovery import Address, find

    assert find() == Address("http://127.0.0.1:8080", None)
    write_server(nowhere / "share" / "taskward", "http://127.0.0.1:9001")
    assert find() == Address("http://127.0.0.1:9001", "admin")
    write_server(nowhere / ".taskward", "http://127.0.0.1:9002")
    assert find() == Address("http://127.0.0.1:9002", "admin")


def test_the_admin_token_goes_to_its_own_server_only(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from taskward.client.discovery import Address, find

    write_server(nowhere / ".taskward", "http://127.0.0.1:9002")
    assert find("http://localhost:9002/") == Address("http://localhost:9002/", "admin")
    assert find("http://127.0.0.1:9003") == Address("http://127.0.0.1:9003", None)
    assert find("https://tasks.example.org") == Address("https://tasks.example.org", None)
    monkeypatch.setenv("TASKWARD_SERVER", "https://tasks.example.org")
    monkeypatch.setenv("TASKWARD_TOKEN", "mine")
    assert find() == Address("https://tasks.example.org", "mine")
    assert find(token="other").token == "other"
