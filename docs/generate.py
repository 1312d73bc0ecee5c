"""Writes those parts of the documentation that the code knows best: `python docs/generate.py`.

A part stands between `<!-- generated: name -->` and `<!-- end -->`. A test fails when one is not current.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import msgspec
from typer.main import get_command

from taskward.cli import app
from taskward.http.endpoint import Endpoint
from taskward.http.native import ENDPOINTS
from taskward.http.problems import kinds
from taskward.http.pulp import GALAXY_OPERATIONS, PULP_OPERATIONS
from taskward.http.pulp.endpoint import Operation
from taskward.http.pulp.task_filters import TASK_FILTERS
from taskward.model.settings import SETTINGS as RUN_TIME_SETTINGS
from taskward.model.states import mermaid
from taskward.model.workflow import Call, Program, Progress, Request, Retries, Step, Wait, Workflow
from taskward.model.workflow.filters import FILTERS
from taskward.model.workflow.parameters import COMMON
from taskward.settings import SETTINGS, Settings

DOCS = Path(__file__).parent

_PART = re.compile(r"(?P<begin><!-- generated: (?P<name>[\w-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
_EVERYWHERE = {"--server", "--token", "--json", "--help"}
_PLACES = {"server.data_dir": "the user's data folder, such as `~/.local/share/taskward`"}


def renewed(text: str) -> str:
    """A page with its generated parts as they should be."""
    return _PART.sub(lambda part: f"{part['begin']}\n{_made(part['name'])}\n\n{part['end']}", text)


def _made(name: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", PARTS[name]().strip())


def pages() -> Iterator[Path]:
    """Every page of the documentation."""
    yield from sorted(DOCS.rglob("*.md"))


# ------------------------------------------------------------------ parts


def states() -> str:
    """The picture of the states."""
    return f"```mermaid\n{mermaid()}```"


def settings() -> str:
    """A table for each section of the process settings."""
    text = ""
    for section in msgspec.structs.fields(Settings):
        text += f"\n### {section.name}\n\n{_first_sentence(section.type)}\n\n"
        rows = [
            (f"`{name}`", f"`{setting.variable}`", _default_of(name), setting.description + _right(setting))
            for name, setting in SETTINGS.items()
            if name.startswith(f"{section.name}.")
        ]
        text += _table(("setting", "environment", "default", "what it is"), rows)
    return text


def _default_of(name: str) -> str:
    if name in _PLACES:
        return _PLACES[name]
    shown = SETTINGS[name].show(SETTINGS[name].default)
    return f"`{shown}`" if shown else "empty"


def _right(setting: Any) -> str:
    if setting.kind in {bool, str, Path} and "expects" not in (setting.meta.extra or {}):
        return ""
    return f". Must be {setting.expects}"


def run_time_settings() -> str:
    """The settings that are changed while everything runs."""
    rows = [
        (f"`{one.name}`", f"`{one.default}`", one.description, f"{one.shortest.total_seconds():g}")
        for one in RUN_TIME_SETTINGS.values()
    ]
    return _table(("setting", "default (seconds)", "what it is", "at least (seconds)"), rows)


def problems() -> str:
    """The kinds of problems that the API answers with."""
    rows = [
        (f"`{slug}`", str(kind.status), kind.title, _first_sentence(kind))
        for slug, kind in sorted(kinds().items(), key=lambda item: (item[1].status, item[0]))
    ]
    return _table(("last part of `type`", "status", "`title`", "means"), rows)


def routes() -> str:
    """What the native API answers to, by noun."""
    text = ""
    for tag in dict.fromkeys(endpoint.tag for endpoint in ENDPOINTS):
        group = [endpoint for endpoint in ENDPOINTS if endpoint.tag == tag]
        rows = [(f"`{one.method} /v1{one.path}`", one.summary, _answers(one)) for one in group]
        text += f"\n### {tag[0].upper()}{tag[1:]}\n\n{_table(('request', 'does', 'answers'), rows)}\n"
        for one in group:
            text += _parameters(one)
    return text


def _answers(endpoint: Endpoint) -> str:
    good = [str(answer.status) for answer in endpoint.answers]
    return ", ".join(dict.fromkeys([*good, *map(str, endpoint.errors)]))


def _parameters(endpoint: Endpoint) -> str:
    rows = [(f"`{header.name}`", "header", header.description) for header in endpoint.headers]
    rows += [(f"`{name}`", "query", _described(schema)) for name, schema in endpoint.query.schemas.items()]
    if not rows:
        return ""
    title = f"`{endpoint.method} /v1{endpoint.path}` takes:"
    return f"\n{title}\n\n{_table(('name', 'in', 'what it is'), rows)}\n"


def _described(schema: dict[str, Any]) -> str:
    description = schema.get("description") or next(
        (choice["description"] for choice in schema.get("anyOf", ()) if "description" in choice), ""
    )
    default = schema.get("default")
    return f"{description} (default `{default}`)" if default not in (None, [], {}, False, "") else description


def pulp_addresses() -> str:
    """What Pulp's tree answers to."""
    return _dialect_addresses(PULP_OPERATIONS)


