"""What `taskward worker` goes on as: a worker that has nothing of the command line in its memory."""

import sys
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from taskward.bootstrap.worker import run_worker
from taskward.model.errors import TaskwardError
from taskward.settings import load


class Given(Struct, frozen=True):
    """The only argument, as JSON: what the command line said."""

    flags: dict[str, Any]
    config: Path | None
    apps: tuple[str, ...]


def main() -> int:
    """Runs a worker; what keeps it from starting is a sentence on stderr, as everywhere on the command line."""
    given = msgspec.json.decode(sys.argv[1], type=Given, dec_hook=lambda kind, value: kind(value))
    try:
        run_worker(load(given.flags, config_path=given.config).settings, given.apps)
    except TaskwardError as error:
        sys.stderr.write(f"taskward: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
