"""Keeps the paths of parameters below one folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from taskward.model.errors import Invalid
from taskward.model.workflow import Workflow, formatted


def confined(workflow: Workflow, parameters: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """The parameters with each path absolute and its links followed. Raises Invalid for one outside the root.

    A relative path is below the root. Folders and files that are not there yet are allowed.
    """
    given = dict(parameters)
    for placed in formatted(workflow, parameters):
        if placed.format == "path":
            names = [name.replace("~1", "/").replace("~0", "~") for name in placed.pointer.split("/")[2:]]
            _put(given, names, str(_inside(placed.pointer, placed.text, root)))
    return given


def _inside(pointer: str, text: str, root: Path) -> Path:
    outside = Invalid(pointer, f"must be a path inside {root}, the root of the workflows' files, which {text!r} is not")
    if not text or "\0" in text:
        raise Invalid(pointer, "must be a path, which is not empty and holds no NUL")
    try:
        top = root.resolve()
        path = (top / text).resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        raise outside from None
    if not path.is_relative_to(top):
        raise outside
    return path


def _put(value: dict[str, Any], names: list[str], path: str) -> None:
    """Replaces a text inside a JSON value, copying what is on the way to it."""
    whole: Any = value
    for name in names[:-1]:
        key: Any = int(name) if isinstance(whole, list) else name
        whole[key] = list(whole[key]) if isinstance(whole[key], list) else dict(whole[key])
        whole = whole[key]
    whole[int(names[-1]) if isinstance(whole, list) else names[-1]] = path
