"""Classes of durations, so that a chart's quantiles need a handful of counts and no list of what was measured."""

from collections.abc import Mapping
from datetime import timedelta
from math import log2

_PER_DOUBLING = 4
"""A quantile is right to within a fifth of itself."""
NONE = -1
"""The class of what did not last."""
_MILLISECOND = timedelta(milliseconds=1)


def bucket_of(micros: int) -> int:
    """The class of a duration in microseconds: 0 up to a millisecond, then four for each doubling."""
    return 0 if micros <= 1000 else 1 + int(log2(micros / 1000) * _PER_DOUBLING)


def middle_of(bucket: int) -> timedelta:
    """The duration that stands for a class."""
    return _MILLISECOND * (0.5 if bucket == 0 else 2.0 ** ((bucket - 0.5) / _PER_DOUBLING))


def quantile(counts: Mapping[int, int], share: float) -> timedelta | None:
    """The duration that `share` (0 to 1) of what was measured did not exceed; None when nothing was."""
    measured = sorted((bucket, count) for bucket, count in counts.items() if bucket != NONE)
    wanted = share * sum(count for _, count in measured)
    reached = 0
    for bucket, count in measured:
        reached += count
        if reached >= wanted:
            return middle_of(bucket)
    return None
