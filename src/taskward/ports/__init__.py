"""The seams of Taskward: protocols whose docstrings are the specification.

Everything above talks to these; `taskward.store` implements them twice, on SQLite and on PostgreSQL, and one
conformance suite holds both to what is written here. Instants are aware UTC datetimes, durations timedeltas.
"""

from taskward.ports.audit import Audit, AuditPage, AuditQuery, Deed
from taskward.ports.board import Board
from taskward.ports.callbacks import Callbacks, Delivery, Message, News, Telling
from taskward.ports.change import Change
from taskward.ports.clock import Clock
from taskward.ports.exchange import Claim, Exchange, Finish
from taskward.ports.figures import FailureGroup, Figures, Pace, PoolLine, WaitingCounts
from taskward.ports.journal import Journal
from taskward.ports.notes import CreationNote, LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened
from taskward.ports.notifier import Notifier, Subscription, Topic
from taskward.ports.obstacle import Obstacle
from taskward.ports.query import Range, TaskPage, TaskQuery
from taskward.ports.registry import Credential, Registry
from taskward.ports.roster import Brood, Paths, Relative, Roster, RosterPage
from taskward.ports.schedules import Schedule, Schedules
from taskward.ports.search import Particulars, Search
from taskward.ports.store import Store
from taskward.ports.submission import Asked, IdempotencyKey, Submission, Submitted
from taskward.ports.tally import Role, Tally
from taskward.ports.tasks import Tasks
from taskward.ports.tree import Tree, TreeNode
from taskward.ports.workers import OperationInfo, Pulse, Queue, WorkerInfo, Workers
from taskward.ports.workflows import (
    JOB,
    Definition,
    Definitions,
    JobArguments,
    Shelved,
    WorkflowShelf,
    step_report,
)

__all__ = [
    "JOB",
    "Asked",
    "Audit",
    "AuditPage",
    "AuditQuery",
    "Board",
    "Brood",
    "Callbacks",
    "Change",
    "Claim",
    "Clock",
    "CreationNote",
    "Credential",
    "Deed",
    "Definition",
    "Definitions",
    "Delivery",
    "Exchange",
    "FailureGroup",
    "Figures",
    "Finish",
    "IdempotencyKey",
    "JobArguments",
    "Journal",
    "LogNote",
    "Message",
    "News",
    "Note",
    "Notifier",
    "Obstacle",
    "OperationInfo",
    "Pace",
    "Particulars",
    "Paths",
    "PoolLine",
    "ProgressNote",
    "Pulse",
    "Queue",
    "Range",
    "Registry",
    "Relative",
    "ReportNote",
    "Role",
    "Roster",
    "RosterPage",
    "Schedule",
    "Schedules",
    "Search",
    "Shelved",
    "StepClosed",
    "StepOpened",
    "Store",
    "Submission",
    "Submitted",
    "Subscription",
    "Tally",
    "TaskPage",
    "TaskQuery",
    "Tasks",
    "Telling",
    "Topic",
    "Tree",
    "TreeNode",
    "WaitingCounts",
    "WorkerInfo",
    "Workers",
    "WorkflowShelf",
    "step_report",
]
