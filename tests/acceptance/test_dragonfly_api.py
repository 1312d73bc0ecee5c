"""Dragonfly's Open API on a real server, before stand-ins for the programs of two clusters."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from taskward.modules.cache.identity import DEFAULT_FILTERED_QUERY_PARAMS, content_task_id, task_id
from tests.dragonfly import ClustersBeside, Daemon, as_flag
from tests.registries import PASSWORD, USER, described, running_registry
from tests.serving import Server, running_server

URL = "https://example.com"
ID = task_id(URL)
SEED = Daemon("dragonfly-seed-client-0", is_seed=True)
NORMAL = Daemon("dragonfly-client-1")
BROKEN = Daemon("dragonfly-client-2", refuses="disk on fire")
OTHER = Daemon("other-client-1")
ALL = (SEED, NORMAL, BROKEN, OTHER)
MIB = 1024 * 1024
EXCHANGES = json.loads((Path(__file__).parents[1] / "fixtures/dragonfly/jobs.json").read_text())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ClustersBeside() as beside:
        first = beside.cluster(SEED, NORMAL, BROKEN, id=1)
        second = beside.cluster(OTHER, id=2)
        flags = {"cache.clusters": as_flag(first, second), "outbound.allow": ["127.0.0.1"]}
        with running_server(tmp_path_factory.mktemp("s"), flags=flags) as running:
            yield running


@pytest.fixture
def api(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        # What another test asked for and did not wait for would change what the hosts keep.
        answer = client.post("/v1/tasks:wait", json={"module": "cache", "timeout_seconds": 60}, timeout=90)
        assert answer.json()["done"], answer.text
        for daemon in ALL:
            daemon.keeps.clear()
        yield client


def make(api: httpx2.Client, kind: str, args: dict[str, Any], **members: Any) -> dict[str, Any]:
    answer = api.post("/oapi/v1/jobs", json={"type": kind, "args": args, **members})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    assert (job["state"], job["result"], job["seed_peer_clusters"]) == ("PENDING", None, None)
    return job


def ended(api: httpx2.Client, kind: str, args: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The job as the first look at it shows it: that look waits for its end."""
    job = api.get(f"/oapi/v1/jobs/{make(api, kind, args, **members)['id']}").json()
    assert job["state"] == job["result"]["state"] != "PENDING", job
    found: dict[str, Any] = job
    return found


