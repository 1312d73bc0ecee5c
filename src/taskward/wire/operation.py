"""Operations and the modules they belong to."""

from typing import Any

from msgspec import Struct


class ModuleView(Struct, frozen=True):
    """Operations of similar nature, with one retention policy."""

    name: str
    description: str
    operations: list[str]
    ttl_seconds: float | None
    fold: bool


class OperationView(Struct, frozen=True):
    """A registered kind of work."""

    name: str
    module: str
    description: str
    schema: dict[str, Any]
    """JSON Schema of `args`."""
    spec: dict[str, Any]
    workers: int
    """Live workers that can run it."""
