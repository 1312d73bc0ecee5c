"""The frame around the pages: signing in, the keyboard, themes, times, what is served."""

import gzip
import json
import re

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browsing import PASSWORD, Visit, built_files, visiting
from tests.console.conftest import Submit
from tests.serving import Server

_FIRST_PAGE_BYTES = 400_000


class TestSignIn:
    def test_by_user_and_the_page_that_was_asked_for_follows(self, stranger: Visit) -> None:
        page = stranger.open("/tasks?state=failed")
        page.get_by_role("textbox", name="User").fill("ann")
        page.get_by_role("textbox", name="Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("no such user and password")
        stranger.picture("sign-in")
        assert stranger.accessibility_findings() == []
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        assert page.url.endswith("/console/tasks?state=failed")

    def test_by_token_and_out_again(self, stranger: Visit, server: Server) -> None:
        page = stranger.open("/")
        page.get_by_text("Token", exact=True).click()
        page.get_by_role("textbox", name="Token").fill(server.token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.get_by_role("button", name="Signed in as").click()
        page.get_by_role("menuitem", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    def test_whoever_may_not_read_is_told(self, stranger: Visit, api: httpx2.Client) -> None:
        token = api.post("/v1/tokens", json={"name": "blind", "scopes": ["write"]}).json()["secret"]
        stranger.expected.append("403")
        page = stranger.open("/tasks")
        page.get_by_text("Token", exact=True).click()
        page.get_by_role("textbox", name="Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Not for this account")).to_be_visible()
        stranger.picture("forbidden")

    def test_a_session_that_is_over_leads_back_to_the_sign_in(self, stranger: Visit, api: httpx2.Client) -> None:
        token = api.post("/v1/tokens", json={"name": "brief", "scopes": ["read"]}).json()["secret"]
        page = stranger.open("/tasks")
        page.get_by_text("Token", exact=True).click()
        page.get_by_role("textbox", name="Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("table", name="Tasks")).to_be_visible()
        assert api.delete("/v1/tokens/brief").status_code == 204
        # By keys: the page may have found out by itself, and have no links any more.
        _type(page, "g", "o")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


class TestFrame:
    def test_keyboard_alone(self, visit: Visit, submit: Submit) -> None:
        task = submit("archive.verify", wait=True, args={"backup": "by-keyboard"}, name="by-keyboard")
        page = visit.open("/")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
        page.keyboard.press("?")
        help_list = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(help_list).to_contain_text("Go to Tasks")
        page.keyboard.press("Escape")
        expect(help_list).to_be_hidden()
        _type(page, "g", "t")
        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        page.keyboard.press("/")
        expect(page.get_by_role("textbox", name="Filter tasks")).to_be_focused()
        page.keyboard.type("by-keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_role("row")).to_have_count(2)
        page.keyboard.press("Escape")
        _type(page, "j", "Enter")
        expect(page.get_by_role("heading", name="by-keyboard")).to_be_visible()
        _type(page, "]", "]")
        expect(page.get_by_role("log")).to_contain_text("checksums match")
        page.keyboard.press("r")
        expect(page).not_to_have_url(re.compile(rf"/tasks/{task['number']}\b"))
        expect(page.get_by_text("completed").first).to_be_visible()

    def test_live_updates_pause_and_resume(self, visit: Visit, submit: Submit) -> None:
        page = visit.open("/tasks?text=while-paused")
        expect(page.get_by_role("heading", name="No task fits these filters")).to_be_visible()
        page.get_by_role("button", name="Pause live updates").click()
        submit("archive.verify", wait=True, args={"backup": "x"}, name="while-paused")
        expect(page.get_by_text("Paused", exact=True)).to_be_visible()
        expect(page.get_by_role("row")).to_have_count(1)
        page.keyboard.press("p")
        expect(page.get_by_role("link", name="while-paused")).to_be_visible()

    def test_times_and_their_zone(self, visit: Visit, submit: Submit) -> None:
        task = submit("archive.verify", wait=True, args={"backup": "x"})
        page = visit.open(f"/tasks/{task['number']}")
        created = page.locator(f'time[datetime="{task["created_at"]}"]').first
        expect(created).to_have_text(re.compile(r"ago|just now"))
        page.keyboard.press("t")
        expect(created).to_have_text(re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"))
        local = created.text_content()
        page.get_by_role("button", name="Times").click()
        page.get_by_role("menuitemradio", name="UTC").click()
        expect(created).to_have_text(task["created_at"][:19].replace("T", " "))
        assert created.text_content() != local
        page.reload()
        expect(created).to_have_text(task["created_at"][:19].replace("T", " "))

    def test_the_theme_follows_the_system_until_it_is_chosen(self, browser: Browser, server: Server) -> None:
        with visiting(browser, server, "ann", scheme="dark") as visit:
            page = visit.open("/")
            expect(page.get_by_role("heading", name="Overview")).to_be_visible()
            expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
            visit.picture("overview-dark")
            assert visit.accessibility_findings() == []
            page.get_by_role("button", name="Light theme").click()
            page.reload()
            expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")

    def test_an_address_of_no_page(self, visit: Visit) -> None:
        page = visit.open("/nowhere")
        expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()

    def test_on_a_phone_the_pages_are_behind_a_button(self, visit: Visit) -> None:
        visit.page.set_viewport_size({"width": 390, "height": 844})
        page = visit.open("/")
        tasks = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Tasks")
        expect(tasks).not_to_be_in_viewport()
        page.get_by_role("button", name="Pages").click()
        tasks.click()
        expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
        expect(tasks).not_to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class TestBuild:
    def test_the_first_page_is_small(self) -> None:
        """What a browser fetches before it shows the overview, as the server sends it."""
        manifest = json.loads((built_files() / "manifest.json").read_text())
        wanted, seen = ["index.html", "src/pages/overview/OverviewPage.tsx"], set[str]()
        files = {"index.html"}
        while wanted:
            name = wanted.pop()
            if name not in seen:
                seen.add(name)
                files |= {manifest[name]["file"], *manifest[name].get("css", [])}
                wanted += manifest[name].get("imports", [])
        packed = sum(len(gzip.compress((built_files() / file).read_bytes(), 9)) for file in files)
        assert packed <= _FIRST_PAGE_BYTES

    @pytest.mark.parametrize("path", ["/console/", "/console/tasks/42?tab=logs"])
    def test_pages_are_served_under_a_strict_policy(self, path: str, server: Server) -> None:
        with server.client("") as client:
            answer = client.get(path)
            policy = answer.headers["content-security-policy"]
            assert answer.status_code == 200
            assert "unsafe" not in policy
            assert "default-src 'none'" in policy


def _type(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
