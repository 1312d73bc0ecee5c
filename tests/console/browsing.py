"""A browser as the tests of the console use it: signed in, strict about errors, able to judge and to picture a page."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright

from tests.serving import ROOT, Server

PASSWORD = "correct horse battery"
DESKTOP = {"width": 1360, "height": 850}
PHONE = {"width": 390, "height": 844}
PICTURES = ROOT / ".artifacts" / "console"
"""Where pictures of pages are written, for people to look at."""

_CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_AXE = ROOT / "console" / "node_modules" / "axe-core" / "axe.min.js"
_TIMEOUT_MS = 30_000


def launch(playwright: Playwright) -> Browser:
    """Debian's Chromium, which calls nobody."""
    return playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_FLAGS))


@dataclass
class Visit:
    """One browser window on a server's console. What the browser complains of is collected in `complaints`."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    """Parts of complaints that the test provokes."""

    def open(self, path: str) -> Page:
        """Goes to a page of the console, from `/`."""
        self.page.goto(f"{self.server.url}/console{path}")
        return self.page

    def picture(self, name: str) -> None:
        """Pictures of the page as it is: on a desktop and on a phone."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        for kind, size in (("desktop", DESKTOP), ("phone", PHONE)):
            self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            self.page.screenshot(path=PICTURES / f"{name}-{kind}.png", full_page=kind == "phone", animations="disabled")
        self.page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})

    def accessibility_findings(self) -> list[str]:
        """What axe finds on the page that is serious or critical."""
        self.page.evaluate(_AXE.read_text())
        found: dict[str, Any] = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]

    def unexpected(self) -> list[str]:
        """The complaints that the test did not provoke."""
        return [one for one in self.complaints if not any(part in one for part in self.expected)]


@contextmanager
def visiting(
    browser: Browser, server: Server, user: str | None, *, scheme: Literal["light", "dark"] = "light"
) -> Iterator[Visit]:
    """A window of its own, signed in unless `user` is None. Fails in the end when the browser complained."""
    context: BrowserContext = browser.new_context(
        viewport={"width": DESKTOP["width"], "height": DESKTOP["height"]},
        color_scheme=scheme,
        reduced_motion="reduce",
        timezone_id="Europe/Berlin",
        locale="en-GB",
        permissions=["clipboard-read", "clipboard-write"],
        accept_downloads=True,
    )
    context.set_default_timeout(_TIMEOUT_MS)
    page = context.new_page()
    visit = Visit(page, server)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", hear)
    page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    try:
        if user is not None:
            answer = context.request.post(f"{server.url}/v1/session", data={"user": user, "password": PASSWORD})
            assert answer.ok, answer.text()
        yield visit
    finally:
        context.close()
    assert visit.unexpected() == []


def add_users(server: Server) -> None:
    """ann, who may do anything; vic, who may only look."""
    with server.client() as api:
        for name, role in (("ann", "admin"), ("vic", "viewer")):
            answer = api.post("/v1/users", json={"name": name, "password": PASSWORD, "role": role})
            assert answer.status_code == 201, answer.text


def built_files() -> Path:
    """Where `make console` puts the build."""
    return ROOT / "src" / "taskward" / "http" / "console"
