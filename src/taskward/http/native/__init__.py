"""The native API `/v1`, one file per noun."""

from taskward.http.endpoint import Endpoint
from taskward.http.native import (
    audit,
    catalogue,
    credentials,
    figures,
    fleet,
    many,
    schedules,
    session,
    settings,
    steering,
    streams,
    tasks,
    workflows,
)

_GROUPS = (
    tasks,
    many,
    steering,
    streams,
    catalogue,
    workflows,
    fleet,
    figures,
    schedules,
    settings,
    credentials,
    audit,
    session,
)

ENDPOINTS: tuple[Endpoint, ...] = tuple(endpoint for group in _GROUPS for endpoint in group.routes.endpoints)
"""Everything below `/v1`, in the order of its documentation."""
