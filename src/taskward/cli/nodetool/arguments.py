"""The command line of nodetool, which is its own: its words, its errors and its exit codes."""

import argparse
from collections.abc import Sequence
from typing import NoReturn

WRONG_ARGUMENTS = 1
UNKNOWN_COMMAND = 100


class Wrong(Exception):
    """The command line makes no sense; `code` is how the process ends."""

    def __init__(self, message: str, code: int = WRONG_ARGUMENTS) -> None:
        super().__init__(message)
        self.code = code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Wrong(f"error processing arguments: {message}")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """What is wanted; `command` is the subcommand's name. Raises Wrong; SystemExit where help was asked for."""
    before, after = _split(words)
    if not after:
        if "--help" not in before and "help" not in before:
            raise Wrong("error processing arguments: a command is missing: nodetool tasks list, say", UNKNOWN_COMMAND)
        after = ["--help"]
    if after[0] not in COMMANDS and after[0] != "--help":
        known = ", ".join(COMMANDS)
        raise Wrong(f"error: unrecognized tasks subcommand {after[0]!r}; there are {known}", UNKNOWN_COMMAND)
    given, others = _build().parse_known_args([*after, *before])
    for word in others:
        if word.startswith("-"):
            raise Wrong(f"error processing arguments: unrecognised option '{word}'")
    _place(given, others)
    return given


def _place(given: argparse.Namespace, words: Sequence[str]) -> None:
    """Gives the words that are no options their meaning."""
    name = _WORDS.get(given.command)
    if name is None:
        if words:
            raise Wrong(f"error processing arguments: too many arguments: {' '.join(words)}")
        return
    if len(words) > 1:
        raise Wrong(f"error processing arguments: option '--{name}' cannot be specified more than once")
    if not words and given.command != "tree":
        raise Wrong(f"error processing arguments: required parameter is missing: {name}")
    setattr(given, name, words[0] if words else None)


def _split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words before and behind `tasks`. Raises Wrong for another command."""
    before: list[str] = []
    takes_value = False
    for index, word in enumerate(words):
        if takes_value or word.startswith("-"):
            takes_value = not takes_value and word in _WITH_VALUE
            before.append(word)
        elif word == "tasks":
            return before, list(words[index + 1 :])
        elif word == "help":
            before.append(word)
        else:
            raise Wrong(f"error: unrecognized operation {word!r}; the one there is here is `tasks`", UNKNOWN_COMMAND)
    return before, []


_WITH_VALUE = {"-h", "--host", "-p", "--port", "-u", "--username", "-pw", "--password", "--token"}

_WORDS = {"list": "module", "status": "id", "tree": "id", "wait": "id", "abort": "id"}
"""What a word means that is no option."""

COMMANDS = {
    "modules": "List the modules.",
    "list": "List the tasks of a module.",
    "status": "Show a task.",
    "tree": "Show a task and all below it; of all modules when no task is named.",
    "wait": "Wait for a task to end, and show it.",
    "abort": "Ask a task to stop.",
    "ttl": "Show or set how long finished tasks are shown.",
    "user-ttl": "Show or set how long finished tasks are shown that a user started.",
    "drain": "Unregister finished tasks.",
}


def _build() -> argparse.ArgumentParser:
    """The parser of what stands behind `nodetool tasks`."""
    everywhere = _Parser(add_help=False)
    node = everywhere.add_argument_group("node")
    node.add_argument("-h", "--host", help="the node; by default the Taskward server of this machine, else 127.0.0.1")
    node.add_argument("-p", "--port", type=_port, help="its API port; by default the server's, else 10000")
    node.add_argument("-u", "--username", help="a user of a Taskward server")
    node.add_argument("-pw", "--password", help="the user's password")
    node.add_argument("--token", help="a token of a Taskward server; ScyllaDB knows none")
    node.add_argument(
        "--strict",
        action="store_true",
        help="end with 123 when the task failed, 124 when the time is over, 4 when it cannot be aborted",
    )
    everywhere.add_argument("--help", action="help", help="show this and exit")
    parser = _Parser(
        prog="taskward nodetool tasks",
        description="ScyllaDB's nodetool for tasks: for Taskward servers and for ScyllaDB nodes.",
        add_help=False,
        allow_abbrev=False,
        parents=[everywhere],
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    def command(name: str) -> argparse.ArgumentParser:
        word = _WORDS.get(name, "").upper()
        return commands.add_parser(
            name,
            usage=" ".join(filter(None, ("taskward nodetool tasks", name, f"[{word}]" if name == "tree" else word)))
            + " [OPTIONS]",
            help=COMMANDS[name],
            description=COMMANDS[name],
            add_help=False,
            allow_abbrev=False,
            parents=[everywhere],
        )

    command("modules")
    listing = command("list")
    listing.add_argument("--internal", action="store_true", help="internal tasks too")
    listing.add_argument("-ks", "--keyspace", help="only tasks of this keyspace")
    listing.add_argument("-t", "--table", help="only tasks of this table")
    listing.add_argument("--interval", type=_count, default=10, help="seconds between repetitions")
    listing.add_argument("-i", "--iterations", type=_count, default=0, help="how often to repeat it")
    command("status")
    tree = command("tree")
    tree.add_argument("--pretty", action="store_true", help="draw the tree, with percentages")
    wait = command("wait")
    wait.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing; end with 0, 123 failed, 124 timed out, 125 error"
    )
    wait.add_argument("--timeout", type=_count, help="seconds")
    command("abort")
    for name in ("ttl", "user-ttl"):
        command(name).add_argument("--set", type=_count, metavar="SECONDS", help="the new value")
    command("drain").add_argument("--module", help="only this module")
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"the argument ('{text}') is invalid: a whole number is expected")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"the argument ('{text}') is invalid: a port is a number from 1 to 65535")
    return int(text)
