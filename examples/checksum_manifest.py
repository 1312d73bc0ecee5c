"""Checksum manifests: what is in a folder tree, file by file, and what has changed since the last time.

    taskward serve --app examples.checksum_manifest
    taskward submit manifest.build path=/data/photos --wait

Each folder right below `path` is a child task of its own, each folder below that a step of it. The manifest is one JSON
object a line (path, size in bytes, sha256, mtime), sorted by path, and appears under its name only when it is complete.
"""

import asyncio
import hashlib
import heapq
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from taskward import ChildFailed, Context, Module, Retention, Retry, Step, SyncContext, exclusive

manifest = Module(
    "manifest",
    description="Checksum manifests of folder trees",
    retention=Retention(ttl=timedelta(days=30)),
)

CHUNK_BYTES = 64 * 1024
"""Read at a time; each folder that is being hashed has so much memory for it."""
SHOWN_AT_MOST = 20
"""How many paths of each kind of difference the result names."""

_Entry = dict[str, Any]


@manifest.operation(
    scope="folder tree",
    retry=Retry(limit=2, delay=timedelta(seconds=2)),
    retry_on=[ChildFailed, OSError],
    resources=[exclusive("manifest:{path}")],
    pausable=True,
)
async def build(ctx: Context, path: Path, output: Path | None = None) -> dict[str, Any]:
    """Writes the manifest of a folder tree, and compares it with the one that was there before.

    `output` is `<path>.manifest.jsonl` unless given. A run that was interrupted finds the folders that are done by
    their keys and goes on with the rest.
    """
    with ctx.step("scan"):
        plan = await asyncio.to_thread(_plan, path, output)
    ctx.progress(0, total=sum(plan.sizes.values()), unit="bytes")

    children = [
        await ctx.spawn(
            tree if name else files,
            key=name or ".",
            name=name or "(files)",
            path=str(plan.folder / name),
            base=str(plan.folder),
            part=str(plan.part_of(name)),
        )
        for name in plan.sizes
    ]
    done: list[dict[str, Any]] = []
    for ended in asyncio.as_completed([child.result() for child in children]):
        done.append(await ended)
        ctx.progress(sum(part["bytes"] for part in done), message=f"{len(done)} of {len(children)} folders")
        await ctx.checkpoint()

    with ctx.step("merge"):
        digest, differences = await asyncio.to_thread(_merge, plan)
    for line in () if differences is None else differences.named():
        ctx.log(line, severity="warning")
    unreadable = sorted(path for part in done for path in part["unreadable"])
    return {
        "manifest": str(plan.target),
        "sha256": digest,
        "files": sum(part["files"] for part in done),
        "bytes": sum(part["bytes"] for part in done),
        "unreadable": unreadable[:SHOWN_AT_MOST],
        **({} if differences is None else {"since_last_time": differences.told()}),
    }


@manifest.operation(scope="folder")
def tree(ctx: SyncContext, path: Path, base: Path, part: Path) -> dict[str, Any]:
    """Hashes a folder and everything below it into a part of a manifest."""
    sizes = _sizes(path)
    ctx.progress(0, total=sizes[path], unit="bytes")
    with _Part.at(part, ctx, base) as written:
        written.add_tree(path, sizes, (ctx,))
    return written.summary(part)


@manifest.operation(scope="folder")
def files(ctx: SyncContext, path: Path, base: Path, part: Path) -> dict[str, Any]:
    """Hashes the files right in a folder into a part of a manifest."""
    content = _list(path)
    ctx.progress(0, total=sum(map(_size, content.files)), unit="bytes")
    with _Part.at(part, ctx, base) as written:
        for file in content.files:
            written.add_file(file, (ctx,))
    return written.summary(part)


class _Part:
    """A part of a manifest that is being written."""

    def __init__(self, ctx: SyncContext, base: Path, lines: IO[str]) -> None:
        self._ctx = ctx
        self._base = base
        self._lines = lines
        self._buffer = memoryview(bytearray(CHUNK_BYTES))
        self._files = 0
        self._bytes = 0
        self._unreadable: list[str] = []

    @classmethod
    @contextmanager
    def at(cls, path: Path, ctx: SyncContext, base: Path) -> Iterator[Self]:
        """A new part, which appears under its name when it is complete."""
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("w") as lines:
            yield cls(ctx, base, lines)
        unfinished.replace(path)

    def add_tree(self, folder: Path, sizes: dict[Path, int], meters: tuple[SyncContext | Step, ...]) -> None:
        """Adds everything below a folder, in the order of the manifest; `meters` are told of the bytes."""
        try:
            content = _list(folder)
        except OSError as error:
            self._leave_out(folder, error)
            return
        folders = set(content.folders)
        for path in sorted((*content.files, *folders), key=lambda one: _place(one.name, is_folder=one in folders)):
            if path not in folders:
                self.add_file(path, meters)
                continue
            total = sizes.get(path, 0)
            with self._ctx.step(path.name, type="folder", scope=str(path), total=total, unit="bytes") as step:
                self.add_tree(path, sizes, (*meters, step))

    def add_file(self, path: Path, meters: tuple[SyncContext | Step, ...]) -> None:
        """Adds a file, or notes that it cannot be read."""
        digest = hashlib.sha256()
        size = 0
        try:
            with path.open("rb", buffering=0) as file:
                mtime = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
                while count := file.readinto(self._buffer):
                    self._ctx.check()
                    digest.update(self._buffer[:count])
                    size += count
                    for meter in meters:
                        meter.progress(advance=count)
        except OSError as error:
            self._leave_out(path, error)
            return
        name = str(path.relative_to(self._base))
        entry = {"path": name, "size": size, "sha256": digest.hexdigest(), "mtime": mtime.isoformat()}
        self._lines.write(json.dumps(entry) + "\n")
        self._files += 1
        self._bytes += size

    def summary(self, path: Path) -> dict[str, Any]:
        """What the parent needs of it."""
        return {"part": str(path), "files": self._files, "bytes": self._bytes, "unreadable": self._unreadable}

    def _leave_out(self, path: Path, error: OSError) -> None:
        self._ctx.log(f"cannot read {path}: {error.strerror}", severity="warning")
        self._unreadable.append(str(path.relative_to(self._base)))


