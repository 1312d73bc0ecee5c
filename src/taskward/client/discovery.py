"""Where the server is and how to be let in, when nobody says so."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

DEFAULT_URL = "http://127.0.0.1:8080"

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ServerFile(Struct, frozen=True):
    """`server.json` in the data folder: what runs on it now."""

    url: str
    pid: int


class Address(Struct, frozen=True):
    """A server and the token for it."""

    url: str
    token: str | None


def find(server: str | None = None, token: str | None = None, data_dir: Path | None = None) -> Address:
    """The server to talk to: as told, else as `TASKWARD_SERVER` and `TASKWARD_TOKEN` say, else as the data folder says.

    The folder's admin token is only ever given to the server that owns the folder.
    """
    url = server or os.environ.get("TASKWARD_SERVER") or None
    token = token or os.environ.get("TASKWARD_TOKEN") or None
    for folder in [data_dir] if data_dir else data_folders():
        local = _read(folder)
        if local is None or (url is not None and not _same(url, local.url)):
            continue
        return Address(url or local.url, token or _admin_token(folder))
    return Address(url or DEFAULT_URL, token)


def data_folders() -> list[Path]:
    """Where a server of this user may keep its data, most specific first."""
    named = os.environ.get("TASKWARD_SERVER__DATA_DIR")
    share = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return [Path(named)] if named else [Path(".taskward"), Path(share) / "taskward"]


def _read(folder: Path) -> ServerFile | None:
    try:
        return msgspec.json.decode((folder / "server.json").read_bytes(), type=ServerFile)
    except (OSError, msgspec.MsgspecError):
        return None


def _admin_token(folder: Path) -> str | None:
    try:
        return (folder / "admin-token").read_text().strip() or None
    except OSError:
        return None


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine."""
    return urlsplit(url).hostname in _LOOPBACK


def _same(left: str, right: str) -> bool:
    return _place(left) == _place(right)


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, "loopback" if is_loopback(url) else parts.hostname, port
