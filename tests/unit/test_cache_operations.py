"""The operations of the module `cache` against stand-ins for the programs of a Dragonfly cluster."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
import structlog

from taskward.model.errors import Invalid
from taskward.model.states import State
from taskward.model.task import Task
from taskward.modules.cache.findings import Cleared, ClusterHosts, Found, Warming
from taskward.modules.cache.identity import content_task_id, possible_task_ids, task_id
from taskward.modules.cache.module import cache
from taskward.operations import Wishes
from taskward.outbound import OutboundClient
from taskward.settings import CacheSettings, ClusterSettings, ClusterTls
from taskward.testing import TestEngine
from tests.dragonfly import LENGTH, NOON, Daemon, FakeClusters, fake_clusters

T = TypeVar("T")

URL = "https://example.com/a?b=2&a=1"
ID = task_id(URL)
CERTIFICATE = Path(__file__).with_name("loopback_tls.pem")
QUICK = CacheSettings(host_timeout=timedelta(seconds=2))


@pytest.fixture
async def clusters() -> AsyncIterator[FakeClusters]:
    async with fake_clusters() as found:
        yield found


@asynccontextmanager
async def house_of(*clusters: ClusterSettings, settings: CacheSettings = QUICK) -> AsyncIterator[TestEngine]:
    async with TestEngine([cache(clusters, settings, OutboundClient)]) as engine:
        yield engine


async def ended(engine: TestEngine, operation: str, **args: Any) -> Task:
    return await engine.wait(await engine.submit(operation, **args))


async def result(engine: TestEngine, operation: str, kind: type[T], **args: Any) -> T:
    task = await ended(engine, operation, **args)
    assert task.state is State.COMPLETED, task.error
    assert task.result is not None
    return msgspec.json.decode(task.result, type=kind)


def names(holders: Sequence[Any]) -> list[str]:
    return [holder.host.hostname for holder in holders]


async def test_a_search_tells_who_keeps_all_a_part_or_a_failed_rest(clusters: FakeClusters) -> None:
    daemons = [
        Daemon("whole", keeps={ID: "finished"}),
        Daemon("part", keeps={ID: "partial"}),
        Daemon("rest", keeps={ID: "failed"}),
        Daemon("none"),
        Daemon("seed", is_seed=True, keeps={ID: "finished"}),
    ]
    async with house_of(await clusters.cluster(*daemons)) as engine:
        found = await result(engine, "cache.search", Found, what={"url": URL})
    [cluster] = found.clusters
    states = {holder.host.hostname: holder.copies[0].state for holder in cluster.holders}
    assert states == {"whole": "finished", "part": "partial", "rest": "failed", "seed": "finished"}
    assert (cluster.id, cluster.name, cluster.asked, cluster.failures) == (1, "cluster-1", 5, [])
    seed = next(holder for holder in cluster.holders if holder.host.type == "seed")
    assert seed.host.id == "127.0.0.1-seed-seed"
    assert (seed.copies[0].content_length, seed.copies[0].created_at) == (LENGTH, NOON)
    assert found.targets[0].task_ids == list(possible_task_ids(URL))


async def test_what_versions_that_sort_queries_keep_is_found_too(clusters: FakeClusters) -> None:
    as_sorted = possible_task_ids(URL)[1]
    cluster = await clusters.cluster(Daemon("new", keeps={as_sorted: "finished"}))
    async with house_of(cluster) as engine:
        found = await result(engine, "cache.search", Found, what={"url": URL})
    assert found.clusters[0].holders[0].copies[0].task_id == as_sorted


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ({"task_id": "abc"}, "abc"),
        ({"content": "some words"}, content_task_id("some words")),
        ({"content": ""}, content_task_id("")),
        ({"url": URL, "tag": "t", "application": "a"}, task_id(URL, tag="t", application="a")),
        ({"url": URL, "piece_length": 4194304}, task_id(URL, piece_length=4194304)),
        ({"url": URL, "filtered_query_params": ["b"]}, task_id(URL, filtered_query_params=["b"])),
        ({"url": URL, "filtered_query_params": []}, task_id(URL, filtered_query_params=[])),
    ],
)
async def test_each_way_to_name_content(clusters: FakeClusters, what: dict[str, Any], name: str) -> None:
    cluster = await clusters.cluster(Daemon("h", keeps={name: "finished"}))
    async with house_of(cluster) as engine:
        found = await result(engine, "cache.search", Found, what=what)
    assert names(found.clusters[0].holders) == ["h"]


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        ({}, "give one of url, content and task_id"),
        ({"url": URL, "task_id": "abc"}, "give one of url, content and task_id"),
        ({"url": "example.com"}, "url must be a URL such as"),
        ({"url": URL, "piece_length": 0}, "piece_length"),
        ({"uri": URL}, "did you mean url"),
    ],
)
async def test_what_makes_no_sense_is_refused_when_submitted(what: dict[str, Any], problem: str) -> None:
    async with house_of() as engine:
        with pytest.raises(Invalid, match=problem):
            await engine.submit("cache.search", what=what)


async def test_without_clusters_a_search_says_what_to_configure() -> None:
    async with house_of() as engine:
        task = await ended(engine, "cache.search", what={"url": URL})
    assert task.state is State.FAILED
    assert task.error is not None
    assert "cache.clusters" in task.error.message


async def test_all_clusters_are_asked_unless_some_are_named(clusters: FakeClusters) -> None:
    first = await clusters.cluster(Daemon("a", keeps={ID: "finished"}), id=1)
    second = await clusters.cluster(Daemon("b", keeps={ID: "finished"}), id=2)
    async with house_of(first, second) as engine:
        everywhere = await result(engine, "cache.search", Found, what={"url": URL})
        there = await result(engine, "cache.search", Found, what={"url": URL}, clusters=[2])
        nowhere = await ended(engine, "cache.search", what={"url": URL}, clusters=[7])
    assert [names(cluster.holders) for cluster in everywhere.clusters] == [["a"], ["b"]]
    assert [cluster.id for cluster in there.clusters] == [2]
    assert nowhere.error is not None
    assert "there is no cluster 7; there are 1 (cluster-1), 2 (cluster-2)" in nowhere.error.message


async def test_a_host_that_two_schedulers_know_is_asked_once(clusters: FakeClusters) -> None:
    daemon = Daemon("a", keeps={ID: "finished"})
    async with house_of(await clusters.cluster(daemon, schedulers=3)) as engine:
        found = await result(engine, "cache.search", Found, what={"task_id": ID})
    assert names(found.clusters[0].holders) == ["a"]
    assert daemon.asked == ["stat"]


async def test_a_dead_scheduler_fails_neither_its_cluster_nor_others(clusters: FakeClusters) -> None:
    first = await clusters.cluster(Daemon("a", keeps={ID: "finished"}), id=1)
    first = msgspec.structs.replace(first, schedulers=("127.0.0.1:1", *first.schedulers))
    dead = ClusterSettings(id=2, name="dead", schedulers=("127.0.0.1:1",))
    async with house_of(first, dead) as engine:
        task = await ended(engine, "cache.search", what={"url": URL})
        children = await engine.store.tasks.children(task.id)
    assert task.state is State.FAILED
    assert task.error is not None
    assert task.error.message.startswith(
        "1 of 2 clusters could not be asked: dead: no scheduler of cluster dead answers"
    )
    alive, gone = children
    assert (alive.state, gone.state) == (State.COMPLETED, State.FAILED)
    assert alive.result is not None
    told = msgspec.json.decode(alive.result)
    assert [scheduler["active"] for scheduler in told["schedulers"]] == [False, True]
    assert [holder["host"]["hostname"] for holder in told["holders"]] == ["a"]


async def test_hosts_that_do_not_answer_are_told_and_fail_nothing(clusters: FakeClusters) -> None:
    dead, hanging = Daemon("dead"), Daemon("hanging", hangs="stat")
    cluster = await clusters.cluster(Daemon("a", keeps={ID: "finished"}), dead, hanging)
    await clusters.stop(dead)
    settings = CacheSettings(host_timeout=timedelta(milliseconds=500))
    async with house_of(cluster, settings=settings) as engine:
        found = await result(engine, "cache.search", Found, what={"url": URL})
    assert names(found.clusters[0].holders) == ["a"]
    assert {failure.host.hostname: failure.error for failure in found.clusters[0].failures} == {
        "dead": "cannot be reached: Connection refused",
        "hanging": "no answer within 0.5 s",
    }


async def test_a_busy_host_is_asked_again(clusters: FakeClusters) -> None:
    daemon = Daemon("a", keeps={ID: "finished"}, busy=2)
    async with house_of(await clusters.cluster(daemon)) as engine:
        found = await result(engine, "cache.search", Found, what={"task_id": ID})
    assert names(found.clusters[0].holders) == ["a"]
    assert len(daemon.asked) == 3


async def test_a_host_dying_in_the_middle_of_a_search_is_told(clusters: FakeClusters) -> None:
    dying = Daemon("dying", hangs="stat")
    cluster = await clusters.cluster(dying, Daemon("a", keeps={ID: "finished"}))
    async with house_of(cluster, settings=CacheSettings(host_timeout=timedelta(seconds=30))) as engine:
        task = await engine.submit("cache.search", what={"url": URL})
        await asyncio.wait_for(dying.was_asked.wait(), 10)
        await clusters.stop(dying)
        task = await engine.wait(task)
    assert task.result is not None
    found = msgspec.json.decode(task.result, type=Found)
    assert names(found.clusters[0].holders) == ["a"]
    assert names(found.clusters[0].failures) == ["dying"]


async def test_a_deletion_clears_every_host_that_a_search_finds(clusters: FakeClusters) -> None:
    daemons = [
        Daemon("a", keeps={ID: "finished", "other": "finished"}),
        Daemon("b", keeps={ID: "partial"}),
        Daemon("c"),
        Daemon("d", keeps={possible_task_ids(URL)[1]: "failed"}),
    ]
    async with house_of(await clusters.cluster(*daemons)) as engine:
        cleared = await result(engine, "cache.delete", Cleared, what={"url": URL})
        found = await result(engine, "cache.search", Found, what={"url": URL})
    assert names(cleared.clusters[0].cleared) == ["a", "b", "d"]
    assert cleared.clusters[0].failures == []
    assert [daemon.keeps for daemon in daemons] == [{"other": "finished"}, {}, {}, {}]
    assert "delete" not in daemons[2].asked
    assert found.clusters[0].holders == []


async def test_a_deletion_says_which_hosts_failed_and_why(clusters: FakeClusters) -> None:
    broken, dead = Daemon("broken", keeps={ID: "finished"}, refuses="disk on fire"), Daemon("dead")
    cluster = await clusters.cluster(Daemon("a", keeps={ID: "finished"}), broken, dead)
    await clusters.stop(dead)
    async with house_of(cluster) as engine:
        cleared = await result(engine, "cache.delete", Cleared, what={"url": URL})
    assert names(cleared.clusters[0].cleared) == ["a"]
    assert [(failure.host.hostname, failure.task_id, failure.error) for failure in cleared.clusters[0].failures] == [
        ("broken", ID, "INTERNAL: disk on fire"),
        ("dead", "", "cannot be reached: Connection refused"),
    ]


async def test_a_host_dying_in_the_middle_of_a_deletion_is_told(clusters: FakeClusters) -> None:
    dying = Daemon("dying", keeps={ID: "finished"}, hangs="delete")
    cluster = await clusters.cluster(dying, Daemon("a", keeps={ID: "finished"}))
    async with house_of(cluster, settings=CacheSettings(host_timeout=timedelta(seconds=30))) as engine:
        task = await engine.submit("cache.delete", what={"url": URL})
        await asyncio.wait_for(dying.was_hung.wait(), 10)
        await clusters.stop(dying)
        task = await engine.wait(task)
    assert task.result is not None
    cleared = msgspec.json.decode(task.result, type=Cleared)
    assert names(cleared.clusters[0].cleared) == ["a"]
    [failure] = cleared.clusters[0].failures
    assert (failure.host.hostname, failure.task_id) == ("dying", ID)
    assert failure.error.startswith("cannot be reached")


async def test_a_host_that_keeps_nothing_any_more_is_cleared_whatever_it_says(clusters: FakeClusters) -> None:
    cluster = await clusters.cluster(Daemon("a", keeps={ID: "finished"}, lies=True))
    async with house_of(cluster) as engine:
        cleared = await result(engine, "cache.delete", Cleared, what={"url": URL})
    assert names(cleared.clusters[0].cleared) == ["a"]


async def test_a_dry_run_deletes_nothing_and_tells_what_would_be(clusters: FakeClusters) -> None:
    daemon = Daemon("a", keeps={ID: "finished"})
    async with house_of(await clusters.cluster(daemon)) as engine:
        cleared = await result(engine, "cache.delete", Cleared, what={"url": URL}, dry_run=True)
    assert cleared.dry_run
    assert names(cleared.clusters[0].cleared) == ["a"]
    assert daemon.keeps == {ID: "finished"}
    assert "delete" not in daemon.asked


async def test_every_deletion_is_told_to_the_logs_of_task_and_process(clusters: FakeClusters) -> None:
    cluster = await clusters.cluster(
        Daemon("a", keeps={ID: "finished"}), Daemon("b", keeps={ID: "finished"}, refuses="no")
    )
    with structlog.testing.capture_logs() as lines:
        async with house_of(cluster) as engine:
            task = await ended(engine, "cache.delete", what={"task_id": ID})
            [child] = await engine.store.tasks.children(task.id)
            told = await engine.store.journal.logs(child.id, after=0, limit=100, min_severity=0)
    deletions = [line for line in lines if line["event"] == "cache deletion"]
    assert [(line["host"], line["cache"], line["outcome"], line["cluster"]) for line in deletions] == [
        ("127.0.0.1-a", ID, "cleared", "cluster-1"),
        ("127.0.0.1-b", ID, "INTERNAL: no", "cluster-1"),
    ]
    outcomes = {line.fields["host"]: line.fields["outcome"] for line in told if "outcome" in line.fields}
    assert outcomes == {"127.0.0.1-a": "cleared", "127.0.0.1-b": "INTERNAL: no"}


async def test_a_job_is_a_tree_of_clusters_and_hosts(clusters: FakeClusters) -> None:
    dead = Daemon("dead")
    cluster = await clusters.cluster(Daemon("a"), dead)
    await clusters.stop(dead)
    async with house_of(cluster) as engine:
        task = await ended(engine, "cache.search", what={"url": URL})
        tree = await engine.store.tasks.tree(task.id, 5, 100)
    parts = [node.task or node.folded for node in tree.nodes]
    told = {part.name: (part.kind, part.state) for part in parts if part is not None}
    assert told["cluster-1"] == ("task", "completed")
    assert told["a"] == ("step", "completed")
    assert told["dead"] == ("step", "failed")


async def test_hosts_list_what_they_keep_where_they_offer_it(clusters: FakeClusters) -> None:
    cluster = await clusters.cluster(
        Daemon("a", keeps={"x": "finished", "y": "partial"}, tells_all=True), Daemon("b", keeps={"z": "finished"})
    )
    async with house_of(cluster) as engine:
        found = await result(engine, "cache.list", Found)
    [holder] = found.clusters[0].holders
    assert [(copy.task_id, copy.state) for copy in holder.copies] == [("x", "finished"), ("y", "partial")]
    [failure] = found.clusters[0].failures
    assert (failure.host.hostname, failure.error) == ("b", "does not tell over the network what it keeps")


async def test_clusters_tell_their_schedulers_and_hosts(clusters: FakeClusters) -> None:
    first = await clusters.cluster(Daemon("a"), Daemon("s", is_seed=True), id=1)
    dead = ClusterSettings(id=2, name="dead", schedulers=("127.0.0.1:1",))
    async with house_of(first, dead) as engine:
        told = await result(engine, "cache.clusters", list[ClusterHosts])
    assert [(host.hostname, host.type) for host in told[0].hosts] == [("a", "normal"), ("s", "seed")]
    assert told[0].schedulers[0].active
    assert (told[1].hosts, told[1].schedulers[0].active) == ([], False)
    assert told[1].schedulers[0].error.startswith("cannot be reached")


@pytest.mark.parametrize(
    ("options", "hosts"),
    [
        ({}, 1),
        ({"scope": "all_seed_peers"}, 2),
        ({"scope": "all_peers"}, 6),
        ({"scope": "all_peers", "percentage": 40}, 3),
        ({"scope": "all_peers", "count": 4}, 4),
    ],
    ids=str,
)
async def test_a_preheat_lets_the_hosts_of_its_scope_fetch(
    clusters: FakeClusters, options: dict[str, Any], hosts: int
) -> None:
    daemons = [Daemon(f"h{index}", is_seed=index < 2) for index in range(6)]
    wanted = {"urls": [URL], "tag": "t", "headers": {"X-Key": "k"}, **options}
    async with house_of(await clusters.cluster(*daemons)) as engine:
        warmed = await result(engine, "cache.preheat", Warming, what=wanted)
        again = await result(engine, "cache.search", Found, what={"url": URL, "tag": "t"})
    fetched = [daemon for daemon in daemons if daemon.keeps]
    assert len(fetched) == hosts
    assert sorted(names(warmed.clusters[0].warmed)) == sorted(daemon.hostname for daemon in fetched)
    assert names(again.clusters[0].holders) == sorted(daemon.hostname for daemon in fetched)
    assert all(daemon.headers == {URL: {"X-Key": "k"}} for daemon in fetched)
    if options.get("scope") != "all_peers":
        assert all(daemon.is_seed for daemon in fetched)


async def test_a_preheat_tells_who_could_not_fetch_and_why(clusters: FakeClusters) -> None:
    cluster = await clusters.cluster(Daemon("s", is_seed=True, refuses="origin says 404"))
    async with house_of(cluster) as engine:
        warmed = await result(engine, "cache.preheat", Warming, what={"urls": [URL]})
        seedless = await ended(engine, "cache.preheat", what={"urls": [URL], "ips": ["10.0.0.1"]})
    assert warmed.clusters[0].warmed == []
    assert warmed.clusters[0].failures[0].error == "INTERNAL: origin says 404"
    assert seedless.error is not None
    assert "has no host that the preheat means" in seedless.error.message


async def test_what_is_out_of_time_leaves_no_part_behind(clusters: FakeClusters) -> None:
    hanging = Daemon("hanging", hangs="stat", keeps={ID: "finished"})
    cluster = await clusters.cluster(hanging)
    async with house_of(cluster, settings=CacheSettings(host_timeout=timedelta(seconds=60))) as engine:
        wishes = Wishes(timeout=timedelta(milliseconds=300))
        task = await engine.wait(await engine.submit("cache.delete", what={"url": URL}, wishes=wishes))
        [child] = await engine.store.tasks.children(task.id)
        child = await engine.wait(child)
    assert (task.state, child.state) == (State.FAILED, State.FAILED)
    assert task.error is not None
    assert hanging.keeps


@pytest.mark.parametrize("trusted", [True, False])
async def test_connections_are_encrypted_where_the_settings_say(clusters: FakeClusters, *, trusted: bool) -> None:
    cluster = await clusters.cluster(Daemon("a", keeps={ID: "finished"}), tls=CERTIFICATE)
    tls = ClusterTls(ca=str(CERTIFICATE) if trusted else "", server_name="secure.example.test")
    async with house_of(msgspec.structs.replace(cluster, tls=tls)) as engine:
        task = await ended(engine, "cache.search", what={"url": URL})
    assert task.state is (State.COMPLETED if trusted else State.FAILED)
    if trusted:
        assert task.result is not None
        assert names(msgspec.json.decode(task.result, type=Found).clusters[0].holders) == ["a"]


async def test_a_certificate_that_cannot_be_read_is_named() -> None:
    tls = ClusterTls(ca="/nowhere/ca.pem")
    async with house_of(ClusterSettings(id=1, name="a", schedulers=("127.0.0.1:1",), tls=tls)) as engine:
        task = await ended(engine, "cache.search", what={"url": URL})
    assert task.error is not None
    assert "the certificate /nowhere/ca.pem cannot be read: No such file or directory" in task.error.message


async def test_an_aborted_search_stops_asking(clusters: FakeClusters) -> None:
    hanging = Daemon("hanging", hangs="stat")
    cluster = await clusters.cluster(hanging)
    async with house_of(cluster, settings=CacheSettings(host_timeout=timedelta(seconds=60))) as engine:
        task = await engine.submit("cache.search", what={"url": URL})
        await asyncio.wait_for(hanging.was_asked.wait(), 10)
        await engine.store.tasks.cancel(task.id, "enough", engine.clock.now())
        task = await engine.wait(task)
        [child] = await engine.store.tasks.children(task.id)
        child = await engine.wait(child)
    assert (task.state, child.state) == (State.CANCELED, State.CANCELED)
