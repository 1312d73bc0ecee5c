import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from taskward import Context, Module, Registry, Retention, Retry, SyncContext, exclusive, shared
from taskward.model.errors import Conflict, Invalid, NotFound
from taskward.model.policy import Resource
from taskward.operations import Operation, Wishes
from tests.tasks import make_task

files = Module("files", description="About files", retention=Retention(ttl=timedelta(days=30), fold=True))


@files.operation(
    "checksum",
    scope="folder",
    resources=[exclusive("folder:{path}"), shared("disk")],
    retry=Retry(limit=3),
    retry_on=[OSError, msgspec.DecodeError],
    timeout=timedelta(hours=1),
)
async def checksum(ctx: Context, path: str, password: str | None = None) -> dict[str, str]:
    """Sums a folder.

    In detail.
    """
    return {"path": path}


@files.operation()
def wipe(ctx: SyncContext) -> None: ...


def new_task(**wishes: object) -> "msgspec.Struct":
    return Operation.of(checksum).new_task(uuid.uuid4(), {"path": "/data"}, Wishes(**wishes))  # type: ignore[arg-type]


def test_the_function_stays_what_it_was() -> None:
    assert checksum.__name__ == "checksum"
    assert Operation.of(checksum).function is checksum


def test_the_specification_of_an_operation() -> None:
    spec = Operation.of(checksum).spec
    assert (spec.name, spec.module, spec.type, spec.scope) == ("files.checksum", "files", "checksum", "folder")
    assert spec.description == "Sums a folder."
    assert spec.isolation == "async"
    assert spec.folds
    assert spec.rules.ttl == timedelta(days=30)
    assert spec.rules.timeout == timedelta(hours=1)
    assert spec.rules.retry.on == ("OSError", "msgspec.DecodeError")
    assert Operation.of(wipe).spec.isolation == "thread"


def test_describe_is_plain_data() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    info = Operation.of(checksum).describe(now)
    assert info.name == "files.checksum"
    assert info.seen_at == now
    assert msgspec.json.decode(msgspec.json.encode(info))["spec"]["rules"]["retry"]["limit"] == 3


def test_resources_are_named_after_arguments() -> None:
    assert Operation.of(checksum).plan({"path": "/data"}) == (
        Resource(name="folder:/data", exclusive=True),
        Resource(name="disk", exclusive=False),
    )


def test_a_resource_wanted_twice_is_locked_once_and_exclusively() -> None:
    task = Operation.of(checksum).new_task(
        uuid.uuid4(), {"path": "x"}, Wishes(resources=(Resource(name="disk"), Resource(name="net", exclusive=False)))
    )
    assert task.resources == (
        Resource(name="folder:x"),
        Resource(name="disk", exclusive=True),
        Resource(name="net", exclusive=False),
    )


def test_a_resource_name_is_made_of_short_scalars() -> None:
    module = Module("m")

    @module.operation(resources=[exclusive("{names}")])
    def body(ctx: SyncContext, names: list[str] | str) -> None: ...

    with pytest.raises(Invalid, match="/args/names: names the resource"):
        Operation.of(body).plan({"names": ["a"]})
    with pytest.raises(Invalid, match="/args/names: makes the name"):
        Operation.of(body).plan({"names": "a" * 501})


@pytest.mark.parametrize("template", ["folder:{pth}", "{path.parent}", "{path!r}", "{path:>3}", "{}", ""])
def test_a_wrong_template_is_refused_where_it_is_declared(template: str) -> None:
    module = Module("m")
    with pytest.raises(ValueError, match=r"resource|argument"):
        module.operation(resources=[exclusive(template)])(checksum)


def test_new_task_takes_the_operations_defaults() -> None:
    task = Operation.of(checksum).new_task(task_id := uuid.uuid4(), {"path": "/data"})
    assert task.id == task_id
    assert (task.operation, task.name, task.module) == ("files.checksum", "files.checksum", "files")
    assert msgspec.json.decode(task.args) == {"path": "/data", "password": None}
    assert task.args_shown is None
    assert task.priority == 5
    assert not task.folds  # a root never does
    assert task.rules.timeout == timedelta(hours=1)


def test_new_task_masks_secrets_in_what_is_shown() -> None:
    task = Operation.of(checksum).new_task(uuid.uuid4(), {"path": "/data", "password": "correct horse battery"})
    assert b"correct" in task.args
    assert task.args_shown is not None
    assert b"correct" not in task.args_shown


