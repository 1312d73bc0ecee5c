"""What msgspec says of a value that does not fit, taken apart."""

import re

_ERROR = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_PLACE = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


def located(message: str) -> tuple[str, list[str]]:
    """The problem, and the steps to the place: `items`, `3`, `name` for `$.items[3].name`."""
    match = _ERROR.fullmatch(message)
    return (match["problem"], _steps(match["place"] or "")) if match else (message, [])


def field_of(problem: str) -> str | None:
    """The field that is missing or not known, if that is the problem."""
    match = _FIELD.fullmatch(problem)
    return match["name"] if match else None


def _steps(place: str) -> list[str]:
    """What stands below an unnamed member of a map cannot be told."""
    path: list[str] = []
    for match in _PLACE.finditer(place):
        step = match["name"] or match["index"]
        if step is None:
            break
        path.append(step)
    return path
