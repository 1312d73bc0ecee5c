"""The JSON of the native API `/v1`, shared by the server and the Python client.

Instants are RFC 3339 in UTC, durations are seconds in members named `..._seconds`, ids are UUID texts. A list is
`{"items": [...], "next": cursor or null}`. Errors are `Problem` (RFC 9457).
"""

from taskward.wire.attempt import AttemptView
from taskward.wire.audit import DeedView
from taskward.wire.bulk import BulkDone, BulkPreview, BulkRefusal
from taskward.wire.cancellation import CancelBody, CancelPreview
from taskward.wire.credential import ClientBody, CredentialView, Issued, TokenBody, TokenPatch, UserBody
from taskward.wire.external import ExternalEnd, ExternalLog, ExternalLogs, ExternalProgress
from taskward.wire.figures import FailureView, Latency, SeriesPoint, SeriesView, WaitingView
from taskward.wire.instant import Instant
from taskward.wire.journal import EventView, LogView
from taskward.wire.operation import ModuleView, OperationView
from taskward.wire.page import Page
from taskward.wire.pool import PoolBody, PoolView
from taskward.wire.problem import Problem, ProblemItem
from taskward.wire.queue import QueuePatch, QueueView
from taskward.wire.removal import PurgeBody, Removed
from taskward.wire.schedule import RecurrenceBody, RecurrenceView, ScheduleBody, SchedulePatch, ScheduleView
from taskward.wire.session import LoginBody, WhoView
from taskward.wire.setting import SettingBody, SettingView
from taskward.wire.stats import StatsView
from taskward.wire.submission import Replayed, Submit, SubmitMany
from taskward.wire.task import Links, Patch, TaskView
from taskward.wire.tree import TreeNodeView, TreeView
from taskward.wire.waiting import WaitBody, Waited
from taskward.wire.why import ObstacleView, WhyView
from taskward.wire.worker import WorkerView
from taskward.wire.workflow import JobView, StepNode, WorkflowDetail, WorkflowRun, WorkflowView

__all__ = [
    "AttemptView",
    "BulkDone",
    "BulkPreview",
    "BulkRefusal",
    "CancelBody",
    "CancelPreview",
    "ClientBody",
    "CredentialView",
    "DeedView",
    "EventView",
    "ExternalEnd",
    "ExternalLog",
    "ExternalLogs",
    "ExternalProgress",
    "FailureView",
    "Instant",
    "Issued",
    "JobView",
    "Latency",
    "Links",
    "LogView",
    "LoginBody",
    "ModuleView",
    "ObstacleView",
    "OperationView",
    "Page",
    "Patch",
    "PoolBody",
    "PoolView",
    "Problem",
    "ProblemItem",
    "PurgeBody",
    "QueuePatch",
    "QueueView",
    "RecurrenceBody",
    "RecurrenceView",
    "Removed",
    "Replayed",
    "ScheduleBody",
    "SchedulePatch",
    "ScheduleView",
    "SeriesPoint",
    "SeriesView",
    "SettingBody",
    "SettingView",
    "StatsView",
    "StepNode",
    "Submit",
    "SubmitMany",
    "TaskView",
    "TokenBody",
    "TokenPatch",
    "TreeNodeView",
    "TreeView",
    "UserBody",
    "WaitBody",
    "Waited",
    "WaitingView",
    "WhoView",
    "WhyView",
    "WorkerView",
    "WorkflowDetail",
    "WorkflowRun",
    "WorkflowView",
]
