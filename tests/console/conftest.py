"""A server with the console and a browser, shared by the tests of a file."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.console.browsing import Visit, add_users, built_files, launch, visiting
from tests.serving import Server, running_server

Submit = Callable[..., dict[str, Any]]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    assert (built_files() / "index.html").exists(), "the console is not built: run `make console`"
    with running_server(tmp_path_factory.mktemp("server"), apps=("tests.console_app",)) as server:
        add_users(server)
        yield server


@pytest.fixture(scope="module")
def api(server: Server) -> Iterator[httpx2.Client]:
    """Speaks as an administrator."""
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def submit(api: httpx2.Client) -> Submit:
    """Submits an operation and gives the task; with `wait=True` as it ended."""

    def submit(operation: str, *, wait: bool = False, **members: Any) -> dict[str, Any]:
        headers = {"Prefer": "wait=20"} if wait else {}
        answer = api.post("/v1/tasks", json={"operation": operation, **members}, headers=headers)
        assert answer.status_code in (200, 201, 202), answer.text
        task: dict[str, Any] = answer.json()
        return task

    return submit


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """An administrator's window."""
    with visiting(browser, server, "ann") as visit:
        yield visit


@pytest.fixture
def onlooker(browser: Browser, server: Server) -> Iterator[Visit]:
    """The window of somebody who may only look."""
    with visiting(browser, server, "vic") as visit:
        yield visit


@pytest.fixture
def stranger(browser: Browser, server: Server) -> Iterator[Visit]:
    """The window of somebody who has not signed in."""
    with visiting(browser, server, None) as visit:
        # The browser itself writes down that the first question was refused.
        visit.expected.append("401")
        yield visit
