"""Who may call ScyllaDB's API, which knows no credentials."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.scylla import Manager, scylla_server
from tests.serving import Server

TTL = 604_800


@pytest.fixture(scope="module")
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """One for each value of `scylla.anonymous`; "" is the default."""
    with ExitStack() as stack:
        yield {
            anonymous: stack.enter_context(
                scylla_server(request, "sqlite", tmp_path_factory.mktemp("server"), "2024", scylla__anonymous=anonymous)
            )
            for anonymous in ("", "off", "read", "all")
        }


def refused(manager: Manager, status: int, method: str = "GET", path: str = "/task_manager/list_modules") -> None:
    answer = manager.http.request(method, path)
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"message", "code"}
    assert answer.json()["code"] == status
    assert ("www-authenticate" in answer.headers) is (status == 401)


def test_this_machine_may_do_everything_by_default(servers: dict[str, Server]) -> None:
    manager = Manager(servers[""].url)
    manager.begin()
    manager.finish(manager.make())
    assert manager.post("ttl", ttl=TTL) == TTL


def test_cookies_of_other_programs_are_no_credential(servers: dict[str, Server]) -> None:
    Manager(servers[""].url, Cookie="theirs=1; session=2").get("list_modules")
    refused(Manager(servers[""].url, Cookie="taskward_session=stale"), 401)


def test_localhost_is_this_machine(servers: dict[str, Server]) -> None:
    Manager(servers[""].url.replace("127.0.0.1", "localhost")).get("list_modules")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "tasks.example.org"},
        {"X-Forwarded-For": "10.0.0.7"},
        {"Forwarded": "for=10.0.0.7"},
        {"X-Real-IP": "10.0.0.7"},
    ],
)
def test_by_default_nobody_behind_a_proxy_or_another_name_may(
    servers: dict[str, Server], headers: dict[str, str]
) -> None:
    refused(Manager(servers[""].url, **headers), 401)
    Manager(servers["all"].url, **headers).get("list_modules")


@pytest.mark.parametrize("anonymous", ["", "read", "all"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_a_page_of_another_site_may_not(servers: dict[str, Server], anonymous: str, headers: dict[str, str]) -> None:
    refused(Manager(servers[anonymous].url, **headers), 401)
    refused(Manager(servers[anonymous].url, **headers), 401, "POST", "/task_manager/ttl?ttl=0")


def test_a_page_of_the_server_itself_may(servers: dict[str, Server]) -> None:
    url = servers[""].url
    Manager(url, Origin=url, **{"Sec-Fetch-Site": "same-origin"}).get("list_modules")


def test_off_asks_everybody_for_a_credential(servers: dict[str, Server]) -> None:
    server = servers["off"]
    refused(Manager(server.url), 401)
    refused(Manager(server.url, Authorization="Bearer tw_wrong"), 401)
    manager = Manager(server.url, Authorization=f"Bearer {server.token}")
    assert manager.post("ttl", ttl=TTL) == TTL


def test_what_is_not_there_is_not_there_for_anybody(servers: dict[str, Server]) -> None:
    refused(Manager(servers["off"].url), 404, path="/task_manager/nothing")


def test_readers_read(servers: dict[str, Server]) -> None:
    server = servers["read"]
    reader = Manager(server.url)
    admin = Manager(server.url, Authorization=f"Bearer {server.token}")
    admin.begin()
    task = admin.make()
    assert reader.listed() == [task]
    assert reader.get(f"task_status/{task}")["state"] == "running"
    for path in ("ttl?ttl=1", f"abort_task/{task}"):
        refused(reader, 403, "POST", f"/task_manager/{path}")
    for method, path in (
        ("POST", "test_module"),
        ("DELETE", "test_module"),
        ("POST", "test_task"),
        ("DELETE", f"test_task?task_id={task}"),
        ("POST", f"finish_test_task/{task}"),
    ):
        refused(reader, 403, method, f"/task_manager_test/{path}")
    admin.finish(task)
    assert reader.get(f"wait_task/{task}")["state"] == "done"
    assert reader.get(f"task_status/{task}")["state"] == "done"
    reader.get(f"task_status/{task}", status=400)


def test_a_wrong_credential_is_not_forgiven_where_none_is_needed(servers: dict[str, Server]) -> None:
    refused(Manager(servers["all"].url, Authorization="Bearer tw_wrong"), 401)


def test_a_client_sees_its_own_tasks_alone(servers: dict[str, Server]) -> None:
    server = servers["off"]
    admin = Manager(server.url, Authorization=f"Bearer {server.token}")
    admin.begin()
    with server.client() as native:
        made = native.post("/v1/clients", json={"name": "acme"})
        key = made.json()["secret"]
    acme = Manager(server.url, **{"client": "acme", "api-key": key})
    theirs, mine = admin.make(), acme.make()
    assert acme.listed() == [mine]
    acme.get(f"task_status/{theirs}", status=400)
    acme.get(f"wait_task/{theirs}", status=400)
    assert admin.listed() == [theirs, mine]


def test_test_tasks_are_only_for_those_who_want_them(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with scylla_server(request, "sqlite", tmp_path_factory.mktemp("s"), "2024", scylla__test_api=False) as server:
        refused(Manager(server.url), 404, "POST", "/task_manager_test/test_module")
        Manager(server.url).get("list_modules")


def test_other_machines_need_a_credential_by_default(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - of a test
    with scylla_server(request, "sqlite", tmp_path_factory.mktemp("s"), "2024", server__host=everywhere) as server:
        refused(Manager(server.url), 401)