class _Plan(NamedTuple):
    """What is to be read, and where it goes. `sizes` has the bytes by part: a folder's name, "" for the loose files."""

    folder: Path
    target: Path
    parts: Path
    sizes: dict[str, int]

    def part_of(self, name: str) -> Path:
        """Where a part is written."""
        return self.parts / f"{list(self.sizes).index(name):06}.jsonl"


def _plan(path: Path, output: Path | None) -> _Plan:
    folder = path.expanduser().resolve()
    target = (output or folder.with_name(f"{folder.name}.manifest.jsonl")).expanduser().resolve()
    if not folder.is_dir():
        raise ValueError(f"path {folder} is no folder")
    if target.is_relative_to(folder):
        raise ValueError(f"output {target} is in the folder that it would describe; choose a place outside")
    parts = target.with_name(f"{target.name}.parts")
    parts.mkdir(parents=True, exist_ok=True)
    content = _list(folder)
    sizes = {below.name: _sizes(below)[below] for below in content.folders}
    return _Plan(folder, target, parts, {**sizes, "": sum(map(_size, content.files))})


class _Content(NamedTuple):
    """What is in a folder, by name. Links and devices are neither files nor folders: they are not followed."""

    files: list[Path]
    folders: list[Path]


def _list(folder: Path) -> _Content:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    return _Content(
        files=[Path(entry.path) for entry in found if entry.is_file(follow_symlinks=False)],
        folders=[Path(entry.path) for entry in found if entry.is_dir(follow_symlinks=False)],
    )


def _sizes(folder: Path) -> dict[Path, int]:
    """Bytes below a folder and below each one in it."""
    sizes: dict[Path, int] = {}
    for place, folders, names in os.walk(folder, topdown=False):
        here = Path(place)
        sizes[here] = sum(_size(here / name) for name in names) + sum(sizes.get(here / name, 0) for name in folders)
    return {folder: 0} | sizes


def _size(path: Path) -> int:
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _place(name: str, *, is_folder: bool) -> str:
    """By which names are sorted so that the paths of all that is in them are: `a.txt` comes before `a/b`."""
    return f"{name}/" if is_folder else name


def _merge(plan: _Plan) -> tuple[str, "_Differences | None"]:
    """Writes the parts as one manifest; returns its checksum, and what has changed since the one before.

    The new one appears under its name when all of it is on disk. Nothing is held in memory but a line of each.
    """
    folders = sorted((name for name in plan.sizes if name), key=lambda name: _place(name, is_folder=True))
    below = chain.from_iterable(_lines(plan.part_of(name)) for name in folders)
    unfinished = plan.target.with_name(f"{plan.target.name}.unfinished")
    digest = hashlib.sha256()
    with unfinished.open("wb") as file:
        for line in heapq.merge(below, _lines(plan.part_of("")), key=_path_of):
            file.write(line)
            digest.update(line)
        file.flush()
        os.fsync(file.fileno())
    differences = _compare(plan.target, unfinished) if plan.target.exists() else None
    unfinished.replace(plan.target)
    shutil.rmtree(plan.parts, ignore_errors=True)
    return digest.hexdigest(), differences


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _path_of(line: bytes) -> str:
    return str(json.loads(line)["path"])


class _Differences:
    """What has changed from one manifest to the next: how much of each kind, and the first paths."""

    def __init__(self) -> None:
        self._counts = {"added": 0, "removed": 0, "changed": 0}
        self._first: dict[str, list[str]] = {kind: [] for kind in self._counts}

    def add(self, kind: str, path: str) -> None:
        """One more."""
        self._counts[kind] += 1
        if len(self._first[kind]) < SHOWN_AT_MOST:
            self._first[kind].append(path)

    def named(self) -> list[str]:
        """The first of each kind, in words."""
        return [f"{kind}: {path}" for kind, paths in self._first.items() for path in paths]

    def told(self) -> dict[str, Any]:
        """For the result."""
        named = self.named()
        return {**self._counts, "paths": named} if named else dict(self._counts)


def _compare(before: Path, after: Path) -> _Differences:
    """Goes through two manifests side by side: both are sorted by path."""
    found = _Differences()
    olds, news = map(_entries, (before, after))
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        if old is not None and (new is None or old["path"] < new["path"]):
            found.add("removed", old["path"])
            old = next(olds, None)
        elif new is not None and (old is None or new["path"] < old["path"]):
            found.add("added", new["path"])
            new = next(news, None)
        elif old is not None and new is not None:
            if old["sha256"] != new["sha256"]:
                found.add("changed", new["path"])
            old, new = next(olds, None), next(news, None)
    return found


def _entries(manifest: Path) -> Iterator[_Entry]:
    return map(json.loads, _lines(manifest))
