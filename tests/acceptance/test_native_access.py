"""Who is let in to the native API, and what they may see and do."""

import base64
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.serving import Server, running_server

Json = dict[str, Any]
PASSWORD = "correct horse battery"


def token(api: httpx2.Client, *scopes: str, **body: Any) -> str:
    answer = api.post("/v1/tokens", json={"name": uuid4().hex, "scopes": scopes, **body})
    assert answer.status_code == 201, answer.text
    secret: str = answer.json()["secret"]
    return secret


def user(api: httpx2.Client, role: str = "viewer") -> str:
    name = f"user-{uuid4().hex}"
    assert api.post("/v1/users", json={"name": name, "password": PASSWORD, "role": role}).status_code == 201
    return name


def basic(name: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture
def tenants(server: Server, api: httpx2.Client) -> Iterator[tuple[httpx2.Client, httpx2.Client]]:
    """Two clients with their keys."""
    keys = []
    for _ in range(2):
        name = f"tenant-{uuid4().hex}"
        keys.append((name, api.post("/v1/clients", json={"name": name}).json()["secret"]))
    with (
        server.client("", **{"client": keys[0][0], "api-key": keys[0][1]}) as one,
        server.client("", **{"client": keys[1][0], "x-api-key": keys[1][1]}) as other,
    ):
        yield one, other


class TestTokens:
    def test_the_first_one_is_its_owners_alone(self, server: Server) -> None:
        path = server.data_dir / "admin-token"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with server.client() as api:
            who = api.get("/v1/session").json()
        assert who == {"name": "first-start", "kind": "token", "client": "", "scopes": ["admin", "read", "write"]}

    def test_shown_once_and_never_stored(self, server: Server, api: httpx2.Client) -> None:
        issued = api.post("/v1/tokens", json={"name": "ci", "scopes": ["read"], "description": "for CI"}).json()
        assert issued["secret"].startswith("tw_")
        listed = api.get("/v1/tokens").text
        assert '"ci"' in listed
        assert issued["secret"] not in listed
        for file in server.data_dir.glob("taskward.db*"):
            if file.is_file():
                assert issued["secret"].encode() not in file.read_bytes()
        taken = api.post("/v1/tokens", json={"name": "ci"})
        assert taken.status_code == 409
        assert api.delete(f"/v1/tokens/{issued['credential']['id']}").status_code == 204
        assert api.delete("/v1/tokens/ci").status_code == 404

    def test_scopes(self, server: Server, api: httpx2.Client) -> None:
        body = {"operation": "probe.echo", "args": {"text": "hi"}}
        with server.client(token(api, "read")) as reader:
            assert reader.get("/v1/tasks").status_code == 200
            refused = reader.post("/v1/tasks", json=body)
            assert refused.status_code == 403
            assert "needs the scope write" in refused.json()["detail"]
            assert reader.get("/v1/tokens").status_code == 403
        with server.client(token(api, "write")) as writer:
            assert writer.post("/v1/tasks", json=body, headers={"Prefer": "wait=5"}).status_code == 202
            assert writer.get("/v1/tasks").status_code == 403
        with server.client(token(api, "read", "write")) as operator:
            refusals: list[tuple[str, str, Json]] = [
                ("PUT", "/v1/settings/task_ttl", {"value": 1}),
                ("PUT", "/v1/pools/p", {"limit": 1}),
                ("POST", "/v1/tokens", {"name": "x"}),
                ("POST", "/v1/users", {"name": "x", "password": PASSWORD}),
                ("POST", "/v1/clients", {"name": "x"}),
            ]
            for method, path, change in refusals:
                assert operator.request(method, path, json=change).status_code == 403, path

    def test_expiry_and_revocation_count(self, server: Server, api: httpx2.Client) -> None:
        with server.client(token(api, "read", expires_in_seconds=0.5)) as brief:
            assert brief.get("/v1/tasks").status_code == 200
            end = time.monotonic() + 10
            while (answer := brief.get("/v1/tasks")).status_code == 200 and time.monotonic() < end:
                pass
            assert answer.status_code == 401
            assert "expired" in answer.json()["detail"]
        issued = api.post("/v1/tokens", json={"name": "gone"}).json()
        with server.client(issued["secret"]) as gone:
            assert gone.get("/v1/tasks").status_code == 200
            api.delete("/v1/tokens/gone")
            assert gone.get("/v1/tasks").status_code == 401

    def test_who_is_nobody_hears_how_to_come_in(self, server: Server) -> None:
        with server.client("") as nobody:
            answer = nobody.get("/v1/tasks")
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == 'Bearer realm="taskward"'
            assert nobody.post("/v1/tasks", content=b"{").status_code == 401


class TestUsers:
    def test_basic(self, server: Server, api: httpx2.Client) -> None:
        name = user(api, "operator")
        with server.client("", Authorization=basic(name)) as client:
            who = client.get("/v1/session").json()
            assert who == {"name": name, "kind": "user", "client": "", "scopes": ["read", "write"]}
            began = time.process_time()
            for _ in range(20):
                assert client.get("/v1/session").status_code == 200
            assert time.process_time() - began < 2
        with server.client("", Authorization=basic(name, "wrong password")) as client:
            answer = client.get("/v1/session")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="taskward"'

    def test_guessing_is_slowed_down(self, server: Server, api: httpx2.Client) -> None:
        name = user(api)
        with server.client("") as client:
            details = [
                client.post("/v1/session", json={"user": name, "password": f"guess {number}"}).json()["detail"]
                for number in range(7)
            ]
        assert "too many wrong passwords" in details[-1]

    def test_a_session(self, server: Server, api: httpx2.Client) -> None:
        name = user(api, "operator")
        with server.client("") as browser:
            login = browser.post("/v1/session", json={"user": name, "password": PASSWORD})
            assert login.status_code == 200
            session, csrf = login.headers.get_list("set-cookie")
            assert "HttpOnly" in session
            assert "SameSite=Lax" in session
            assert "HttpOnly" not in csrf
            assert browser.get("/v1/session").json()["kind"] == "session"
            body = {"operation": "probe.echo", "args": {"text": "hi"}}
            refused = browser.post("/v1/tasks", json=body)
            assert refused.status_code == 403
            assert "X-CSRF-Token" in refused.json()["detail"]
            headers = {"X-CSRF-Token": login.headers["x-csrf-token"]}
            assert browser.cookies["taskward_csrf"] == headers["X-CSRF-Token"]
            assert browser.post("/v1/tasks", json=body, headers=headers).status_code == 202
            secret = browser.cookies["taskward_session"]
            assert browser.delete("/v1/session", headers=headers).status_code == 204
            assert "taskward_session" not in browser.cookies
            stolen = browser.get("/v1/session", headers={"Cookie": f"taskward_session={secret}"})
            assert stolen.status_code == 401

    def test_a_session_of_a_token_has_its_scopes_and_ends_with_it(self, server: Server, api: httpx2.Client) -> None:
        name = uuid4().hex
        body = {"name": name, "scopes": ["read"], "expires_in_seconds": 3600}
        secret = api.post("/v1/tokens", json=body).json()["secret"]
        with server.client("") as browser:
            login = browser.post("/v1/session", json={"token": secret})
            assert login.json() == {"name": name, "kind": "token", "client": "", "scopes": ["read"]}
            cookie = login.headers.get_list("set-cookie")[0]
            assert 3590 <= int(cookie.partition("Max-Age=")[2].partition(";")[0]) <= 3600
            assert browser.get("/v1/session").json()["kind"] == "session"
            headers = {"X-CSRF-Token": login.headers["x-csrf-token"]}
            assert browser.post("/v1/tasks", json={"operation": "probe.echo"}, headers=headers).status_code == 403
            assert api.delete(f"/v1/tokens/{name}").status_code == 204
            assert browser.get("/v1/session").status_code == 401
            assert browser.post("/v1/session", json={"token": secret}).status_code == 401
            for wrong in ({}, {"token": "a", "user": "b", "password": "c"}):
                refused = browser.post("/v1/session", json=wrong)
                assert refused.status_code == 422
                assert refused.json()["errors"][0]["pointer"] == "#/token"

    def test_a_browser_at_the_door_is_shown_to_the_console(self, server: Server) -> None:
        with server.client("", accept="text/html,*/*;q=0.8") as browser:
            answer = browser.get("/")
            assert (answer.status_code, answer.headers["location"]) == (307, "/console/")
            page = browser.get("/console/tasks")
            assert page.headers["content-type"].startswith("text/html")
            assert "frame-ancestors 'none'" in page.headers["content-security-policy"]

    def test_a_wrong_login(self, server: Server) -> None:
        with server.client("") as browser:
            answer = browser.post("/v1/session", json={"user": "nobody", "password": PASSWORD})
            assert answer.status_code == 401
            assert "set-cookie" not in answer.headers

    def test_another_role_counts_at_once_and_another_password_ends_sessions(
        self, server: Server, api: httpx2.Client
    ) -> None:
        name = user(api, "viewer")
        with server.client("") as browser:
            browser.post("/v1/session", json={"user": name, "password": PASSWORD})
            body = {"name": name, "password": "another password", "role": "admin"}
            assert api.put(f"/v1/users/{name}", json=body).json()["scopes"] == ["read", "write", "admin"]
            assert browser.get("/v1/session").status_code == 401
            login = browser.post("/v1/session", json={"user": name, "password": "another password"})
            assert login.json()["scopes"] == ["admin", "read", "write"]
            assert api.delete(f"/v1/users/{name}").status_code == 204
            assert browser.get("/v1/session").status_code == 401

    def test_listed_without_hashes(self, api: httpx2.Client) -> None:
        name = user(api)
        listed = api.get("/v1/users").text
        assert name in listed
        assert "scrypt" not in listed


class TestTenants:
    def submit(self, client: httpx2.Client, operation: str = "probe.echo", **body: Any) -> Json:
        body.setdefault("args", {"text": "hi"} if operation == "probe.echo" else {})
        answer = client.post("/v1/tasks", json={"operation": operation, **body}, headers={"Prefer": "wait=10"})
        assert answer.status_code in (200, 202), answer.text
        task: Json = answer.json()
        return task

    def test_each_sees_its_own_alone(
        self, tenants: tuple[httpx2.Client, httpx2.Client], api: httpx2.Client, server: Server
    ) -> None:
        one, other = tenants
        task = self.submit(one)
        assert task["client"] == one.headers["client"]
        assert [each["id"] for each in one.get("/v1/tasks").json()["items"]] == [task["id"]]
        assert other.get("/v1/tasks").json()["items"] == []
        assert other.get("/v1/tasks", params={"client": task["client"]}).json()["items"] == []
        for method, path in (
            ("GET", ""),
            ("GET", "/tree"),
            ("GET", "/why"),
            ("GET", "/logs"),
            ("GET", "/logs?follow=true"),
            ("GET", "/events"),
            ("GET", "/reports"),
            ("GET", "/cancel-preview"),
            ("POST", ":cancel"),
            ("POST", ":pause"),
            ("POST", ":resume"),
            ("POST", ":rerun"),
            ("POST", ":persist"),
            ("DELETE", ""),
        ):
            for ref in (task["id"], task["number"]):
                assert other.request(method, f"/v1/tasks/{ref}{path}").status_code == 404, path
        assert other.patch(f"/v1/tasks/{task['id']}", json={"persist": True}).status_code == 404
        assert other.post("/v1/tasks:wait", json={"ids": [task["id"]]}).status_code == 404
        assert other.post("/v1/tasks:purge", json={"client": task["client"]}).json()["removed"] == 0
        assert other.post("/v1/tasks:purge", json={}).json()["removed"] == 0
        assert one.get("/v1/stats").json()["states"] == {"completed": 1}
        assert other.get("/v1/stats").json()["states"] == {}
        assert api.get(f"/v1/tasks/{task['id']}").status_code == 200
        with server.client(token(api, "read", client=task["client"])) as own:
            assert own.get(f"/v1/tasks/{task['id']}").status_code == 200
            assert own.get("/v1/session").json()["client"] == task["client"]

    def test_each_sees_of_the_fleet_what_its_own_tasks_are_in(
        self, tenants: tuple[httpx2.Client, httpx2.Client], api: httpx2.Client
    ) -> None:
        one, other = tenants
        queue = uuid4().hex
        body = {"operation": "probe.echo", "args": {"text": "x"}, "queue": queue}
        task = one.post("/v1/tasks", json=body).json()
        (seen,) = one.get("/v1/queues").json()["items"]
        assert (seen["name"], seen["queued"], seen["workers"]) == (queue, 1, 0)
        assert other.get("/v1/queues").json()["items"] == []
        assert queue in {each["name"] for each in api.get("/v1/queues").json()["items"]}
        (worker, *_) = api.get("/v1/workers").json()["items"]
        assert one.get("/v1/workers").json()["items"] == []
        assert one.get(f"/v1/workers/{worker['id']}").status_code == 404
        one.post(f"/v1/tasks/{task['id']}:cancel")
        assert one.get("/v1/queues").json()["items"] == []

    def test_no_relatives_across(self, tenants: tuple[httpx2.Client, httpx2.Client]) -> None:
        one, other = tenants
        later = {"operation": "probe.echo", "args": {"text": "hi"}, "run_at": "2999-01-01T00:00:00Z"}
        task = one.post("/v1/tasks", json=later).json()
        for body in ({"parent_id": task["id"]}, {"depends_on": [task["id"]]}):
            answer = other.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "x"}, **body})
            assert answer.status_code == 422
            assert "no task" in answer.json()["errors"][0]["detail"]

    def test_keys_are_each_ones_own(self, tenants: tuple[httpx2.Client, httpx2.Client]) -> None:
        ids = {
            client.post(
                "/v1/tasks",
                json={"operation": "probe.echo", "args": {"text": str(number)}},
                headers={"Idempotency-Key": "the-same"},
            ).json()["id"]
            for number, client in enumerate(tenants)
        }
        assert len(ids) == 2

    def test_schedules_are_each_ones_own(
        self, tenants: tuple[httpx2.Client, httpx2.Client], api: httpx2.Client
    ) -> None:
        one, other = tenants
        name = uuid4().hex
        body = {"operation": "probe.echo", "args": {"text": "x"}, "every_seconds": 3600}
        assert one.put(f"/v1/schedules/{name}", json=body).status_code == 201
        assert other.get(f"/v1/schedules/{name}").status_code == 404
        assert other.get("/v1/schedules").json()["items"] == []
        assert other.put(f"/v1/schedules/{name}", json=body).status_code == 409
        assert other.post(f"/v1/schedules/{name}:run").status_code == 404
        assert other.delete(f"/v1/schedules/{name}").status_code == 404
        assert api.post(f"/v1/schedules/{name}:run").json()["client"] == one.headers["client"]
        assert one.delete(f"/v1/schedules/{name}").status_code == 204

    def test_the_house_is_not_theirs(self, tenants: tuple[httpx2.Client, httpx2.Client]) -> None:
        one, _ = tenants
        for method, path, body in (
            ("PATCH", "/v1/queues/default", {"paused": True}),
            ("PUT", "/v1/pools/p", {"limit": 1}),
            ("PUT", "/v1/settings/task_ttl", {"value": 1}),
            ("GET", "/v1/tokens", None),
        ):
            assert one.request(method, path, json=body).status_code == 403, path

    def test_no_administrators(self, tenants: tuple[httpx2.Client, httpx2.Client], api: httpx2.Client) -> None:
        body = {"name": "x", "scopes": ["admin"], "client": tenants[0].headers["client"]}
        assert api.post("/v1/tokens", json=body).status_code == 422

    def test_events_of_others_are_not_heard(
        self, tenants: tuple[httpx2.Client, httpx2.Client], api: httpx2.Client
    ) -> None:
        one, other = tenants
        with one.stream("GET", "/v1/events", params={"replay": "true"}) as events:
            self.submit(other)
            own = self.submit(one)
            for line in events.iter_lines():
                if line.startswith("data:"):
                    assert own["id"] in line
                    break

    def test_a_new_key_ends_the_old(self, server: Server, api: httpx2.Client) -> None:
        name = f"tenant-{uuid4().hex}"
        old = api.post("/v1/clients", json={"name": name, "description": "A tenant"}).json()
        new = api.post(f"/v1/clients/{name}:rotate").json()
        assert new["credential"]["description"] == "A tenant"
        statuses = []
        for issued in (old, new):
            with server.client("", **{"client": name, "api-key": issued["secret"]}) as client:
                statuses.append(client.get("/v1/tasks").status_code)
        assert statuses == [401, 200]
        assert api.delete(f"/v1/clients/{name}").status_code == 204
        assert api.get("/v1/clients").text.count(name) == 0


def test_a_server_may_let_everybody_in(tmp_path: Path) -> None:
    with running_server(tmp_path, flags={"auth.required": False}, workers=0) as server, server.client("") as anyone:
        assert anyone.get("/v1/session").json()["name"] == "anonymous"
        assert anyone.get("/v1/tokens").status_code == 200
        assert anyone.get("/v1/tasks", headers={"Authorization": "Bearer wrong"}).status_code == 401
