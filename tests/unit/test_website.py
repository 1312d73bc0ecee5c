"""The console's files: what a browser gets of a build, and what it may keep."""

import re
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from taskward.http.website import website_routes

PAGE = """<!doctype html><html><head><base href="/console/" /><meta property="csp-nonce" nonce="CONSOLE_NONCE">
<script type="module" nonce="CONSOLE_NONCE" src="./assets/index-abc.js"></script></head><body></body></html>"""
SCRIPT = "console.log(1);\n" * 200


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder as the build leaves it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path.parent / "secret.txt").write_text("secret")
    return tmp_path


def site(folder: Path, prefix: str = "") -> TestClient[Any]:
    return TestClient(Litestar(website_routes(folder, prefix), openapi_config=None))


def test_every_page_of_the_console_is_the_page_and_reloads(build: Path) -> None:
    with site(build) as browser:
        for path in ("/console", "/console/", "/console/tasks", "/console/tasks/17/tree", "/console/index.html"):
            answer = browser.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "assets/index-abc.js" in answer.text


def test_the_policy_lets_only_own_scripts_and_styles_run(build: Path) -> None:
    nonces = set()
    with site(build) as browser:
        for _ in range(2):
            answer = browser.get("/console/")
            policy = answer.headers["content-security-policy"]
            [nonce] = set(re.findall(r"'nonce-([^']+)'", policy))
            assert answer.text.count(nonce) == 2
            assert "CONSOLE_NONCE" not in answer.text
            nonces.add(nonce)
            assert "unsafe" not in policy
            for part in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'self'"):
                assert part in policy
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(nonces) == 2


def test_files_with_a_hash_are_kept_for_good_and_packed(build: Path) -> None:
    with site(build) as browser:
        answer = browser.get("/console/assets/index-abc.js", headers={"accept-encoding": "gzip"})
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(SCRIPT) / 5
        assert answer.text == SCRIPT
        plain = browser.get("/console/assets/index-abc.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == SCRIPT
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        icon = browser.get("/console/favicon.svg")
        assert (icon.headers["cache-control"], icon.headers["content-type"]) == ("no-cache", "image/svg+xml")
        known = {"if-none-match": icon.headers["etag"]}
        assert browser.get("/console/favicon.svg", headers=known).status_code == 304


@pytest.mark.parametrize("path", ["assets/old-123.js", "assets/../../secret.txt", "assets/%2e%2e/%2e%2e/secret.txt"])
def test_an_asset_that_is_not_there_is_no_page(build: Path, path: str) -> None:
    with site(build) as browser:
        answer = browser.get(f"/console/{path}")
        assert answer.status_code == 404
        assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["..%2fsecret.txt", "%2fetc/passwd", "a%5c..%5csecret.txt", "%00"])
def test_no_path_leads_out_of_the_build(build: Path, path: str) -> None:
    with site(build) as browser:
        answer = browser.get(f"/console/{path}")
        assert "secret" not in answer.text
        assert "root:" not in answer.text


def test_behind_a_prefix_the_page_knows_its_base(build: Path) -> None:
    with site(build, "/taskward") as browser:
        assert '<base href="/taskward/console/"' in browser.get("/console/tasks").text


def test_without_a_build_a_page_says_how_to_make_one(tmp_path: Path) -> None:
    with site(tmp_path / "console") as browser:
        answer = browser.get("/console/tasks")
    assert answer.status_code == 404
    assert "make console" in answer.text
