"""Images: what registries tell of them, where their blobs are, and clearing those."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from taskward.bootstrap.cache import registry_tls
from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.model.task import Task
from taskward.modules.cache.findings import Cleared, Distribution, Image, Warming
from taskward.modules.cache.identity import task_id
from taskward.modules.cache.module import cache
from taskward.modules.cache.registry import ImageRegistry, RegistryError
from taskward.modules.cache.wanted import WantedImage
from taskward.outbound import OutboundClient, OutboundFailed, OutboundRefused
from taskward.settings import CacheSettings, ClusterSettings
from taskward.testing import TestEngine
from tests.dragonfly import Daemon, FakeClusters, fake_clusters
from tests.registries import INDEX, MANIFEST, PASSWORD, TOKEN, USER, Registry, described, digest_of, running_registry

CERTIFICATE = Path(__file__).with_name("loopback_tls.pem")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running_registry() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(allow_private=True) as client:
        yield client


async def describe(client: OutboundClient, url: str, **login: Any) -> Image:
    return await ImageRegistry(client, WantedImage(url=url, **login)).describe(url)


# ---------------------------------------------------------------- registries


async def test_an_image_is_its_configuration_and_layers_each_once(registry: Registry, client: OutboundClient) -> None:
    content, digests = described("config", "layer 1", "layer 2", "layer 1")
    digest = registry.push(content, "1.0")
    image = await describe(client, registry.url("1.0"), platform="linux/amd64")
    assert (image.digest, image.platform) == (digest, "linux/amd64")
    assert [blob.digest for blob in image.blobs] == digests[:3]
    assert [blob.url for blob in image.blobs] == [registry.blob(each) for each in digests[:3]]
    assert image.blobs[0].size == 10
    _, headers = registry.asked[0]
    assert INDEX in headers["accept"]
    assert MANIFEST in headers["accept"]


@pytest.mark.parametrize(
    ("platform", "chosen"),
    [("linux/amd64", "amd64"), ("linux/arm64", "arm64"), ("linux/arm/v7", "arm7"), ("linux/arm", "arm7")],
)
async def test_of_an_index_the_image_for_the_platform(
    registry: Registry, client: OutboundClient, platform: str, chosen: str
) -> None:
    platforms = {
        "amd64": {"os": "linux", "architecture": "amd64"},
        "arm7": {"os": "linux", "architecture": "arm", "variant": "v7"},
        "arm64": {"os": "linux", "architecture": "arm64", "variant": "v8"},
    }
    manifests = [
        {"digest": registry.push(described(f"config of {name}", "layer")[0]), "size": 1, "platform": each}
        for name, each in platforms.items()
    ]
    registry.push(json.dumps({"mediaType": INDEX, "manifests": manifests}).encode(), "1.0")
    image = await describe(client, registry.url("1.0"), platform=platform)
    assert image.blobs[0].digest == digest_of(f"config of {chosen}".encode())
    with pytest.raises(
        RegistryError, match="not there for plan9/mips, only for linux/amd64, linux/arm/v7, linux/arm64/v8"
    ):
        await describe(client, registry.url("1.0"), platform="plan9/mips")


@pytest.mark.parametrize("demands", ["basic", "bearer"])
async def test_a_registry_that_asks_who_is_there(registry: Registry, client: OutboundClient, demands: str) -> None:
    content, digests = described("config", "layer")
    registry.push(content, "1.0")
    registry.demands = demands
    image = await describe(client, registry.url("1.0"), username=USER, password=PASSWORD)
    assert [blob.digest for blob in image.blobs] == digests
    with pytest.raises(RegistryError):
        await describe(client, registry.url("1.0"), username=USER, password="wrong")
    with pytest.raises(RegistryError, match="user and password"):
        await describe(client, registry.url("1.0"))


async def test_a_given_authorization_is_sent_as_it_is(registry: Registry, client: OutboundClient) -> None:
    registry.push(described("config", "layer")[0], "1.0")
    registry.demands = "bearer"
    headers = {"authorization": f"Bearer {TOKEN}", "X-Other": "1"}
    await describe(client, registry.url("1.0"), headers=headers)
    [(_, sent)] = registry.asked
    assert (sent["authorization"], sent["x-other"]) == (f"Bearer {TOKEN}", "1")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"nonsense", "no manifest"),
        (b"[]", "no manifest"),
        (b"{}", "names no blobs"),
        (b'{"config": {"digest": "sha256:../../x"}}', "no digest"),
        (b'{"manifests": [{"digest": "sha256:nowhere", "platform": {"os": "linux", "architecture": "amd64"}}]}', "404"),
    ],
)
async def test_what_is_no_image(registry: Registry, client: OutboundClient, content: bytes, problem: str) -> None:
    registry.manifests["1.0"] = content
    with pytest.raises(RegistryError, match=problem):
        await describe(client, registry.url("1.0"), platform="linux/amd64")


async def test_a_missing_manifest_is_told_in_the_registrys_words(registry: Registry, client: OutboundClient) -> None:
    with pytest.raises(RegistryError, match=r"answers 404 to .*: MANIFEST_UNKNOWN manifest unknown"):
        await describe(client, registry.url("2.0"))


async def test_a_manifest_by_digest_must_have_it(registry: Registry, client: OutboundClient) -> None:
    digest = registry.push(described("config", "layer")[0])
    assert (await describe(client, registry.url(digest))).digest == digest
    registry.manifests[digest] = described("other", "layer")[0]
    with pytest.raises(RegistryError, match="has another digest"):
        await describe(client, registry.url(digest))


@pytest.mark.parametrize(
    "url", ["https://r/v2/a/blobs/x", "r/v2/a/manifests/1", "ftp://r/v2/a/manifests/1", "https://r/v2/manifests/1", ""]
)
async def test_what_is_no_manifest_is_refused_when_submitted(url: str) -> None:
    async with TestEngine([cache((), CacheSettings(), OutboundClient)]) as engine:
        with pytest.raises(Invalid, match="url must be that of a manifest"):
            await engine.submit("cache.image", image={"url": url})


@pytest.mark.parametrize(
    ("settings", "is_trusted"),
    [
        (CacheSettings(registry_ca=str(CERTIFICATE)), True),
        (CacheSettings(registry_verify=False), True),
        (CacheSettings(), False),
    ],
    ids=["ca", "unverified", "system"],
)
async def test_whose_certificates_are_trusted_is_a_setting(settings: CacheSettings, *, is_trusted: bool) -> None:
    async def here(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    with running_registry(CERTIFICATE) as registry:
        content, digests = described("config", "layer")
        registry.push(content, "1.0")
        url = f"https://secure.example.test:{registry.server_port}/v2/team/app/manifests/1.0"
        context = registry_tls(settings)
        async with OutboundClient(allow_private=True, resolve=here, ssl_context=context) as client:
            if is_trusted:
                assert [blob.digest for blob in (await describe(client, url)).blobs] == digests
            else:
                with pytest.raises(OutboundFailed, match="certificate"):
                    await describe(client, url)


def test_a_certificate_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(Invalid, match=r"cache.registry_ca: /nowhere/ca.pem cannot be read: .*No such file"):
        registry_tls(CacheSettings(registry_ca="/nowhere/ca.pem"))


# ---------------------------------------------------------------- where requests may go


async def test_a_registry_on_this_machine_needs_leave(registry: Registry) -> None:
    registry.push(described("config", "layer")[0], "1.0")
    async with OutboundClient() as guarded:
        with pytest.raises(OutboundRefused):
            await describe(guarded, registry.url("1.0"))
    assert registry.asked == []


@pytest.mark.parametrize(
    "realm", ["http://169.254.169.254/latest/token", "file:///etc/passwd", "http://[::ffff:a9fe:a9fe]/token"]
)
async def test_a_registry_sends_nobody_where_nobody_may_go(
    registry: Registry, client: OutboundClient, realm: str
) -> None:
    registry.demands, registry.realm = "bearer", realm
    with pytest.raises(OutboundRefused):
        await describe(client, registry.url("1.0"), username=USER, password=PASSWORD)


# ---------------------------------------------------------------- operations


@pytest.fixture
async def clusters() -> AsyncIterator[FakeClusters]:
    async with fake_clusters() as found:
        yield found


@asynccontextmanager
async def house_of(*clusters: ClusterSettings) -> AsyncIterator[TestEngine]:
    def open_client() -> OutboundClient:
        return OutboundClient(allow_private=True)

    async with TestEngine([cache(clusters, CacheSettings(), open_client)]) as engine:
        yield engine


async def ended(engine: TestEngine, operation: str, **args: Any) -> Task:
    return await engine.wait(await engine.submit(operation, **args))


async def test_hosts_and_their_share_of_an_image(registry: Registry, clusters: FakeClusters) -> None:
    content, digests = described("config", "layer 1", "layer 2", "layer 3")
    registry.push(content, "1.0")
    ids = [task_id(registry.blob(digest)) for digest in digests]
    cluster = await clusters.cluster(
        Daemon("all", keeps=dict.fromkeys(ids, "finished")),
        Daemon("half", keeps={ids[0]: "finished", digests[1].removeprefix("sha256:"): "finished", ids[2]: "partial"}),
        Daemon("none"),
    )
    async with house_of(cluster) as engine:
        task = await ended(engine, "cache.image", image={"url": registry.url("1.0"), "password": "hush"})
    assert task.result is not None, task.error
    found = msgspec.json.decode(task.result, type=Distribution)
    shares = {share.host.hostname: share for share in found.hosts}
    assert shares.keys() == {"all", "half"}
    assert (shares["all"].percent, shares["all"].finished) == (100, digests)
    assert (shares["half"].percent, shares["half"].finished, shares["half"].partial) == (50, digests[:2], [digests[2]])
    assert b"hush" not in bytes(task.args)


async def test_all_blobs_of_an_image_are_cleared(registry: Registry, clusters: FakeClusters) -> None:
    content, digests = described("config", "layer 1", "layer 2")
    registry.push(content, "1.0")
    ids = [task_id(registry.blob(digest)) for digest in digests]
    first = Daemon("a", keeps={**dict.fromkeys(ids, "finished"), "other": "finished"})
    second = Daemon("b", keeps={digests[2].removeprefix("sha256:"): "finished"})
    async with house_of(await clusters.cluster(first, second)) as engine:
        image = {"url": registry.url("1.0")}
        dry = await ended(engine, "cache.delete-image", image=image, dry_run=True)
        assert len(first.keeps) == 4
        task = await ended(engine, "cache.delete-image", image=image)
    assert dry.result is not None
    assert task.result is not None
    would, did = (msgspec.json.decode(one.result, type=Cleared) for one in (dry, task) if one.result is not None)
    assert would.clusters == did.clusters
    assert did.image is not None
    assert did.image.digest == digest_of(content)
    assert (first.keeps, second.keeps) == ({"other": "finished"}, {})


async def test_an_image_is_preheated_with_what_its_registry_gave(registry: Registry, clusters: FakeClusters) -> None:
    content, digests = described("config", "layer 1")
    registry.push(content, "1.0")
    registry.demands = "bearer"
    seed = Daemon("seed", is_seed=True)
    what = {"urls": [registry.url("1.0")], "kind": "image", "username": USER, "password": PASSWORD}
    async with house_of(await clusters.cluster(seed, Daemon("a"))) as engine:
        task = await ended(engine, "cache.preheat", what=what)
    assert task.result is not None, task.error
    warming = msgspec.json.decode(task.result, type=Warming)
    assert {one.url for one in warming.clusters[0].warmed} == {registry.blob(digest) for digest in digests}
    assert seed.headers == {registry.blob(digest): {"Authorization": f"Bearer {TOKEN}"} for digest in digests}
    assert TOKEN.encode() not in bytes(task.result)


async def test_a_registry_that_does_not_answer_fails_the_task_and_says_why(clusters: FakeClusters) -> None:
    async with house_of(await clusters.cluster(Daemon("a"))) as engine:
        task = await ended(engine, "cache.image", image={"url": "http://127.0.0.1:1/v2/a/manifests/1"})
    assert task.state is State.FAILED
    assert task.error is not None
    assert task.error.message.startswith("http://127.0.0.1:1/v2/a/manifests/1: cannot connect")
