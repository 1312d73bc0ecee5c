from datetime import timedelta
from typing import Any

from taskward.model.pools import Pool
from taskward.model.states import State
from taskward.model.task import Kind, Task
from taskward.ports import Obstacle
from tests.house import BOOM, House, exclusive, shared

HOUR = timedelta(hours=1)


async def why(house: House, task: Task) -> list[Obstacle]:
    return await house.store.tasks.obstacles(task.id, house.now)


async def gates(house: House, task: Task) -> list[str]:
    return [obstacle.gate for obstacle in await why(house, task)]


async def test_time(house: House) -> None:
    await house.worker()
    task = await house.submit(run_at=house.now + HOUR)
    [obstacle] = await why(house, task)
    assert (obstacle.gate, obstacle.facts) == ("run_at", {"run_at": house.now + HOUR})
    assert (house.now + HOUR).isoformat() in obstacle.detail


async def test_gate(house: House) -> None:
    await house.worker()
    task = await house.submit(gate="http://gate")
    [obstacle] = await why(house, task)
    assert (obstacle.gate, obstacle.facts) == ("gate", {"url": "http://gate", "said": None})
    await house.store.tasks.gate_closed([task.id], "no route to host", house.now)
    [obstacle] = await why(house, task)
    assert obstacle.detail == "until http://gate answers 2xx or 3xx; when it was asked last: no route to host"
    assert obstacle.facts["said"] == "no route to host"


async def test_dependencies_name_what_has_not_ended(house: House) -> None:
    done, first, second = await house.complete(), await house.submit(name="one"), await house.submit()
    task = await house.submit(depends_on=(done.id, first.id, second.id))
    [obstacle] = await why(house, task)
    assert obstacle.gate == "dependencies"
    assert [blocker["id"] for blocker in obstacle.facts["tasks"]] == [first.id, second.id]
    assert obstacle.facts["tasks"][0] == {"id": first.id, "state": "queued", "number": first.number, "name": "one"}
    await house.finish((await house.claim())[0])
    [obstacle] = await why(house, task)
    assert [blocker["id"] for blocker in obstacle.facts["tasks"]] == [second.id]


async def test_resources_name_who_is_ahead(house: House) -> None:
    holder = await house.run(resources=(*exclusive("a"), *shared("b")), name="holder")
    middle = await house.submit(resources=exclusive("b"))
    last = await house.submit(resources=(*exclusive("a"), *shared("b"), *exclusive("c")))
    first, second = await why(house, last)
    assert (first.gate, first.facts["resource"], first.facts["exclusive"]) == ("resources", "a", True)
    assert first.facts["tasks"] == [
        {
            "id": holder.id,
            "exclusive": True,
            "holds": True,
            "number": holder.number,
            "name": "holder",
            "state": "running",
        }
    ]
    assert first.detail == f"a is held by task {holder.number} (holder)"
    assert (second.facts["resource"], second.facts["exclusive"]) == ("b", False)
    assert [blocker["id"] for blocker in second.facts["tasks"]] == [middle.id]
    assert "wanted earlier by" in second.detail


async def test_paused(house: House) -> None:
    await house.worker()
    assert await gates(house, await house.submit(paused=True)) == ["paused"]


async def test_a_full_pool(house: House) -> None:
    await house.worker()
    await house.store.workers.set_pool(Pool("p", 2, reserved=1, threshold=3), house.now)
    first = await house.run(pool="p", priority=5)
    ordinary = await house.submit(pool="p", priority=5)
    [obstacle] = await why(house, ordinary)
    assert (obstacle.gate, obstacle.facts["urgent"]) == ("pool", False)
    assert "reserved" in obstacle.detail
    await house.run(pool="p", priority=1)
    urgent = await house.submit(pool="p", priority=1)
    [obstacle] = await why(house, urgent)
    assert (obstacle.gate, obstacle.facts["urgent"]) == ("pool", True)
    assert "all 2 slots" in obstacle.detail
    assert obstacle.facts["pool"].running == 2
    await house.finish(first)
    assert await gates(house, urgent) == ["worker"]


async def test_the_position_in_its_queue(house: House) -> None:
    await house.worker()
    urgent = await house.submit(priority=1)
    first = await house.submit()
    second = await house.submit()
    await house.submit(queue="other", priority=1)
    assert [(await why(house, task))[0].facts.get("ahead") for task in (urgent, first, second)] == [None, 1, 2]
    assert await gates(house, second) == ["position"]


async def test_workers(house: House) -> None:
    task = await house.submit()
    [obstacle] = await why(house, task)
    assert (obstacle.gate, obstacle.facts) == ("worker", {"queue": "default", "workers": 0})
    await house.worker("elsewhere", queues=("other",))
    assert "no live worker serves" in (await why(house, task))[0].detail
    await house.worker("stranger", operations=("m.other",))
    [obstacle] = await why(house, task)
    assert "knows m.op" in obstacle.detail
    worker = await house.worker("able")
    [obstacle] = await why(house, task)
    assert (obstacle.gate, "next in line" in obstacle.detail) == ("worker", True)
    await house.store.workers.retire(worker, "draining", house.now)
    assert "knows m.op" in (await why(house, task))[0].detail
    await house.store.workers.set_queue_paused("default", paused=True)
    [obstacle] = await why(house, task)
    assert (obstacle.gate, obstacle.facts) == ("worker", {"queue": "default", "paused": True})


async def test_every_closed_gate_in_the_order_of_admission(house: House) -> None:
    await house.store.workers.set_pool(Pool("full", 0), house.now)
    blocker = await house.submit()
    task = await house.submit(
        run_at=house.now + HOUR, gate="http://gate", depends_on=(blocker.id,), paused=True, pool="full",
        resources=exclusive("r"), queue="nowhere",
    )  # fmt: skip
    assert await gates(house, task) == ["run_at", "gate", "dependencies", "paused", "pool", "worker"]


async def test_what_does_not_wait_has_no_obstacle(house: House) -> None:
    running = await house.run()
    external = await house.submit(kind=Kind.EXTERNAL)
    failed = await house.run()
    await house.finish(failed, State.FAILED, error=BOOM)
    members: list[dict[str, Any]] = [{"depends_on": (failed.id,)}]
    skipped = await house.submit(**members[0])
    for task in (running, external, failed, skipped):
        assert await why(house, task) == []
