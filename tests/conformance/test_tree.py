import pytest

from taskward.model.states import State
from taskward.model.task import Task
from taskward.ports import Tree
from tests.house import BOOM, House, new_task


def shape(tree: Tree) -> list[tuple[int, str]]:
    return [(node.depth, (node.task or node.folded).name) for node in tree.nodes]  # type: ignore[union-attr]


async def family(house: House) -> Task:
    """root: a(a1 folded: a1x failed, a2), b(b1(b1x)), c folded(c1 failed), d folded."""
    root = await house.run(name="root")
    a = await house.run(parent_id=root.id, name="a")
    b = await house.run(parent_id=root.id, name="b")
    c = await house.run(parent_id=root.id, name="c", folds=True)
    c1 = await house.run(parent_id=c.id, name="c1", folds=True)
    await house.finish(c1, State.FAILED, error=BOOM)
    await house.finish(c)
    d = await house.run(parent_id=root.id, name="d", folds=True)
    await house.finish(d)
    a1 = await house.run(parent_id=a.id, name="a1", folds=True)
    b1 = await house.run(parent_id=b.id, name="b1")
    a1x = await house.run(parent_id=a1.id, name="a1x", folds=True)
    await house.finish(a1x, State.FAILED, error=BOOM)
    await house.finish(a1)
    await house.child_of(a, name="a2")
    await house.child_of(b1, name="b1x")
    return root


WHOLE = [
    (0, "root"), (1, "a"), (1, "b"), (1, "c"), (1, "d"), (2, "a2"), (2, "a1"), (2, "b1"), (2, "c1"),
    (3, "a1x"), (3, "b1x"),
]  # fmt: skip


async def test_breadth_first_and_live_before_folded(house: House) -> None:
    root = await family(house)
    whole = await house.store.tasks.tree(root.id, 9, 99)
    assert (shape(whole), whole.truncated) == (WHOLE, False)
    assert whole.nodes[0].task == await house.get(root)


@pytest.mark.parametrize("limit", range(1, 13))
async def test_a_limit_shows_the_first(house: House, limit: int) -> None:
    root = await family(house)
    cut = await house.store.tasks.tree(root.id, 9, limit)
    assert shape(cut) == WHOLE[:limit]
    assert cut.truncated == (limit < len(WHOLE))


@pytest.mark.parametrize("depth", range(5))
async def test_a_depth_shows_what_is_above_it(house: House, depth: int) -> None:
    root = await family(house)
    cut = await house.store.tasks.tree(root.id, depth, 99)
    assert shape(cut) == [node for node in WHOLE if node[0] <= depth]
    assert cut.truncated == (depth < 3)


async def test_from_the_middle(house: House) -> None:
    root = await family(house)
    a = (await house.store.tasks.children(root.id))[0]
    assert shape(await house.store.tasks.tree(a.id, 9, 99)) == [(0, "a"), (1, "a2"), (1, "a1"), (2, "a1x")]


async def test_a_cut_shows_the_children_of_the_first_parents(house: House) -> None:
    """Though children of later parents are older."""
    root = await house.run()
    parents = [await house.run(parent_id=root.id, name=f"p{n}") for n in range(8)]
    for n, parent in reversed(list(enumerate(parents))):
        for each in range(3):
            await house.child_of(parent, name=f"p{n}.{each}", paused=True)
    cut = await house.store.tasks.tree(root.id, 9, 9 + 10)
    assert shape(cut)[9:] == [(2, f"p{n}.{each}") for n in range(4) for each in range(3)][:10]
    assert cut.truncated


async def test_a_wide_level(house: House) -> None:
    root = await house.submit(paused=True)
    for _ in range(3):
        await house.submit_all(*(new_task(parent_id=root.id, paused=True) for _ in range(1000)))
    tree = await house.store.tasks.tree(root.id, 9, 100_000)
    assert (len(tree.nodes), tree.truncated) == (3001, False)
    numbers = [node.task.number for node in tree.nodes if node.task]
    assert numbers == sorted(numbers)


async def test_children_and_descendants(house: House) -> None:
    root = await family(house)
    assert [task.name for task in await house.store.tasks.children(root.id)] == ["a", "b"]
    assert [task.name for task in await house.store.tasks.descendants(root.id)] == ["a", "b", "b1", "a2", "b1x"]
    a = (await house.store.tasks.children(root.id))[0]
    await house.finish(a)
    assert [task.name for task in await house.store.tasks.descendants(root.id)] == ["b", "b1", "a2", "b1x"]
