"""The one door out: every request to another host, on behalf of anybody, goes through `OutboundClient`."""

from taskward.outbound.addresses import AddressPolicy
from taskward.outbound.client import (
    OutboundClient,
    OutboundError,
    OutboundFailed,
    OutboundRefused,
    OutboundResponse,
    OutboundStream,
)
from taskward.outbound.transport import Resolve, resolve

__all__ = [
    "AddressPolicy",
    "OutboundClient",
    "OutboundError",
    "OutboundFailed",
    "OutboundRefused",
    "OutboundResponse",
    "OutboundStream",
    "Resolve",
    "resolve",
]
