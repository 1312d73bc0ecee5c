"""The table of states is sound, and everything said about it follows from it."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from taskward.model.states import (
    ACTIVE,
    FINAL,
    INITIAL,
    TRANSITIONS,
    WAITING,
    State,
    is_legal,
    mermaid,
    sources_of,
)

states = st.sampled_from(State)


def reachable(start: State) -> set[State]:
    """Every state a task may come to from here, this one included."""
    found, edge = {start}, [start]
    while edge:
        fresh = TRANSITIONS[edge.pop()] - found
        found |= fresh
        edge += fresh
    return found


def test_every_state_is_of_one_sort() -> None:
    assert WAITING | ACTIVE | FINAL == set(State) == set(TRANSITIONS)
    assert len(WAITING) + len(ACTIVE) + len(FINAL) == len(State)


def test_every_state_can_be_come_to_and_left_for_an_end() -> None:
    assert set().union(*map(reachable, INITIAL)) == set(State)
    for state in State:
        assert reachable(state) & FINAL


def test_nothing_final_changes() -> None:
    assert all(not TRANSITIONS[state] for state in FINAL)
    assert all(TRANSITIONS[state] for state in set(State) - FINAL)


def test_nothing_changes_into_itself() -> None:
    assert not any(is_legal(state, state) for state in State)


def test_only_a_queued_task_begins_to_run() -> None:
    assert sources_of(State.RUNNING) == {State.QUEUED}
    assert sources_of(State.CANCELING) == {State.RUNNING}


def test_what_was_asked_to_stop_never_completes_nor_runs_again() -> None:
    assert reachable(State.CANCELING) == {State.CANCELING, State.CANCELED, State.FAILED}


def test_only_what_ran_completes_or_fails() -> None:
    assert sources_of(State.COMPLETED) == {State.RUNNING}
    assert sources_of(State.FAILED) == ACTIVE


def test_only_what_waits_is_skipped_and_never_what_may_be_claimed() -> None:
    assert sources_of(State.SKIPPED) == WAITING - {State.QUEUED}


def test_everything_unfinished_can_be_canceled() -> None:
    assert sources_of(State.CANCELED) == WAITING | ACTIVE


def test_everything_that_waits_can_be_paused_and_goes_on() -> None:
    assert sources_of(State.PAUSED) == (WAITING - {State.PAUSED}) | {State.RUNNING}
    assert TRANSITIONS[State.PAUSED] >= WAITING - {State.PAUSED}


def test_a_task_is_created_waiting_or_running_outside() -> None:
    assert WAITING | {State.RUNNING} == INITIAL


@given(states, states)
def test_sources_and_edges_are_one_relation(source: State, target: State) -> None:
    assert is_legal(source, target) == (target in TRANSITIONS[source]) == (source in sources_of(target))


@given(st.lists(states, min_size=2, max_size=12))
def test_a_life_is_legal_when_each_of_its_steps_is(life: list[State]) -> None:
    steps = list(pairwise(life))
    legal = all(is_legal(before, after) for before, after in steps)
    assert legal == all(re.search(rf"^    {before} --> {after}$", mermaid(), re.MULTILINE) for before, after in steps)
    if legal and life[0] in INITIAL:
        assert not any(before in FINAL for before, _ in steps)


def test_the_picture_shows_the_table_and_nothing_else() -> None:
    lines = mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    edges = {tuple(line.strip().split(" --> ")) for line in lines[1:]}
    assert len(edges) == len(lines) - 1
    expected = {(str(source), str(target)) for source, targets in TRANSITIONS.items() for target in targets}
    expected |= {("[*]", str(state)) for state in INITIAL} | {(str(state), "[*]") for state in FINAL}
    assert edges == expected
    assert mermaid().endswith("\n")


def test_the_words_are_the_names() -> None:
    assert all(state.value == state.name.lower() for state in State)
