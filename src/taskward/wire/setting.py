"""A run-time setting."""

from msgspec import Struct


class SettingView(Struct, frozen=True, kw_only=True):
    """A run-time setting (`task_ttl`, ...): its value now, the default, and what it does."""

    name: str
    value: str
    default: str
    source: str
    description: str


class SettingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/settings/{name}`."""

    value: str | int | float | bool
