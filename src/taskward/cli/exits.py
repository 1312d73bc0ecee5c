"""How the command line ends."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The status a command ends with."""

    DONE = 0
    """It did what was asked; of a wait: every task completed."""
    USAGE = 1
    """The command line is wrong, or something it names on this machine is."""
    REFUSED = 4
    """The server refused the request."""
    NOT_COMPLETED = 123
    """A task that was waited for failed, was canceled or was skipped."""
    TIMED_OUT = 124
    """The time was over before the tasks had ended."""
    NO_ANSWER = 125
    """The server could not be reached, or its answer made no sense."""
    INTERRUPTED = 130
    """Ctrl-C."""


EPILOG = (
    "Exit codes: 0 done, every task waited for completed · 1 wrong usage · 4 the server refused · "
    "123 a task waited for failed, was canceled or skipped · 124 timed out · 125 no answer from the server"
)
