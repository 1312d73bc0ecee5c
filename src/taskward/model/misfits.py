"""What msgspec says of a value that does not fit, taken apart."""

import re

_ERROR = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<place>.*)`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL)
_PLACE = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\[\.\.\.\]")


_FORMATS = {
    "Expected `duration`": 'Expected `duration` such as "PT5S" (five seconds)',
    "Invalid ISO8601 duration": 'Invalid ISO 8601 duration; five seconds are "PT5S"',
    "Expected `datetime`": 'Expected `datetime` such as "2026-01-31T12:00:00Z"',
    "Invalid RFC3339 encoded datetime": 'Invalid RFC3339 time, which is such as "2026-01-31T12:00:00Z"',
}


def located(message: str) -> tuple[str, list[str]]:
    """The problem, and the steps to the place: `items`, `3`, `name` for `$.items[3].name`."""
    match = _ERROR.fullmatch(message)
    if match is None:
        return message, []
    problem = match["problem"]
    for said, plainly in _FORMATS.items():
        problem = problem.replace(said, plainly)
    return problem, _steps(match["place"] or "")


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