def test_a_child_inherits_from_its_parent() -> None:
    parent = make_task(client="acme", correlation_id="c-1", priority=2, created_by="ann")
    task = Operation.of(checksum).new_task(uuid.uuid4(), {"path": "x"}, Wishes(parent=parent, key="k", pool="p"))
    assert (task.parent_id, task.root_id, task.key) == (parent.id, parent.root_id, "k")
    assert (task.client, task.correlation_id, task.priority, task.created_by) == ("acme", "c-1", 2, "ann")
    assert task.folds
    assert task.pool == ""


def test_wishes_go_before_defaults() -> None:
    retry = Retry(limit=9)
    task = Operation.of(checksum).new_task(
        uuid.uuid4(),
        {"path": "x"},
        Wishes(name="n", priority=1, queue="q", pool="p", persist=True, timeout=timedelta(seconds=1), retry=retry),
    )
    assert (task.name, task.priority, task.queue, task.pool, task.persist) == ("n", 1, "q", "p", True)
    assert task.rules.timeout == timedelta(seconds=1)
    assert task.rules.retry == retry
    assert task.rules.ttl == timedelta(days=30)


def test_wrong_declarations_are_refused() -> None:
    module = Module("m")
    with pytest.raises(TypeError, match="needs an `async def`"):
        module.operation(isolation="async")(wipe)
    with pytest.raises(TypeError, match="needs a `def`"):
        module.operation(isolation="thread")(checksum)
    with pytest.raises(TypeError, match="function of a module"):

        @module.operation(isolation="process")
        def local(ctx: SyncContext) -> None: ...

    with pytest.raises(ValueError, match="priority is 1"):
        module.operation(priority=11)(checksum)
    with pytest.raises(ValueError, match="timeout"):
        module.operation(timeout=timedelta(0))(checksum)
    with pytest.raises(TypeError, match=r"timeout must be a timedelta, .* not 5"):
        module.operation(timeout=5)(checksum)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="\"process\", not 'fiber'"):
        module.operation(isolation="fiber")(checksum)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="resources must be a list of exclusive"):
        module.operation(resources=["disk"])(checksum)  # type: ignore[list-item]
    with pytest.raises(TypeError, match="retry must be a Retry"):
        module.operation(retry=3)(checksum)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="retry_on must be a list of exception classes"):
        module.operation(retry_on=OSError)(checksum)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="retry_on must be a list of exception classes"):
        module.operation(retry_on=["OSError"])(checksum)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="not a name"):
        module.operation("a.b")(checksum)
    with pytest.raises(ValueError, match="not a name"):
        Module("")
    with pytest.raises(ValueError, match="already"):
        files.operation("wipe")(checksum)
    with pytest.raises(Invalid, match="not an operation"):
        Operation.of(test_wrong_declarations_are_refused)


@pytest.mark.parametrize(
    ("retry", "message"),
    [
        (Retry(limit=-1), r"m.checksum: retry: Expected `int` >= 0 - at `\$.limit`"),
        (Retry(backoff=0), r"at `\$.backoff`"),
        (Retry(jitter=2), r"at `\$.jitter`"),
        (Retry(delay=timedelta(seconds=-1)), r"retry.delay must not be less than nothing"),
    ],
)
def test_a_retry_that_makes_no_sense_is_refused_where_it_is_declared(retry: Retry, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Module("m").operation(retry=retry)(checksum)


def test_durations_are_timedeltas() -> None:
    with pytest.raises(TypeError, match=r"m.checksum: retry.delay must be a timedelta"):
        Module("m").operation(retry=Retry(limit=1, delay=5))(checksum)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"m: retention.ttl must be a timedelta"):
        Module("m", retention=Retention(ttl=60))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"m: retention.ttl must not be less than nothing"):
        Module("m", retention=Retention(ttl=timedelta(days=-1)))


def test_registry_finds_operations_and_suggests() -> None:
    registry = Registry([files])
    assert registry.operation("files.checksum") is Operation.of(checksum)
    with pytest.raises(NotFound, match=r"no operation files.chekcsum; did you mean files.checksum\?"):
        registry.operation("files.chekcsum")
    with pytest.raises(NotFound, match=r"no operation nothing$"):
        registry.operation("nothing")


def test_registry_refuses_two_modules_of_one_name() -> None:
    registry = Registry([files])
    registry.add(files)
    with pytest.raises(Conflict, match="another module files"):
        registry.add(Module("files"))


def test_registry_loads_the_modules_of_a_python_module() -> None:
    registry = Registry()
    registry.load(__name__)
    assert registry.modules == {"files": files}
    with pytest.raises(Invalid, match=r"no Python module taskward\.nowhere"):
        registry.load("taskward.nowhere")
    with pytest.raises(Invalid, match="no Module among its globals"):
        registry.load("json")
