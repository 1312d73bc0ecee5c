"""Pictures of what the server answers, for people."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from taskward.cli.words import LOOKS, ago, interval, number, rough, share, span
from taskward.model.states import ACTIVE, FINAL, State
from taskward.model.task import Progress, Report
from taskward.wire import (
    CredentialView,
    Issued,
    LogView,
    ModuleView,
    OperationView,
    PoolView,
    QueueView,
    ScheduleView,
    SettingView,
    StatsView,
    TaskView,
    WhoView,
    WhyView,
    WorkerView,
)

_SEVERITIES = {"debug": "bright_black", "info": "", "warning": "yellow", "error": "red", "fatal": "bold red"}


def grid(*columns: str) -> Table:
    """A table without lines: what a program such as `awk` can read too."""
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column not in _WRAPPED, overflow="fold")
    return table


_ROOM_FOR_IDS = 120
_WRAPPED = frozenset({"DESCRIPTION", "ARGUMENTS", "OPERATIONS", "DETAIL"})


def state(value: State) -> Text:
    """A state with its sign."""
    look = LOOKS[value]
    return Text(f"{look.sign} {value}", style=look.style)


def length(task: TaskView, now: datetime) -> str:
    """How long a task has run, if it runs or has ended: nobody knows when one that waits again stopped."""
    if task.started_at is None or task.state not in ACTIVE | FINAL:
        return "-"
    return span((task.finished_at or now) - task.started_at)


def progress(value: Progress) -> str:
    """A progress in a few words."""
    if value.total:
        return f"{min(value.done / value.total, 1):.0%}"
    return share(value.done, None, value.unit) if value.done else ""


class _Tasks:
    """A list of tasks; with their ids where there is room for them, as numbers name them too."""

    def __init__(self, items: Sequence[TaskView]) -> None:
        self._items = items

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        now = datetime.now(UTC)
        has_ids = not options.is_terminal or options.max_width >= _ROOM_FOR_IDS
        table = grid("NUMBER", "STATE", "NAME", "PROGRESS", "TIME", "CREATED", *(["ID"] if has_ids else []), "LABELS")
        for item in self._items:
            done = item.error.type if item.error else progress(item.progress) if item.state not in FINAL else ""
            table.add_row(
                str(item.number),
                state(item.state),
                item.name if item.name == item.operation else f"{item.name} ({item.operation})",
                done,
                length(item, now),
                ago(item.created_at, now),
                *([str(item.id)] if has_ids else []),
                labels(item.labels),
            )
        yield table


def tasks(items: Sequence[TaskView]) -> RenderableType:
    """A list of tasks."""
    return _Tasks(items) if items else Text("no tasks", style="bright_black")


def labels(values: dict[str, str]) -> str:
    """Labels on one line."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def task(view: TaskView) -> RenderableType:
    """Everything a person wants to know of one task."""
    now = datetime.now(UTC)
    title = Text.assemble((view.name, "bold"), f"  #{view.number}  ", state(view.state))
    rows = {
        "id": str(view.id),
        "operation": view.operation if view.operation != view.name else "",
        "kind": view.kind if view.kind != "task" else "",
        "type": view.type,
        "scope": view.scope,
        "labels": labels(view.labels),
        "client": view.client,
        "created": _instant(view.created_at, now) + (f" by {view.created_by}" if view.created_by else ""),
        "not before": _instant(view.run_at, now) if view.state not in FINAL and view.started_at is None else "",
        "gate": view.gate or "",
        "started": _instant(view.started_at, now),
        "finished": _instant(view.finished_at, now),
        "ran": length(view, now) if view.started_at else "",
        "expires": _instant(view.expires_at, now) if not view.persist else "never",
        "worker": view.worker or "",
        "attempt": str(view.attempt) if view.attempt > 1 else "",
        "queue": f"{view.queue}, priority {view.priority}",
        "pool": view.pool,
        "resources": ", ".join(f"{r.name}{'' if r.exclusive else ' (shared)'}" for r in view.resources),
        "parent": str(view.parent_id or ""),
        "root": str(view.root_id) if view.root_id != view.id else "",
        "reruns": str(view.rerun_of or ""),
        "rerun as": str(view.superseded_by or ""),
        "progress": _progress_line(view.progress),
        "folded": f"{view.folded_count} finished parts" if view.folded_count else "",
        "arguments": roomy(view.args),
        "result": "" if view.result is None else roomy(view.result),
    }
    parts: list[RenderableType] = [title, facts(rows)]
    if view.error is not None:
        parts += [Text(f"{view.error.type}: {view.error.message}", style="red")]
        parts += [Text(view.error.traceback.rstrip(), style="bright_black")] if view.error.traceback else []
    return Group(*parts)


