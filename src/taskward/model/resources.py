"""Who may hold a resource: the pure rule of one line.

A line is the tasks that want one resource, in the order they joined. A task joins all its lines at once, when its
time, gate and dependencies are open; so the order is the same in every line two tasks share, and no cycle can form.
"""

from collections.abc import Sequence

from msgspec import Struct


class Place(Struct, frozen=True):
    """One task's place in the line of one resource."""

    ticket: int
    exclusive: bool
    granted: bool


def grantable(line: Sequence[Place]) -> list[int]:
    """Tickets to grant now: each waiting place that no older place of the line conflicts with.

    `line` is ordered by ticket. The store does the same by index, looking only at the head of the line.
    """
    tickets: list[int] = []
    shared_before = exclusive_before = False
    for place in line:
        conflict = exclusive_before or (place.exclusive and shared_before)
        if not place.granted and not conflict:
            tickets.append(place.ticket)
        exclusive_before |= place.exclusive
        shared_before |= not place.exclusive
    return tickets
