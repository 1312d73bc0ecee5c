"""What a worker and the process of a body tell each other: MessagePack, each message after its length."""

import struct
from datetime import timedelta
from typing import Any, Self, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from taskward.engine.outcome import PausedAtBoundary, Raised, Returned, Stopped
from taskward.model import errors
from taskward.model.task import Task
from taskward.operations.run import SpawnRequest
from taskward.ports import CreationNote, LogNote, Note, ProgressNote, ReportNote, StepClosed, StepOpened

_decode_task = msgspec.json.Decoder(Task).decode

HEADER = struct.Struct("!I")


class Begin(Struct, frozen=True, tag=True):
    """Run this. `function` is looked up in `module`, or in the file `main` when that is not importable."""

    module: str
    function: str
    main: str | None
    is_async: bool
    task: "SentTask"
    sys_path: list[str]
    flush_interval: timedelta


class AskToStop(Struct, frozen=True, tag=True):
    """End soon; a signal follows."""


class AskToPause(Struct, frozen=True, tag=True):
    """End at the next checkpoint."""


class SentTask(Struct, frozen=True):
    """A task on its way into the body. Its result travels beside it: an optional raw member cannot be read."""

    task: bytes
    result: bytes | None

    @classmethod
    def of(cls, task: Task) -> Self:
        """The task as a message."""
        result = None if task.result is None else bytes(task.result)
        return cls(msgspec.json.encode(msgspec.structs.replace(task, result=None)), result)

    def open(self) -> Task:
        """The task of the message."""
        result = None if self.result is None else msgspec.Raw(self.result)
        return msgspec.structs.replace(_decode_task(self.task), result=result)


class SentError(Struct, frozen=True):
    """An error on its way into the body: one of ours by its class's name, with its members, or TimeoutError."""

    kind: str
    message: str
    members: dict[str, Any]


class Answer(Struct, frozen=True, tag=True):
    """To a Spawn or an Await: tasks, or the error that it raises."""

    to: int
    tasks: "list[SentTask]" = []
    error: "SentError | None" = None


class Notes(Struct, frozen=True, tag=True):
    """Notes, by kind."""

    opened: list[StepOpened]
    progress: list[ProgressNote]
    reports: list[ReportNote]
    creations: list[CreationNote]
    lines: list[LogNote]
    closed: list[StepClosed]


class Spawn(Struct, frozen=True, tag=True):
    """The body wants a child."""

    number: int
    request: SpawnRequest


class Await(Struct, frozen=True, tag=True):
    """The body waits for children, given by id."""

    number: int
    children: list[UUID]
    timeout: timedelta | None


class Done(Struct, frozen=True, tag=True):
    """The body has ended."""

    outcome: Returned | Raised | Stopped | PausedAtBoundary


ToBody: TypeAlias = Begin | AskToStop | AskToPause | Answer
ToWorker: TypeAlias = Notes | Spawn | Await | Done

encode = msgspec.msgpack.Encoder().encode
decode_to_body = msgspec.msgpack.Decoder(ToBody).decode
decode_to_worker = msgspec.msgpack.Decoder(ToWorker).decode


def framed(message: ToBody | ToWorker) -> bytes:
    """The message as it goes over the wire. Raises TypeError on what MessagePack cannot hold."""
    body = encode(message)
    return HEADER.pack(len(body)) + body


def sorted_notes(notes: list[Note]) -> Notes:
    """Notes as a message; each kind keeps its order, which is all the store needs."""
    return Notes(
        opened=[note for note in notes if isinstance(note, StepOpened)],
        progress=[note for note in notes if isinstance(note, ProgressNote)],
        reports=[note for note in notes if isinstance(note, ReportNote)],
        creations=[note for note in notes if isinstance(note, CreationNote)],
        lines=[note for note in notes if isinstance(note, LogNote)],
        closed=[note for note in notes if isinstance(note, StepClosed)],
    )


def flat_notes(message: Notes) -> list[Note]:
    """The notes of a message, in the order in which the store is to apply them."""
    return [*message.opened, *message.progress, *message.reports, *message.creations, *message.lines, *message.closed]


def sent(error: Exception) -> SentError:
    """The error as a message."""
    members = {name: str(value) for name, value in vars(error).items() if not name.startswith("_")}
    return SentError(type(error).__name__, str(error), members)


def received(message: SentError) -> Exception:
    """The error that a message tells of: of the same class, so that a body catches what it means to."""
    if message.kind == "TimeoutError":
        return TimeoutError(message.message)
    kind = getattr(errors, message.kind, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.TaskwardError)):
        return errors.TaskwardError(f"{message.kind}: {message.message}")
    error = kind.__new__(kind, message.message)
    vars(error).update(message.members)
    return error