def refused(answer: httpx2.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    [(shape, text)] = answer.json().items()
    assert shape == ("errors" if status == 422 else "message")
    return str(text)


def token(server: Server, name: str, **members: Any) -> dict[str, Any]:
    body = {"name": name, "expired_at": "2100-01-01T00:00:00Z", "user_id": 1, **members}
    with server.client() as admin:
        answer = admin.post("/api/v1/personal-access-tokens", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


# ---------------------------------------------------------------- searching and deleting


def test_a_search_is_done_at_the_first_look(api: httpx2.Client) -> None:
    SEED.keeps[ID] = "finished"
    NORMAL.keeps[ID] = "partial"
    made = make(api, "get_task", {"url": URL, "tag": "", "application": ""})
    job = api.get(f"/oapi/v1/jobs/{made['id']}").json()
    assert job["state"] == job["result"]["state"] == "SUCCESS"
    assert job["task_id"] == made["task_id"] == job["result"]["group_uuid"]
    assert job["task_id"].startswith("group_")
    first, second = job["result"]["job_states"]
    assert set(first) == {"created_at", "error", "results", "state", "task_name", "task_uuid", "ttl"}
    assert (first["error"], first["state"], first["task_name"], first["ttl"]) == ("", "SUCCESS", "get_task", 0)
    assert first["task_uuid"].startswith("task_")
    [result] = first["results"]
    assert result == {
        "peers": [
            {
                "IsFinished": False,
                "created_at": "2026-11-19T12:00:00Z",
                "host_type": "normal",
                "hostname": "dragonfly-client-1",
                "id": "127.0.0.1-dragonfly-client-1",
                "ip": "127.0.0.1",
                "updated_at": "2026-11-19T12:00:00Z",
            },
            {
                "IsFinished": True,
                "created_at": "2026-11-19T12:00:00Z",
                "host_type": "super",
                "hostname": "dragonfly-seed-client-0",
                "id": "127.0.0.1-dragonfly-seed-client-0-seed",
                "ip": "127.0.0.1",
                "updated_at": "2026-11-19T12:00:00Z",
            },
        ],
        "scheduler_cluster_id": 1,
    }
    assert second["results"] == [{"peers": None, "scheduler_cluster_id": 2}]


def test_an_unknown_task_is_nobody_and_success(api: httpx2.Client) -> None:
    job = ended(api, "get_task", {"task_id": "unknown"})
    assert job["state"] == "SUCCESS"
    assert [state["results"][0]["peers"] for state in job["result"]["job_states"]] == [None, None]
    gone = ended(api, "delete_task", {"task_id": "unknown"})
    assert gone["result"]["job_states"][0]["results"] == [
        {"failure_tasks": None, "scheduler_cluster_id": 1, "success_tasks": None}
    ]


def test_a_deletion_clears_all_that_a_search_finds_and_says_who_failed_and_why(api: httpx2.Client) -> None:
    for daemon in ALL:
        daemon.keeps[ID] = "finished"
    job = ended(api, "delete_task", {"url": URL})
    assert job["state"] == "SUCCESS"
    assert job["result"]["job_states"][0]["results"] == [
        {
            "failure_tasks": [
                {
                    "description": f"task {ID} failed: INTERNAL: disk on fire",
                    "host_type": "normal",
                    "hostname": "dragonfly-client-2",
                    "ip": "127.0.0.1",
                }
            ],
            "scheduler_cluster_id": 1,
            "success_tasks": [
                {"host_type": "normal", "hostname": "dragonfly-client-1", "ip": "127.0.0.1"},
                {"host_type": "super", "hostname": "dragonfly-seed-client-0", "ip": "127.0.0.1"},
            ],
        }
    ]
    assert [bool(daemon.keeps) for daemon in ALL] == [False, False, True, False]


def test_a_deletion_stays_in_the_clusters_it_names(api: httpx2.Client) -> None:
    SEED.keeps[ID] = OTHER.keeps[ID] = "finished"
    job = ended(api, "delete_task", {"url": URL}, scheduler_cluster_ids=[2])
    [state] = job["result"]["job_states"]
    assert state["results"][0]["scheduler_cluster_id"] == 2
    assert state["results"][0]["failure_tasks"] == []
    assert [cluster["id"] for cluster in job["scheduler_clusters"]] == [2]
    assert (SEED.keeps, OTHER.keeps) == ({ID: "finished"}, {})


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({"content_for_calculating_task_id": "x"}, content_task_id("x")),
        ({"content_for_calculating_task_id": ""}, content_task_id("")),
        ({"url": URL, "task_id": "loses", "content_for_calculating_task_id": "loses"}, ID),
        ({"task_id": "loses", "content_for_calculating_task_id": "x"}, content_task_id("x")),
        ({"url": URL, "piece_length": 4 * MIB}, task_id(URL, piece_length=4 * MIB)),
        ({"url": URL, "tag": "a", "application": "b"}, task_id(URL, tag="a", application="b")),
        ({"url": f"{URL}/?x=1&y=2", "filtered_query_params": "x&y"}, ID),
        ({"url": f"{URL}/?Expires=1", "filtered_query_params": ""}, ID),
    ],
)
def test_what_a_job_means(api: httpx2.Client, args: dict[str, Any], name: str) -> None:
    NORMAL.keeps[name] = "finished"
    job = ended(api, "get_task", args, scheduler_cluster_ids=[1])
    assert [peer["hostname"] for peer in job["result"]["job_states"][0]["results"][0]["peers"]] == [NORMAL.hostname]


def test_arguments_are_shown_whole_with_their_defaults(api: httpx2.Client) -> None:
    expanded = "&".join(DEFAULT_FILTERED_QUERY_PARAMS)
    common = {
        "application": "",
        "content_for_calculating_task_id": None,
        "filtered_query_params": expanded,
        "piece_length": None,
        "tag": "",
        "task_id": "",
        "timeout": 3_600_000_000_000,
        "url": URL,
    }
    assert make(api, "get_task", {"url": URL})["args"] == {**common, "concurrent_peer_count": 500}
    assert make(api, "delete_task", {"url": URL})["args"] == common
    given = {"url": URL, "tag": "t", "filtered_query_params": "a&b", "timeout": 60_000_000_000, "piece_length": 4 * MIB}
    shown = make(api, "delete_task", given)["args"]
    assert {name: shown[name] for name in given} == given


@pytest.mark.parametrize("kind", ["get_task", "delete_task"])
@pytest.mark.parametrize("name", ["task_id", "content_for_calculating_task_id"])
def test_arguments_are_shown_that_belong_to_no_id(api: httpx2.Client, kind: str, name: str) -> None:
    given = {"tag": "t", "application": "a", "piece_length": 4 * MIB, "filtered_query_params": "a&b", name: "x"}
    shown = make(api, kind, given)["args"]
    assert {name: shown[name] for name in given} == given


def test_a_password_is_masked_where_there_is_one(api: httpx2.Client) -> None:
    args = {"type": "file", "url": URL}
    assert make(api, "preheat", args)["args"]["password"] == ""
    assert make(api, "preheat", {**args, "username": "u", "password": "p"})["args"]["password"] == "****"


