"""A bound on concurrently running roots."""

from typing import Annotated

from msgspec import Meta, Struct

from taskward.model.policy import Priority


class PoolBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /v1/pools/{name}`."""

    limit: Annotated[int, Meta(ge=1, le=1_000_000)]
    reserved: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    threshold: Priority = 5


class PoolView(Struct, frozen=True):
    """A bound on concurrently running roots, and how full it is."""

    name: str
    limit: int
    reserved: int
    threshold: int
    running: int
    running_ordinary: int
    within: str = ""
    """A pool around it, of which each of its tasks takes a slot too."""
