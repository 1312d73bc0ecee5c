"""The overview and the list of tasks."""

import re
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.console.browsing import Visit
from tests.console.conftest import Submit


def _row(page: Page, name: str) -> Any:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


class TestOverview:
    def test_an_empty_house(self, visit: Visit) -> None:
        page = visit.open("/")
        for words in ("Nothing is running.", "Nothing waits.", "Nothing has failed.", "There are no pools"):
            expect(page.get_by_text(words)).to_be_visible()
        visit.picture("overview-empty")

    def test_what_goes_on_is_seen_as_it_happens(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        page = visit.open("/")
        expect(page.get_by_text("Nothing is running.")).to_be_visible()
        api.put("/v1/pools/encoders", json={"limit": 4, "reserved": 1, "threshold": 3})
        previews = [
            submit("media.preview", args={"title": str(number), "ticks": 100_000}, name=f"preview {number}")
            for number in range(5)
        ]
        submit("archive.copy", args={"volume": "v", "size": 100_000}, name="copy v")
        submit("archive.copy", args={"volume": "v"}, name="copy v again")
        submit("media.inspect", args={"title": "x"}, wait=True)
        running = page.get_by_role("region", name="Running now")
        expect(running.get_by_role("link", name="copy v", exact=True)).to_be_visible()
        expect(running.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", re.compile(r"\d+"))
        waiting = page.get_by_role("region", name="Waiting")
        expect(waiting.get_by_text("for a resource")).to_be_visible()
        pools = page.get_by_role("region", name="Pools")
        expect(pools.get_by_role("img")).to_have_attribute(
            "aria-label", "3 of 4 slots taken; 1 reserved for priority 3 and more urgent, of which 0 taken"
        )
        failures = page.get_by_role("region", name="Failures of the last 24 hours")
        expect(failures.get_by_text("no moov atom was found")).to_be_visible()
        expect(page.get_by_role("region", name="Workers")).to_contain_text("1 alive")
        counts = page.get_by_role("list", name="Tasks by state")
        expect(counts.get_by_role("link", name="failed 1")).to_be_visible()
        visit.picture("overview")
        assert visit.accessibility_findings() == []
        for task in [*previews, *api.get("/v1/tasks", params={"operation": "archive.copy"}).json()["items"]]:
            api.post(f"/v1/tasks/{task['id']}:cancel")
        expect(running.get_by_text("Nothing is running.")).to_be_visible()

    def test_the_charts_keep_their_span_in_the_address(self, visit: Visit) -> None:
        page = visit.open("/?span=6h")
        expect(page.get_by_role("heading", name="Ended per 5 minutes")).to_be_visible()
        page.get_by_text("24 hours", exact=True).click()
        expect(page.get_by_role("heading", name="Ended per 15 minutes")).to_be_visible()
        assert page.url.endswith("?span=24h")

    def test_a_count_leads_to_its_tasks(self, visit: Visit) -> None:
        page = visit.open("/")
        page.get_by_role("list", name="Tasks by state").get_by_role("link", name="failed").click()
        expect(page).to_have_url(re.compile(r"/console/tasks\?state=failed$"))
        expect(_row(page, "media.inspect")).to_be_visible()


class TestList:
    def test_new_tasks_come_and_change_in_place(self, visit: Visit, submit: Submit) -> None:
        page = visit.open("/tasks?label=test:live")
        expect(page.get_by_role("heading", name="No task fits these filters")).to_be_visible()
        submit("media.transcode", args={"ticks": 40}, name="seen live", labels={"test": "live"})
        row = _row(page, "seen live")
        expect(row).to_contain_text("running")
        expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile(r"[1-9]\d?"))
        expect(row).to_contain_text("completed")
        expect(row.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")

    def test_filters_are_completed_and_stand_in_the_address(self, visit: Visit, submit: Submit) -> None:
        submit("media.inspect", args={"title": "x"}, wait=True, name="filter me")
        page = visit.open("/tasks")
        box = page.get_by_role("textbox", name="Filter tasks")
        box.fill("operation:insp")
        page.get_by_role("option", name="operation:media.inspect").click()
        expect(page).to_have_url(re.compile(r"\?operation=media\.inspect$"))
        box.fill("fail")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"state=failed"))
        expect(_row(page, "filter me").first).to_be_visible()
        page.reload()
        expect(_row(page, "filter me").first).to_be_visible()
        expect(page.get_by_text("operation media.inspect")).to_be_visible()
        page.get_by_role("button", name="Remove state:failed").click()
        page.go_back()
        expect(page.get_by_text("state failed")).to_be_visible()
        page.get_by_role("button", name="Remove all filters").click()
        expect(page).to_have_url(re.compile(r"/tasks$"))

    @pytest.mark.parametrize(
        ("search", "problem"),
        [("created_since=yesterday", "created_since"), ("label=nocolon", "is not name:value")],
    )
    def test_a_filter_that_cannot_be_is_explained(self, search: str, problem: str, visit: Visit) -> None:
        visit.expected.append("400")
        page = visit.open(f"/tasks?{search}")
        expect(page.get_by_role("alert")).to_contain_text(problem)
        visit.picture("tasks-error")

    def test_a_server_that_is_away_can_be_asked_again(self, visit: Visit, submit: Submit) -> None:
        submit("archive.verify", args={"backup": "b"}, wait=True, name="back again")
        visit.expected.append("ERR_FAILED")
        visit.page.route("**/v1/tasks?*", lambda route: route.abort())
        page = visit.open("/tasks?text=back+again")
        expect(page.get_by_role("alert")).to_contain_text("The server cannot be reached", timeout=20_000)
        page.unroute("**/v1/tasks?*")
        page.get_by_role("button", name="Try again").click()
        expect(_row(page, "back again")).to_be_visible()

    def test_more_than_a_page_is_scrolled_through(self, visit: Visit, api: httpx2.Client) -> None:
        many = [
            {"operation": "archive.verify", "args": {"backup": str(number)}, "name": f"many {number}", "paused": True}
            for number in range(250)
        ]
        assert api.post("/v1/tasks", json={"tasks": many}).status_code == 202
        page = visit.open("/tasks?text=many&state=paused")
        expect(_row(page, "many 249")).to_be_visible()
        table = page.get_by_role("region", name="Tasks, scrollable")
        for _ in range(30):
            if _row(page, "many 0").count():
                break
            table.evaluate("element => element.scrollBy(0, 4000)")
            expect(page.get_by_role("status", name="Loading more")).to_have_count(0)
        expect(_row(page, "many 0")).to_be_visible()
        # Only what is in sight exists.
        assert page.get_by_role("row").count() < 60
        page.get_by_role("button", name="Actions").click()
        page.get_by_role("menuitem", name="Cancel…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("It would reach 250 tasks")
        dialog.get_by_role("button", name="Cancel 250").click()
        expect(page.get_by_text("Cancel: 250 tasks")).to_be_visible()
        expect(page.get_by_role("heading", name="No task fits these filters")).to_be_visible()

    def test_a_selection_is_paused_and_resumed(self, visit: Visit, submit: Submit) -> None:
        for number in range(3):
            submit("archive.verify", args={"backup": "b"}, name=f"held {number}", run_at="2099-01-01T00:00:00Z")
        page = visit.open("/tasks?text=held")
        for number in (0, 1):
            _row(page, f"held {number}").get_by_role("checkbox").check()
        page.get_by_role("button", name="Actions").click()
        page.get_by_role("menuitem", name="Pause…").click()
        expect(page.get_by_role("dialog")).to_contain_text("It would reach 2 tasks")
        visit.picture("tasks-bulk")
        assert visit.accessibility_findings() == []
        page.get_by_role("button", name="Pause 2").click()
        expect(_row(page, "held 0")).to_contain_text("paused")
        expect(_row(page, "held 2")).to_contain_text("scheduled")

    def test_a_row_is_stopped_after_a_confirmation(self, visit: Visit, submit: Submit) -> None:
        submit("archive.copy", args={"volume": "stop", "size": 100_000}, name="stop me")
        page = visit.open("/tasks?text=stop+me")
        page.get_by_role("button", name=re.compile("Stop stop me")).click()
        expect(page.get_by_role("dialog")).to_contain_text("Nothing is below it")
        page.get_by_role("button", name="Keep things as they are").click()
        expect(_row(page, "stop me")).to_contain_text("running")
        page.get_by_role("button", name=re.compile("Stop stop me")).click()
        page.get_by_role("textbox", name="Reason").fill("not needed")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(_row(page, "stop me")).to_contain_text("canceled")

    def test_one_that_was_made_by_hand_is_stopped(self, visit: Visit, submit: Submit) -> None:
        submit("external.work", name="iamrunning", state="running")
        page = visit.open("/tasks?state=running")
        page.get_by_role("button", name=re.compile("Stop iamrunning")).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Stop", exact=True).click()
        expect(dialog).to_have_count(0)
        page = visit.open("/tasks?text=iamrunning")
        expect(_row(page, "iamrunning")).to_contain_text("canceled")

    def test_views_and_columns_are_kept(self, visit: Visit) -> None:
        page = visit.open("/tasks?state=failed&operation=media.inspect")
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitem", name="Save this view…").click()
        page.get_by_role("textbox", name="Name").fill("Broken videos")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("button", name="Columns").click()
        page.get_by_role("checkbox", name="Priority").check()
        page.keyboard.press("Escape")
        visit.open("/tasks")
        expect(page.get_by_role("columnheader", name="Priority")).to_be_visible()
        page.get_by_role("button", name="Views").click()
        page.get_by_role("menuitem", name="Broken videos").click()
        expect(page).to_have_url(re.compile(r"state=failed&operation=media\.inspect$"))

    def test_its_look(self, visit: Visit, submit: Submit) -> None:
        submit("media.publish", args={"title": "night", "ticks": 100}, name="publish night")
        page = visit.open("/tasks")
        expect(_row(page, "night 240p")).to_contain_text("running")
        visit.picture("tasks")
        assert visit.accessibility_findings() == []

    def test_an_onlooker_is_offered_nothing_that_would_be_refused(self, onlooker: Visit) -> None:
        page = onlooker.open("/tasks")
        expect(page.get_by_role("row").nth(1)).to_be_visible()
        expect(page.get_by_role("button", name="Actions")).to_have_count(0)
        expect(page.get_by_role("checkbox")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("^Stop"))).to_have_count(0)
