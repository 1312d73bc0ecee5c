"""Pulp's words for our states, and its two kinds of names for things: hrefs and PRNs."""

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from taskward.model.states import State

WORDS: dict[State, str] = {
    State.SCHEDULED: "waiting",
    State.BLOCKED: "waiting",
    State.QUEUED: "waiting",
    State.PAUSED: "waiting",
    State.RUNNING: "running",
    State.CANCELING: "canceling",
    State.COMPLETED: "completed",
    State.FAILED: "failed",
    State.CANCELED: "canceled",
    State.SKIPPED: "skipped",
}
"""What Pulp calls each state."""

STATES = ("waiting", "skipped", "running", "completed", "failed", "canceled", "canceling")
"""Every word, in Pulp's own order."""
FINAL_WORDS = ("skipped", "completed", "failed", "canceled")


def states_of(word: str) -> tuple[State, ...]:
    """The states that a word stands for; none for a word that is not one."""
    return tuple(state for state in State if WORDS[state] == word)


RANKS = tuple(tuple(state.value for state in states_of(word)) for word in sorted(STATES))
"""Our states in the alphabetical order of Pulp's words, those with one word together."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing with an address: its collection, and its model as PRNs and messages name it."""

    collection: str
    model: str
    noun: str


TASK = Kind("tasks", "core.task", "Task")
GROUP = Kind("task-groups", "core.taskgroup", "TaskGroup")
WORKER = Kind("workers", "core.appstatus", "AppStatus")
SCHEDULE = Kind("task-schedules", "core.taskschedule", "TaskSchedule")
KINDS = (TASK, GROUP, WORKER, SCHEDULE)

API = "api/v3/"
ROOTS = ("/pulp/", "/api/automation-hub/pulp/", "/api/galaxy/pulp/")
"""Where Pulp's API is found: under its own root, and under those of the hubs that are built on it."""


@dataclass(frozen=True)
class Base:
    """Where one of the trees is: the path before its collections, with whatever a proxy puts before it."""

    path: str

    def href(self, kind: Kind, identity: UUID) -> str:
        """The address of a thing, without a host."""
        return f"{self.path}{kind.collection}/{identity}/"


def base_of(prefix: str, root: str) -> Base:
    """The tree under a root; `prefix` is the path of the public URL."""
    return Base(f"{prefix}{root}{API}")


def prn(kind: Kind, identity: UUID) -> str:
    """Pulp's resource name."""
    return f"prn:{kind.model}:{identity}"


def located(uri: str) -> tuple[Kind, str] | None:
    """The kind and id that an href names, whichever root it has; None when it is not one of ours."""
    path = urlsplit(uri).path
    for root in ROOTS:
        head, found, rest = path.partition(f"{root}{API}")
        if found and not head.strip("/").count("//"):
            collection, _, identity = rest.removesuffix("/").partition("/")
            for kind in KINDS:
                if kind.collection == collection and identity and "/" not in identity:
                    return kind, identity
    return None
