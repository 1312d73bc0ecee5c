"""The example: what it writes, what it tells of changes, and how it ends when something is in its way."""

import hashlib
import json
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from examples.checksum_manifest import CHUNK_BYTES, build, manifest
from taskward.model.states import State
from taskward.testing import TestEngine


@pytest.fixture
async def engine() -> AsyncIterator[TestEngine]:
    async with TestEngine([manifest]) as engine:
        yield engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "2025" / "may").mkdir(parents=True)
    (folder / "2026").mkdir()
    (folder / "index.txt").write_text("index")
    (folder / "2025" / "a.jpg").write_bytes(b"a" * (2 * CHUNK_BYTES + 1))
    (folder / "2025" / "may" / "b.jpg").write_bytes(b"b")
    (folder / "2026" / "c.jpg").write_bytes(b"")
    (folder / "2026" / "link.jpg").symlink_to(folder / "index.txt")
    return folder


def entries(path: Path) -> dict[str, dict[str, Any]]:
    return {entry["path"]: entry for entry in map(json.loads, path.read_text().splitlines())}


async def test_a_manifest_names_every_file_once_and_sorted(engine: TestEngine, folder: Path) -> None:
    task = await engine.submit(build, path=str(folder))
    result = await engine.result(task)
    target = folder.with_name("photos.manifest.jsonl")
    found = entries(target)
    assert list(found) == ["2025/a.jpg", "2025/may/b.jpg", "2026/c.jpg", "index.txt"], "links are not followed"
    for name, entry in found.items():
        content = (folder / name).read_bytes()
        assert entry["size"] == len(content)
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert result == {
        "manifest": str(target),
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "files": 4,
        "bytes": 2 * CHUNK_BYTES + 7,
        "unreadable": [],
    }
    assert sorted(path.name for path in folder.parent.iterdir()) == ["photos", "photos.manifest.jsonl"], "no parts stay"


async def test_paths_are_sorted_as_wholes(engine: TestEngine, tmp_path: Path) -> None:
    """Between a folder and what is in it there may be files and folders whose names begin as its name does."""
    for name in ("a/b/c", "a/b-c", "a/b.c", "a-b/c", "a.c", "b"):
        (tmp_path / "x" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / name).write_text(name)
    await engine.result(await engine.submit(build, path=str(tmp_path / "x")))
    found = list(entries(tmp_path / "x.manifest.jsonl"))
    assert found == sorted(found) == ["a-b/c", "a.c", "a/b-c", "a/b.c", "a/b/c", "b"]


async def test_a_child_for_each_folder_a_step_for_each_below_and_bytes_as_progress(
    engine: TestEngine, folder: Path
) -> None:
    task = await engine.submit(build, path=str(folder))
    await engine.wait(task)
    tree = await engine.tree(task)
    names = {node.task.name for node in tree.nodes if node.task} | {
        node.folded.name for node in tree.nodes if node.folded
    }
    assert {"2025", "2026", "(files)", "may", "scan", "merge"} <= names
    ended = await engine.get(task)
    assert (ended.progress.done, ended.progress.total, ended.progress.unit) == (2 * CHUNK_BYTES + 7,) * 2 + ("bytes",)


async def test_a_second_run_tells_what_has_changed(engine: TestEngine, folder: Path) -> None:
    await engine.result(await engine.submit(build, path=str(folder)))
    unchanged = await engine.result(await engine.submit(build, path=str(folder)))
    assert unchanged["since_last_time"] == {"added": 0, "removed": 0, "changed": 0}
    (folder / "index.txt").write_text("other")
    (folder / "2026" / "c.jpg").unlink()
    (folder / "2026" / "d.jpg").write_text("d")
    task = await engine.submit(build, path=str(folder))
    assert (await engine.result(task))["since_last_time"] == {
        "added": 1,
        "removed": 1,
        "changed": 1,
        "paths": ["added: 2026/d.jpg", "removed: 2026/c.jpg", "changed: index.txt"],
    }
    assert "changed: index.txt" in [line.message for line in await engine.logs(task)]


async def test_what_cannot_be_read_is_named(engine: TestEngine, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def locked(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "b.jpg":
            raise PermissionError(13, os.strerror(13))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", locked)
    result = await engine.result(await engine.submit(build, path=str(folder)))
    assert result["unreadable"] == ["2025/may/b.jpg"]
    assert result["files"] == 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"path": "nowhere"}, "is no folder"),
        ({"path": "photos", "output": "photos/manifest.jsonl"}, "choose a place outside"),
    ],
)
async def test_a_wrong_place_is_refused(engine: TestEngine, folder: Path, args: dict[str, str], message: str) -> None:
    places: dict[str, Any] = {name: str(folder.parent / path) for name, path in args.items()}
    task = await engine.submit(build, **places)
    ended = await engine.wait(task)
    assert ended.state is State.FAILED
    assert ended.error is not None
    assert message in ended.error.message
    assert ended.attempt == 1, "trying again would not help"


async def test_a_canceled_run_leaves_the_manifest_that_was_there(engine: TestEngine, folder: Path) -> None:
    await engine.result(await engine.submit(build, path=str(folder)))
    target = folder.with_name("photos.manifest.jsonl")
    before = target.read_bytes()
    # A file of holes: long to read, quick to make.
    with (folder / "2025" / "big.bin").open("wb") as big:
        big.truncate(4 * 1024**3)
    task = await engine.submit(build, path=str(folder))
    await engine.wait_for(task, lambda task: task.progress.done > 0)
    (reader,) = [node.task for node in (await engine.tree(task)).nodes if node.task and node.task.name == "2025"]
    await engine.wait_for(reader, lambda task: task.progress.done > 0)
    await engine.cancel(task)
    ended = await engine.wait(task)
    assert ended.state is State.CANCELED
    assert target.read_bytes() == before
    await engine.wait_all()
    for thread in threading.enumerate():
        if thread.name.startswith("taskward-manifest"):
            thread.join(20)
            assert not thread.is_alive(), "a reader that was told to stop stops within a chunk"
