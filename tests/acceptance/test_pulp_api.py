"""Pulp's and the hub's APIs on a real server: what clients see beyond the recorded exchanges."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.serving import Server

TASKS = "/pulp/api/v3/tasks/"
HUB = "/api/automation-hub/v3/tasks/"
ROOTS = ("/pulp/", "/api/automation-hub/pulp/", "/api/galaxy/pulp/")
NOWHERE = "018a41d4-161c-7edf-bcaa-6246188c9a7f"
PASSWORD = "open sesame"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def users(server: Server) -> Callable[..., httpx2.Client]:
    """Makes users, and clients that speak with Basic."""

    def make(role: str) -> httpx2.Client:
        name = f"{role}-{uuid4().hex[:6]}"
        with server.client() as api:
            user = {"name": name, "password": PASSWORD, "role": role}
            assert api.post("/v1/users", json=user).status_code == 201
        return httpx2.Client(base_url=server.url, auth=(name, PASSWORD), timeout=30, trust_env=False)

    return make


@pytest.fixture(scope="module")
def pulp(users: Callable[[str], httpx2.Client]) -> Iterator[httpx2.Client]:
    with users("admin") as client:
        yield client


def submit(api: httpx2.Client, operation: str = "probe.echo", *, wait: bool = True, **body: Any) -> Json:
    if operation == "probe.echo":
        body.setdefault("args", {"text": "hi"})
    headers = {"Prefer": "wait=20"} if wait else {}
    answer = api.post("/v1/tasks", json={"operation": operation, **body}, headers=headers)
    assert answer.status_code in (200, 202), answer.text
    task: Json = answer.json()
    return task


def running(api: httpx2.Client, **body: Any) -> Json:
    """A task that runs until it is canceled."""
    task = submit(api, "probe.endless", wait=False, **body)
    for _ in range(20):
        if task["state"] == "running":
            return task
        headers = {"Prefer": "wait=10", "If-None-Match": f'"{task["version"]}"'}
        answer = api.get(f"/v1/tasks/{task['id']}", headers=headers)
        task = answer.json() if answer.status_code == 200 else task
    raise AssertionError(task)


def ended(api: httpx2.Client, task: Json) -> Json:
    shown: Json = api.get(f"/v1/tasks/{task['id']}", headers={"Prefer": "wait=20"}).json()
    return shown


# ------------------------------------------------------------------ tasks


def test_a_task_has_its_address_in_the_tree_it_was_asked_for_in(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = submit(api)
    for root in ROOTS:
        path = f"{root}api/v3/tasks/{task['id']}/"
        assert pulp.get(path).json()["pulp_href"] == path
        page = pulp.get(f"{root}api/v3/tasks/", params={"pulp_id__in": task["id"]}).json()
        assert [each["pulp_href"] for each in page["results"]] == [path]


def test_the_members_come_in_pulps_order(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = pulp.get(f"{TASKS}{submit(api)['id']}/")
    assert list(task.json()) == [
        *("pulp_href", "prn", "pulp_created", "pulp_last_updated", "state", "name", "logging_cid", "created_by"),
        *("unblocked_at", "started_at", "finished_at", "error", "worker", "parent_task", "child_tasks", "task_group"),
        *("progress_reports", "created_resources", "created_resource_prns", "reserved_resources_record", "result"),
        "pulp_api_version",
    ]


def test_pages_lead_to_one_another(api: httpx2.Client, pulp: httpx2.Client) -> None:
    name = f"page-{uuid4().hex}"
    for _ in range(5):
        submit(api, name=name)
    url, seen = f"{TASKS}?name={name}&limit=2&fields=pulp_href", []
    page: Json = {}
    pages = 0
    while url:
        page = pulp.get(url).json()
        assert page["count"] == 5
        seen += [each["pulp_href"] for each in page["results"]]
        url, pages = page["next"], pages + 1
    assert (pages, len(set(seen))) == (3, 5)
    assert page["previous"] == f"{pulp.base_url}{TASKS}?fields=pulp_href&limit=2&name={name}&offset=2".replace(
        "//pulp", "/pulp"
    )


def test_counts_by_state_are_those_of_the_counters(api: httpx2.Client, pulp: httpx2.Client) -> None:
    submit(api)
    page = pulp.get(TASKS, params={"state": "completed", "limit": 1}).json()
    assert page["count"] == api.get("/v1/stats").json()["states"]["completed"]


def test_a_cancel_of_what_runs_and_of_what_waits(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = running(api)
    href = f"{TASKS}{task['id']}/"
    assert pulp.delete(href).status_code == 409
    assert pulp.delete(href).content == b""
    answer = pulp.patch(href, json={"state": "canceled"})
    assert (answer.status_code, answer.json()["state"] in {"canceling", "canceled"}) == (200, True)
    assert ended(api, task)["state"] == "canceled"
    again = pulp.patch(href, data={"state": "canceled"})
    assert (again.status_code, again.json()["state"], again.json()["error"]) == (200, "canceled", None)
    name = uuid4().hex
    holder = submit(api, "probe.locked", wait=False, args={"name": name})
    waiting = submit(api, "probe.locked", wait=False, args={"name": name})
    answer = pulp.patch(f"{TASKS}{waiting['id']}/", json={"state": "canceled"})
    assert answer.json()["state"] == "canceled"
    assert pulp.patch(f"{TASKS}{holder['id']}/", json={"state": "canceled"}).status_code == 200
    completed = submit(api)
    refused = pulp.patch(f"{TASKS}{completed['id']}/", json={"state": "canceled"})
    assert (refused.status_code, refused.json()["state"]) == (409, "completed")
    assert pulp.delete(href).status_code == 204
    assert pulp.get(href).status_code == 404


def test_a_failure_tells_its_error(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = submit(api, "probe.fail", args={"message": "as asked"})
    error = pulp.get(f"{TASKS}{task['id']}/").json()["error"]
    assert error["description"] == "as asked"
    assert "ValueError: as asked" in error["traceback"]
    assert pulp.get(f"{HUB}{task['id']}/").json()["error"] == error


def test_a_parent_and_its_children_know_each_other(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = submit(api, "probe.family", args={"children": 2})
    href = f"{TASKS}{task['id']}/"
    children = pulp.get(href).json()["child_tasks"]
    assert len(children) == 2
    assert pulp.get(children[0]).json()["parent_task"] == href
    found = pulp.get(TASKS, params={"parent_task": href, "ordering": "pulp_created"}).json()
    assert [each["pulp_href"] for each in found["results"]] == children
    found = pulp.get(TASKS, params={"child_tasks": children[1]}).json()
    assert [each["pulp_href"] for each in found["results"]] == [href]
    hub = pulp.get(f"{HUB}{task['id']}/").json()
    assert [f"{TASKS}{child}/" for child in hub["child_tasks"]] == children
    assert pulp.get(f"{HUB}{hub['child_tasks'][0]}/").json()["parent_task"] == task["id"]


def test_a_purge_is_a_task_that_forgets_others(api: httpx2.Client, pulp: httpx2.Client) -> None:
    old = submit(api)
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    cid = uuid4().hex
    body = {"finished_before": soon, "states": ["completed"]}
    accepted = pulp.post(f"{TASKS}purge/", json=body, headers={"Correlation-ID": cid})
    assert (accepted.status_code, list(accepted.json())) == (202, ["task"])
    purge_id = accepted.json()["task"].rstrip("/").rpartition("/")[2]
    assert ended(api, {"id": purge_id})["state"] == "completed"
    purge = pulp.get(accepted.json()["task"]).json()
    assert purge["name"] == "pulpcore.app.tasks.purge.purge"
    assert purge["logging_cid"] == cid
    assert purge["result"]["forgotten"] >= 1
    [report] = purge["progress_reports"]
    assert (report["code"], report["state"]) == ("purge.tasks.total", "completed")
    assert report["done"] == report["total"] == purge["result"]["forgotten"]
    assert api.get(f"/v1/tasks/{old['id']}").status_code == 410
    assert pulp.get(f"{TASKS}{old['id']}/").status_code == 404


def test_a_schedule_is_shown(api: httpx2.Client, pulp: httpx2.Client) -> None:
    name = f"nightly-{uuid4().hex[:6]}"
    body = {"operation": "probe.echo", "args": {"text": "x"}, "every_seconds": 90_000}
    assert api.put(f"/v1/schedules/{name}", json=body).status_code == 201
    [shown] = pulp.get("/pulp/api/v3/task-schedules/", params={"name": name}).json()["results"]
    assert (shown["task_name"], shown["dispatch_interval"], shown["last_task"]) == ("probe.echo", "1 01:00:00", None)
    assert shown["pulp_created"] == shown["pulp_last_updated"]
    assert pulp.get(shown["pulp_href"]).json() == shown
    assert api.delete(f"/v1/schedules/{name}").status_code == 204
    assert pulp.get(shown["pulp_href"]).json() == {"detail": "No TaskSchedule matches the given query."}


# ------------------------------------------------------------------ answers


def test_an_address_without_its_slash_is_moved(pulp: httpx2.Client) -> None:
    moved = pulp.get("/pulp/api/v3/tasks?limit=1&name=a%20b")
    assert (moved.status_code, moved.headers["location"]) == (301, "/pulp/api/v3/tasks/?limit=1&name=a%20b")


def test_the_correlation_id_of_a_caller_comes_back_and_else_a_new_one(pulp: httpx2.Client) -> None:
    for given in (uuid4().hex, str(uuid4())):
        answer = pulp.get(TASKS, headers={"Correlation-ID": given})
        assert answer.headers.get_list("correlation-id") == [given]
    for headers in ({}, {"Correlation-ID": "no guid"}):
        [own] = pulp.get(TASKS, headers=headers).headers.get_list("correlation-id")
        assert re.fullmatch("[0-9a-f]{32}", own)


def test_an_answer_has_the_media_type_that_clients_compare(pulp: httpx2.Client) -> None:
    for path in (TASKS, "/pulp/api/v3/status/", f"{TASKS}{NOWHERE}/", HUB):
        assert pulp.get(path).headers["content-type"] == "application/json"
    head = pulp.head(TASKS)
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("/pulp/", "/pulp/api/v3/", "/pulp/api/v3/nothing/", "/pulp/api/v3/tasks/x/y/", "/pulp/api/v4/tasks/"),
        "/api/galaxy/pulp/api/v3/nothing/at/all/",
    ],
)
def test_what_is_not_there(pulp: httpx2.Client, path: str) -> None:
    assert (pulp.get(path).status_code, pulp.get(path).json()) == (404, {"detail": "Not found."})


def test_probes_need_no_credential(server: Server) -> None:
    with server.client("") as nobody:
        assert nobody.get("/pulp/api/v3/livez/").content == b""
        status = nobody.get("/pulp/api/v3/status/").json()
        document = nobody.get("/pulp/api/v3/docs/api.json").json()
        assert nobody.get("/api/automation-hub/").json()["available_versions"]["v3"] == "v3/"
    versions = {version["component"]: version["version"] for version in status["versions"]}
    assert versions == document["info"]["x-pulp-app-versions"]
    assert [worker["name"] for worker in status["online_workers"]]


def test_every_operation_that_clients_look_for_is_described(server: Server) -> None:
    with server.client("") as nobody:
        paths = nobody.get("/api/galaxy/pulp/api/v3/docs/api.json").json()["paths"]
    described = {operation["operationId"]: path for path, item in paths.items() for operation in item.values()}
    assert described.keys() >= {
        *("status_read", "tasks_list", "tasks_read", "tasks_cancel", "tasks_delete", "tasks_purge"),
        *("tasks_profile_artifacts", "workers_list", "workers_read", "task_groups_list", "task_groups_read"),
    }
    assert described["tasks_list"] == "/api/galaxy/pulp/api/v3/tasks/"
    assert described["tasks_profile_artifacts"] == "{task_href}profile_artifacts/"
    listing = {each["name"] for each in paths["/api/galaxy/pulp/api/v3/tasks/"]["get"]["parameters"]}
    assert {"state__in", "q", "ordering", "limit", "offset", "fields", "exclude_fields"} <= listing


# ------------------------------------------------------------------ the hub


def test_the_hubs_list_has_its_own_pages(api: httpx2.Client, pulp: httpx2.Client) -> None:
    name = f"hub-{uuid4().hex}"
    tasks = [submit(api, name=name) for _ in range(3)]
    page = pulp.get(HUB, params={"name": name, "limit": 1, "offset": 1}).json()
    assert page["meta"] == {"count": 3}
    assert page["links"] == {
        "first": f"{HUB}?limit=1&name={name}&offset=0",
        "previous": f"{HUB}?limit=1&name={name}",
        "next": f"{HUB}?limit=1&name={name}&offset=2",
        "last": f"{HUB}?limit=1&name={name}&offset=2",
    }
    [item] = page["data"]
    assert list(item) == ["pulp_id", "name", "state", "started_at", "finished_at", "href"]
    assert item["href"] == f"{HUB}{tasks[1]['id']}/"
    assert len(pulp.get(HUB, params={"limit": 1000}).json()["data"]) <= 100
    assert len(pulp.get(HUB).json()["data"]) <= 10


def test_the_hubs_task_is_as_it_was_when_it_told_the_worker(api: httpx2.Client, pulp: httpx2.Client) -> None:
    task = pulp.get(f"{HUB}{submit(api)['id']}/").json()
    assert list(task) == [
        *("pulp_id", "name", "created_at", "updated_at", "finished_at", "started_at", "state", "error", "worker"),
        *("parent_task", "child_tasks", "progress_reports"),
    ]
    assert list(task["worker"]) == ["name", "missing", "last_heartbeat"]
    name = uuid4().hex
    holder = submit(api, "probe.locked", wait=False, args={"name": name})
    waiting = submit(api, "probe.locked", wait=False, args={"name": name})
    shown = pulp.get(f"/api/galaxy/v3/tasks/{waiting['id']}/").json()
    assert (shown["state"], shown["worker"], shown["started_at"]) == ("waiting", None, None)
    for each in (waiting, holder):
        api.post(f"/v1/tasks/{each['id']}:cancel")


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", f"{HUB}{NOWHERE}/", 404, {"code": "not_found", "title": "Not found."}),
        ("GET", f"{HUB}zzz/", 404, {"code": "not_found", "title": "Not found."}),
        ("GET", "/api/galaxy/v3/nothing/", 404, {"code": "not_found", "title": "Not found."}),
        (
            "GET",
            f"{HUB}?state=nope",
            400,
            {
                "code": "invalid",
                "title": "Invalid input.",
                "detail": "Select a valid choice. nope is not one of the available choices.",
                "source": {"parameter": "state"},
            },
        ),
        (
            "POST",
            HUB,
            405,
            {"code": "method_not_allowed", "title": "Method not allowed.", "detail": 'Method "POST" not allowed.'},
        ),
    ],
)
def test_the_hubs_refusals(pulp: httpx2.Client, method: str, path: str, status: int, error: Json) -> None:
    answer = pulp.request(method, path)
    assert answer.status_code == status
    assert answer.json() == {"errors": [{"status": str(status), **error}]}


def test_every_message_of_a_refusal_is_an_error_of_its_own(pulp: httpx2.Client) -> None:
    errors = pulp.get(HUB, params={"sort": "name", "state": "nope"}).json()["errors"]
    assert [error["source"]["parameter"] for error in errors] == ["errors", "state"]


# ------------------------------------------------------------------ who asks


def test_a_token_of_the_hub_is_good_for_everything(server: Server, pulp: httpx2.Client) -> None:
    for hub in ("/api/automation-hub/", "/api/galaxy/"):
        answer = pulp.post(f"{hub}v3/auth/token/")
        assert (answer.status_code, list(answer.json())) == (200, ["token"])
        headers = {"Authorization": f"Token {answer.json()['token']}"}
        with server.client("") as client:
            client.headers.update(headers)
            assert client.get(f"{hub}v3/tasks/").status_code == 200
            accepted = client.post(f"{hub}pulp/api/v3/tasks/purge/", json={"states": []})
            assert accepted.status_code == 202
            assert client.delete(f"{hub}v3/auth/token/").status_code == 204
            gone = client.get(f"{hub}v3/tasks/")
            assert gone.json()["errors"][0]["detail"] == "Invalid token."
    with server.client() as client:
        assert client.post("/api/galaxy/v3/auth/token/").status_code == 403


def test_a_login_makes_a_session_whose_changes_need_its_token(server: Server, pulp: httpx2.Client) -> None:
    with server.client("") as page:
        login = page.post("/pulp/api/v3/login/", auth=pulp.auth or ("", ""))
        assert login.status_code == 201
        assert login.json()["username"].startswith("admin-")
        assert "HttpOnly" in next(text for text in login.headers.get_list("set-cookie") if "sessionid" in text)
        assert page.get("/pulp/api/v3/login/").json() == login.json()
        assert page.get(TASKS).status_code == 200
        refused = page.post(f"{TASKS}purge/")
        assert (refused.status_code, refused.json()) == (403, {"detail": "CSRF Failed: CSRF token missing."})
        token = {"X-CSRFToken": page.cookies["csrftoken"]}
        assert page.post(f"{TASKS}purge/", json={"states": []}, headers=token).status_code == 202
        assert page.delete("/pulp/api/v3/login/", headers=token).status_code == 204
        assert page.get(TASKS).status_code == 401


def test_labels_that_are_no_ids_make_no_groups(server: Server, api: httpx2.Client) -> None:
    name = f"tenant-{uuid4().hex[:6]}"
    key = api.post("/v1/clients", json={"name": name}).json()["secret"]
    headers = {"client": name, "api-key": key}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=30, trust_env=False) as tenant:
        group = str(uuid4())
        for value in ("00-nightly", group, group.upper(), "zz"):
            submit(tenant, labels={"group": value})
        for limit in (1, 100):
            page = tenant.get("/pulp/api/v3/task-groups/", params={"limit": limit}).json()
            assert (page["count"], page["next"]) == (1, None)
            assert [each["prn"] for each in page["results"]] == [f"prn:core.taskgroup:{group}"]


def test_a_viewer_only_looks(api: httpx2.Client, users: Callable[[str], httpx2.Client]) -> None:
    task = running(api, labels={"group": (group := str(uuid4()))})
    href = f"{TASKS}{task['id']}/"
    with users("viewer") as viewer:
        assert viewer.get(href).status_code == 200
        assert viewer.get(f"{href}my_permissions/").json() == {"permissions": ["core.view_task"]}
        refusal = {"detail": "You do not have permission to perform this action."}
        for answer in (
            viewer.patch(href, json={"state": "canceled"}),
            viewer.delete(href),
            viewer.post(f"{TASKS}purge/"),
            viewer.patch(f"/pulp/api/v3/task-groups/{group}/", json={"state": "canceled"}),
        ):
            assert (answer.status_code, answer.json()) == (403, refusal)
    assert api.get(f"/v1/tasks/{task['id']}").json()["state"] == "running"
    api.post(f"/v1/tasks/{task['id']}:cancel")


def test_a_client_sees_its_own(server: Server, api: httpx2.Client) -> None:
    name = f"tenant-{uuid4().hex[:6]}"
    key = api.post("/v1/clients", json={"name": name}).json()["secret"]
    others = submit(api, labels={"group": (others_group := str(uuid4()))})
    with httpx2.Client(
        base_url=server.url, headers={"client": name, "api-key": key}, timeout=30, trust_env=False
    ) as tenant:
        own = submit(tenant, labels={"group": (group := str(uuid4()))})
        found = tenant.get(TASKS).json()
        assert [each["pulp_href"] for each in found["results"]] == [f"{TASKS}{own['id']}/"]
        assert tenant.get(TASKS, params={"state": "completed", "limit": 1}).json()["count"] == 1
        assert tenant.get(TASKS, params={"q": "NOT state=failed"}).json()["count"] == 1
        assert tenant.get(f"{TASKS}{others['id']}/").status_code == 404
        assert tenant.patch(f"{TASKS}{others['id']}/", json={"state": "canceled"}).status_code == 404
        groups = tenant.get("/pulp/api/v3/task-groups/").json()
        assert [each["prn"] for each in groups["results"]] == [f"prn:core.taskgroup:{group}"]
        assert tenant.get(f"/pulp/api/v3/task-groups/{others_group}/").status_code == 404
        soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
        purge = tenant.post(f"{TASKS}purge/", json={"finished_before": soon}).json()["task"]
        assert ended(tenant, {"id": purge.rstrip("/").rpartition("/")[2]})["result"] == {"forgotten": 1}
    assert api.get(f"/v1/tasks/{others['id']}").status_code == 200


def test_a_credential_that_makes_no_sense(server: Server) -> None:
    with server.client("") as nobody:
        for value in ("Basic", "Basic !!!", f"Basic {base64.b64encode(b'nocolon').decode()}", "Nonsense x"):
            answer = nobody.get(TASKS, headers={"Authorization": value})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="api"'
