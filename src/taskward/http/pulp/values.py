"""Reading the values of filters. Each function raises Refused with Pulp's own message."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from taskward.http.pulp.errors import bad
from taskward.http.pulp.words import KINDS, Kind, located

_MICROSECOND = timedelta(microseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC)


def texts(value: str) -> tuple[str, ...]:
    """Comma-separated."""
    return tuple(part.strip() for part in value.split(",") if part.strip())


def truth(value: str) -> bool | None:
    """True or false in any case; anything else says nothing."""
    return {"true": True, "false": False}.get(value.lower())


def instant(name: str, value: str) -> datetime:
    """A date, or a date and time; in UTC unless it has a zone."""
    # A plus in a URL is a space unless it was escaped.
    text = re.sub(r" (\d\d:?\d\d)$", r"+\1", value.strip())
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise bad(name, "Enter a valid date/time.") from None
    return at


def after(at: datetime) -> datetime:
    """The next instant that can be told apart."""
    return at if at >= _LATEST else at + _MICROSECOND


def span(name: str, value: str) -> tuple[datetime, datetime]:
    """Two instants, separated by a comma."""
    parts = value.split(",")
    if len(parts) != 2:
        raise bad(name, "Range query expects two values.")
    return instant(name, parts[0]), instant(name, parts[1])


def uuids(name: str, value: str) -> tuple[UUID, ...]:
    """Comma-separated."""
    try:
        return tuple(map(UUID, texts(value)))
    except ValueError:
        raise bad(name, "Enter a valid UUID.") from None


def reference(field: str, value: str, kind: Kind) -> UUID:
    """The id in an href or PRN of a thing of this kind."""
    if not value:
        raise bad(None, f"No value supplied for {field} filter.")
    if value.startswith("prn:"):
        found, text = _split_prn(value)
        identity = _uuid(text, f"PK invalid: {text}")
    else:
        place = located(value)
        if place is None:
            raise bad(None, f"URI couldn't be resolved: {value}")
        found, text = place
        identity = _uuid(text, f"UUID invalid: {text}")
    if found is not kind:
        raise bad(None, f"URI/PRN is not a valid href for {field} model: {value}")
    return identity


def identities(value: str, *, only_prns: bool) -> tuple[UUID, ...]:
    """The ids at the ends of hrefs or PRNs, separated by commas."""
    return tuple(_last(part, only_prns=only_prns) for part in texts(value))


def _last(text: str, *, only_prns: bool) -> UUID:
    if text.startswith("prn:"):
        parts = text.split(":")
        if len(parts) != 3:
            raise bad(None, f"PRN not valid: {parts}")
        return _uuid(parts[2], f"PK invalid: {parts[2]}")
    if only_prns:
        raise bad(None, f"Not a valid PRN: {text}, must start with 'prn:'")
    return _uuid(text.rstrip("/").rpartition("/")[2], f"URI not valid: {text}")


def _split_prn(value: str) -> tuple[Kind, str]:
    parts = value.split(":")
    if len(parts) != 3:
        raise bad(None, f"PRN must be of the form 'prn:app_label.model_label:pk': {value}")
    for kind in KINDS:
        if kind.model == parts[1]:
            return kind, parts[2]
    if parts[1].count(".") != 1:
        raise bad(None, f"The model must be in the form of 'app_label.model_label': {parts[1]}")
    raise bad(None, f"Model {parts[1]} does not exist")


def _uuid(text: str, refusal: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise bad(None, refusal) from None