@pytest.mark.parametrize("kind", ["get_task", "delete_task"])
@pytest.mark.parametrize(
    ("args", "problem"),
    [
        ({}, "invalid params: task_id, content_for_calculating_task_id or url is required"),
        ({"url": "", "task_id": ""}, "invalid params: task_id, content_for_calculating_task_id or url is required"),
        ({"url": URL, "piece_length": 4 * MIB - 1}, "args.piece_length: Expected int >= 4194304"),
        ({"url": URL, "piece_length": 64 * MIB + 1}, "args.piece_length: Expected int <= 67108864"),
        ({"url": 7}, "args.url: Expected str, got int"),
        ({"url": "example.com"}, "url must be a URL such as"),
        ({"url": URL, "timeout": "1h"}, "args.timeout: Expected int, got str"),
        ({"task_id": "x", "concurrent_peer_count": 1001}, "args.concurrent_peer_count: Expected int <= 1000"),
    ],
)
def test_arguments_that_do_not_fit(api: httpx2.Client, kind: str, args: dict[str, Any], problem: str) -> None:
    assert problem in refused(api.post("/oapi/v1/jobs", json={"type": kind, "args": args}), 422)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "the body is not JSON"),
        (b"[]", "the body must be a JSON object"),
        (b"{}", "missing required field type"),
        (b'{"type": "find"}', "Unknow type"),
        (b'{"type": "get_task", "args": []}', "args: Expected object"),
        (b'{"type": "get_task", "args": {"task_id": "a\\u0000"}}', "U+0000"),
    ],
)
def test_bodies_that_do_not_fit(api: httpx2.Client, body: bytes, problem: str) -> None:
    assert problem in refused(api.post("/oapi/v1/jobs", content=body), 422)


def test_a_cluster_that_is_not_there_is_refused_as_one_that_is_asked_too_often(api: httpx2.Client) -> None:
    body = {"type": "get_task", "args": {"task_id": "x"}, "scheduler_cluster_ids": [99]}
    gone = api.post("/oapi/v1/jobs", json=body)
    assert (gone.status_code, gone.text) == (429, "rate limit exceeded")
    assert gone.headers["content-type"].startswith("text/plain")


