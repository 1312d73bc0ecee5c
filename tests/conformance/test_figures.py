"""What charts show is what happened: counted by the minute, of one client or of all, and forgotten after a day."""

from collections import Counter
from datetime import timedelta

from taskward.model.pace import NONE, bucket_of, middle_of, quantile
from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind, TaskError
from taskward.ports import Finish, PoolLine, WaitingCounts
from tests.house import BOOM, House, new_task

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def counted(house: House, *, client: str = "", step: timedelta = MINUTE) -> dict[tuple[int, str], int]:
    """How many of each measure, by the stretch of time before now."""
    found: Counter[tuple[int, str]] = Counter()
    now = house.now.replace(second=0)
    for pace in await house.store.figures.paces(now - HOUR, now + MINUTE, step, client):
        found[(pace.at - now) // MINUTE, pace.measure] += pace.count
    return dict(found)


async def test_what_is_accepted_starts_and_ends_is_counted_in_its_minute(house: House) -> None:
    await house.submit_all(*(new_task() for _ in range(3)))
    house.tick(60)
    one, other = await house.claim(2)
    house.tick(60)
    await house.finish(one)
    await house.finish(other, State.FAILED, error=BOOM)
    assert await counted(house) == {
        (-2, "accepted"): 3, (-1, "started"): 2, (0, "completed"): 1, (0, "failed"): 1,
    }  # fmt: skip
    by_hour = await counted(house, step=HOUR)
    assert sum(by_hour.values()) == 7


async def test_waits_and_runs_are_measured(house: House) -> None:
    await house.submit()
    house.tick(8)
    [task] = await house.claim()
    house.tick(2)
    await house.finish(task)
    lasted = {
        pace.measure: (pace.lasted.total_seconds(), pace.bucket)
        for pace in await house.store.figures.paces(house.now - HOUR, house.now + MINUTE, MINUTE, "")
    }
    assert lasted == {
        "accepted": (0, NONE), "started": (8, bucket_of(8_000_000)), "completed": (2, bucket_of(2_000_000)),
    }  # fmt: skip


async def test_a_task_that_never_ran_has_no_run_to_measure(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.SCHEDULED, run_at=house.now + HOUR, error=BOOM)
    house.tick(5)
    await house.store.tasks.cancel(task.id, "", house.now)
    paces = await house.store.figures.paces(house.now - HOUR, house.now + MINUTE, MINUTE, "")
    assert [(pace.bucket, pace.count) for pace in paces if pace.measure == "canceled"] == [(NONE, 1)]


async def test_a_late_end_is_not_counted_again(house: House) -> None:
    task = await house.run()
    await house.finish(task)
    finish = Finish(task_id=task.id, attempt=1, state=State.FAILED, error=BOOM)
    exchange = await house.store.tasks.exchange(await house.worker(), [finish], None, house.now)
    assert exchange.lost
    assert (await counted(house))[0, "completed"] == 1
    assert (0, "failed") not in await counted(house)
    assert await house.store.figures.failures(house.now - HOUR, "", 10) == []


async def test_a_client_sees_its_own(house: House) -> None:
    await house.submit(client="acme")
    await house.submit()
    assert (await counted(house, client="acme"))[0, "accepted"] == 1
    assert (await counted(house))[0, "accepted"] == 2


async def test_failures_are_grouped_by_operation_and_error_with_the_newest(house: House) -> None:
    def failed(kind: str, message: str) -> TaskError:
        return TaskError(kind, message)

    task = None
    for kind, message in (("Boom", "first"), ("Late", "too late"), ("Boom", "a\0b" + "x" * 900)):
        task = await house.run(client="acme" if kind == "Late" else "")
        house.tick(70)
        await house.finish(task, State.FAILED, error=failed(kind, message))
    groups = await house.store.figures.failures(house.now - HOUR, "", 10)
    assert [(group.operation, group.type, group.count) for group in groups] == [
        ("m.op", "Boom", 2),
        ("m.op", "Late", 1),
    ]
    assert task is not None
    assert groups[0].task_id == task.id
    assert groups[0].at == house.now
    assert groups[0].message.startswith("a␀bx")
    assert len(groups[0].message) == 500
    assert [group.type for group in await house.store.figures.failures(house.now - HOUR, "acme", 10)] == ["Late"]
    assert [group.type for group in await house.store.figures.failures(house.now - HOUR, "", 1)] == ["Boom"]
    assert await house.store.figures.failures(house.now + MINUTE, "", 10) == []


async def test_what_waits_is_counted_up_to_a_bound(house: House) -> None:
    await house.store.workers.set_pool(Pool("p", 2), house.now)
    first = await house.submit(kind=Kind.EXTERNAL)
    await house.submit_all(*(new_task(depends_on=(first.id,)) for _ in range(3)))
    await house.submit_all(*(new_task(gate="https://example.org/") for _ in range(2)))
    await house.submit_all(*(new_task(pool="p") for _ in range(4)))
    assert await house.store.figures.waiting(10) == WaitingCounts(2, 3, (PoolLine("p", 2, 0, 4),))
    assert await house.store.figures.waiting(1) == WaitingCounts(1, 1, (PoolLine("p", 2, 0, 1),))


async def test_figures_are_kept_for_a_day(house: House) -> None:
    task = await house.run()
    await house.finish(task, State.FAILED, error=BOOM)
    began = house.now
    for hours, kept in ((24, True), (26, False)):
        house.now = began + hours * HOUR
        await house.store.figures.prune(house.now)
        assert bool(await house.store.figures.paces(began - HOUR, began + HOUR, MINUTE, "")) is kept
        assert bool(await house.store.figures.failures(began - HOUR, "", 1)) is kept


def test_classes_of_durations_are_right_to_within_a_fifth() -> None:
    for micros in (1_001, 5_000, 250_000, 1_000_000, 59_000_000, 86_400_000_000):
        middle = middle_of(bucket_of(micros)) / timedelta(microseconds=1)
        assert 0.8 < middle / micros < 1.2
    assert bucket_of(0) == bucket_of(1_000) == 0
    assert quantile({}, 0.5) is None
    assert quantile({NONE: 9}, 0.5) is None
    assert quantile({0: 90, 20: 10}, 0.5) == middle_of(0)
    assert quantile({0: 90, 20: 10}, 0.95) == middle_of(20)
