"""How a point in time travels."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with a zone: `2030-01-01T09:30:00Z`."""
