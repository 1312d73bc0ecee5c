"""How fast a content goes from one peer to another, beside what else moves files, in one run on loopback.

    python bench/transfer.py [--mib N] [--rounds N] [--nginx PATH] [--libtorrent PYTHON] [--json FILE]

Contestants take turns, round by round; the median of the rounds counts. `nginx` is a plain download with curl,
`aiohttp` one in ranges: neither compares what came with anything. libtorrent (over TCP) and Taskward verify each piece,
and all four write. nginx is looked for on PATH, libtorrent in this Python: who is not there does not take part.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
from dragonfly_api import common_pb2 as common
from dragonfly_api import dfdaemon_pb2 as dfdaemon
from dragonfly_api.dfdaemon_pb2_grpc import DfdaemonUploadStub

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from taskward.modules.cache.identity import task_id  # noqa: E402 - as are the tests' own processes
from tests.peers import download_network, free_port  # noqa: E402

MIB = 1024 * 1024
Round = Callable[[], float]
"""One transfer; the seconds it took."""


def main() -> int:
    """Asks everybody, prints a table, and writes the figures as JSON where told."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mib", type=int, default=1024, help="how long the file is")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nginx", default=shutil.which("nginx"), help="the program; left out if there is none")
    parser.add_argument("--libtorrent", default=sys.executable, metavar="PYTHON", help="a Python that has libtorrent")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    options = parser.parse_args()
    length = options.mib * MIB
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = folder / "served" / "file"
        file.parent.mkdir()
        with file.open("wb") as out:
            for _ in range(options.mib):
                out.write(os.urandom(MIB))
        contestants: dict[str, Round] = {}
        if options.nginx:
            contestants["nginx"] = stack.enter_context(nginx(options.nginx, file, folder))
        contestants["aiohttp"] = stack.enter_context(aiohttp(file, folder))
        if (
            subprocess.run([options.libtorrent, "-c", "import libtorrent"], capture_output=True, check=False).returncode
            == 0
        ):
            contestants["libtorrent"] = stack.enter_context(libtorrent(options.libtorrent, file, folder))
        contestants["taskward"] = stack.enter_context(taskward(file, folder))
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(options.rounds):
            for name, transfer in contestants.items():
                rates[name].append(length / transfer() / 1e6)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    print(f"{'':<12}{'MB/s':>8}{'taskward / it':>16}")
    for name, rate in medians.items():
        print(f"{name:<12}{rate:>8.0f}{medians['taskward'] / rate:>15.2f}x")
    if options.json:
        options.json.write_text(json.dumps({"mib": options.mib, "rates": rates}, indent=1))
    return 0


@contextmanager
def nginx(program: str, file: Path, folder: Path) -> Iterator[Round]:
    """As Debian configures it, as far as a transfer is concerned."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log stderr; worker_processes auto; user root;"
        "events { worker_connections 768; }"
        f"http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {folder}/body;"
        f" proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;"
        f" scgi_temp_path {folder}/scgi; server {{ listen 127.0.0.1:{port}; root {file.parent}; }} }}"
    )
    process = subprocess.Popen([program, "-c", str(config), "-e", "stderr"], stderr=subprocess.DEVNULL)

    def transfer() -> float:
        words = ["curl", "--silent", "--fail", "--retry", "20", "--retry-connrefused", "--write-out", "%{time_total}"]
        out = subprocess.run(
            [*words, "--output", str(folder / "got"), f"http://127.0.0.1:{port}/file"],
            check=True,
            capture_output=True,
            text=True,
        )
        (folder / "got").unlink()
        return float(out.stdout)

    with _ending(process):
        yield transfer


@contextmanager
def aiohttp(file: Path, folder: Path) -> Iterator[Round]:
    """Its server and its client."""
    process, port = _seeding([sys.executable, str(HERE / "on_aiohttp.py"), "seed", str(file)])
    words = [sys.executable, str(HERE / "on_aiohttp.py"), "get", f"http://127.0.0.1:{port}/", str(folder / "got")]
    with _ending(process):
        yield lambda: _got(words, folder / "got")


@contextmanager
def libtorrent(python: str, file: Path, folder: Path) -> Iterator[Round]:
    """Two of its sessions."""
    words, torrent = [python, str(HERE / "on_libtorrent.py")], folder / "file.torrent"
    subprocess.run([*words, "make", str(file), str(torrent)], check=True)
    process, port = _seeding([*words, "seed", str(file), str(torrent)])
    with _ending(process):
        yield lambda: _got([*words, "get", str(torrent), str(folder), str(port)], folder / "file")


@contextmanager
def taskward(file: Path, folder: Path) -> Iterator[Round]:
    """A scheduler, a seed that has the file, and a peer that gets it."""
    origin_port = free_port()
    words = [
        sys.executable,
        "-m",
        "http.server",
        str(origin_port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(file.parent),
    ]
    origin = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{origin_port}/file"
    with _ending(origin), download_network(folder) as network:
        network.scheduler()
        seed, peer = network.seed(), network.peer("peer")
        _wait_for(origin_port)
        asyncio.run(_download(seed.address, url))

        def transfer() -> float:
            seconds = asyncio.run(_download(peer.address, url))
            asyncio.run(_delete(peer.address, url))
            return seconds

        yield transfer


async def _download(address: str, url: str) -> float:
    async with grpc.aio.insecure_channel(address) as channel:
        begun = time.perf_counter()
        request = dfdaemon.DownloadTaskRequest(download=common.Download(url=url))
        async for _ in DfdaemonUploadStub(channel).DownloadTask(request):
            pass
        return time.perf_counter() - begun


async def _delete(address: str, url: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        await DfdaemonUploadStub(channel).DeleteTask(dfdaemon.DeleteTaskRequest(task_id=task_id(url)))


def _seeding(words: list[str]) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    if process.stdout is None:
        raise RuntimeError(words)
    return process, int(process.stdout.readline())


def _got(words: list[str], file: Path) -> float:
    out = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    file.unlink()
    return float(json.loads(out)["seconds"])


def _wait_for(port: int) -> None:
    subprocess.run(
        ["curl", "--silent", "--retry", "50", "--retry-connrefused", "--head", f"http://127.0.0.1:{port}/"],
        check=True,
        capture_output=True,
    )


@contextmanager
def _ending(process: "subprocess.Popen[str] | subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


if __name__ == "__main__":
    sys.exit(main())
