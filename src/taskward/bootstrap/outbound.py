"""The way to other hosts, as the settings leave it open."""

import ssl

from taskward.outbound import OutboundClient
from taskward.settings import OutboundSettings


def open_outbound(settings: OutboundSettings, ssl_context: ssl.SSLContext | None = None) -> OutboundClient:
    """A client, open as long as its `async with`. Without a context certificates are checked as the system does."""
    return OutboundClient(
        allow_private=settings.allow_private,
        allow=settings.allow,
        timeout=settings.timeout,
        connect_timeout=settings.connect_timeout,
        max_response_bytes=settings.max_response_bytes,
        ssl_context=ssl_context,
    )
