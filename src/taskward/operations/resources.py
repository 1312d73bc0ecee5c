"""Resources from templates: `exclusive("folder:{path}")` names a lock after an argument."""

import string
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from taskward.model.errors import Invalid
from taskward.model.policy import Resource

_LONGEST_NAME = 500


def exclusive(name: str) -> Resource:
    """A lock that no other task may share; `{argument}` in the name stands for the argument's value."""
    return Resource(name=name, exclusive=True)


def shared(name: str) -> Resource:
    """A lock that other sharers may hold too; `{argument}` in the name stands for the argument's value."""
    return Resource(name=name, exclusive=False)


@lru_cache(maxsize=1024)
def placeholders(template: str) -> tuple[str, ...]:
    """The names in braces. Raises ValueError when the braces are not plain names."""
    names: list[str] = []
    for _, name, spec, conversion in string.Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"{{{name}}} in {template!r} is not the name of an argument")
        names.append(name)
    return tuple(names)


def check_templates(templates: Sequence[Resource], arguments: Sequence[str]) -> None:
    """Raises ValueError when a template is empty or speaks of an argument that is not there."""
    for resource in templates:
        if not resource.name:
            raise ValueError("a resource needs a name")
        for name in placeholders(resource.name):
            if name not in arguments:
                known = ", ".join(arguments) or "none"
                raise ValueError(f"resource {resource.name!r} names {{{name}}}; the arguments are: {known}")


def plan(templates: Sequence[Resource], args: Mapping[str, Any]) -> tuple[Resource, ...]:
    """The locks of one task, each name once; where it is wanted both ways, exclusive wins.

    Raises Invalid when an argument cannot be part of a name.
    """
    wanted: dict[str, bool] = {}
    for resource in templates:
        name = _fill(resource.name, args)
        wanted[name] = wanted.get(name, False) or resource.exclusive
    return tuple(Resource(name=name, exclusive=is_exclusive) for name, is_exclusive in wanted.items())


def _fill(template: str, args: Mapping[str, Any]) -> str:
    used = placeholders(template)
    if not used:
        return template
    for name in used:
        if not isinstance(args[name], str | int | float):
            raise Invalid(f"/args/{name}", f"names the resource {template!r}, so it must be a text or a number")
    filled = template.format_map(args)
    if len(filled) > _LONGEST_NAME:
        problem = f"makes the name of resource {template!r} longer than {_LONGEST_NAME} characters"
        raise Invalid(f"/args/{used[0]}", problem)
    return filled
