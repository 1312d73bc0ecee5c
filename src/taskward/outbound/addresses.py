"""Which addresses may be connected to. Pure: names are resolved elsewhere, every answer comes here."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# No setting opens these: whoever reaches a metadata service has the credentials of the machine.
_NEVER: tuple[tuple[Network, str], ...] = (
    (ip_network("100.100.100.200/32"), "a cloud metadata address"),  # Alibaba
    (ip_network("168.63.129.16/32"), "a cloud metadata address"),  # Azure
    (ip_network("192.0.0.192/32"), "a cloud metadata address"),  # Oracle
    (ip_network("fd00:ec2::/32"), "a cloud metadata address"),  # Amazon
    (ip_network("fd20:ce::254/128"), "a cloud metadata address"),  # Google
    (ip_network("fd00:42::42/128"), "a cloud metadata address"),  # Scaleway
    (ip_network("169.254.0.0/16"), "a link-local address"),  # the metadata of most clouds is at 169.254.169.254
    (ip_network("fe80::/10"), "a link-local address"),
    (ip_network("0.0.0.0/8"), "an unspecified address"),
    (ip_network("::/128"), "an unspecified address"),
    (ip_network("224.0.0.0/4"), "a multicast address"),
    (ip_network("ff00::/8"), "a multicast address"),
    (ip_network("240.0.0.0/4"), "a reserved address"),
    (ip_network("2001::/23"), "a reserved address"),
    (ip_network("2002::/16"), "a tunnel address"),  # 6to4: hides an IPv4 address
)
_NOT_PUBLIC: tuple[tuple[Network, str], ...] = (
    (ip_network("127.0.0.0/8"), "a loopback address"),
    (ip_network("::1/128"), "a loopback address"),
    (ip_network("10.0.0.0/8"), "a private address"),
    (ip_network("172.16.0.0/12"), "a private address"),
    (ip_network("192.168.0.0/16"), "a private address"),
    (ip_network("100.64.0.0/10"), "a private address"),  # between a provider and its customers
    (ip_network("192.0.0.0/24"), "a private address"),
    (ip_network("192.88.99.0/24"), "a private address"),
    (ip_network("198.18.0.0/15"), "a private address"),  # benchmarks of networks
    (ip_network("192.0.2.0/24"), "a documentation address"),
    (ip_network("198.51.100.0/24"), "a documentation address"),
    (ip_network("203.0.113.0/24"), "a documentation address"),
    (ip_network("fc00::/7"), "a private address"),
    (ip_network("fec0::/10"), "a private address"),
    (ip_network("64:ff9b:1::/48"), "a private address"),
    (ip_network("2001:db8::/32"), "a documentation address"),
    (ip_network("3fff::/20"), "a documentation address"),
)
_PUBLIC_IPV6 = ip_network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_\-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_\-]*[a-z0-9_])?)*")


class AddressPolicy:
    """Public addresses are allowed; loopback and private ones if `allow_private`, or by name, address or network.

    Link-local and metadata addresses, and those that belong to no host, are never allowed. Raises ValueError for an
    entry of `allow` that is none of the three.
    """

    def __init__(self, *, allow_private: bool = False, allow: Iterable[str] = ()) -> None:
        self._allow_private = allow_private
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        for entry in allow:
            try:
                self._networks.append(ip_network(entry, strict=False))
            except ValueError:
                host = _normal(entry)
                if not _HOST_NAME.fullmatch(host) or host.rpartition(".")[2].isdecimal():
                    raise ValueError(
                        f"{entry!r} is not a host name, an address or a network such as 10.0.0.0/8"
                    ) from None
                self._hosts.add(host)

    def objection(self, host: str, address: str) -> str | None:
        """What stands against connecting to `address` when `host` was asked for; None when nothing does."""
        judged = _judged(address)
        for network, what in _NEVER:
            if judged in network:
                return what
        for network, what in _NOT_PUBLIC:
            if judged in network:
                return None if self._opens(host, judged) else what
        if isinstance(judged, IPv6Address) and judged not in _PUBLIC_IPV6:
            return "a reserved address"
        return None

    def _opens(self, host: str, address: IPv4Address | IPv6Address) -> bool:
        if self._allow_private or _normal(host) in self._hosts:
            return True
        return any(address in network for network in self._networks)


def _normal(host: str) -> str:
    return host.lower().removesuffix(".")


def _judged(address: str) -> IPv4Address | IPv6Address:
    """The address; or the IPv4 address that one of IPv6 leads to."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return parsed.ipv4_mapped
        if parsed in _TRANSLATED:
            return IPv4Address(parsed.packed[-4:])
    return parsed