def galaxy_addresses() -> str:
    """What the Galaxy hub answers to beside the tree."""
    return _dialect_addresses(GALAXY_OPERATIONS)


def _dialect_addresses(operations: Iterable[Operation]) -> str:
    rows = [
        (f"`{one.method} {one.path or '/'}`", one.summary, ", ".join(str(answer.status) for answer in one.answers))
        for one in operations
    ]
    return _table(("request", "does", "answers"), rows)


def pulp_filters() -> str:
    """The filters of Pulp's lists of tasks, lookups beside the name they look at."""
    names: dict[str, list[str]] = {}
    for name in TASK_FILTERS.filters:
        field, _, lookup = name.partition("__")
        names.setdefault(field, []).append(f"`{lookup}`" if lookup else "itself")
    return _table(("name", "lookups"), [(f"`{field}`", ", ".join(lookups)) for field, lookups in names.items()])


def workflow_words() -> str:
    """The words of a workflow's file, thing by thing."""
    text = ""
    for kind in (Workflow, Step, Program, Progress, Call, Request, Wait, Retries):
        text += f"\n## {kind.__name__}\n\n{_first_sentence(kind)}\n\n"
        members = msgspec.json.schema_components([kind])[1][kind.__name__]["properties"]
        rows = [(f"`{name}`", _kind_of(schema), _described(schema)) for name, schema in members.items()]
        text += _table(("word", "is", "what it is"), rows)
    return text


def _kind_of(schema: dict[str, Any]) -> str:
    kinds = [_kind_of(choice) for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if kinds:
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    kind = str(schema.get("type", "anything"))
    return {"object": "mapping", "array": "list", "string": "text"}.get(kind, kind)


def workflow_common() -> str:
    """The parameters that every workflow takes."""
    rows = [(f"`{name}`", schema.get("type", "anything"), schema["description"]) for name, schema in COMMON.items()]
    return _table(("parameter", "is", "what it is"), rows)


def workflow_filters() -> str:
    """The filters of the template language."""
    rows = [
        (f"`{name}`", str(one.most) if one.least == one.most else f"{one.least} to {one.most}", one.description)
        for name, one in FILTERS.items()
    ]
    return _table(("filter", "arguments", "gives"), rows)


def commands() -> str:
    """Every command with its arguments and options."""
    return "".join(_command(words, command) for words, command in leaves())


def leaves() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that call it."""
    yield from _below("taskward", get_command(app))


def _below(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    if getattr(command, "invoke_without_command", False) and command.params:
        yield words, command
    for name, each in below.items():
        if not each.hidden:
            yield from _below(f"{words} {name}", each)


def _command(words: str, command: Any) -> str:
    arguments = [parameter for parameter in command.params if not parameter.opts[0].startswith("-")]
    options = [
        parameter
        for parameter in command.params
        if parameter.opts[0].startswith("-") and not parameter.hidden and parameter.opts[0] not in _EVERYWHERE
    ]
    usage = " ".join([words, *(_placed(each) for each in arguments), *(["[OPTIONS]"] if options else [])])
    text = f"\n### `{words}`\n\n```\n{usage}\n```\n\n{_paragraphs(command.help)}\n"
    rows = [(f"`{each.metavar or each.name.upper()}`", each.help or "") for each in arguments if each.help]
    rows += [(_spelled(each), _helped(each)) for each in options]
    return text + (f"\n{_table(('argument or option', 'what it does'), rows)}\n" if rows else "")


def _placed(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required or name.startswith("[") else f"[{name}]"


def _spelled(option: Any) -> str:
    spellings = ", ".join(f"`{spelling}`" for spelling in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return spellings
    return f"{spellings} `{option.metavar or _placeholder(option.type_descriptor.annotation)}`"


def _placeholder(kind: Any) -> str:
    [inner] = get_args(kind) or [kind]
    if isinstance(inner, type) and issubclass(inner, Enum):
        return inner.__name__.upper()
    return "N" if inner is int else "TEXT"


def _helped(option: Any) -> str:
    default = option.default
    text = (option.help or "").strip()
    if option.envvar:
        text += f" Environment: `{option.envvar}`."
    if default in (None, False, "", [], ()) or option.is_flag or callable(default):
        return text
    return f"{text} Default: `{default}`."


# ------------------------------------------------------------------ text


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += (f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)
    return "\n".join(lines) + "\n"


def _first_sentence(thing: object) -> str:
    return " ".join((thing.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


PARTS: dict[str, Callable[[], str]] = {
    "states": states,
    "settings": settings,
    "run-time-settings": run_time_settings,
    "problems": problems,
    "routes": routes,
    "commands": commands,
    "workflow-words": workflow_words,
    "workflow-common": workflow_common,
    "workflow-filters": workflow_filters,
    "pulp-addresses": pulp_addresses,
    "galaxy-addresses": galaxy_addresses,
    "pulp-filters": pulp_filters,
}


def main() -> None:
    """Renews every page in place, and names those that were not current."""
    for page in pages():
        text = page.read_text("utf-8")
        if (now := renewed(text)) != text:
            page.write_text(now, "utf-8")
            print(page.relative_to(DOCS.parent))


if __name__ == "__main__":
    main()
