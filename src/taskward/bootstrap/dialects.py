"""Which APIs beside the native one a server speaks."""

from litestar.handlers import HTTPRouteHandler

from taskward.auth import Authenticator
from taskward.bootstrap.cache import cache_clusters
from taskward.http.dragonfly import dragonfly_routes
from taskward.http.pulp import pulp_routes
from taskward.http.scylla import scylla_routes
from taskward.http.task_engine import task_engine_routes
from taskward.service import Service
from taskward.settings import Settings


def dialect_routes(service: Service, authenticator: Authenticator, settings: Settings) -> list[HTTPRouteHandler]:
    """The routes of every dialect that the settings leave on."""
    routes: list[HTTPRouteHandler] = []
    if settings.dialects.scylla:
        routes += scylla_routes(service, authenticator, settings)
    if settings.dialects.pulp:
        routes += pulp_routes(service, authenticator, settings)
    if settings.dialects.task_engine:
        routes += task_engine_routes(service, authenticator, settings)
    if settings.dialects.dragonfly:
        routes += dragonfly_routes(service, authenticator, settings, cache_clusters(settings))
    return routes
