"""libtorrent as a contestant of `transfer.py`, over TCP alone. Run by whichever Python has the package.

`make FILE TORRENT`, `seed FILE TORRENT` (prints its port) or `get TORRENT FOLDER PORT` (prints a JSON object).
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import libtorrent

PIECE_BYTES = 4 * 1024 * 1024
_QUIET = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "allow_multiple_connections_per_ip": True,
    "listen_interfaces": "127.0.0.1:0",
    "alert_mask": 0,
}


def make(file: Path, torrent: Path) -> None:
    """Writes the torrent of a file."""
    creator = libtorrent.create_torrent(
        libtorrent.list_files(str(file)), PIECE_BYTES, libtorrent.create_torrent.v1_only
    )
    libtorrent.set_piece_hashes(creator, str(file.parent))
    torrent.write_bytes(libtorrent.bencode(creator.generate()))


def seed(file: Path, torrent: Path) -> None:
    """Sends until it is killed."""
    session = libtorrent.session({**libtorrent.high_performance_seed(), **_QUIET})
    _add(session, torrent, file.parent, libtorrent.torrent_flags.seed_mode)
    while not session.listen_port():
        time.sleep(0.01)
    print(session.listen_port(), flush=True)
    time.sleep(3600)


def get(torrent: Path, folder: Path, port: int) -> None:
    """Receives, verifies and writes."""
    session = libtorrent.session({**libtorrent.default_settings(), **_QUIET, "max_out_request_queue": 2000})
    handle = _add(session, torrent, folder, 0)
    while handle.status().state != libtorrent.torrent_status.downloading:
        time.sleep(0.01)
    begun = time.perf_counter()
    handle.connect_peer(("127.0.0.1", port))
    while not handle.status().is_seeding:
        time.sleep(0.005)
    print(json.dumps({"seconds": time.perf_counter() - begun}))


def _add(session: Any, torrent: Path, folder: Path, flags: int) -> Any:
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(str(torrent))
    parameters.save_path = str(folder)
    parameters.flags = flags
    return session.add_torrent(parameters)


if __name__ == "__main__":
    word, *rest = sys.argv[1:]
    if word == "get":
        get(Path(rest[0]), Path(rest[1]), int(rest[2]))
    else:
        {"make": make, "seed": seed}[word](Path(rest[0]), Path(rest[1]))
