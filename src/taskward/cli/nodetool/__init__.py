"""`taskward nodetool`: ScyllaDB's `nodetool tasks`, for Taskward servers and for ScyllaDB nodes."""

import sys
from collections.abc import Sequence

import typer

_UNEXPECTED = 2


def nodetool(context: typer.Context) -> None:
    """ScyllaDB's `nodetool tasks`, for this server or a ScyllaDB node (-h HOST -p PORT)."""
    raise typer.Exit(run(context.args))


def run(words: Sequence[str]) -> int:
    """Runs a command line; its exit code. Answers go to stdout, errors to stderr."""
    from taskward.cli.nodetool.arguments import Wrong, parse
    from taskward.cli.nodetool.commands import COMMANDS, REQUEST_ERROR, REST_ERROR
    from taskward.cli.nodetool.node import Failed, Unreachable, node_of

    try:
        given = parse(words)
    except Wrong as error:
        sys.stderr.write(f"{error}\n")
        return error.code
    except SystemExit:
        # Help was asked for, and printed.
        return 0
    is_quiet = getattr(given, "quiet", False)
    node = node_of(given.host, given.port, given.token, given.username, given.password)
    try:
        return COMMANDS[given.command](node, given)
    except Failed as error:
        code = REQUEST_ERROR if is_quiet else REST_ERROR
        reason = str(error)
        if error.code == 404:
            reason += "\n(nodes before ScyllaDB 2025, and Taskward with scylla.edition 2024, do not have every call)"
    except Unreachable as error:
        code = REQUEST_ERROR if is_quiet else _UNEXPECTED
        reason = str(error)
    if not is_quiet:
        sys.stderr.write(f"{reason}\n")
    return code
