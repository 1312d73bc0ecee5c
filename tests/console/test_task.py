"""The page of one task."""

import re
from pathlib import Path

import httpx2
from playwright.sync_api import Route, expect

from tests.console.browsing import Visit
from tests.console.conftest import Submit
from tests.serving import Server


class TestSteering:
    def test_watched_canceled_and_run_again(self, visit: Visit, submit: Submit) -> None:
        task = submit("media.publish", args={"title": "film", "renditions": 2, "ticks": 100_000}, name="publish film")
        page = visit.open(f"/tasks/{task['number']}")
        expect(page.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "33")
        tree = page.get_by_role("tree")
        expect(tree.get_by_role("treeitem", name=re.compile("film 1080p"))).to_contain_text("running")
        visit.picture("task-tree")
        assert visit.accessibility_findings() == []
        page.get_by_role("button", name="Stop").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It stops with 2 tasks below it")
        expect(dialog).to_contain_text("film 720p")
        visit.picture("task-stop")
        dialog.get_by_role("textbox", name="Reason").fill("wrong film")
        dialog.get_by_role("button", name="Stop", exact=True).click()
        heading = page.locator("h1").locator("..")
        expect(heading).to_contain_text("canceled")
        expect(tree.get_by_role("treeitem", name=re.compile("film 1080p"))).to_contain_text("canceled")
        page.get_by_role("button", name="Rerun").click()
        expect(page).not_to_have_url(re.compile(rf"/tasks/{task['number']}\b"))
        expect(heading).to_contain_text("running")
        page.get_by_role("link", name="the run before").click()
        expect(page.get_by_role("link", name="the run after")).to_be_visible()
        expect(heading).to_contain_text("canceled")

    def test_held_moved_and_let_go(self, visit: Visit, submit: Submit) -> None:
        task = submit("archive.verify", args={"backup": "b"}, run_at="2099-01-01T00:00:00Z")
        page = visit.open(f"/tasks/{task['number']}")
        why = page.get_by_role("region", name="Why it waits")
        expect(why).to_contain_text("Its time has not come")
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(why).to_contain_text("An operator holds it")
        page.get_by_role("button", name="Resume").click()
        expect(why).not_to_contain_text("An operator holds it")
        page.get_by_role("button", name="When").click()
        page.get_by_role("textbox", name="Priority").fill("2")
        page.get_by_label("Not before").fill("2020-01-01T00:00")
        page.get_by_role("button", name="Change").click()
        expect(page.locator("h1").locator("..")).to_contain_text("completed")
        expect(page.get_by_text("Priority", exact=True).locator("..")).to_contain_text("2")

    def test_no_time_is_now(self, visit: Visit, submit: Submit) -> None:
        task = submit("archive.verify", args={"backup": "b"}, run_at="2099-01-01T00:00:00Z")
        page = visit.open(f"/tasks/{task['number']}")
        page.get_by_role("button", name="When").click()
        page.get_by_label("Not before").fill("")
        page.get_by_role("button", name="Change").click()
        expect(page.locator("h1").locator("..")).to_contain_text("completed")

    def test_kept_and_deleted(self, visit: Visit, submit: Submit) -> None:
        task = submit("archive.verify", args={"backup": "b"}, wait=True)
        page = visit.open(f"/tasks/{task['number']}")
        page.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Keep for good").click()
        expect(page.get_by_text("for good", exact=True)).to_be_visible()
        page.get_by_role("button", name="More").click()
        page.get_by_role("menuitem", name="Delete…").click()
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page).to_have_url(re.compile(r"/tasks$"))
        visit.expected += ["404", "410"]
        visit.open(f"/tasks/{task['number']}")
        expect(page.get_by_role("alert")).to_be_visible()
        visit.picture("task-gone")

    def test_an_onlooker_sees_all_and_changes_nothing(self, onlooker: Visit, submit: Submit) -> None:
        task = submit("archive.verify", args={"backup": "b"}, wait=True)
        page = onlooker.open(f"/tasks/{task['number']}?tab=data")
        expect(page.get_by_role("region", name="result", exact=True)).to_contain_text('"verdict": "good"')
        for name in ("Rerun", "More", "Stop"):
            expect(page.get_by_role("button", name=name)).to_have_count(0)


