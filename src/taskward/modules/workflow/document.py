"""A workflow's file: YAML whose every problem is told with its line and column."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from taskward.model.errors import Invalid
from taskward.model.misfits import field_of, located
from taskward.model.workflow import Call, Program, Progress, Request, Retries, Step, Wait, Workflow, problems
from taskward.model.workflow.declaration import StepName

LONGEST_FILE_BYTES = 1024 * 1024
_MOST_NODES = 20_000
_DEEPEST = 50

Place = tuple[str | int, ...]


class Fault(Struct, frozen=True, order=True):
    """Something wrong in a file; lines and columns count from 1."""

    line: int
    column: int
    problem: str


class Misdeclared(Invalid):
    """A workflow's file is wrong. `faults` are in the order of the file; the message names each place."""

    title = "Workflow rejected"

    def __init__(self, source: str, faults: Iterable[Fault]) -> None:
        self.source = source
        self.faults = sorted(faults)
        first = self.faults[0]
        super().__init__(f"{source}:{first.line}:{first.column}", first.problem)

    def __str__(self) -> str:
        return "\n".join(f"{self.source}:{each.line}:{each.column}: {each.problem}" for each in self.faults)


def read_workflow(path: Path) -> Workflow:
    """The workflow that a file declares. Raises Misdeclared, also for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE_BYTES + 1)
    except OSError as error:
        raise Misdeclared(str(path), [Fault(1, 1, f"cannot be read: {error.strerror or error}")]) from None
    if len(content) > LONGEST_FILE_BYTES:
        raise Misdeclared(str(path), [Fault(1, 1, f"is longer than {LONGEST_FILE_BYTES} bytes")])
    return parse_workflow(content, name=path.stem, source=str(path))


def parse_workflow(content: bytes, *, name: str, source: str) -> Workflow:
    """The workflow that a text declares, under the name that its file gives it. Raises Misdeclared."""
    try:
        document = _Document(content)
    except _Unreadable as error:
        raise Misdeclared(source, [error.fault]) from None
    value = document.value
    if not isinstance(value, dict):
        raise Misdeclared(source, [Fault(1, 1, "a workflow is a mapping, with `steps:` at least")])
    if value.setdefault("name", name) != name:
        problem = f"must be {name!r}, as the file is called, or be left out"
        raise Misdeclared(source, [document.fault(("name",), problem)])
    try:
        workflow = msgspec.convert(value, Workflow)
    except msgspec.ValidationError as error:
        raise Misdeclared(source, document.misfits(error)) from None
    if faults := [document.fault(place, problem) for place, problem in problems(workflow)]:
        raise Misdeclared(source, faults)
    return workflow


def file_schema() -> dict[str, Any]:
    """The JSON Schema of a file."""
    (_,), definitions = msgspec.json.schema_components([Workflow], ref_template="#/$defs/{name}")
    own = definitions.pop("Workflow")
    own["required"] = ["steps"]
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **own, "$defs": definitions}
    # The end of a text, as regular expressions elsewhere know it.
    return dict(msgspec.json.decode(msgspec.json.encode(schema).replace(rb"\\Z", b"$")))


class _Unreadable(Exception):
    """The text is not the YAML that is understood here."""

    def __init__(self, mark: yaml.Mark | None, problem: str) -> None:
        super().__init__(problem)
        self.fault = Fault(1, 1, problem) if mark is None else Fault(mark.line + 1, mark.column + 1, problem)


class _Loader(yaml.SafeLoader):
    """Reads plain scalars as the core of YAML 1.2 does: `yes`, `on` and dates are texts."""


_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _beginnings in (
    ("bool", r"true|false", "tf"),
    ("null", r"~|null|", ["~", "n", ""]),
    ("int", r"[-+]?[0-9]{1,18}", "-+0123456789"),
    ("float", r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,3})?", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})\Z"), list(_beginnings))


_COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_WORDS = [
    name
    for kind in (Workflow, Step, Program, Progress, Call, Request, Wait, Retries)
    for name in kind.__struct_encode_fields__
]


class _Document:
    """A text as a JSON value, and where each part of it stands."""

    def __init__(self, content: bytes) -> None:
        self._marks: dict[Place, yaml.Mark] = {}
        self._keys: dict[Place, yaml.Mark] = {}
        self._count = 0
        root = self._compose(content)
        self.value: Any = None if root is None else self._plain(root, ())

    def fault(self, place: Place, problem: str) -> Fault:
        """A problem at a place, or at the nearest one above it that the text has."""
        while place and place not in self._marks:
            place = place[:-1]
        mark = self._marks[place]
        return Fault(mark.line + 1, mark.column + 1, problem)

    def misfits(self, error: msgspec.ValidationError) -> list[Fault]:
        """What does not fit, step by step: of a member of a mapping, msgspec does not say which it means."""
        faults = []
        for section in ("steps", "on_failure"):
            steps = self.value.get(section)
            for name, step in steps.items() if isinstance(steps, dict) else ():
                for kind, value in ((StepName, name), (Step, step)):
                    try:
                        msgspec.convert(value, kind)
                    except msgspec.ValidationError as inside:
                        faults.append(self._misfit(str(inside), (section, name)))
        return faults or [self._misfit(str(error), ())]

    def _misfit(self, message: str, above: Place) -> Fault:
        problem, path = located(message)
        place = (*above, *(int(step) if step.isdecimal() else step for step in path))
        if "matching regex" in problem:
            return self.fault(place, "expected a name of letters, digits and _, beginning with a letter")
        if (name := field_of(problem)) is None:
            return self.fault(place, problem[:1].lower() + problem[1:])
        if "unknown" not in problem:
            return self.fault(place, f"`{name}` is missing")
        near = difflib.get_close_matches(name, _WORDS, n=1)
        mark = self._keys[*place, name]
        return Fault(mark.line + 1, mark.column + 1, f"there is no `{name}` here{_meant(near)}")

    def _compose(self, content: bytes) -> yaml.Node | None:
        try:
            loader = _Loader(content)
            node: yaml.Node | None = loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            raise _Unreadable(error.problem_mark, f"not YAML: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise _Unreadable(None, f"not YAML: {error}") from None
        except RecursionError:
            raise _Unreadable(None, f"is more than {_DEEPEST} levels deep") from None
        return node

    def _plain(self, node: yaml.Node, place: Place) -> Any:
        mark = node.start_mark
        self._count += 1
        # An alias counts each time it is followed, so that a small file cannot stand for a huge value.
        if self._count > _MOST_NODES:
            raise _Unreadable(mark, f"more than {_MOST_NODES} values")
        if len(place) > _DEEPEST:
            raise _Unreadable(mark, f"more than {_DEEPEST} levels deep")
        self._marks.setdefault(place, mark)
        if isinstance(node, yaml.CollectionNode) and node.tag not in _COLLECTIONS:
            raise _Unreadable(mark, f"the tag {node.tag} is not understood here")
        match node:
            case yaml.MappingNode():
                return self._mapping(node, place)
            case yaml.SequenceNode():
                return [self._plain(item, (*place, index)) for index, item in enumerate(node.value)]
            case yaml.ScalarNode():
                return _scalar(node)
        raise _Unreadable(mark, "this is not understood here")

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or not isinstance(name := _scalar(key), str):
                raise _Unreadable(key.start_mark, "a name is a text; put it in quotes")
            if name in members:
                raise _Unreadable(key.start_mark, f"`{name}` is there twice")
            below = (*place, name)
            self._keys[below] = key.start_mark
            self._marks[below] = key.start_mark if isinstance(value, yaml.CollectionNode) else value.start_mark
            members[name] = self._plain(value, below)
        return members


def _meant(near: list[str]) -> str:
    return f"; did you mean `{near[0]}`?" if near else ""


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "str":
            return text
        case "null":
            return None
        case "bool":
            return text == "true"
        case "int":
            return int(text)
        case "float":
            return float(text)
    raise _Unreadable(node.start_mark, f"the tag {node.tag} is not understood here")
