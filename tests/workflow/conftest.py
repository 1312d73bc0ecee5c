"""Houses that run jobs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from taskward import Context, Module
from taskward.store import SqliteStore
from tests.conftest import MakeStore
from tests.workflows import JobHouse, job_house


@pytest.fixture
def sums() -> Module:
    """Operations for steps to call."""
    module = Module("sums")

    @module.operation()
    async def add(ctx: Context, a: int, b: int) -> dict[str, int]:
        return {"sum": a + b}

    return module


@pytest.fixture
async def quick(tmp_path: Path, sums: Module) -> AsyncIterator[JobHouse]:
    """On a store in memory, for what has nothing to do with the store."""
    async with job_house(lambda notifier: SqliteStore(":memory:", notifier), tmp_path, [sums]) as house:
        yield house


@pytest.fixture
async def jobs(make_store: MakeStore, tmp_path: Path, sums: Module) -> AsyncIterator[JobHouse]:
    """On either store."""
    async with job_house(make_store, tmp_path, [sums]) as house:
        yield house
