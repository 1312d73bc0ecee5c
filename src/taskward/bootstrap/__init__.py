"""The composition root: settings become a store, an engine and applications. Only here are adapters named.

`taskward.bootstrap.server` and `taskward.bootstrap.worker` are imported by those who need them: a worker has no use for
a web framework, and its memory shows it.
"""

from taskward.bootstrap.house import House, open_house

__all__ = ["House", "open_house"]
