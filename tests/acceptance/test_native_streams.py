"""Server-sent events: what happens, in order, without a gap, and with an end."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.serving import Server

Json = dict[str, Any]


class Stream:
    """The events of an answer, one by one."""

    def __init__(self, answer: httpx2.Response) -> None:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        self.comments = 0
        self.retry = ""
        self._lines = answer.iter_lines()

    def __iter__(self) -> Iterator[Json]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield {"id": fields["id"], "event": fields["event"], **json.loads(fields["data"])}
                fields = {}
            else:
                self.retry = fields.pop("retry", self.retry)


def submit(api: httpx2.Client, operation: str = "probe.echo", wait: int = 10, **body: Any) -> Json:
    body.setdefault("args", {"text": "hi"} if operation == "probe.echo" else {})
    answer = api.post("/v1/tasks", json={"operation": operation, **body}, headers={"Prefer": f"wait={wait}"})
    assert answer.status_code in (200, 202), answer.text
    task: Json = answer.json()
    return task


def states(events: list[Json]) -> list[str]:
    return [event["data"]["state"] for event in events if event["kind"] in ("created", "state")]


class TestTask:
    def test_the_past_then_the_present_then_the_end(self, api: httpx2.Client) -> None:
        task = submit(api, "probe.stubborn", wait=0, args={"seconds": 0.3})
        with api.stream("GET", f"/v1/tasks/{task['id']}/events") as answer:
            stream = Stream(answer)
            events = list(stream)
        assert states(events) == ["queued", "running", "completed"]
        assert stream.retry == "1000"
        assert {event["task_id"] for event in events} == {task["id"]}
        assert all(event["id"] == event["cursor"] and event["event"] == event["kind"] for event in events)

    def test_going_on_behind_an_event(self, api: httpx2.Client) -> None:
        task = submit(api)
        url = f"/v1/tasks/{task['number']}/events"
        with api.stream("GET", url) as answer:
            events = list(Stream(answer))
        for place in range(len(events) - 1):
            cursor = events[place]["id"]
            for how in ({"headers": {"Last-Event-ID": cursor}}, {"params": {"after": cursor}}):
                with api.stream("GET", url, **how) as answer:  # type: ignore[arg-type]
                    assert list(Stream(answer)) == events[place + 1 :]
        last = events[-1]["id"]
        assert api.get(url, headers={"Last-Event-ID": last}).status_code == 204
        both = api.get(url, headers={"Last-Event-ID": last}, params={"after": events[0]["id"]})
        assert both.status_code == 204

    def test_without_the_past(self, api: httpx2.Client) -> None:
        done = submit(api)
        assert api.get(f"/v1/tasks/{done['id']}/events", params={"replay": "false"}).status_code == 204
        running = submit(api, "probe.endless", wait=0)
        with api.stream("GET", f"/v1/tasks/{running['id']}/events", params={"replay": "false"}) as answer:
            api.post(f"/v1/tasks/{running['id']}:cancel")
            assert states(list(Stream(answer)))[-1] == "canceled"

    def test_a_root_with_what_is_below_it(self, api: httpx2.Client) -> None:
        root = submit(api, "probe.family", wait=0, args={"children": 3})
        with api.stream("GET", f"/v1/tasks/{root['id']}/events") as answer:
            events = list(Stream(answer))
        assert {event["root_id"] for event in events} == {root["id"]}
        below = {event["task_id"] for event in events} - {root["id"]}
        assert len(below) >= 3
        assert (events[-1]["task_id"], events[-1]["data"]["state"]) == (root["id"], "completed")

    def test_a_child_without_its_siblings(self, api: httpx2.Client) -> None:
        root = submit(api, "probe.endless", wait=0)
        child = submit(api, "probe.family", wait=0, parent_id=root["id"], args={"children": 1})
        sibling = submit(api, parent_id=root["id"])
        with api.stream("GET", f"/v1/tasks/{child['id']}/events") as answer:
            events = list(Stream(answer))
        ids = {event["task_id"] for event in events}
        assert child["id"] in ids
        assert len(ids) >= 2
        assert not ids & {root["id"], sibling["id"]}
        api.post(f"/v1/tasks/{root['id']}:cancel")

    def test_progress_is_told(self, api: httpx2.Client) -> None:
        task = api.post("/v1/tasks", json={"operation": "x.y", "state": "running"}).json()
        with api.stream("GET", f"/v1/tasks/{task['id']}/events") as answer:
            api.post(f"/v1/tasks/{task['id']}/progress", json={"done": 3, "total": 10})
            api.post(f"/v1/tasks/{task['id']}:finish", json={"state": "completed"})
            kinds = {event["event"]: event["data"] for event in Stream(answer)}
        assert kinds["progress"]["progress"]["done"] == 3


class TestAll:
    def test_from_now_on(self, api: httpx2.Client) -> None:
        before = submit(api)
        with api.stream("GET", "/v1/events") as answer:
            task = submit(api)
            for event in Stream(answer):
                assert event["task_id"] != before["id"]
                if event["task_id"] == task["id"] and event["data"].get("state") == "completed":
                    break

    def test_from_a_cursor_nothing_is_lost_or_doubled(self, api: httpx2.Client, server: Server) -> None:
        label = uuid4().hex
        first = submit(api)
        with api.stream("GET", f"/v1/tasks/{first['id']}/events") as answer:
            cursor = list(Stream(answer))[-1]["id"]
        count = 30

        def produce() -> None:
            with server.client() as client:
                for _ in range(count):
                    submit(client, wait=0, labels={"batch": label})

        producer = threading.Thread(target=produce)
        producer.start()
        seen: list[str] = []
        done: set[str] = set()
        # Read a few events at a time, each time going on behind the last one: as a browser on a bad line does.
        while len(done) < count:
            with api.stream("GET", "/v1/events", headers={"Last-Event-ID": cursor}) as answer:
                for number, event in enumerate(Stream(answer)):
                    seen.append(event["id"])
                    cursor = event["id"]
                    if event["data"].get("state") == "completed":
                        done.add(event["task_id"])
                    if number == 10 or len(done) >= count:
                        break
        producer.join()
        assert len(seen) == len(set(seen))

    def test_many_listeners_hear_the_same(self, api: httpx2.Client, server: Server) -> None:
        heard: list[list[str]] = []
        ready = threading.Barrier(6)

        def listen() -> None:
            with server.client() as client, client.stream("GET", f"/v1/tasks/{task['id']}/events") as answer:
                ready.wait()
                heard.append([event["id"] for event in Stream(answer)])

        task = submit(api, "probe.endless", wait=0)
        threads = [threading.Thread(target=listen) for _ in range(5)]
        for thread in threads:
            thread.start()
        ready.wait()
        api.post(f"/v1/tasks/{task['id']}:cancel")
        for thread in threads:
            thread.join()
        assert len(heard) == 5
        assert all(each == heard[0] for each in heard)


class TestLogs:
    def test_followed_to_the_end(self, api: httpx2.Client) -> None:
        task = api.post("/v1/tasks", json={"operation": "x.y", "state": "running"}).json()
        url = f"/v1/tasks/{task['id']}/logs"

        def add(message: str, severity: str = "info") -> None:
            api.post(url, json={"lines": [{"message": message, "severity": severity}]})

        add("before")
        with api.stream("GET", url, params={"follow": "true"}) as answer:
            lines = iter(Stream(answer))
            assert next(lines)["message"] == "before"
            add("during")
            second = next(lines)
            assert (second["message"], second["event"], second["id"]) == ("during", "log", str(second["seq"]))
            add("hushed", "debug")
            assert next(lines)["message"] == "hushed"
            api.post(f"/v1/tasks/{task['id']}:finish", json={"state": "completed"})
            rest = list(lines)
        assert [line["message"] for line in rest if line["source"] == "external"] == []
        with api.stream("GET", url, params={"follow": "true"}, headers={"Last-Event-ID": second["id"]}) as answer:
            assert next(iter(Stream(answer)))["message"] == "hushed"
        with api.stream("GET", url, params={"follow": "true", "severity": "info"}) as answer:
            messages = [line["message"] for line in Stream(answer)]
        assert messages[:2] == ["before", "during"]
        assert "hushed" not in messages

    def test_nothing_more_to_come(self, api: httpx2.Client) -> None:
        task = submit(api)
        last = api.get(f"/v1/tasks/{task['id']}/logs").json()["items"][-1]["seq"]
        url = f"/v1/tasks/{task['id']}/logs?follow=true"
        assert api.get(url, headers={"Last-Event-ID": str(last)}).status_code == 204
        assert api.get(url, headers={"Last-Event-ID": "x"}).status_code == 400


@pytest.mark.parametrize("path", ["/v1/events", "/v1/tasks/{}/events", "/v1/tasks/{}/logs?follow=true"])
def test_a_reader_that_leaves_is_let_go(path: str, api: httpx2.Client, server: Server) -> None:
    task = submit(api, "probe.endless", wait=0)
    with server.client() as client:
        for _ in range(3):
            with client.stream("GET", path.format(task["id"])) as answer:
                assert answer.status_code == 200
    api.post(f"/v1/tasks/{task['id']}:cancel")
    began = time.monotonic()
    assert submit(api)["state"] == "completed"
    assert time.monotonic() - began < 5
