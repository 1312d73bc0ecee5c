"""Following the tasks of a wait by their events."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest

from taskward.cli.forest import Forest
from taskward.cli.news import News
from taskward.client import AsyncClient, ServerUnreachable
from taskward.model.states import State
from taskward.wire import EventView, ObstacleView, TaskView, TreeView, Waited, WhyView
from tests.views import NOON, node_view, task_view

PATIENCE_SECONDS = 5


class Made(httpx2.AsyncByteStream):
    """A stream of events that a test makes as it goes."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes | Exception] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": open\n\n"
        while True:
            piece = await self.queue.get()
            if isinstance(piece, Exception):
                raise piece
            yield piece


class Server:
    """Tasks that a test changes, and the events that tell of it."""

    def __init__(self, *tasks: TaskView) -> None:
        self.tasks = {task.id: task for task in tasks}
        self.stream: Made | None = Made()
        self.asked: list[str] = []
        self.why = WhyView(task_id=tasks[0].id, state=State.BLOCKED, waiting=True, obstacles=[])

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.asked.append(path)
        if path.endswith("/events"):
            if self.stream is None:
                return httpx2.Response(204)
            return httpx2.Response(200, headers={"Content-Type": "text/event-stream"}, stream=self.stream)
        if path.endswith("/why"):
            return answer(self.why)
        if path.endswith("/tree"):
            task = next(task for task in self.tasks.values() if str(task.id) in path)
            return answer(TreeView([node_view(task.name, task.state, id=task.id)], truncated=False))
        wanted = msgspec.json.decode(request.content)["ids"]
        return answer(Waited(done=False, items=[task for task in self.tasks.values() if str(task.id) in wanted]))

    def change(self, task: TaskView, state: State) -> None:
        self.tasks[task.id] = msgspec.structs.replace(task, state=state)
        told = EventView(cursor="1", task_id=task.id, root_id=task.id, kind="state", at=NOON, data={})
        assert self.stream is not None
        self.stream.queue.put_nowait(b"id: 1\nevent: state\ndata: %b\n\n" % msgspec.json.encode(told))


def answer(value: object) -> httpx2.Response:
    return httpx2.Response(200, content=msgspec.json.encode(value))


def client_of(server: Server) -> AsyncClient:
    return AsyncClient("http://server.test", http=httpx2.MockTransport(server))


async def test_what_had_ended_before_is_found_ended() -> None:
    task = task_view(state=State.COMPLETED)
    server = Server(task)
    server.stream = None
    async with client_of(server) as client, asyncio.timeout(PATIENCE_SECONDS):
        forest = Forest(client, [task.id])
        await forest.follow()
    assert forest.ended == [task]


async def test_it_looks_when_something_happens_and_only_then() -> None:
    one, two, stranger = task_view(number=1), task_view(number=2), task_view(number=3)
    server = Server(one, two)
    looked: asyncio.Queue[list[State]] = asyncio.Queue()
    async with client_of(server) as client, asyncio.timeout(PATIENCE_SECONDS):
        forest = Forest(client, [two.id, one.id])
        following = asyncio.create_task(forest.follow(lambda seen: looked.put_nowait([t.state for t in seen.ended])))
        assert await looked.get() == [State.RUNNING, State.RUNNING]
        trees = sum(path.endswith("/tree") for path in server.asked)
        server.change(two, State.COMPLETED)
        assert await looked.get() == [State.COMPLETED, State.RUNNING]
        assert sum(path.endswith("/tree") for path in server.asked) == trees + 1, "the other is not looked at"
        server.tasks[stranger.id] = stranger
        server.change(one, State.FAILED)
        assert await looked.get() == [State.COMPLETED, State.FAILED]
        await following
    assert [task.number for task in forest.ended] == [2, 1]


async def test_it_says_why_something_waits() -> None:
    task = task_view(state=State.BLOCKED)
    server = Server(task)
    server.why = WhyView(
        task_id=task.id,
        state=State.BLOCKED,
        waiting=True,
        obstacles=[ObstacleView(gate="resources", detail="till is held by task 3", facts={})],
    )
    told: asyncio.Queue[str] = asyncio.Queue()
    async with client_of(server) as client, asyncio.timeout(PATIENCE_SECONDS):
        forest = Forest(client, [task.id])
        following = asyncio.create_task(forest.follow(lambda seen: told.put_nowait(seen.reasons[task.id])))
        assert await told.get() == "till is held by task 3"
        server.change(task, State.COMPLETED)
        await following
    assert forest.reasons[task.id] == ""


async def test_a_server_that_cannot_be_reached_ends_it() -> None:
    def nobody(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    async with AsyncClient("http://server.test", http=httpx2.MockTransport(nobody)) as client:
        with pytest.raises(ServerUnreachable):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await Forest(client, [task_view().id]).follow()


async def test_plain_lines_tell_each_change_once(capsys: pytest.CaptureFixture[str]) -> None:
    task = task_view()
    server = Server(task)
    async with client_of(server) as client:
        forest = Forest(client, [task.id])
        news = News()
        await forest.look([task.id])
        news.tell(forest)
        news.tell(forest)
        server.tasks[task.id] = msgspec.structs.replace(task, state=State.COMPLETED)
        await forest.look([task.id])
        news.tell(forest)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines] == ["running    files.checksum", "completed  files.checksum"]
