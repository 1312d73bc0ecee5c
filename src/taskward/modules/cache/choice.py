"""Which hosts are to fetch something ahead of need: pure."""

import hashlib
import math
from collections.abc import Sequence

from taskward.modules.cache.findings import Host
from taskward.modules.cache.wanted import Preheat


def chosen_hosts(hosts: Sequence[Host], preheat: Preheat, url: str) -> list[Host]:
    """The hosts that are to fetch a URL.

    Who is among a share or number follows from what is preheated and from the hosts' ids, so it is the same in a
    repeated run. Single seeds differ by URL, so that they share the work; else all URLs go to the same hosts.
    """
    if preheat.ips:
        among = [host for host in hosts if host.ip in preheat.ips]
    elif preheat.scope == "all_peers":
        among = list(hosts)
    else:
        among = [host for host in hosts if host.type == "seed"]
    is_single = preheat.scope == "single_seed_peer" and not preheat.ips
    drawn_by = url if is_single else preheat.urls[0]
    among.sort(key=lambda host: hashlib.sha256(f"{drawn_by}\0{host.id}".encode()).digest())
    if is_single:
        return among[:1]
    if preheat.count is not None:
        return among[: preheat.count]
    if preheat.percentage is not None:
        return among[: math.ceil(len(among) * preheat.percentage / 100)]
    return among
