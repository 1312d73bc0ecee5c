"""Very many ids at once."""

import json
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from taskward.model.ids import Ids


@given(st.lists(st.uuids()))
def test_they_are_written_as_one_by_one(ids: list[UUID]) -> None:
    many = Ids.of(ids)
    assert (len(many), bool(many)) == (len(ids), bool(ids))
    assert many.texts() == [str(one) for one in ids]
    assert json.loads(b"[%b]" % many.written(b'{"id":"', b'"}')) == [{"id": str(one)} for one in ids]


def test_digits_are_those_of_a_database() -> None:
    first, second = uuid4(), uuid4()
    assert Ids((first.hex + second.hex).encode()) == Ids.of([first, second])
