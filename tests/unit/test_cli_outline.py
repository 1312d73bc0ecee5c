"""Which nodes of a tree are shown."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.cli.outline import Line, outline, tally
from taskward.model.states import State
from taskward.wire import TreeNodeView
from tests.views import NOON, node_view


def drawn(lines: list[Line]) -> list[str]:
    """A line as text; what a node hides below itself follows it after a plus."""
    return [
        line.guide
        + (f"{line.node.name} +{line.hidden}" if line.node and line.hidden else "")
        + (line.node.name if line.node and not line.hidden else "")
        + ("" if line.node else str(line.hidden))
        for line in lines
    ]


def test_a_tree_is_drawn_with_its_branches() -> None:
    root = node_view("root")
    a, b = node_view("a", parent=root), node_view("b", parent=root)
    a1 = node_view("a1", parent=a)
    assert drawn(outline([root, a, b, a1])) == ["root", "├─ a", "│  └─ a1", "└─ b"]


def test_what_failed_stays_and_the_rest_is_counted() -> None:
    root = node_view("root")
    done = [node_view(f"done{n}", State.COMPLETED, root, finished_at=NOON + timedelta(seconds=n)) for n in range(8)]
    branch = node_view("branch", State.COMPLETED, root, finished_at=NOON)
    bad = node_view("bad", State.FAILED, branch, finished_at=NOON)
    busy = node_view("busy", State.RUNNING, root)
    lines = outline([root, *done, branch, busy, bad], height=6)
    assert drawn(lines) == ["root", "├─ done7", "├─ branch", "│  └─ bad", "├─ busy", "└─ {'completed': 7}"]


def test_what_folding_has_forgotten_is_counted_too() -> None:
    root = node_view("root", dropped={"completed": 40})
    assert drawn(outline([root], height=5)) == ["root +{'completed': 40}"]
    assert tally([root]) == {"running": 1, "completed": 40}


def test_what_a_folded_child_has_forgotten_is_not_counted_for_its_parent_again() -> None:
    root = node_view("root", dropped={"completed": 7, "failed": 1}, folded_count=3)
    folded = node_view("folded", State.COMPLETED, root, folded=True, dropped={"completed": 5})
    assert drawn(outline([root, folded])) == [
        "root",
        "├─ folded +{'completed': 5}",
        "└─ {'completed': 2, 'failed': 1, 'ended': 2}",
    ]
    assert tally([root, folded]) == {"running": 1, "completed": 8, "failed": 1, "ended": 2}


def test_of_what_waits_or_has_completed_only_some_is_shown_when_not_all_fits() -> None:
    root = node_view("root")
    done = [node_view(f"done{n}", State.COMPLETED, root, finished_at=NOON + timedelta(seconds=n)) for n in range(10)]
    later = [node_view(f"later{n}", State.QUEUED, root) for n in range(9)]
    part = node_view("part", State.COMPLETED, done[9], finished_at=NOON)
    nodes = [root, *done, *later, part]
    assert drawn(outline(nodes, height=20)) == [
        "root",
        *(f"├─ done{n}" for n in range(2, 9)),
        "├─ done9 +{'completed': 1}",
        *(f"├─ later{n}" for n in range(4)),
        "└─ {'completed': 2, 'queued': 5}",
    ]
    assert len(outline(nodes, height=21)) == 21, "when all fits, all is shown"


def test_a_tree_that_has_ended_well_still_shows_its_first_level() -> None:
    root = node_view("root", State.COMPLETED)
    done = [node_view(f"done{n}", State.COMPLETED, root, finished_at=NOON + timedelta(seconds=n)) for n in range(10)]
    parts = [node_view("part", State.COMPLETED, parent, finished_at=NOON) for parent in done]
    assert drawn(outline([root, *done, *parts], height=15)) == [
        "root",
        *(f"├─ done{n} +{{'completed': 1}}" for n in range(2, 10)),
        "└─ {'completed': 2}",
    ]


def test_several_trees_share_the_room() -> None:
    roots = [node_view(f"root{n}") for n in range(4)]
    assert drawn(outline(roots, height=3)) == ["root0", "root1", "{'running': 2}"]


def test_the_root_is_shown_however_little_room_there_is() -> None:
    root = node_view("root")
    children = [node_view(str(n), parent=root) for n in range(3)]
    assert drawn(outline([root, *children], height=1)) == ["root +{'running': 3}"]


@st.composite
def trees(draw: st.DrawFn) -> list[TreeNodeView]:
    nodes = [node_view("root", draw(st.sampled_from(State)))]
    for index in range(draw(st.integers(0, 30))):
        parent = draw(st.sampled_from(nodes))
        nodes.append(node_view(str(index), draw(st.sampled_from(State)), parent))
    return nodes


@given(trees(), st.integers(2, 20))
def test_it_fits_and_loses_nothing(nodes: list[TreeNodeView], height: int) -> None:
    lines = outline(nodes, height)
    assert len(lines) <= height
    assert lines[0].node is nodes[0]
    ids = {line.node.id for line in lines if line.node}
    assert all(line.node.parent_id is None or line.node.parent_id in ids for line in lines if line.node)
    counted = sum(sum(line.hidden.values()) for line in lines)
    assert counted == sum(1 for node in nodes if node.id not in ids and node.parent_id in ids)
    assert sum(tally(nodes).values()) == len(nodes)


@given(trees())
def test_without_a_bound_everything_is_shown(nodes: list[TreeNodeView]) -> None:
    assert {line.node.id for line in outline(nodes) if line.node} == {node.id for node in nodes}


@pytest.mark.parametrize("height", [None, 5])
def test_nothing_is_nothing(height: int | None) -> None:
    assert outline([], height) == []
