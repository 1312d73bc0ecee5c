"""Finding and clearing what hosts of download networks keep, and drawing workflows."""

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Route, expect

from taskward.modules.cache.identity import task_id
from tests.console.browsing import Visit, add_users
from tests.dragonfly import Daemon, fake_clusters
from tests.registries import PASSWORD, USER, Registry, described, running_registry
from tests.serving import Server, running_server

URL = "https://videos.example.org/dune.mp4"
KEPT = task_id(URL)
OTHER = "b" * 64

WORKFLOW = """
description: Looks at a video in two ways
parameters:
  title: {type: string, description: What it is called}
steps:
  look:
    call: {operation: archive.verify, arguments: {backup: "{{ parameters.title }}"}}
  again:
    needs: [look]
    call: {operation: archive.verify, arguments: {backup: "{{ parameters.title }}"}}
  besides:
    needs: [look]
    call: {operation: archive.verify, arguments: {backup: "{{ parameters.title }}"}}
"""


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """Has an image of a configuration and three layers, for those who sign in."""
    with running_registry() as registry:
        registry.push(described("config", "one", "two", "three")[0], "1.0")
        registry.demands = "basic"
        yield registry


@pytest.fixture(scope="module")
def clusters(registry: Registry) -> Iterator[list[dict[str, object]]]:
    """Two clusters: in one a host refuses to delete, in the other a host is gone and a scheduler does not answer."""
    ready = threading.Event()
    found: list[dict[str, object]] = []
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with fake_clusters() as fakes:
            berlin = [
                Daemon(
                    f"edge-{number}",
                    keeps={KEPT: "finished" if number else "partial", OTHER: "finished"},
                    tells_all=True,
                )
                for number in range(3)
            ]
            berlin[2].refuses = "the disk is read-only"
            blobs = [task_id(registry.blob(digest)) for digest in described("config", "one", "two", "three")[1]]
            berlin[0].keeps |= dict.fromkeys(blobs, "finished")
            berlin[1].keeps[blobs[1]] = "finished"
            berlin[1].keeps[blobs[2]] = "partial"
            paris = [Daemon("paris-0", keeps={KEPT: "finished"}, tells_all=True), Daemon("paris-1", tells_all=True)]
            one, other = await fakes.cluster(*berlin, id=1), await fakes.cluster(*paris, id=2)
            await fakes.stop(paris[1])
            found.append({"id": 1, "name": "berlin", "schedulers": list(one.schedulers)})
            found.append({"id": 2, "name": "paris", "schedulers": [*other.schedulers, "127.0.0.1:1"]})
            done = asyncio.Event()
            stop.append((asyncio.get_running_loop(), done))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield found
    loop, done = stop[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, clusters: list[dict[str, object]]) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("workflows")
    Path(folder / "two-ways.yaml").write_text(WORKFLOW)
    flags = {"cache.clusters": json.dumps(clusters), "workflow.dirs": str(folder), "outbound.allow": "127.0.0.1"}
    data_dir = tmp_path_factory.mktemp("server")
    with running_server(data_dir, apps=("tests.console_app",), flags=flags) as server:
        add_users(server)
        yield server


