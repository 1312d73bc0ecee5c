"""`taskward cache`, on a real server before stand-ins for the programs of two clusters."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from taskward.cli import invoke
from taskward.modules.cache.identity import content_task_id, possible_task_ids, task_id
from tests.dragonfly import ClustersBeside, Daemon, as_flag
from tests.registries import described, running_registry
from tests.serving import Server, running_server

URL = "https://example.com/a?b=2&a=1"
ID = task_id(URL)
SEED = Daemon("seed", is_seed=True, tells_all=True)
NORMAL = Daemon("normal")
BROKEN = Daemon("broken", refuses="disk on fire")


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with ClustersBeside() as beside:
        flags = {
            "cache.clusters": [
                *as_flag(beside.cluster(SEED, NORMAL, id=1), beside.cluster(BROKEN, id=2)),
                {"id": 3, "name": "dead", "schedulers": ["127.0.0.1:1"]},
            ],
            "outbound.allow": ["127.0.0.1"],
        }
        with running_server(tmp_path_factory.mktemp("s"), flags=flags) as running:
            yield running


@pytest.fixture
def run(server: Server, capsys: pytest.CaptureFixture[str]) -> Run:
    for daemon in (SEED, NORMAL, BROKEN):
        daemon.keeps.clear()
        daemon.keeps[ID] = "finished"

    def run(*words: str) -> Ran:
        code = invoke(["--server", server.url, "--token", server.token, "cache", *words])
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return run


HERE = ("--cluster", "1")


def test_a_search_shows_who_keeps_it(run: Run) -> None:
    NORMAL.keeps[ID] = "partial"
    ran = run("search", URL, *HERE)
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["normal", "127.0.0.1", "normal", "cluster-1", "partial"] in [row[:5] for row in rows]
    assert ["seed", "127.0.0.1", "seed", "cluster-1", "finished"] in [row[:5] for row in rows]
    assert ran.out.splitlines()[-1] == "2 of 2 hosts keep it"
    assert "completed  cache.search" in ran.err
    told = run("search", URL, *HERE, "--json")
    assert told.err == ""
    assert [holder["host"]["hostname"] for holder in told.json["clusters"][0]["holders"]] == ["normal", "seed"]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--task-id", "abc"], "abc"),
        (["--content", "abc"], content_task_id("abc")),
        ([URL, "--tag", "t", "--application", "a"], task_id(URL, tag="t", application="a")),
        ([URL, "--piece-length", "4194304"], task_id(URL, piece_length=4194304)),
        ([URL, "--filtered-query-params", "a&b"], task_id(URL, filtered_query_params=["a", "b"])),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_is_named_is_what_id_prints(run: Run, words: list[str], name: str) -> None:
    found = run("search", *words, *HERE, "--json").json
    assert found["targets"][0]["task_ids"][0] == name
    if "--task-id" not in words:
        assert run("id", *words).out == f"{name}\n"


def test_all_ids_of_a_url(run: Run) -> None:
    assert run("id", URL, "--all").out.split() == list(possible_task_ids(URL))
    assert run("id", URL, "--json").json == {"name": URL, "task_ids": [ID]}


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["search"], "name one thing: a URL, --content or --task-id"),
        (["search", URL, "--task-id", "x"], "name one thing"),
        (["search", "--task-id", "x", "--tag", "t"], "go with a URL"),
        (["id", "example.com"], "must be a URL such as https://example.com/file"),
        (["delete", URL], "say --yes to delete, or --dry-run to see"),
        (["image", "https://r/v2/a/manifests/1", "--yes"], "--dry-run and --yes go with --delete"),
        (["preheat", URL, "--header", "x"], "write NAME:VALUE"),
    ],
)
def test_wrong_usage_says_what_is_right(run: Run, words: list[str], problem: str) -> None:
    ran = run(*words)
    assert (ran.code, ran.out) == (1, "")
    assert problem in ran.err


def test_what_the_server_refuses(run: Run) -> None:
    ran = run("image", "https://example.com/not-a-manifest")
    assert ran.code == 4
    assert "url must be that of a manifest" in ran.err


def test_a_dry_run_clears_nothing(run: Run) -> None:
    ran = run("delete", URL, *HERE, "--dry-run")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "would be cleared: 2 copies on 2 hosts")
    assert NORMAL.keeps == {ID: "finished"}


@pytest.mark.parametrize(("typed", "code"), [("DELETE\n", 0), ("yes\n", 130)])
def test_a_deletion_shows_first_and_is_confirmed_in_full(
    run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    answer = io.StringIO(typed)
    answer.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", answer)
    ran = run("delete", URL, *HERE)
    assert ran.code == code
    assert "would be cleared: 2 copies on 2 hosts" in ran.out
    assert "Type DELETE to clear them" in ran.err
    assert ("\ncleared: 2 copies on 2 hosts" in ran.out) is (code == 0)
    assert bool(NORMAL.keeps) is (code != 0)


def test_a_host_that_keeps_its_copy_shows_in_the_exit_code(run: Run) -> None:
    ran = run("delete", URL, "--cluster", "1", "--cluster", "2", "--yes")
    assert ran.code == 123
    assert "! broken (127.0.0.1): INTERNAL: disk on fire" in ran.out
    assert ran.out.splitlines()[-1] == "cleared: 2 copies on 2 hosts; 1 failure"
    assert (NORMAL.keeps, BROKEN.keeps) == ({}, {ID: "finished"})


def test_what_others_answered_is_shown_when_a_cluster_could_not_be_asked(run: Run) -> None:
    ran = run("search", URL)
    assert ran.code == 123
    assert "1 of 3 clusters could not be asked: dead: no scheduler of cluster dead answers" in ran.err
    assert {line.split()[0] for line in ran.out.splitlines()} >= {"normal", "seed", "broken"}
    assert {one["id"] for one in run("search", URL, "--json").json["clusters"]} == {1, 2}


def test_what_others_keep_of_an_image_is_shown_when_a_cluster_could_not_be_asked(run: Run) -> None:
    with running_registry() as registry:
        content, digests = described("config", "layer 1", "layer 2", "layer 3")
        digest = registry.push(content, "1.0")
        NORMAL.keeps.update(
            {task_id(registry.blob(each), tag="tw_no-secret-a-tag"): "finished" for each in digests[:3]}
        )
        words = ("image", registry.url("1.0"), "--tag", "tw_no-secret-a-tag")
        ran = run(*words)
        assert ran.code == 123
        assert "1 of 3 clusters could not be asked: dead: no scheduler of cluster dead answers" in ran.err
        assert f"{digest} for " in ran.out
        assert "4 blobs, 40 B" in ran.out
        assert "normal 127.0.0.1 normal 1 3 of 4 75%" in " ".join(ran.out.split())
        told = run(*words, "--json")
        assert told.code == 123
        assert [(one["host"]["hostname"], one["percent"]) for one in told.json["hosts"]] == [("normal", 75.0)]
        assert [one["digest"] for one in told.json["image"]["blobs"]] == digests
        unknown = run("image", registry.url("2.0"))
        assert (unknown.code, unknown.out) == (123, "")
        assert "MANIFEST_UNKNOWN" in unknown.err


def test_what_was_cleared_elsewhere_is_shown_when_a_cluster_could_not_be_asked(run: Run) -> None:
    ran = run("delete", URL, "--cluster", "1", "--cluster", "3", "--yes")
    assert ran.code == 123
    assert "1 of 2 clusters could not be asked: dead" in ran.err
    assert ran.out.splitlines()[-1] == "cleared: 2 copies on 2 hosts"
    assert NORMAL.keeps == {}


def test_clusters_and_what_they_keep(run: Run) -> None:
    ran = run("clusters")
    assert ran.code == 0
    assert "1  cluster-1  2 hosts, 1 seed among them" in ran.out
    assert "cannot be reached" in ran.out
    kept = run("list", *HERE)
    assert kept.code == 0
    assert ID in kept.out
    assert "! normal (127.0.0.1): does not tell over the network what it keeps" in kept.out


def test_a_preheat(run: Run) -> None:
    SEED.keeps.clear()
    ran = run("preheat", URL, *HERE, "--tag", "t", "--header", "X-Key: k")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "fetched: 1 file")
    assert SEED.keeps == {task_id(URL, tag="t"): "finished"}
    assert SEED.headers[URL] == {"X-Key": "k"}
    broken = run("preheat", URL, "--cluster", "2", "--scope", "all_peers")
    assert broken.code == 123
    assert "INTERNAL: disk on fire" in broken.out