def test_a_cluster_without_a_scheduler_fails_the_job_and_not_the_others(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    alive = Daemon("alive", keeps={ID: "finished"})
    with ClustersBeside() as beside:
        dead = {"id": 2, "name": "dead", "schedulers": ["127.0.0.1:1"]}
        flags = {"cache.clusters": [*as_flag(beside.cluster(alive, id=1)), dead]}
        with running_server(tmp_path_factory.mktemp("s"), flags=flags) as server, server.client() as api:
            job = ended(api, "get_task", {"url": URL})
    assert job["state"] == "FAILURE"
    first, second = job["result"]["job_states"]
    assert (first["state"], first["results"][0]["peers"][0]["hostname"]) == ("SUCCESS", "alive")
    assert (second["state"], second["results"]) == ("FAILURE", None)
    assert second["error"].startswith("no scheduler of cluster dead answers (127.0.0.1:1: cannot be reached")


def test_without_clusters_there_is_nobody_to_ask(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_server(tmp_path_factory.mktemp("s"), workers=0) as server, server.client() as api:
        body: dict[str, Any] = {"type": "get_task", "args": {"task_id": "x"}}
        assert refused(api.post("/oapi/v1/jobs", json=body), 500) == "active schedulers not found"
        preheat = {"type": "preheat", "args": {"type": "file", "url": URL}}
        assert refused(api.post("/oapi/v1/jobs", json=preheat), 500) == "candidate schedulers not found"
        assert api.get("/oapi/v1/clusters").json() == []
        assert "link" in api.get("/oapi/v1/jobs").headers


def test_a_preheat(api: httpx2.Client) -> None:
    job = ended(api, "preheat", {"type": "file", "url": URL}, scheduler_cluster_ids=[1])
    assert job["state"] == "SUCCESS"
    assert job["result"]["job_states"][0]["results"] == [
        {
            "failure_tasks": [],
            "scheduler_cluster_id": 1,
            "success_tasks": [{"url": URL, "hostname": SEED.hostname, "ip": "127.0.0.1"}],
        }
    ]
    assert SEED.keeps == {ID: "finished"}
    assert (job["args"]["type"], job["args"]["scope"], job["args"]["url"]) == ("file", "single_seed_peer", URL)
    for args, problem in (
        ({"url": URL}, "missing required field type"),
        ({"type": "file"}, "url or urls is required"),
        ({"type": "model", "url": URL}, "args.type"),
        ({"type": "file", "url": URL, "percentage": 101}, "args.percentage"),
        ({"type": "file", "url": URL, "hdfs": {"x": 1}}, "args.hdfs: is not supported"),
    ):
        assert problem in refused(api.post("/oapi/v1/jobs", json={"type": "preheat", "args": args}), 422)


def test_where_an_image_is(api: httpx2.Client) -> None:
    with running_registry() as registry:
        content, digests = described("config", "layer 1", "layer 2")
        registry.push(content, "1.0")
        registry.demands = "bearer"
        ids = [task_id(registry.blob(digest)) for digest in digests]
        NORMAL.keeps.update({ids[0]: "finished", ids[1]: "finished", ids[2]: "partial"})
        SEED.keeps[ids[0]] = OTHER.keeps[ids[2]] = "finished"
        args = {"url": registry.url("1.0"), "username": USER, "password": PASSWORD}
        answer = api.post("/oapi/v1/jobs", json={"type": "get_image_distribution", "args": args})
        assert answer.status_code == 200, answer.text
        layers = [{"url": registry.blob(digest)} for digest in digests]
        assert answer.json() == {
            "image": {"layers": layers},
            "peers": [
                {
                    "ip": "127.0.0.1",
                    "hostname": NORMAL.hostname,
                    "layers": layers[:2],
                    "cached_layers": layers[:2],
                    "scheduler_cluster_id": 1,
                },
                {
                    "ip": "127.0.0.1",
                    "hostname": OTHER.hostname,
                    "layers": layers[2:],
                    "cached_layers": layers[2:],
                    "scheduler_cluster_id": 2,
                },
            ],
        }
        for wrong, problem in (
            ({"url": registry.url("2.0"), "username": USER, "password": PASSWORD}, "MANIFEST_UNKNOWN"),
            ({"url": "https://example.com"}, "url must be that of a manifest"),
            ({"url": "http://10.0.0.1/v2/a/manifests/1"}, "10.0.0.1"),
        ):
            body = {"type": "get_image_distribution", "args": wrong}
            said = refused(api.post("/oapi/v1/jobs", json=body), 500)
            assert said.startswith("get image layers failed: ")
            assert problem in said
    missing = {"type": "get_image_distribution", "args": {}}
    assert "missing required field url" in refused(api.post("/oapi/v1/jobs", json=missing), 422)


def test_an_image_is_told_of_by_the_clusters_that_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    alive = Daemon("alive")
    with ClustersBeside() as beside, running_registry() as registry:
        content, digests = described("config", "layer 1", "layer 2")
        registry.push(content, "1.0")
        layers = [{"url": registry.blob(digest)} for digest in digests]
        tag = "token=tw_a-tag-that-looks-like-a-secret"
        alive.keeps.update({task_id(registry.blob(digest), tag=tag): "finished" for digest in digests[:2]})
        dead = {"id": 9, "name": "dead", "schedulers": ["127.0.0.1:1"]}
        flags = {
            "cache.clusters": [*as_flag(beside.cluster(alive, id=1)), dead],
            "outbound.allow": ["127.0.0.1"],
        }
        with running_server(tmp_path_factory.mktemp("s"), flags=flags) as server, server.client() as api:
            body = {"type": "get_image_distribution", "args": {"url": registry.url("1.0"), "tag": tag}}
            for named in ([], [1, 9]):
                answer = api.post("/oapi/v1/jobs", json={**body, "scheduler_cluster_ids": named})
                assert answer.status_code == 200, answer.text
                assert answer.json() == {
                    "image": {"layers": layers},
                    "peers": [
                        {
                            "ip": "127.0.0.1",
                            "hostname": "alive",
                            "layers": layers[:2],
                            "cached_layers": layers[:2],
                            "scheduler_cluster_id": 1,
                        }
                    ],
                }
            nobody = api.post("/oapi/v1/jobs", json={**body, "scheduler_cluster_ids": [9]})
            assert "1 of 1 clusters could not be asked: dead" in refused(nobody, 500)
            body["args"] = {"url": registry.url("2.0")}
            assert "MANIFEST_UNKNOWN" in refused(api.post("/oapi/v1/jobs", json=body), 500)


def _kind(value: Any) -> Any:
    """What a value is, whatever it says: members of objects by name, one sample of an array."""
    if isinstance(value, dict):
        return {name: _kind(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_kind(value[0])] if value else []
    return type(value).__name__


def _lacks(told: Any, documented: Any, place: str = "") -> list[str]:
    """Where an answer has not what the documentation's answer has."""
    if isinstance(documented, dict):
        if not isinstance(told, dict):
            return [f"{place}: {told!r} is no object"]
        return [
            problem
            for name, member in documented.items()
            for problem in (_lacks(told[name], member, f"{place}/{name}") if name in told else [f"{place}/{name}"])
        ]
    if isinstance(documented, list) and documented:
        return _lacks(told[0], documented[0], f"{place}/0") if told else [f"{place}: empty"]
    return [] if _kind(told) == _kind(documented) else [f"{place}: {told!r} for {documented!r}"]


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange["name"])
def test_answers_have_what_the_documentation_shows(api: httpx2.Client, exchange: dict[str, Any]) -> None:
    SEED.keeps[ID] = "finished"
    created = api.post("/oapi/v1/jobs", json=exchange["request"]).json()
    assert _lacks(created, exchange["created"]) == []
    read = api.get(f"/oapi/v1/jobs/{created['id']}").json()
    assert _lacks(read, exchange["read"]) == []
    assert (created["state"], read["state"]) == (exchange["created"]["state"], exchange["read"]["state"])


def test_sync_peers_answers_when_it_has_looked(api: httpx2.Client) -> None:
    answer = api.post("/oapi/v1/jobs", json={"type": "sync_peers"})
    assert (answer.status_code, answer.json()) == (200, "OK")


# ---------------------------------------------------------------- rows


def test_a_job_is_changed_and_removed(api: httpx2.Client) -> None:
    job = ended(api, "get_task", {"task_id": "x"}, bio="first", user_id=7)
    assert (job["bio"], job["user_id"], job["user"]["id"]) == ("first", 7, 7)
    path = f"/oapi/v1/jobs/{job['id']}"
    assert api.patch(path, json={"bio": "second"}).json()["bio"] == "second"
    assert api.patch(path, json={"bio": ""}).json()["bio"] == "second"
    assert api.patch(path, json={"user_id": 8}).json()["user_id"] == 8
    removed = api.delete(path)
    assert (removed.status_code, removed.content) == (200, b"")
    assert refused(api.get(path), 404) == "record not found"


@pytest.mark.usefixtures("people")
def test_a_job_shows_the_user_that_it_names(server: Server) -> None:
    job_token = token(server, "names users", scopes=["job"])["token"]
    with server.client() as admin, server.client(job_token) as api:
        user = next(one for one in admin.get("/api/v1/users").json() if one["name"] == "guest")
        assert user["id"] > 0
        made = make(api, "get_task", {"task_id": "x"}, user_id=user["id"])
        assert (made["user_id"], made["user"]) == (user["id"], user)
        assert api.get(f"/oapi/v1/jobs/{made['id']}").json()["user"] == user
        rows = api.get("/oapi/v1/jobs", params={"user_id": user["id"]}).json()
        assert [(row["id"], row["user"]) for row in rows] == [(made["id"], user)]
        nobody = make(api, "get_task", {"task_id": "x"})
        assert (nobody["user_id"], nobody["user"]["id"], nobody["user"]["name"]) == (0, 0, "")
        changed = api.patch(f"/oapi/v1/jobs/{nobody['id']}", json={"user_id": user["id"]}).json()
        assert changed["user"] == user


@pytest.mark.parametrize("name", ["abc", "0", "-1", "1.5", "99999999999999999999"])
def test_ids_are_whole_numbers_above_zero(api: httpx2.Client, name: str) -> None:
    assert "id: must be a whole number above zero" in refused(api.get(f"/oapi/v1/jobs/{name}"), 422)


def test_other_tasks_are_no_jobs(api: httpx2.Client) -> None:
    answer = api.post("/v1/tasks", json={"operation": "probe.echo", "args": {"text": "x"}})
    assert refused(api.get(f"/oapi/v1/jobs/{answer.json()['number']}"), 404) == "record not found"
    dry = {"operation": "cache.delete", "args": {"what": {"task_id": "x"}, "dry_run": True}}
    number = api.post("/v1/tasks", json=dry).json()["number"]
    assert number not in {job["id"] for job in api.get("/oapi/v1/jobs", params={"per_page": 1000}).json()}


def test_what_v1_submits_is_a_job_too(api: httpx2.Client) -> None:
    body = {"operation": "cache.delete", "args": {"what": {"url": URL, "tag": "t"}, "clusters": [2]}}
    number = api.post("/v1/tasks", json=body, headers={"Prefer": "wait=10"}).json()["number"]
    job = api.get(f"/oapi/v1/jobs/{number}").json()
    assert (job["type"], job["args"]["tag"], [one["id"] for one in job["scheduler_clusters"]]) == (
        "delete_task",
        "t",
        [2],
    )


def test_lists_are_paged_by_link(api: httpx2.Client) -> None:
    for _ in range(3):
        ended(api, "delete_task", {"task_id": "listed"})
    page = api.get("/oapi/v1/jobs", params={"type": "delete_task", "state": "SUCCESS", "per_page": 2})
    rows = page.json()
    assert [row["type"] for row in rows] == ["delete_task"] * 2
    assert rows[0]["id"] > rows[1]["id"]
    assert rows[0]["result"]["state"] == "SUCCESS"
    assert (rows[0]["scheduler_clusters"], rows[0]["seed_peer_clusters"]) == (None, None)
    parts = [part.split(";rel=") for part in page.headers["link"].split(",")]
    links = {name: place for place, name in parts}
    assert links["prev"] == links["first"] == "</oapi/v1/jobs?page=1&per_page=2&state=SUCCESS&type=delete_task>"
    assert links["next"] == "</oapi/v1/jobs?page=2&per_page=2&state=SUCCESS&type=delete_task>"
    last = api.get(links["last"].strip("<>"))
    assert 1 <= len(last.json()) <= 2
    nothing = api.get("/oapi/v1/jobs", params={"state": "RETRY"})
    assert nothing.json() == []
    assert "page=2&per_page=10&state=RETRY>;rel=next" in nothing.headers["link"]
    assert "page=0&per_page=10&state=RETRY>;rel=last" in nothing.headers["link"]
    assert "state: must be one of" in refused(api.get("/oapi/v1/jobs", params={"state": "x"}), 422)
    assert "page: must be" in refused(api.get("/oapi/v1/jobs", params={"page": "0"}), 422)
    assert "per_page: must be" in refused(api.get("/oapi/v1/jobs", params={"per_page": "10000001"}), 422)


def test_clusters(api: httpx2.Client) -> None:
    first, second = api.get("/oapi/v1/clusters").json()
    assert (first["id"], first["name"], second["id"]) == (1, "cluster-1", 2)
    assert first["scheduler_cluster_config"]["job_rate_limit"] == 10
    assert api.get("/oapi/v1/clusters/2").json() == second
    assert refused(api.get("/oapi/v1/clusters/3"), 404) == "record not found"
    assert "cache.clusters" in refused(api.post("/oapi/v1/clusters", json={}), 403)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/oapi/v1/schedulers"), ("PUT", "/oapi/v1/jobs"), ("GET", "/api/v1/nothing")]
)
def test_what_there_is_not_leads_home(api: httpx2.Client, method: str, path: str) -> None:
    answer = api.request(method, path)
    assert (answer.status_code, answer.headers["location"]) == (301, "/")
    assert answer.headers["x-server-ip"].startswith("127.0.0.1,")


# ---------------------------------------------------------------- tokens


def test_a_token_opens_what_its_scopes_name(server: Server) -> None:
    job, cluster, both = (
        token(server, name, scopes=scopes)
        for name, scopes in (("job", ["job"]), ("cluster", ["cluster"]), ("both", []))
    )
    assert (job["state"], job["scopes"], both["scopes"]) == ("active", ["job"], ["job", "cluster"])
    needed = "Token doesn't have permission to access this resource. Required permission: "
    with server.client(job["token"]) as api:
        assert api.get("/oapi/v1/jobs").status_code == 200
        assert make(api, "get_task", {"task_id": "x"})["id"]
        assert refused(api.get("/oapi/v1/clusters"), 403) == needed + "cluster"
        assert api.get("/v1/tasks").status_code == 403
        assert refused(api.get("/api/v1/jobs"), 401) == "permission deny"
    with server.client(cluster["token"]) as api:
        assert api.get("/oapi/v1/clusters").status_code == 200
        assert refused(api.get("/oapi/v1/jobs"), 403) == needed + "job"
        assert refused(api.post("/oapi/v1/jobs", json={"type": "get_task", "args": {"task_id": "x"}}), 403)
    with server.client(both["token"]) as api:
        assert {api.get(path).status_code for path in ("/oapi/v1/jobs", "/oapi/v1/clusters")} == {200}


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer a b", "Basic eDp5", "Token {token}", "Bearer nothing"])
def test_without_a_token_nobody_is_let_in(server: Server, header: str) -> None:
    headers = {"Authorization": header.format(token=server.token)} if header else {}
    with server.client("", **headers) as api:
        assert refused(api.get("/oapi/v1/jobs"), 401) == "Unauthorized"


def test_a_token_in_the_query_goes_first(server: Server) -> None:
    with server.client("wrong") as api:
        assert api.get("/oapi/v1/jobs", params={"access_token": server.token}).status_code == 200


def test_a_token_is_switched_off_ends_and_is_revoked(server: Server, api: httpx2.Client) -> None:
    made = token(server, "temporary", scopes=["job"])
    path = f"/api/v1/personal-access-tokens/{made['id']}"
    with server.client(made["token"]) as user:
        assert user.get("/oapi/v1/jobs").status_code == 200
        off = api.patch(path, json={"scopes": ["job"], "state": "inactive", "bio": "off"}).json()
        assert (off["state"], off["bio"], off["token"]) == ("inactive", "off", "")
        assert refused(user.get("/oapi/v1/jobs"), 403) == "Token is inactive"
        assert user.get("/v1/session").status_code == 401
        assert api.patch(path, json={"scopes": ["job"], "state": "active"}).json()["bio"] == "off"
        assert user.get("/oapi/v1/jobs").status_code == 200
        soon = (datetime.now(UTC) + timedelta(milliseconds=50)).isoformat()
        assert api.patch(path, json={"scopes": ["job"], "expired_at": soon}).status_code == 200
        deadline = time.monotonic() + 10
        while user.get("/oapi/v1/jobs").status_code == 200 and time.monotonic() < deadline:
            pass
        assert refused(user.get("/oapi/v1/jobs"), 403) == "Token has expired"
        assert api.delete(path).status_code == 200
        assert refused(user.get("/oapi/v1/jobs"), 401) == "Unauthorized"
    assert refused(api.get(path), 404) == "record not found"


def test_tokens_are_listed_without_their_secrets(server: Server, api: httpx2.Client) -> None:
    made = token(server, "listed", bio="for tests")
    assert made["token"]
    rows = api.get("/api/v1/personal-access-tokens", params={"per_page": 100}).json()
    [row] = [row for row in rows if row["id"] == made["id"]]
    assert (row["name"], row["bio"], row["token"]) == ("listed", "for tests", "")
    assert made["token"] not in json.dumps(rows)
    again = {"name": "listed", "expired_at": "2100-01-01T00:00:00Z", "user_id": 1}
    assert refused(api.post("/api/v1/personal-access-tokens", json=again), 409) == "Conflict"
    for body, problem in (
        ({"name": "x", "user_id": 1}, "missing required field expired_at"),
        ({"name": "x", "expired_at": "2001-01-01T00:00:00Z", "user_id": 1}, "must be in the future"),
        (
            {"name": "x", "expired_at": "2100-01-01T00:00:00Z", "user_id": 1, "scopes": ["root"]},
            "scopes: must be of job, cluster",
        ),
    ):
        assert problem in refused(api.post("/api/v1/personal-access-tokens", json=body), 422)


# ---------------------------------------------------------------- the console's session


@pytest.fixture(scope="module")
def people(server: Server) -> None:
    with server.client() as admin:
        for name, role in (("root", "admin"), ("guest", "viewer")):
            body = {"name": name, "password": "dragonfly", "role": role}
            assert admin.post("/v1/users", json=body).status_code == 201


@contextmanager
def signed_in(server: Server, name: str) -> Iterator[httpx2.Client]:
    with server.client("") as client:
        answer = client.post("/api/v1/users/signin", json={"name": name, "password": "dragonfly"})
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) == {"token", "expire"}
        assert client.cookies["jwt"] == answer.json()["token"]
        yield client