def submitted(view: TaskView) -> RenderableType:
    """A task that was just accepted."""
    return Text.assemble(state(view.state), f" {view.name} #{view.number} ", (str(view.id), "bold"))


def outcome_of(view: TaskView) -> RenderableType:
    """How a task ended."""
    return outcome([view])


def outcome(items: Sequence[TaskView]) -> RenderableType:
    """How tasks ended that were waited for."""
    if not items:
        return Text("nothing to wait for")
    if len(items) > 1:
        return tasks([item for item in items if item.state is not State.COMPLETED] or items[-10:])
    view = items[0]
    text = Text.assemble(state(view.state), f" {view.name} #{view.number} in {length(view, datetime.now(UTC))}")
    if view.error is not None:
        text.append(f"\n{view.error.type}: {view.error.message}", style="red")
    if view.result is not None:
        text.append(f"\n{roomy(view.result)}")
    return text


def facts(rows: dict[str, str]) -> Table:
    """Names and values, without those that are empty."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bright_black", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    return table


def roomy(value: Any) -> str:
    """A JSON value over several lines where one would be long, cut where it gets very long."""
    encoded = msgspec.json.encode(value)
    lines = (encoded if len(encoded) <= 80 else msgspec.json.format(encoded, indent=2)).decode().splitlines()
    return "\n".join([*lines[:60], *([f"... ({len(lines) - 60:,} more lines)"] if len(lines) > 60 else [])])


def compact(raw: Any) -> str:
    """A JSON value on one line, cut where it gets long."""
    text = msgspec.json.encode(raw).decode()
    return text if len(text) <= 2000 else f"{text[:2000]}... ({len(text):,} characters)"


def _instant(value: datetime | None, now: datetime) -> str:
    return "" if value is None else f"{value.astimezone():%Y-%m-%d %H:%M:%S} ({ago(value, now)})"


def _progress_line(value: Progress) -> str:
    if not (value.done or value.total or value.message):
        return ""
    amounts = share(value.done, value.total, value.unit) if value.done or value.total else ""
    percent = f"{min(value.done / value.total, 1):.0%}" if value.total else ""
    return "  ".join(part for part in (percent, amounts, value.message) if part)


def why(view: WhyView) -> RenderableType:
    """What a task waits for."""
    if not view.waiting:
        return Text(f"{view.state}: it does not wait")
    table = grid("GATE", "DETAIL")
    for obstacle in view.obstacles:
        table.add_row(obstacle.gate, obstacle.detail)
    return Group(Text.assemble(state(view.state), ", because of"), table)


def log(line: LogView) -> Text:
    """One log line."""
    style = _SEVERITIES.get(line.severity, "")
    text = Text.assemble(
        (f"{line.at.astimezone():%H:%M:%S.%f}"[:-3], "bright_black"),
        " ",
        (f"{line.severity:<7}", style),
        f" {line.message}",
    )
    if line.fields:
        text.append(f"  {' '.join(f'{k}={_plain(v)}' for k, v in line.fields.items())}", style="bright_black")
    return text


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def reports(items: Sequence[Report]) -> RenderableType:
    """Named progress reports."""
    table = grid("REPORT", "STATE", "PROGRESS", "MESSAGE")
    for item in items:
        table.add_row(item.code, state(item.state), share(item.done, item.total, item.unit), item.message)
    return table


def modules(items: Sequence[ModuleView]) -> RenderableType:
    """Modules and how long they keep what has finished."""
    table = grid("MODULE", "KEEPS", "OPERATIONS", "DESCRIPTION")
    for item in items:
        kept = "as the setting says" if item.ttl_seconds is None else rough(timedelta(seconds=item.ttl_seconds))
        table.add_row(item.name, f"{kept}, folds" if item.fold else kept, " ".join(item.operations), item.description)
    return table


def operations(items: Sequence[OperationView]) -> RenderableType:
    """Operations and who can run them."""
    table = grid("OPERATION", "WORKERS", "ARGUMENTS", "DESCRIPTION")
    for item in items:
        table.add_row(item.name, str(item.workers), " ".join(_arguments(item)), item.description.partition("\n")[0])
    return table


def _arguments(item: OperationView) -> Iterable[str]:
    required = item.schema.get("required", [])
    for name in item.schema.get("properties", {}):
        yield name if name in required else f"[{name}]"


def operation(item: OperationView) -> RenderableType:
    """One operation with its arguments."""
    rows = {name: _plain(value) for name, value in item.spec.items() if value not in (None, "", [], {}, False)}
    rows["workers"] = str(item.workers)
    return Group(Text(item.name, style="bold"), Text(item.description), facts(rows), arguments(item.schema))


def arguments(schema: dict[str, Any]) -> RenderableType:
    """The members of a JSON Schema, one a line."""
    table = grid("ARGUMENT", "TYPE", "DEFAULT", "DESCRIPTION")
    required = schema.get("required", [])
    for name, member in schema.get("properties", {}).items():
        default = "required" if name in required else compact(member.get("default"))
        table.add_row(name, _type(member), default, member.get("description", ""))
    return table


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "|".join(_plain(value) for value in schema["enum"])
    if "anyOf" in schema:
        return "|".join(_type(part) for part in schema["anyOf"])
    return str(schema.get("type", schema.get("$ref", "any")))


def workers(items: Sequence[WorkerView]) -> RenderableType:
    """Workers and what they do."""
    now = datetime.now(UTC)
    table = grid("WORKER", "STATE", "RUNNING", "QUEUES", "HOST", "PID", "STARTED", "HEARTBEAT")
    for item in items:
        color = {"online": "green", "draining": "yellow"}.get(item.state, "red")
        table.add_row(
            item.name,
            Text(item.state, style=color),
            f"{item.running} of {item.concurrency}",
            " ".join(item.queues),
            item.host,
            str(item.pid),
            ago(item.started_at, now),
            ago(item.heartbeat_at, now),
        )
    return table if items else Text("no workers", style="bright_black")


def queues(items: Sequence[QueueView]) -> RenderableType:
    """Queues."""
    table = grid("QUEUE", "STATE", "QUEUED", "RUNNING", "WORKERS")
    for item in items:
        mark = Text("paused", style="magenta") if item.paused else Text("open", style="green")
        table.add_row(item.name, mark, number(item.queued), number(item.running), str(item.workers))
    return table if items else Text("no queues", style="bright_black")


def pools(items: Sequence[PoolView]) -> RenderableType:
    """Pools and how full they are."""
    table = grid("POOL", "RUNNING", "LIMIT", "RESERVED", "FOR PRIORITY")
    for item in items:
        urgent = f"{item.threshold} and more urgent" if item.reserved else "-"
        table.add_row(item.name, str(item.running), str(item.limit), str(item.reserved), urgent)
    return table if items else Text("no pools", style="bright_black")


def schedules(items: Sequence[ScheduleView]) -> RenderableType:
    """Schedules."""
    now = datetime.now(UTC)
    table = grid("SCHEDULE", "STATE", "WHEN", "OPERATION", "ARGUMENTS", "NEXT", "LAST")
    for item in items:
        every = "" if item.every_seconds is None else f"every {interval(item.every_seconds)}"
        table.add_row(
            item.name,
            Text("active", style="green") if item.active else Text("off", style="bright_black"),
            every or f"{item.cron} {item.timezone}",
            item.operation,
            compact(item.args),
            ago(item.next_at, now) if item.active else "-",
            ago(item.last_at, now),
        )
    return table if items else Text("no schedules", style="bright_black")


def settings(items: Sequence[SettingView]) -> RenderableType:
    """Run-time settings."""
    table = grid("SETTING", "VALUE", "DEFAULT", "SOURCE", "DESCRIPTION")
    for item in items:
        table.add_row(item.name, item.value, item.default, item.source, item.description)
    return table


def credentials(items: Sequence[CredentialView]) -> RenderableType:
    """Tokens, api-keys or users."""
    now = datetime.now(UTC)
    table = grid("NAME", "ID", "SCOPES", "CREATED", "USED", "EXPIRES", "DESCRIPTION")
    for item in items:
        table.add_row(
            item.name,
            str(item.id),
            " ".join(item.scopes),
            ago(item.created_at, now),
            ago(item.used_at, now),
            ago(item.expires_at, now),
            item.description,
        )
    return table if items else Text("none", style="bright_black")


def issued(view: Issued) -> RenderableType:
    """A new credential with its secret."""
    return Group(Text(view.secret, style="bold"), Text("Keep it: it is not shown again.", style="bright_black"))


def stats(view: StatsView) -> RenderableType:
    """How many tasks are in which state."""
    table = grid("STATE", "TASKS")
    for name, count in view.states.items():
        table.add_row(state(State(name)), f"{count:,}")
    return table


def who(view: WhoView) -> RenderableType:
    """The caller."""
    return facts({"name": view.name, "kind": view.kind, "client": view.client, "scopes": " ".join(view.scopes)})
