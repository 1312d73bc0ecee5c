"""The documentation: what can be checked without reading it."""

import ast
import re
from pathlib import Path

import pytest

import taskward
from docs import generate
from taskward.cli.exits import ExitCode
from taskward.http.native import ENDPOINTS
from taskward.http.openapi import document
from taskward.model import states
from taskward.settings import SETTINGS

ROOT = Path(generate.__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *generate.pages(),
    *sorted((ROOT / "examples").rglob("*.md")),
]
EXAMPLES = [
    pytest.param(match["code"], id=f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}")
    for page in PAGES
    for text in [page.read_text("utf-8")]
    for match in re.finditer(r"^```python\n(?P<code>.*?)^```$", text, re.MULTILINE | re.DOTALL)
]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_generated_parts_are_current(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == generate.renewed(text), "run `make docs`"


def test_every_generated_part_has_its_place() -> None:
    text = "".join(page.read_text("utf-8") for page in PAGES)
    assert {name for name in generate.PARTS if f"<!-- generated: {name} -->" not in text} == set()


@each_page
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


@each_page
def test_every_page_is_found_from_the_index(page: Path) -> None:
    if page.parent == ROOT or page.parent.name == "examples" or page.name == "README.md":
        return
    assert f"({page.relative_to(ROOT / 'docs')})" in (ROOT / "docs" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("code", EXAMPLES)
def test_python_examples_compile(code: str) -> None:
    compile(code, "example", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("code", [each for each in EXAMPLES if "Module(" in str(each.values[0])])
def test_examples_of_operations_are_accepted(code: str) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})  # noqa: S102 - our own documentation


@each_page
def test_no_page_names_this_machine_or_a_registry(page: Path) -> None:
    told = re.findall(
        r"/(?:work|root|tmp/brief)/\S*|/home/\w+|pypi\.\S+|pythonhosted\S*|index-url", page.read_text("utf-8")
    )
    assert told == []


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert [words for words, _ in generate.leaves() if f"### `{words}`" not in text] == []


def test_every_exit_code_is_documented() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    assert [code for code in ExitCode if f"\n| {code} | " not in text] == []


def test_every_address_of_the_native_api_is_documented() -> None:
    text = (ROOT / "docs/reference/http-api.md").read_text("utf-8")
    served = {
        f"{method.upper()} {path}"
        for path, item in document(ENDPOINTS, "")["paths"].items()
        for method in item
        if method in {"get", "put", "post", "patch", "delete"}
    }
    assert {address for address in served if f"`{address}`" not in text} == set()


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text("utf-8")
    assert [name for name in SETTINGS if f"| `{name}` |" not in text] == []


def test_every_public_name_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/operations.md").read_text("utf-8")
    assert [name for name in taskward.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_state_is_explained() -> None:
    text = (ROOT / "docs/explanation/states.md").read_text("utf-8")
    assert [state for state in states.State if f"\n| `{state}` | " not in text] == []


def test_every_code_of_a_tasks_error_is_explained() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text("utf-8")
    sources = (path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    codes = {code for source in sources for code in re.findall(r'\bcode="([a-z-]+)"', source)}
    assert codes >= {"timeout", "worker-lost"}
    assert {code for code in codes if f"| `{code}` |" not in text} == set()


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("*.md")), ids=lambda page: page.stem)
def test_decisions_have_their_four_parts(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.name[:4]}. ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Status", "Context", "Decision", "Consequences"]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(page.name[:4]) for page in sorted(DECISIONS.glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def _prose(page: Path) -> str:
    """A page without its code, where brackets are no links."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "`", text)


def _anchors(page: Path) -> set[str]:
    """The anchors that a code host gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