def claims(client: httpx2.Client) -> dict[str, Any]:
    body = client.cookies["jwt"].split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


@pytest.mark.usefixtures("people")
def test_the_console_signs_in_and_looks_around(server: Server) -> None:
    with signed_in(server, "root") as console:
        number = claims(console)["id"]
        assert claims(console)["exp"] > claims(console)["orig_iat"]
        user = console.get(f"/api/v1/users/{number}").json()
        assert (user["id"], user["name"]) == (number, "root")
        assert console.get(f"/api/v1/users/{number}/roles").json() == ["root"]
        everything = {"page": 1, "per_page": 10_000_000}
        assert len(console.get("/api/v1/clusters", params=everything).json()) == 2
        schedulers = console.get("/api/v1/schedulers", params=everything).json()
        assert [(one["state"], one["scheduler_cluster_id"]) for one in schedulers] == [("active", 1), ("active", 2)]
        seeds = console.get("/api/v1/seed-peers", params=everything).json()
        assert [(one["host_name"], one["type"], one["state"]) for one in seeds] == [(SEED.hostname, "super", "active")]
        assert console.get(f"/api/v1/seed-peers/{seeds[0]['id']}").json() == seeds[0]
        peers = console.get("/api/v1/peers", params={"scheduler_cluster_id": 2}).json()
        assert [one["host_name"] for one in peers] == [OTHER.hostname]
        job = console.post("/api/v1/jobs", json={"type": "get_task", "args": {"task_id": "x"}}).json()
        assert console.get(f"/api/v1/jobs/{job['id']}").json()["result"]["state"] == "SUCCESS"
        assert console.post("/api/v1/users/signout").status_code == 200
        assert refused(console.get("/api/v1/jobs"), 401) == "Unauthorized"


