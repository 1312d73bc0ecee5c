"""The metadata of a peer's cache, in one SQLite file: contents and their pieces. Everything here blocks."""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from taskward.peer.content import Content, Origin, Piece

_SCHEMA = """
CREATE TABLE content (
    task_id TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    piece_length INTEGER NOT NULL,
    length INTEGER,
    response_headers TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    used_at REAL NOT NULL,
    finished_at REAL,
    failed_at REAL
) STRICT;
CREATE TABLE piece (
    task_id TEXT NOT NULL REFERENCES content ON DELETE CASCADE,
    number INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    length INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (task_id, number)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_SAVE = """
INSERT INTO content VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (task_id) DO UPDATE SET origin = excluded.origin, length = excluded.length,
    response_headers = excluded.response_headers, updated_at = excluded.updated_at, used_at = excluded.used_at,
    finished_at = excluded.finished_at, failed_at = excluded.failed_at
"""
_VERSION = 1


class Index:
    """Used by one thread at a time. Raises sqlite3.Error, and ValueError for a file of a newer version."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last rows: their pieces are downloaded again. What a row says is checked at start.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("PRAGMA foreign_keys = ON")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            self._database.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        elif version != _VERSION:
            raise ValueError(f"{path} was written by another version of Taskward")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def read(self, folder: Path) -> list[Content]:
        """Every content; the files are below `folder`."""
        pieces: dict[str, dict[int, Piece]] = {}
        for task_id, *values in self._database.execute('SELECT task_id, number, "offset", length, digest FROM piece'):
            piece = Piece(*values)
            pieces.setdefault(task_id, {})[piece.number] = piece
        return [
            Content(
                task_id=row[0],
                origin=msgspec.json.decode(row[1], type=Origin),
                path=path_of(folder, row[0], _instant(row[5])),
                piece_length=row[2],
                length=row[3],
                response_headers=msgspec.json.decode(row[4], type=dict[str, str]),
                created_at=_instant(row[5]),
                updated_at=_instant(row[6]),
                used_at=_instant(row[7]),
                finished_at=None if row[8] is None else _instant(row[8]),
                failed_at=None if row[9] is None else _instant(row[9]),
                pieces=pieces.get(row[0], {}),
                is_checked=False,
            )
            for row in self._database.execute("SELECT * FROM content")
        ]

    def save(self, contents: Iterable[Content]) -> None:
        """Writes the contents, without their pieces."""
        rows = [
            (
                content.task_id,
                msgspec.json.encode(content.origin).decode(),
                content.piece_length,
                content.length,
                msgspec.json.encode(dict(content.response_headers)).decode(),
                content.created_at.timestamp(),
                content.updated_at.timestamp(),
                content.used_at.timestamp(),
                None if content.finished_at is None else content.finished_at.timestamp(),
                None if content.failed_at is None else content.failed_at.timestamp(),
            )
            for content in contents
        ]
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(_SAVE, rows)

    def add_piece(self, task_id: str, piece: Piece) -> None:
        """A piece that is on disk."""
        self._database.execute(
            "INSERT OR REPLACE INTO piece VALUES (?, ?, ?, ?, ?)",
            (task_id, piece.number, piece.offset, piece.length, piece.digest),
        )

    def drop_pieces(self, task_id: str, numbers: Iterable[int]) -> None:
        """Pieces that are not on disk after all."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                "DELETE FROM piece WHERE task_id = ? AND number = ?", [(task_id, number) for number in numbers]
            )

    def delete(self, task_id: str) -> None:
        """A content and its pieces."""
        self._database.execute("DELETE FROM content WHERE task_id = ?", (task_id,))


def path_of(folder: Path, task_id: str, created_at: datetime) -> Path:
    """The file of a content. One made anew has another, so that nobody writes into it who began with the old one."""
    return folder / task_id[:3] / f"{task_id}.{int(created_at.timestamp() * 1_000_000):x}"


def _instant(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
