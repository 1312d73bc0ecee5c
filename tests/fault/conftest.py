"""Fleets of real processes on either database, and chance that can be repeated."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random, SystemRandom

import pytest

from taskward.notify import LocalNotifier
from taskward.store import PostgresStore, SqliteStore, SqlStore
from tests.fault.fleet import Fleet, fleet_in


@pytest.fixture
def chance() -> Random:
    """Draws the load and the moments of killing; `TASKWARD_FAULT_SEED` repeats a run."""
    seed = int(os.environ.get("TASKWARD_FAULT_SEED") or SystemRandom().randrange(1_000_000))
    print(f"TASKWARD_FAULT_SEED={seed}")  # noqa: T201 - pytest shows it beside what failed
    return Random(seed)  # noqa: S311 - for a load, not for secrets


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; "" for the file in the fleet's folder."""
    return str(request.getfixturevalue("postgres_dsn")) if request.param == "postgres" else ""


@pytest.fixture
def fleet(database: str, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet without processes, whose workers are given up quickly."""
    with fleet_in(tmp_path, database, timedelta(seconds=0.5)) as fleet:
        yield fleet


def store_of(fleet: Fleet) -> SqlStore:
    """The fleet's database, unopened."""
    if fleet.database:
        return PostgresStore(fleet.database, LocalNotifier())
    return SqliteStore(fleet.folder / "taskward.db", LocalNotifier())