@pytest.mark.usefixtures("people")
def test_a_guest_looks_and_does_nothing(server: Server) -> None:
    with signed_in(server, "guest") as console:
        assert console.get("/api/v1/jobs").status_code == 200
        assert console.get("/api/v1/schedulers").status_code == 200
        number = claims(console)["id"]
        assert console.get(f"/api/v1/users/{number}/roles").json() == ["guest"]
        body = {"type": "get_task", "args": {"task_id": "x"}}
        assert refused(console.post("/api/v1/jobs", json=body), 401) == "permission deny"
        assert refused(console.get("/api/v1/personal-access-tokens"), 401) == "permission deny"
        assert refused(console.get("/api/v1/users"), 401) == "permission deny"


@pytest.mark.usefixtures("people")
def test_a_session_is_of_no_use_to_other_sites_nor_after_a_change(server: Server) -> None:
    with signed_in(server, "root") as console:
        body = {"type": "get_task", "args": {"task_id": "x"}}
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert refused(console.post("/api/v1/jobs", json=body, headers=headers), 401) == "permission deny"
        assert console.post("/api/v1/jobs", json=body, headers={"Origin": server.url}).status_code == 200
        jwt = console.cookies["jwt"]
    head, body_part, signature = jwt.split(".")
    for forged in (f"{head}.{body_part}.x", f"{head}.e30.{signature}", "x", "a.b.c"):
        with server.client("", Cookie=f"jwt={forged}") as nobody:
            assert refused(nobody.get("/api/v1/jobs"), 401) == "Unauthorized"


