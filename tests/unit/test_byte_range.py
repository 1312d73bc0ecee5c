import pytest

from taskward.peer.byte_range import ByteRange, asked_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ByteRange(0, 10)),
        ("bytes=0-", ByteRange(0, 10)),
        ("bytes=2-4", ByteRange(2, 5)),
        ("bytes=2-", ByteRange(2, 10)),
        ("bytes=2-99", ByteRange(2, 10)),
        ("bytes=-3", ByteRange(7, 10)),
        ("bytes=-99", ByteRange(0, 10)),
        ("bytes=10-", None),
        ("bytes=4-2", None),
        ("bytes=-0", None),
        ("bytes=0-1,3-4", ByteRange(0, 10)),
        ("bytes=-", ByteRange(0, 10)),
        ("lines=1-2", ByteRange(0, 10)),
    ],
)
def test_asked_range(header: str | None, expected: ByteRange | None) -> None:
    assert asked_range(header, 10) == expected


def test_nothing_can_be_cut_from_what_has_no_known_end() -> None:
    assert asked_range("bytes=2-4", None) == ByteRange(0, None)
