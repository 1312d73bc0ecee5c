"""The module `cache` of an installation: its clusters, and its way to image registries."""

import ssl
from pathlib import Path

import httpx2

from taskward.bootstrap.outbound import open_outbound
from taskward.model.errors import Invalid
from taskward.modules.cache.module import cache
from taskward.operations import Module
from taskward.outbound import OutboundClient
from taskward.settings import CacheSettings, ClusterSettings, Settings, embedded_scheduler


def cache_clusters(settings: Settings) -> tuple[ClusterSettings, ...]:
    """The clusters whose caches are found and cleared; the embedded network when none is named."""
    if settings.cache.clusters or not settings.peer.embedded:
        return settings.cache.clusters
    return (ClusterSettings(id=1, name="embedded", schedulers=(embedded_scheduler(settings.peer),)),)


def cache_module(settings: Settings) -> Module:
    """The module's operations, for this installation. Raises Invalid for a certificate file that cannot be read."""
    context = registry_tls(settings.cache)

    def open_client() -> OutboundClient:
        return open_outbound(settings.outbound, context)

    return cache(cache_clusters(settings), settings.cache, open_client)


def registry_tls(settings: CacheSettings) -> ssl.SSLContext | None:
    """What is trusted of image registries; None: as of all other hosts. Raises Invalid."""
    if settings.registry_verify and not settings.registry_ca:
        return None
    context: ssl.SSLContext = httpx2.create_ssl_context()
    if settings.registry_ca:
        try:
            context.load_verify_locations(Path(settings.registry_ca).expanduser())
        except OSError as error:  # an SSLError, for a file that holds no certificates, is one
            raise Invalid("cache.registry_ca", f"{settings.registry_ca} cannot be read: {error}") from None
    if not settings.registry_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
