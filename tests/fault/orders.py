"""A load of every kind, and what its submitter was promised."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from taskward.model.states import FINAL, State
from taskward.model.task import Task
from tests.fault.history import Change, Record

POOL = {"limit": 4, "reserved": 1, "threshold": 3}
DOCUMENTS = ("red", "green", "blue")


@dataclass(frozen=True)
class Order:
    """One task to submit, and how it must end."""

    operation: str
    args: dict[str, Any]
    state: State = State.COMPLETED
    result: Any = None
    failures: int = 0
    code: str = ""
    """Of its error."""
    children: int = 0
    priority: int = 5
    must_be_canceled: bool = False
    """It would run for ever: its submitter cancels it."""
    may_be_canceled: bool = False
    """Its submitter tries to, and may come too late."""
    resumed: bool = False
    """It is submitted paused, and resumed."""
    after: str = ""
    """`completed` or `failed`: submitted with another one that ends so, on which it depends."""

    def body(self) -> dict[str, Any]:
        """What is sent to submit it."""
        return {"operation": self.operation, "args": self.args, "priority": self.priority, "paused": self.resumed}


FIRST = {
    "completed": Order("work.square", {"n": 1}, result=1),
    "failed": Order("work.hopeless", {}, State.FAILED, failures=2),
}
ENDLESS = Order("work.endless", {}, State.CANCELED, must_be_canceled=True)


def orders(chance: Random, count: int) -> list[Order]:
    """About `count` orders of all kinds, in no order."""
    made = [order for _ in range(count // 25) for order in _one_of_each(chance)]
    chance.shuffle(made)
    return made


def _one_of_each(chance: Random) -> Iterator[Order]:
    def milliseconds() -> int:
        return int(chance.expovariate(1 / 100))

    for n in range(8):
        yield Order("work.square", {"n": n, "milliseconds": milliseconds()}, result=n * n, may_be_canceled=n == 7)
    yield Order("work.square", {"n": 9}, result=81, resumed=True)
    yield Order("work.square", {"n": 5}, result=25, after="completed")
    yield Order("work.square", {"n": 6}, State.SKIPPED, code="dependency", after="failed")
    yield Order("work.square_in_thread", {"n": 3, "milliseconds": milliseconds()}, result=9)
    if chance.random() < 0.5:
        yield Order("work.square_in_process", {"n": 4, "milliseconds": milliseconds()}, result=16)
    yield Order("work.flaky", {"failures": 2}, result=2)
    yield Order("work.hopeless", {}, State.FAILED, failures=2)
    yield Order("work.overlong", {}, State.FAILED, failures=1, code="timeout")
    for operation in ("work.write", "work.read", "work.read"):
        yield Order(operation, {"name": chance.choice(DOCUMENTS), "milliseconds": milliseconds()})
    source, target = chance.sample(DOCUMENTS, 2)
    yield Order("work.move", {"source": source, "target": target, "failures": chance.randrange(2)})
    for _ in range(3):
        yield Order("work.squeeze", {"milliseconds": milliseconds()}, priority=chance.randint(1, 10))
    yield Order("work.family", {"children": 4}, result=14, children=4, may_be_canceled=chance.random() < 0.3)
    yield Order("packed.tree", {"children": 4}, result=14, children=4)
    yield Order("work.clan", {"children": 2}, State.CANCELED, must_be_canceled=True, children=2)


def broken_promises(record: Record, accepted: dict[UUID, Order]) -> list[str]:
    """What became of accepted orders otherwise than promised, in words."""
    lives = record.lives()
    children: dict[UUID, list[Task]] = {}
    for task in record.tasks.values():
        if task.parent_id is not None:
            children.setdefault(task.parent_id, []).append(task)
    unasked = [
        f"{task.operation} {task.id}: nobody was told that it was accepted"
        for task in record.tasks.values()
        if task.is_root and task.id not in accepted and "schedule" not in task.labels
    ]
    return unasked + [
        f"{order.operation} {task_id}: {fault}"
        for task_id, order in accepted.items()
        for fault in _faults(order, record.tasks.get(task_id), lives.get(task_id, []), children.get(task_id, []))
    ]


def _faults(order: Order, task: Task | None, life: list[Change], children: list[Task]) -> Iterator[str]:
    if task is None:
        yield "was accepted and is lost"
        return
    if task.state is State.CANCELED and (order.must_be_canceled or order.may_be_canceled):
        for child in children:
            if child.state not in FINAL:
                yield f"was canceled, its child {child.id} is {child.state}"
        return
    code = task.error.code if task.error else ""
    told = (task.state, task.failures, code, msgspec.json.decode(task.result) if task.result else None)
    promised = (order.state, order.failures or told[1], order.code, order.result)
    if told != promised:
        yield f"ended as {told}, promised was {promised}: {task.error}"
    losses = sum(change.is_loss for change in life)
    if task.losses != losses:
        yield f"counts {task.losses} lost workers, its journal {losses}"
    if order.children:
        yield from _faults_of_family(order, task, children)


def _faults_of_family(order: Order, task: Task, children: list[Task]) -> Iterator[str]:
    """Each child exists once, however often the parent was run; in a packed module it has become a record."""
    keys = sorted(child.key for child in children if child.key)
    packed = task.module == "packed"
    if keys != ([] if packed else [f"child-{n}" for n in range(order.children)]):
        yield f"has the children {keys}"
    steps = 2
    if task.folded_count != steps + order.children * packed:
        yield f"keeps {task.folded_count} records"