class TestReasons:
    def test_each_gate_leads_to_its_cause(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        holder = submit("archive.copy", args={"volume": "w", "size": 100_000}, name="holder")
        waiting = submit("archive.copy", args={"volume": "w", "size": 1}, name="waiting")
        page = visit.open(f"/tasks/{waiting['number']}")
        why = page.get_by_role("region", name="Why it waits")
        expect(why).to_contain_text("What it locks is taken")
        visit.picture("task-why")
        assert visit.accessibility_findings() == []
        page.get_by_role("tab", name="Resources").click()
        line = page.get_by_role("region", name="volume:w")
        expect(line.get_by_role("listitem")).to_have_text(
            [re.compile("holds it.*holder"), re.compile("waits.*waiting")]
        )
        visit.picture("task-resources")
        why.get_by_role("link", name=re.compile("holder")).click()
        expect(page.get_by_role("heading", name="holder")).to_be_visible()
        page.go_back()
        api.post(f"/v1/tasks/{holder['id']}:cancel")
        expect(page.locator("h1").locator("..")).to_contain_text("completed")
        expect(why).to_have_count(0)

    def test_a_full_pool_is_drawn(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        api.put("/v1/pools/encoders", json={"limit": 2, "reserved": 1, "threshold": 3})
        tasks = [submit("media.preview", args={"title": "p", "ticks": 100_000}) for _ in range(2)]
        page = visit.open(f"/tasks/{tasks[1]['number']}")
        why = page.get_by_role("region", name="Why it waits")
        expect(why).to_contain_text("are reserved for priority 3")
        expect(why.get_by_role("img", name="slots")).to_have_attribute("aria-label", re.compile("1 of 2 slots taken"))
        for task in tasks:
            api.post(f"/v1/tasks/{task['id']}:cancel")


class TestTabs:
    def test_the_way_to_what_failed(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        # Work tracked from outside, whose parts the test itself ends.
        parent = api.post("/v1/tasks", json={"operation": "far.build", "state": "running"}).json()
        for number in range(300):
            part = {"operation": "far.part", "state": "running", "parent_id": parent["id"], "name": f"part {number}"}
            child = api.post("/v1/tasks", json=part).json()
            if number in (7, 200):
                end = {"state": "failed", "error": "out of ink"}
                assert api.post(f"/v1/tasks/{child['id']}:finish", json=end).status_code == 200
        page = visit.open(f"/tasks/{parent['number']}")
        tree = page.get_by_role("tree")
        expect(page.get_by_text("301 nodes")).to_be_visible()
        page.get_by_role("switch", name="Only what failed").check()
        expect(tree.get_by_role("treeitem")).to_have_count(3)
        expect(tree).to_contain_text("out of ink")
        page.get_by_role("switch", name="Only what failed").uncheck()
        page.get_by_role("textbox", name="Search the tree").fill("part 299")
        expect(tree.get_by_role("treeitem")).to_have_count(2)
        page.get_by_role("textbox", name="Search the tree").fill("")
        tree.focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowLeft")
        expect(tree.get_by_role("treeitem")).to_have_count(1)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("End")
        expect(tree.get_by_role("treeitem", name=re.compile("part 299"))).to_have_attribute("aria-selected", "true")

    def test_a_tree_of_which_a_part_is_read(self, visit: Visit, api: httpx2.Client) -> None:
        def track(name: str, parent: str) -> str:
            part = {"operation": "far.part", "state": "running", "parent_id": parent, "name": name}
            task: dict[str, str] = api.post("/v1/tasks", json=part).json()
            return task["id"]

        root = api.post("/v1/tasks", json={"operation": "far.build", "state": "running"}).json()
        parts = [track(f"part {number}", root["id"]) for number in range(90)]
        inner = [track(f"inner {number}", parts[70]) for number in range(12)]
        assert api.post(f"/v1/tasks/{inner[11]}:finish", json={"state": "failed", "error": "jam"}).status_code == 200
        # As if the tree were as much larger as these answers are shorter.
        less = {"limit=5000": "limit=10", "limit=10000": "limit=20", "limit=500": "limit=20"}

        def shorten(route: Route) -> None:
            route.continue_(url=re.sub(r"limit=\d+", lambda limit: less.get(limit[0], limit[0]), route.request.url))

        visit.page.route(re.compile(r"/v1/tasks.*limit="), shorten)
        page = visit.open(f"/tasks/{root['number']}")
        tree = page.get_by_role("tree")
        search = page.get_by_role("textbox", name="Search the tree")
        link = page.get_by_role("link", name="the list of tasks")
        expect(link.first).to_have_attribute(
            "href", re.compile(rf"root=%22{root['number']}%22|root={root['number']}\b")
        )
        expect(tree.get_by_role("treeitem", name=re.compile("part 85"))).to_have_count(0)
        search.fill("part 85")
        expect(tree.get_by_role("treeitem")).to_have_count(2)
        expect(tree).to_contain_text("part 85")
        search.fill("nowhere")
        expect(page.get_by_text("No task of this tree fits")).to_be_visible()
        search.fill("")
        page.get_by_role("switch", name="Only what failed").check()
        expect(tree.get_by_role("treeitem")).to_have_count(3)
        expect(tree).to_contain_text("part 70")
        expect(tree).to_contain_text("jam")
        page.get_by_role("switch", name="Only what failed").uncheck()
        # Each way to the end reads on, until there is no more.
        tree.focus()
        last = tree.get_by_role("treeitem", name=re.compile("part 89"))
        for _ in range(20):
            page.keyboard.press("End")
            page.wait_for_timeout(150)
            if last.count():
                break
        page.keyboard.press("End")
        expect(last).to_have_attribute("aria-selected", "true")
        expect(page.get_by_text("103 nodes read")).to_be_visible()
        expect(tree.get_by_text("Reading on")).to_have_count(0)
        visit.open(f"/tasks/{parts[70]}")
        expect(link.first).to_have_attribute("href", re.compile(root["id"]))

    def test_log(self, visit: Visit, submit: Submit, tmp_path: Path) -> None:
        task = submit("media.transcode", args={"ticks": 30}, name="chatty")
        page = visit.open(f"/tasks/{task['number']}?tab=logs")
        log = page.get_by_role("log")
        expect(log).to_contain_text("the encoder is ready")
        expect(log).to_contain_text("30 frames encoded")
        expect(page.locator("h1").locator("..")).to_contain_text("completed")
        page.get_by_role("textbox", name="Search the log").fill("encoder")
        expect(log).not_to_contain_text("frames")
        page.get_by_role("textbox", name="Search the log").fill("")
        visit.picture("task-log")
        assert visit.accessibility_findings() == []
        with page.expect_download() as downloading:
            page.get_by_role("button", name="Download").click()
        saved = tmp_path / downloading.value.suggested_filename
        downloading.value.save_as(saved)
        assert saved.name == f"task-{task['number']}.log"
        assert "the encoder is ready height=720" in saved.read_text()
        assert len(saved.read_text().splitlines()) == 7
        page.get_by_role("combobox", name="Severity").click()
        page.get_by_role("option", name="info and up").click()
        expect(log).not_to_contain_text("frames encoded")

    def test_error_and_data(self, visit: Visit, submit: Submit) -> None:
        task = submit("media.inspect", args={"title": "broken", "flaw": "no sound"}, wait=True, retry={"limit": 1})
        page = visit.open(f"/tasks/{task['number']}?tab=data")
        expect(page.get_by_role("region", name="Error")).to_contain_text("raise ValueError(flaw)")
        expect(page.get_by_role("region", name="arguments", exact=True)).to_contain_text('"title": "broken"')
        expect(page.get_by_text("inspect.tracks")).to_be_visible()
        visit.picture("task-data")
        assert visit.accessibility_findings() == []
        page.get_by_role("button", name="Copy arguments").click()
        assert '"flaw": "no sound"' in page.evaluate("navigator.clipboard.readText()")
        page.get_by_role("tab", name="Attempts").click()
        attempts = page.get_by_role("tabpanel").get_by_role("listitem")
        expect(attempts).to_have_count(2)
        expect(attempts.first).to_contain_text("Attempt 2")
        expect(attempts.last).to_contain_text("raise ValueError(flaw)")
        visit.picture("task-attempts")

    def test_timeline_and_events(self, visit: Visit, submit: Submit) -> None:
        task = submit("media.publish", args={"title": "short", "ticks": 5}, wait=True, name="publish short")
        page = visit.open(f"/tasks/{task['number']}?tab=timeline")
        timeline = page.get_by_role("region", name="Timeline")
        expect(timeline.get_by_role("link", name="short 480p")).to_be_visible()
        expect(timeline.get_by_title(re.compile("^completed, "))).to_have_count(6)
        expect(timeline.get_by_title(re.compile("^waited "))).to_have_count(6)
        visit.picture("task-timeline")
        assert visit.accessibility_findings() == []
        page.get_by_role("tab", name="Events").click()
        events = page.get_by_role("table", name="Events")
        expect(events.get_by_role("row").nth(1)).to_contain_text('"state":"completed"')
        page.get_by_role("region", name="Events, scrollable").evaluate("element => element.scrollTo(0, 1e6)")
        expect(events.get_by_role("row").last).to_contain_text("created")
        visit.picture("task-events")

    def test_each_attempt_of_a_part_is_drawn(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        root = api.post("/v1/tasks", json={"operation": "far.build", "state": "running"}).json()
        again = {"parent_id": root["id"], "name": "again", "retry": {"limit": 1}}
        submit("media.inspect", args={"title": "broken", "flaw": "no sound"}, wait=True, **again)
        page = visit.open(f"/tasks/{root['number']}?tab=timeline")
        timeline = page.get_by_role("region", name="Timeline")
        expect(timeline.get_by_title(re.compile("^attempt 1: "))).to_have_count(1)
        expect(timeline.get_by_title(re.compile("^attempt 2: "))).to_have_count(1)

    def test_a_task_that_is_removed_while_it_is_looked_at(
        self, visit: Visit, server: Server, api: httpx2.Client, submit: Submit
    ) -> None:
        task = submit("archive.verify", args={"backup": "b"}, wait=True)
        page = visit.open(f"/tasks/{task['number']}")
        expect(page.get_by_role("button", name="Rerun")).to_be_visible()
        visit.expected.append("410")
        assert api.delete(f"/v1/tasks/{task['id']}").status_code == 204
        expect(page.get_by_text("This task was removed.")).to_be_visible()
        expect(page.get_by_role("button", name="Rerun")).to_have_count(0)
