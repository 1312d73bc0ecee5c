"""Waits of the service, on both stores."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from taskward.auth import Authenticator
from taskward.model.errors import Gone
from taskward.model.states import State
from taskward.modules.workflow.shelf import Shelf
from taskward.operations import Registry
from taskward.service import Service
from taskward.testing import ManualClock
from tests.house import House

LONG = timedelta(seconds=20)


@pytest.fixture
async def service(house: House, tmp_path: Path) -> AsyncIterator[Service]:
    clock = ManualClock()
    authenticator = Authenticator(house.store.registry, clock)
    service = Service.of(
        house.store,
        notifier=house.notifier,
        clock=clock,
        operations=Registry(),
        authenticator=authenticator,
        shelf=Shelf([], tmp_path),
    )
    yield service
    await service.close()


@pytest.mark.parametrize("state", [State.COMPLETED, State.FAILED])
async def test_who_submitted_what_was_forgotten_at_once_is_told_how_it_ended(
    house: House, service: Service, state: State
) -> None:
    task = await house.run()
    await house.finish(task, state)
    await house.store.tasks.delete(task.id, house.now)
    ended = await service.waiting.for_end_of(task, LONG)
    assert (ended.id, ended.state, ended.finished_at) == (task.id, state, house.now)


async def test_a_part_that_was_forgotten_with_its_root_is_gone(house: House, service: Service) -> None:
    root = await house.run()
    part = await house.run(parent_id=root.id)
    await house.finish(part)
    await house.finish(root)
    await house.store.tasks.delete(root.id, house.now)
    with pytest.raises(Gone):
        await service.waiting.for_end_of(part, LONG)
