"""Trees as a registry shows them, whether or not the house still keeps the rows of what has ended.

A finished part with nothing unfinished below it is shown as if it had folded: of what is below it, only paths to what
did not end well. Trees are walked in pieces, so that one of a million parts needs little memory.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from uuid import UUID

from msgspec import Struct, structs

from taskward.model.ids import Ids
from taskward.model.states import FINAL, State
from taskward.model.task import Progress, Task
from taskward.model.tree import Folded, rolled_up
from taskward.ports import Brood, Paths, Relative, Roster, Tasks

_PIECE = 500
"""Nodes read at once."""
_NO_BROOD = Brood()


class Sighting(Struct, frozen=True):
    """A task, or the record of one that has folded, with what its registry shows beside it.

    `rows` and `folded` are the children it lists, in this order; `progress` has that of its parts added up.
    """

    node: Task | Folded
    progress: Progress
    rows: tuple[Relative, ...]
    folded: Ids
    sequence: int
    shard: int


class _Family(Struct, frozen=True):
    """The children of a sighting that are still to be walked."""

    above: Sighting
    rows: tuple[UUID, ...] = ()
    has_folds: bool = False
    is_marred_only: bool = False
    records: tuple[Folded, ...] = ()

    @property
    def size(self) -> int:
        return len(self.above.rows) + len(self.above.folded)


_Member = tuple[_Family, Task | Folded]
"""A node, among its siblings."""


class Sightings:
    """Looks at tasks and below them."""

    def __init__(self, roster: Roster, tasks: Tasks) -> None:
        self._roster = roster
        self._tasks = tasks

    async def of(self, task: Task) -> Sighting:
        """The task itself, with every child it ever had."""
        broods = await self._roster.broods([task.id], marred=False)
        return _sighting(task, broods.get(task.id, _NO_BROOD))

    async def walk(self, start: Task) -> AsyncGenerator[list[Sighting], None]:
        """A task and what is below it, breadth first; children with a row before those that have folded."""
        first = await self.of(start)
        yield [first]
        paths = await self._roster.paths(start.root_id) if first.rows else Paths(frozenset(), frozenset())
        level = [_family_of_task(first, is_folded=False)]
        while level:
            below: list[_Family] = []
            for group in _groups(level):
                async for members in self._members(group):
                    seen = await self._see(members, paths)
                    yield [sighting for sighting, _ in seen]
                    below += (family for _, family in seen if family.size)
            level = below

    async def _see(self, members: Sequence[_Member], paths: Paths) -> list[tuple[Sighting, _Family]]:
        rows = [node for _, node in members if isinstance(node, Task)]
        folded = {row.id for row in rows if row.is_final and row.id not in paths.unfinished}
        broods: dict[UUID, Brood] = {}
        for ids, marred in ((folded, True), ({row.id for row in rows} - folded, False)):
            if ids:
                broods |= await self._roster.broods(list(ids), marred=marred)
        seen: list[tuple[Sighting, _Family]] = []
        for family, node in members:
            if isinstance(node, Folded):
                sighting = sighting_of_record(node, family.above)
                seen.append((sighting, _Family(sighting, records=node.children)))
                continue
            brood = broods.get(node.id, _NO_BROOD)
            sighting = _sighting(node, _marred(brood, paths) if node.id in folded else brood)
            seen.append((sighting, _family_of_task(sighting, is_folded=node.id in folded)))
        return seen

    async def _members(self, group: Sequence[_Family]) -> AsyncGenerator[list[_Member], None]:
        """The nodes of families in their order; what has folded since its parent was looked at comes as its record."""
        if len(group) == 1 and group[0].size > _PIECE:
            async for some in self._members_of_one(group[0]):
                yield some
            return
        rows = await self._tasks.get_many([one for family in group for one in family.rows])
        records: dict[UUID, list[Folded]] = {family.above.node.id: list(family.records) for family in group}
        for is_marred_only in (False, True):
            parents = [
                family.above.node.id
                for family in group
                if family.is_marred_only is is_marred_only
                and (family.has_folds or any(one not in rows for one in family.rows))
            ]
            async for parent, record in self._records(parents, marred=is_marred_only):
                records[parent].append(record)
        members: list[_Member] = []
        for family in group:
            members += ((family, rows[one]) for one in family.rows if one in rows)
            members += ((family, record) for record in records[family.above.node.id])
        yield members

    async def _members_of_one(self, family: _Family) -> AsyncGenerator[list[_Member], None]:
        missing = False
        for start in range(0, len(family.rows), _PIECE):
            wanted = family.rows[start : start + _PIECE]
            rows = await self._tasks.get_many(wanted)
            missing |= len(rows) < len(wanted)
            yield [(family, rows[one]) for one in wanted if one in rows]
        for start in range(0, len(family.records), _PIECE):
            yield [(family, record) for record in family.records[start : start + _PIECE]]
        if not family.has_folds and not missing:
            return
        members: list[_Member] = []
        async for _, record in self._records([family.above.node.id], marred=family.is_marred_only):
            members.append((family, record))
            if len(members) == _PIECE:
                yield members
                members = []
        if members:
            yield members

    async def _records(self, parents: Sequence[UUID], *, marred: bool) -> AsyncGenerator[tuple[UUID, Folded], None]:
        after = 0
        while parents:
            page = await self._roster.records(parents, marred=marred, after=after, limit=_PIECE)
            for _, parent, record in page:
                yield parent, record
            if len(page) < _PIECE:
                return
            after = page[-1][0]


def sighting_of_record(record: Folded, above: Sighting | Task) -> Sighting:
    """A folded part; `above` is its parent, or another task of its tree."""
    shard = above.shard if record.shard is None else record.shard
    children = Ids.of(child.id for child in record.children)
    return Sighting(record, record.progress, (), children, above.sequence, shard)


def _sighting(task: Task, brood: Brood) -> Sighting:
    progress = rolled_up(task.progress, task.folded_done + brood.done, task.folded_total + brood.total)
    return Sighting(task, progress, brood.rows, brood.folded, task.sequence, task.shard)


def _marred(brood: Brood, paths: Paths) -> Brood:
    """What stays to be seen of the children of a part that has folded, or would have."""
    rows = tuple(row for row in brood.rows if _is_marred(row.state) or row.id in paths.marred)
    return structs.replace(brood, rows=rows)


def _is_marred(state: State) -> bool:
    return state in FINAL and state is not State.COMPLETED


def _family_of_task(sighting: Sighting, *, is_folded: bool) -> _Family:
    return _Family(sighting, tuple(row.id for row in sighting.rows), bool(sighting.folded), is_folded)


def _groups(level: Iterable[_Family]) -> Iterator[list[_Family]]:
    """Families read together: as many in a row as have up to a piece of members, or a single larger one."""
    group: list[_Family] = []
    size = 0
    for family in level:
        if group and size + family.size > _PIECE:
            yield group
            group, size = [], 0
        group.append(family)
        size += family.size
    if group:
        yield group