class TestCache:
    def test_what_there_is_and_what_is_kept(self, visit: Visit) -> None:
        page = visit.open("/cache/clusters")
        page.get_by_role("button", name="Ask now").click()
        expect(page.get_by_role("table", name="Hosts of berlin")).to_contain_text("edge-0")
        expect(page.get_by_text("127.0.0.1:1 does not answer")).to_be_visible()
        assert visit.accessibility_findings() == []
        visit.picture("cache-clusters")
        page.get_by_role("link", name="What is kept").click()
        expect(page.get_by_role("heading", name="What do the hosts keep?")).to_be_visible()
        page.get_by_role("button", name="Ask now").click()
        expect(page.get_by_text("13 copies on 4 hosts")).to_be_visible()
        page.get_by_role("textbox", name="Filter copies").fill("paris")
        page.keyboard.press("Enter")
        expect(page.get_by_role("table", name="What is kept").get_by_role("row")).to_have_count(2)
        visit.picture("cache-kept")

    def test_content_is_found_by_its_url_and_deleted(self, visit: Visit, api: httpx2.Client) -> None:
        page = visit.open("/cache")
        form = page.get_by_role("form", name="Search the caches")
        form.get_by_role("textbox", name="URL").fill(URL)
        form.get_by_role("button", name="Search").click()
        expect(page.get_by_text("4 copies on 4 hosts")).to_be_visible()
        expect(page.get_by_role("table", name="Copies in berlin")).to_contain_text("partial")
        expect(page.get_by_role("table", name="Hosts of paris that did not say")).to_contain_text("paris-1")
        assert visit.accessibility_findings() == []
        visit.picture("cache-search")
        page.reload()
        expect(page.get_by_text("4 copies on 4 hosts")).to_be_visible()
        page.get_by_role("button", name="Delete everywhere").click()
        dialog = page.get_by_role("dialog", name="Delete these copies")
        expect(dialog).to_contain_text("berlin: 3 copies on 3 hosts")
        expect(dialog.get_by_role("button", name="Delete them")).to_be_disabled()
        dialog.get_by_role("textbox", name="Type delete to confirm").fill("delete")
        dialog.get_by_role("button", name="Delete them").click()
        expect(page.get_by_role("table", name="Succeeded").get_by_role("row")).to_have_count(4)
        failed = page.get_by_role("table", name="Failed")
        expect(failed).to_contain_text("the disk is read-only")
        expect(failed).to_contain_text("paris-1")
        expect(page.get_by_role("table", name="Failure log")).to_contain_text("read-only")
        assert visit.accessibility_findings() == []
        visit.picture("cache-execution")
        page.get_by_role("link", name="All executions").click()
        expect(page.get_by_role("table", name="Executions")).to_contain_text(URL)
        page.get_by_role("textbox", name="Filter executions").fill("operation:cache.delete")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/cache/executions\?operation=cache\.delete$"))
        expect(page.get_by_role("table", name="Executions").get_by_role("row")).to_have_count(2)
        visit.picture("cache-executions")
        assert api.get("/v1/tasks", params={"operation": "cache.delete"}).json()["items"][0]["created_by"] == "ann"

    def test_by_id_and_what_makes_no_sense(self, visit: Visit) -> None:
        visit.expected.append("422")
        page = visit.open(f"/cache?by=task_id&task_id={OTHER}")
        form = page.get_by_role("form", name="Search the caches")
        form.get_by_role("button", name="Search").click()
        expect(page.get_by_text("3 copies on 3 hosts")).to_be_visible()
        form.get_by_text("URL", exact=True).first.click()
        form.get_by_role("textbox", name="URL").fill("not a url")
        form.get_by_role("button", name="Search").click()
        expect(form.get_by_text(re.compile("url", re.IGNORECASE)).nth(1)).to_be_visible()

    def test_an_image_is_found_blob_by_blob_and_deleted(self, visit: Visit, registry: Registry) -> None:
        page = visit.open("/cache/images")
        form = page.get_by_role("form", name="Search an image")
        form.get_by_role("textbox", name="URL of the image's manifest").fill(registry.url("1.0"))
        form.get_by_role("textbox", name="User").fill(USER)
        form.get_by_role("textbox", name="Password").fill(PASSWORD)
        form.get_by_role("button", name="Search").click()
        table = page.get_by_role("table", name="Distribution of the image")
        expect(table.get_by_role("row", name=re.compile("^edge-0 "))).to_contain_text("100%")
        expect(table.get_by_role("row", name=re.compile("^edge-1 "))).to_contain_text("25%")
        assert PASSWORD not in page.url
        assert visit.accessibility_findings() == []
        visit.picture("cache-image")
        page.get_by_role("button", name="Delete everywhere").click()
        dialog = page.get_by_role("dialog", name="Delete these copies")
        dialog.get_by_role("textbox", name="Type delete to confirm").fill("delete")
        dialog.get_by_role("button", name="Delete them").click()
        expect(page.get_by_text("6 copies deleted")).to_be_visible()
        expect(page.get_by_role("table", name="Succeeded").get_by_role("row")).to_have_count(7)

    def test_whoever_may_only_look_cannot_search(self, onlooker: Visit) -> None:
        page = onlooker.open("/cache")
        expect(page.get_by_role("heading", name="Not for this account")).to_be_visible()
        page = onlooker.open("/cache/images")
        expect(page.get_by_role("heading", name="Not for this account")).to_be_visible()


class TestWorkflows:
    def test_one_is_drawn_and_run(self, visit: Visit) -> None:
        page = visit.open("/workflows?text=two")
        page.get_by_role("link", name="two-ways", exact=True).click()
        steps = page.get_by_role("list", name="Steps", exact=True).get_by_role("listitem")
        expect(steps).to_have_count(3)
        form = page.get_by_role("form", name="Run two-ways")
        form.get_by_role("textbox", name="title").fill("Dune")
        assert visit.accessibility_findings() == []
        visit.picture("workflow")
        form.get_by_role("button", name="Run").click()
        job = page.get_by_role("list", name=re.compile(r"Steps of job #\d+"))
        expect(job.get_by_text("completed")).to_have_count(3)
        visit.picture("workflow-job")
        job.get_by_role("link", name=re.compile("besides")).click()
        expect(page).to_have_url(re.compile("/console/tasks/"))

    def test_a_job_that_ends_while_it_is_read_for_the_first_time(self, visit: Visit, api: httpx2.Client) -> None:
        def late(route: Route) -> None:
            """What was answered at first arrives when all events of the job have."""
            answer = route.fetch()
            number = route.request.url.split("/")[-2]
            assert api.get(f"/v1/tasks/{number}", headers={"Prefer": "wait=20"}).json()["state"] == "completed"
            time.sleep(1)
            route.fulfill(response=answer)

        page = visit.open("/workflows/two-ways")
        page.route("**/v1/tasks/*/workflow", late, times=1)
        form = page.get_by_role("form", name="Run two-ways")
        form.get_by_role("textbox", name="title").fill("Dune")
        form.get_by_role("button", name="Run").click()
        job = page.get_by_role("list", name=re.compile(r"Steps of job #\d+"))
        expect(job.get_by_text("completed")).to_have_count(3)
