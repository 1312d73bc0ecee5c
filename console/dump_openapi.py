"""Writes what the console's types are made of: the description of `/v1` as this tree has it. Argument: the file."""

import json
import sys
from pathlib import Path

from taskward.http.native import ENDPOINTS
from taskward.http.openapi import document


def main() -> None:
    """Leaves the file alone, and so what was built from it, when nothing has changed."""
    target = Path(sys.argv[1])
    described = json.dumps(document(ENDPOINTS, ""), indent=1) + "\n"
    if not target.exists() or target.read_text() != described:
        target.write_text(described)


if __name__ == "__main__":
    main()
