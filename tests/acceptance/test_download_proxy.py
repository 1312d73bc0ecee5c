"""A peer as proxy and mirror, asked by curl, pip and a client that does as container runtimes do."""

import asyncio
import hashlib
import io
import shutil
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from taskward.modules.cache.identity import task_id
from taskward.peer.node import Peer
from taskward.peer.proxy import ProxyRules
from tests.download_network import SmallNetwork, small_network
from tests.origins import MIB, Origin, running_origin, some_bytes

DATA = some_bytes(9 * MIB + 1)
RULES = (r"/blobs/sha256:", r"\.(whl|tar\.gz)(\?|$)")


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with running_origin() as running:
        yield running


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[SmallNetwork]:
    async with small_network(tmp_path) as running:
        await running.start("seed", is_seed=True)
        yield running


@pytest.fixture
async def peer(network: SmallNetwork, origin: Origin) -> Peer:
    return await network.start("peer", proxy=ProxyRules(cached=RULES, mirrors={"here": origin.url}))


def address(peer: Peer) -> str:
    return f"http://127.0.0.1:{peer.host.proxy_port}"


async def run(*words: str) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(*words, stdout=-1, stderr=-2, env={"PATH": "/usr/bin:/bin"})
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_curl_through_the_proxy(peer: Peer, origin: Origin, tmp_path: Path) -> None:
    url = origin.page("/big.tar.gz", DATA)
    for name in ("one", "two"):
        code, out = await run("curl", "-sS", "-f", "-x", address(peer), "-o", str(tmp_path / name), url)
        assert (code, out, (tmp_path / name).read_bytes() == DATA) == (0, b"", True)
    assert origin.sent["/big.tar.gz"] == len(DATA)
    code, out = await run("curl", "-sS", "-x", address(peer), "-r", "4194300-4194309", url)
    assert (code, out) == (0, DATA[4194300:4194310])
    code, out = await run("curl", "-sS", "-x", address(peer), "https://127.0.0.1:1/")
    assert code == 56, out


async def test_pip_through_the_mirror(peer: Peer, origin: Origin, tmp_path: Path) -> None:
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing.py", "")
        archive.writestr("thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")
        archive.writestr("thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("thing-1.dist-info/RECORD", "")
    origin.page("/files/thing-1-py3-none-any.whl", wheel.getvalue())
    index = b'<a href="/files/thing-1-py3-none-any.whl">thing-1-py3-none-any.whl</a>'
    origin.page("/simple/thing/", index, headers={"Content-Type": "text/html"})
    words = ["download", "--isolated", "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "thing"]
    words += ["--index-url", f"{address(peer)}/simple/", "--dest", str(tmp_path / "wheels")]
    code, out = await run(sys.executable, "-m", "pip", *words)
    assert code == 0, out
    assert (tmp_path / "wheels" / "thing-1-py3-none-any.whl").read_bytes() == wheel.getvalue()
    assert peer.storage.find(task_id(f"{origin.url}/files/thing-1-py3-none-any.whl")) is not None
    assert peer.storage.find(task_id(f"{origin.url}/simple/thing/")) is None


async def test_a_registry_is_mirrored_with_its_refusals(peer: Peer, origin: Origin) -> None:
    digest = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
    origin.page(f"/v2/app/blobs/{digest}", DATA, headers={"Docker-Content-Digest": digest})
    challenge = 'Bearer realm="https://auth.example/token"'
    origin.page("/v2/", b"", status=401, headers={"WWW-Authenticate": challenge})
    async with httpx2.AsyncClient(base_url=address(peer), trust_env=False) as client:
        ping = await client.get("/v2/?ns=here")
        assert (ping.status_code, ping.headers["www-authenticate"]) == (401, challenge)
        blob = await client.get(f"/v2/app/blobs/{digest}?ns=here", headers={"X-Dragonfly-Tag": "t"})
        assert blob.content == DATA
        named = task_id(f"{origin.url}/v2/app/blobs/{digest}", tag="t")
        assert (blob.headers["docker-content-digest"], blob.headers["x-dragonfly-task-id"]) == (digest, named)
        assert (await client.get("/v2/?ns=there")).status_code == 400
        assert (await client.post("/v2/")).status_code == 405
        missing = await client.get(f"/v2/app/blobs/sha256:{'1' * 64}")
        assert (missing.status_code, "the origin answered 404" in missing.text) == (404, True)


async def test_whoever_shows_credentials_is_let_in_by_the_origin(peer: Peer, origin: Origin) -> None:
    url = origin.page("/private.whl", DATA)
    async with httpx2.AsyncClient(proxy=address(peer), trust_env=False) as client:
        assert (await client.get(url, headers={"Authorization": "Bearer good"})).content == DATA
        origin.pages["/private.whl"].status = 403
        refused = await client.get(url, headers={"Authorization": "Bearer bad"})
        assert refused.status_code == 403


async def test_ranges_and_conditions(peer: Peer, origin: Origin) -> None:
    url = origin.page("/ranges.whl", DATA)
    async with httpx2.AsyncClient(proxy=address(peer), trust_env=False) as client:
        part = await client.get(url, headers={"Range": "bytes=-5"})
        assert (part.status_code, part.content) == (206, DATA[-5:])
        assert part.headers["content-range"] == f"bytes {len(DATA) - 5}-{len(DATA) - 1}/{len(DATA)}"
        assert (await client.get(url, headers={"Range": f"bytes={len(DATA)}-"})).status_code == 416
        assert (await client.get(url, headers={"If-None-Match": '"1"'})).status_code == 304
        head = await client.head(url)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(DATA)), b"")
        assert origin.sent["/ranges.whl"] == len(DATA)


async def test_an_answer_begins_before_the_download_has_ended(peer: Peer, origin: Origin) -> None:
    url = origin.page("/early.whl", DATA, slow_after=8 * MIB)
    async with (
        httpx2.AsyncClient(proxy=address(peer), trust_env=False) as client,
        client.stream("GET", url) as answer,
    ):
        parts = answer.aiter_raw()
        body = await anext(parts)
        assert body == DATA[: len(body)]
        origin.pages["/early.whl"].may_send.set()
        async for part in parts:
            body += part
    assert body == DATA


async def test_an_answer_whose_origin_breaks_off_for_good_breaks_off(
    peer: Peer, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskward.peer.source._FIRST_PAUSE_SECONDS", 0)
    url = origin.page("/broken.whl", DATA, breaks_at=[5 * MIB, 0, 0, 0, 0, 0, 0])
    async with httpx2.AsyncClient(proxy=address(peer), trust_env=False) as client:
        with pytest.raises(httpx2.HTTPError):
            await client.get(url)


async def test_private_addresses_are_not_read_for_strangers(network: SmallNetwork, origin: Origin) -> None:
    strict = await network.start("strict", outbound_allows=False)
    async with httpx2.AsyncClient(proxy=address(strict), trust_env=False) as client:
        refused = await client.get(origin.page("/inside", b"secret"))
    assert (refused.status_code, origin.sent["/inside"]) == (403, 0)