@pytest.mark.usefixtures("people")
def test_the_token_of_a_session_is_shown_in_a_cookie_the_header_or_the_query(server: Server) -> None:
    def signed_in_as(name: str) -> tuple[str, int]:
        with signed_in(server, name) as console:
            return console.cookies["jwt"], claims(console)["id"]

    root, root_id = signed_in_as("root")
    guest, guest_id = signed_in_as("guest")
    header = {"Authorization": f"Bearer {root}"}
    body = {"type": "get_task", "args": {"task_id": "x"}}
    with server.client("") as api:
        for headers, params in ((header, {}), ({}, {"token": root})):
            shown: dict[str, Any] = {"headers": headers, "params": params}
            assert api.request("GET", f"/api/v1/users/{root_id}/roles", **shown).json() == ["root"]
            assert api.request("POST", "/api/v1/jobs", json=body, **shown).status_code == 200
            assert api.request("POST", "/api/v1/users/refresh_token", **shown).json()["token"] == root
            # The Open API is for personal access tokens.
            assert refused(api.request("GET", "/oapi/v1/jobs", **shown), 401) == "Unauthorized"
        # A cookie goes before the header, and the header before the query.
        both = {"Cookie": f"jwt={guest}", **header}
        assert api.post("/api/v1/users/refresh_token", headers=both).json()["token"] == guest
        assert refused(api.post("/api/v1/jobs", json=body, headers=both), 401) == "permission deny"
        asked = api.post("/api/v1/users/refresh_token", headers=header, params={"token": guest})
        assert asked.json()["token"] == root
        assert refused(api.get(f"/api/v1/users/{root_id}", params={"token": guest}), 401) == "permission deny"
        assert api.get(f"/api/v1/users/{guest_id}", params={"token": guest}).json()["name"] == "guest"
        # Only what a browser sends by itself is of no use to other sites; another token beside it changes nothing.
        foreign = {"Origin": "https://evil.example"}
        assert api.post("/api/v1/jobs", json=body, headers={**header, **foreign}).status_code == 200
        cookie = {"Cookie": f"jwt={root}", **foreign}
        assert refused(api.post("/api/v1/jobs", json=body, headers=cookie), 401) == "permission deny"
        assert refused(api.post("/api/v1/jobs", json=body, headers={**cookie, **header}), 401) == "permission deny"
        # A query is written down in many places: what lasts longer than a session is not taken from it.
        for wrong in (server.token, f"{root}x", "a.b.c", "x"):
            assert refused(api.get("/api/v1/jobs", params={"token": wrong}), 401) == "Unauthorized"
        assert refused(api.get("/api/v1/jobs", headers={"Authorization": f"Bearer {root}x"}), 401) == "Unauthorized"
        assert api.get("/api/v1/jobs", headers={"Authorization": f"Bearer {server.token}"}).status_code == 200
        assert api.post("/api/v1/users/signout", headers=header).status_code == 200
        assert refused(api.get("/api/v1/jobs", headers=header), 401) == "Unauthorized"
        assert api.get("/api/v1/jobs", params={"token": guest}).status_code == 200


def test_wrong_passwords_are_refused_alike(server: Server) -> None:
    with server.client("") as nobody:
        for body in ({"name": "root", "password": "wrong-one"}, {"name": "nobody", "password": "x"}, {}, {"name": 7}):
            assert refused(nobody.post("/api/v1/users/signin", json=body), 401) == "Unauthorized"
