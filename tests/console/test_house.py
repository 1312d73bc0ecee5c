"""What tasks run on, and who may do what: workers, queues, operations, schedules, settings, credentials, audit."""

import re

import httpx2
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.browsing import Visit
from tests.console.conftest import Submit
from tests.serving import Server


def row(page: Page, table: str, name: str) -> Locator:
    """The row of a table that begins with this name."""
    return page.get_by_role("table", name=table).get_by_role("row", name=re.compile(rf"^{name}\b"))


class TestWorkers:
    def test_what_there_is_and_what_one_runs(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        task = submit("media.preview", args={"title": "long", "ticks": 100_000}, name="long one", pool="")
        page = visit.open("/workers?state=online")
        expect(page.get_by_role("table", name="Workers")).to_contain_text("online")
        assert visit.accessibility_findings() == []
        visit.picture("workers")
        page.get_by_role("table", name="Workers").get_by_role("link").click()
        expect(page.get_by_role("table", name="Running now")).to_contain_text("long one")
        expect(page.get_by_role("region", name="Can run", exact=True)).to_contain_text("media.publish")
        visit.picture("worker")
        api.post(f"/v1/tasks/{task['id']}:cancel")
        expect(page.get_by_text("It runs nothing at this moment")).to_be_visible()

    def test_filters_that_none_fits(self, visit: Visit) -> None:
        page = visit.open("/workers?state=lost")
        expect(page.get_by_role("heading", name="No worker fits these filters")).to_be_visible()
        page.get_by_role("button", name="Remove all filters").click()
        expect(page.get_by_role("table", name="Workers")).to_be_visible()

    def test_one_there_is_not(self, visit: Visit) -> None:
        visit.expected.append("404")
        page = visit.open("/workers/nobody")
        expect(page.get_by_role("alert")).to_contain_text("a worker is named by its id")


class TestQueuesAndPools:
    def test_a_queue_is_paused_and_resumed(self, visit: Visit, api: httpx2.Client, submit: Submit) -> None:
        submit("archive.verify", args={"backup": "b"}, wait=True)
        page = visit.open("/queues")
        page.get_by_role("button", name="Pause queue default").click()
        expect(row(page, "Queues", "default")).to_contain_text("paused")
        assert api.get("/v1/queues").json()["items"][0]["paused"] is True
        visit.picture("queues-paused")
        page.get_by_role("button", name="Resume queue default").click()
        expect(row(page, "Queues", "default")).to_contain_text("open")

    def test_a_pool_is_made_changed_and_removed(self, visit: Visit) -> None:
        visit.expected.append("422")
        page = visit.open("/queues")
        expect(page.get_by_role("button", name="New pool")).to_be_visible()
        page.keyboard.press("n")
        dialog = page.get_by_role("dialog", name="New pool")
        dialog.get_by_role("textbox", name="Name").fill("encoders-2")
        dialog.get_by_role("textbox", name="Slots").fill("8")
        dialog.get_by_role("textbox", name="Reserved").fill("9")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_contain_text("must not be more than limit (8)")
        dialog.get_by_role("textbox", name="Reserved").fill("2")
        assert visit.accessibility_findings() == []
        dialog.get_by_role("button", name="Save").click()
        slots = page.get_by_role("img", name=re.compile("0 of 8 slots taken; 2 reserved"))
        expect(slots).to_be_visible()
        visit.picture("queues")
        page.get_by_role("button", name="Remove pool encoders-2").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove the pool").click()
        expect(slots).to_be_hidden()

    def test_who_may_only_look_sees_no_buttons(self, onlooker: Visit) -> None:
        page = onlooker.open("/queues")
        expect(page.get_by_role("table", name="Queues")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Pause queue|New pool"))).to_have_count(0)


class TestOperations:
    def test_a_task_is_submitted_by_the_form_made_from_its_schema(self, visit: Visit) -> None:
        page = visit.open("/operations?module=media")
        expect(page.get_by_role("table", name="Operations of media")).to_contain_text("Makes every rendition")
        assert visit.accessibility_findings() == []
        visit.picture("operations")
        page.get_by_role("link", name="media.inspect", exact=True).click()
        form = page.get_by_role("form", name="Submit media.inspect")
        expect(form.get_by_role("textbox", name="flaw")).to_have_value("no moov atom was found")
        form.get_by_role("textbox", name="title").fill("Dune")
        form.get_by_role("button", name=re.compile("More choices")).click()
        form.get_by_role("textbox", name="Name").fill("look at Dune")
        assert visit.accessibility_findings() == []
        visit.picture("operation")
        form.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("heading", name="look at Dune")).to_be_visible()
        expect(page.get_by_text("no moov atom was found").first).to_be_visible()

    def test_what_the_server_refuses_is_told_beside_its_field(self, visit: Visit) -> None:
        visit.expected.append("422")
        page = visit.open("/operations/media.publish")
        form = page.get_by_role("form", name="Submit media.publish")
        form.get_by_role("textbox", name="title").fill("Dune")
        form.get_by_role("textbox", name="renditions").fill("1.5")
        form.get_by_role("button", name="More choices").click()
        form.get_by_role("textbox", name="Queue").fill("q" * 101)
        form.get_by_role("button", name="Submit").click()
        expect(form.get_by_role("alert")).to_be_visible()
        assert "/operations/media.publish" in page.url


class TestSchedules:
    def test_one_is_made_run_held_and_removed(self, visit: Visit, api: httpx2.Client) -> None:
        page = visit.open("/schedules")
        expect(page.get_by_role("heading", name="There are no schedules yet")).to_be_visible()
        page.get_by_role("button", name="New schedule").click()
        dialog = page.get_by_role("dialog", name="New schedule")
        dialog.get_by_role("combobox", name="Operation").click()
        page.get_by_role("option", name="media.publish").click()
        dialog = page.get_by_role("dialog", name="New schedule")
        dialog.get_by_role("textbox", name="Name").fill("nightly")
        dialog.get_by_text("By the clock").click()
        dialog.get_by_role("textbox", name="Cron expression").fill("30 4 * * 1-5")
        expect(dialog.get_by_text("At 04:30 on Monday through Friday, Europe/Berlin")).to_be_visible()
        dialog.get_by_role("textbox", name="title").fill("News")
        dialog.get_by_role("textbox", name="ticks").fill("1")
        assert visit.accessibility_findings() == []
        visit.picture("schedule-form")
        dialog.get_by_role("button", name="Save").click()
        line = row(page, "Schedules", "nightly")
        expect(line).to_contain_text("At 04:30 on Monday through Friday")
        visit.picture("schedules")
        kept = api.get("/v1/schedules/nightly").json()
        assert kept["args"] == {"title": "News", "renditions": 4, "ticks": 1}
        page.get_by_role("button", name="Run now: nightly").click()
        expect(page.get_by_role("heading", name="media.publish")).to_be_visible()
        visit.open("/schedules/nightly")
        expect(page.get_by_role("table", name="What it has submitted")).to_contain_text("media.publish")
        expect(page.get_by_role("list", name="Next ticks").get_by_role("listitem")).to_have_count(5)
        assert visit.accessibility_findings() == []
        visit.picture("schedule")
        page.get_by_role("switch", name="Ticks").click()
        expect(page.get_by_text("off", exact=True)).to_be_visible()
        assert api.get("/v1/schedules/nightly").json()["active"] is False
        page.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove the schedule").click()
        expect(page.get_by_role("heading", name="There are no schedules yet")).to_be_visible()


class TestSettings:
    def test_one_is_changed_and_returned(self, visit: Visit, api: httpx2.Client) -> None:
        visit.expected.append("422")
        page = visit.open("/settings")
        page.get_by_role("button", name="Change task_ttl").click()
        dialog = page.get_by_role("dialog", name="task_ttl")
        dialog.get_by_role("textbox", name="Value").fill("soon")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_contain_text("'soon'")
        dialog.get_by_role("textbox", name="Value").fill("3d")
        dialog.get_by_role("button", name="Save").click()
        expect(row(page, "Settings", "task_ttl")).to_contain_text("3 d")
        assert api.get("/v1/settings/task_ttl").json()["value"] == "259200"
        assert visit.accessibility_findings() == []
        visit.picture("settings")
        page.get_by_role("button", name="Return task_ttl to its default").click()
        expect(page.get_by_text("task_ttl is at its default again")).to_be_visible()
        assert api.get("/v1/settings/task_ttl").json()["source"] == "default"


class TestCredentials:
    def test_a_token_is_made_shown_once_used_and_ended(self, visit: Visit, server: Server) -> None:
        page = visit.open("/tokens")
        page.get_by_role("button", name="New token").click()
        dialog = page.get_by_role("dialog", name="New token")
        dialog.get_by_role("textbox", name="Name").fill("ci")
        dialog.get_by_role("textbox", name="Description").fill("Builds and deploys")
        dialog.get_by_role("checkbox", name="write").check()
        visit.picture("token-form")
        dialog.get_by_role("button", name="Make the token").click()
        shown = page.get_by_role("dialog", name="Token ci")
        secret = shown.get_by_label("Secret").inner_text().strip()
        shown.get_by_role("button", name="Copy").click()
        assert page.evaluate("navigator.clipboard.readText()") == secret
        with server.client(secret) as program:
            assert program.get("/v1/session").json()["scopes"] == ["read", "write"]
        shown.get_by_role("button", name="I have it").click()
        expect(row(page, "Tokens", "ci")).to_contain_text(re.compile("in 8[89] d|in 90 d"))
        assert secret not in page.content()
        page.get_by_role("switch", name="Token ci lets in").press("Space")
        expect(page.get_by_text("Token ci is switched off")).to_be_visible()
        with server.client(secret) as program:
            assert program.get("/v1/session").status_code == 401
        assert visit.accessibility_findings() == []
        visit.picture("tokens")
        page.get_by_role("button", name="End token ci").click()
        page.get_by_role("dialog").get_by_role("button", name="End the token").click()
        expect(page.get_by_text("Token ci has ended")).to_be_visible()
        with server.client(secret) as program:
            assert program.get("/v1/session").status_code == 401

    def test_users_and_clients(self, visit: Visit, server: Server) -> None:
        page = visit.open("/people")
        page.get_by_role("button", name="New user").click()
        dialog = page.get_by_role("dialog", name="New user")
        dialog.get_by_role("textbox", name="Name").fill("otto")
        dialog.get_by_role("textbox", name="Password").fill("correct horse")
        dialog.get_by_role("radio", name="operator").check()
        dialog.get_by_role("button", name="Save").click()
        expect(row(page, "Users", "otto")).to_contain_text("operator")
        page.get_by_role("button", name="New client").click()
        dialog = page.get_by_role("dialog", name="New client")
        dialog.get_by_role("textbox", name="Name").fill("studio")
        dialog.get_by_role("button", name="Make the client").click()
        shown = page.get_by_role("dialog", name="Key of client studio")
        key = shown.get_by_label("Secret").inner_text().strip()
        shown.get_by_role("button", name="I have it").click()
        with server.client("", **{"client": "studio", "api-key": key}) as studio:
            assert studio.get("/v1/session").json()["client"] == "studio"
        assert visit.accessibility_findings() == []
        visit.picture("people")
        page.get_by_role("button", name="End user otto").click()
        page.get_by_role("dialog").get_by_role("button", name="End the user").click()
        expect(page.get_by_text("otto can no longer sign in")).to_be_visible()

    @pytest.mark.parametrize("path", ["/tokens", "/people", "/audit"])
    def test_they_are_not_for_everybody(self, onlooker: Visit, path: str) -> None:
        onlooker.expected.append("403")
        page = onlooker.open(path)
        expect(page.get_by_role("heading", name="Not for this account").first).to_be_visible()


class TestAudit:
    def test_who_did_what(self, visit: Visit, api: httpx2.Client) -> None:
        api.put("/v1/pools/watched", json={"limit": 1})
        page = visit.open("/audit?text=watched")
        table = page.get_by_role("table", name="Audit trail")
        expect(table).to_contain_text("/v1/pools/watched")
        assert visit.accessibility_findings() == []
        page.get_by_role("button", name="Remove all filters").click()
        expect(table).to_contain_text("/v1/users")
        visit.picture("audit")
        table.get_by_role("link", name="first-start").first.click()
        expect(page).to_have_url(re.compile(r"/audit\?principal=first-start$"))
        api.delete("/v1/pools/watched")
