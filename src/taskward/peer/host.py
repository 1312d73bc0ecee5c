"""Who a peer is in its network."""

import os
import platform

from dragonfly_api import common_pb2 as common
from msgspec import Struct

from taskward import __version__
from taskward.modules.cache import identity

NORMAL, SEED = 0, 1


class HostIdentity(Struct, frozen=True, kw_only=True):
    """One host. `ip` is where others reach it; ports are those of gRPC, of piece bytes and of the proxy."""

    ip: str
    name: str
    is_seed: bool
    port: int
    upload_port: int
    proxy_port: int = 0
    shares: bool = True

    @property
    def id(self) -> str:
        """Its id in the network."""
        return identity.host_id(self.ip, self.name, is_seed=self.is_seed)

    def peer_id(self, unique: str) -> str:
        """The id of one download on it."""
        return identity.peer_id(self.ip, self.name, unique, is_seed=self.is_seed)

    def message(self) -> common.Host:
        """As it is announced."""
        return common.Host(
            id=self.id,
            type=SEED if self.is_seed else NORMAL,
            hostname=self.name,
            ip=self.ip,
            port=self.port,
            download_port=self.upload_port,
            os=platform.system().lower(),
            platform=platform.machine(),
            kernel_version=platform.release(),
            cpu=common.CPU(logical_count=os.cpu_count() or 1),
            build=common.Build(git_version=f"taskward-{__version__}"),
            scheduler_cluster_id=1,
            disable_shared=not self.shares,
            proxy_port=self.proxy_port,
            name=self.name,
        )


def address_of(host: common.Host) -> str:
    """The gRPC service of a host, `host:port`."""
    return f"[{host.ip}]:{host.port}" if ":" in host.ip else f"{host.ip}:{host.port}"
