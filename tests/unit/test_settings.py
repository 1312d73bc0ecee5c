import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskward.model.errors import Invalid
from taskward.settings import SETTINGS, Loaded, SettingError, Settings, default_data_dir, load

HOME = {"HOME": "/home/bob"}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "some.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def row(loaded: Loaded, name: str) -> tuple[str, str]:
    (found,) = [row for row in loaded.rows() if row.name == name]
    return found.value, found.source


def test_defaults() -> None:
    loaded = load({}, HOME)
    settings = loaded.settings
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.server.data_dir == Path("/home/bob/.local/share/taskward")
    assert settings.server.database_url == "sqlite:////home/bob/.local/share/taskward/taskward.db"
    assert settings.worker.queues == ("default",)
    assert settings.worker.lease_ttl == timedelta(seconds=9)
    assert settings.retention.task_ttl == timedelta(days=7)
    assert settings.retention.idempotency_ttl == timedelta(hours=24)
    assert settings.auth.required is True
    assert settings.outbound.max_response_bytes == 1024 * 1024
    assert (settings.scylla.edition, settings.scylla.anonymous, settings.scylla.test_api) == ("2024", "", False)
    assert set(loaded.sources.values()) == {"default"}
    assert Settings().worker == settings.worker


def test_flags_go_over_environment_over_file_over_defaults(config: Callable[[str], Path]) -> None:
    path = config('[server]\nport = 1\nhost = "a"\n\n[worker]  # of this host\n\nconcurrency = 3\nname = "w"\n')
    environ = HOME | {"TASKWARD_SERVER__PORT": "2", "TASKWARD_SERVER__HOST": "b", "TASKWARD_LOG__LEVEL": "debug"}
    loaded = load({"server.port": 4, "server.host": None}, environ, path)
    shown = {row.name: (row.value, row.source) for row in loaded.rows()}
    assert shown["server.port"] == ("4", "flag")
    assert shown["server.host"] == ("b", "environment TASKWARD_SERVER__HOST")
    assert shown["log.level"] == ("debug", "environment TASKWARD_LOG__LEVEL")
    assert shown["worker.concurrency"] == ("3", f"file {path}:7")
    assert shown["worker.name"] == ("w", f"file {path}:8")
    assert shown["worker.queues"] == ("default", "default")
    assert loaded.settings.server.port == 4


def test_the_file_is_named_by_flag_or_environment_or_stands_in_the_working_folder(
    config: Callable[[str], Path],
) -> None:
    Path("taskward.toml").write_text('log.level = "error"\n')
    assert row(load({}, HOME), "log.level") == ("error", "file taskward.toml:1")
    other = config("log = {level = 'debug'}")
    assert row(load({}, HOME | {"TASKWARD_CONFIG": str(other)}), "log.level") == ("debug", f"file {other}")
    last = other.with_name("last.toml")
    last.write_text("")
    assert row(load({}, HOME | {"TASKWARD_CONFIG": str(other)}, last), "log.level") == ("info", "default")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("server.port", "0", 0),
        ("server.port", " 8081 ", 8081),
        ("scylla.test_api", "TRUE", True),
        ("auth.required", "off", False),
        ("dialects.pulp", "0", False),
        ("worker.queues", "fast, slow ,", ("fast", "slow")),
        ("outbound.allow", "", ()),
        ("outbound.allow", "10.0.0.0/8,cache.internal", ("10.0.0.0/8", "cache.internal")),
        ("server.database", "", ""),
        ("server.database", "postgresql://u:p@h/d", "postgresql://u:p@h/d"),
        ("server.public_url", "https://tasks.example.org/base", "https://tasks.example.org/base"),
        ("server.data_dir", "/srv/data", Path("/srv/data")),
        ("scylla.edition", "2026", "2026"),
        ("scylla.anonymous", "", ""),
        ("outbound.timeout", "1.5", timedelta(seconds=1.5)),
        ("outbound.timeout", "250ms", timedelta(milliseconds=250)),
        ("retention.task_ttl", "1h30m", timedelta(minutes=90)),
        ("retention.task_ttl", "0", timedelta(0)),
    ],
)
def test_reads_texts(name: str, text: str, value: object) -> None:
    section, _, field = name.partition(".")
    for loaded in (load({}, HOME | {SETTINGS[name].variable: text}), load({name: text}, HOME)):
        assert getattr(getattr(loaded.settings, section), field) == value


def test_reads_the_types_of_toml_and_of_flags(config: Callable[[str], Path]) -> None:
    path = config(
        '[worker]\nqueues = ["a", "b"]\nabort_grace = 1.5\n[retention]\ntask_ttl = "7d"\n[auth]\nrequired = false'
    )
    settings = load(
        {"server.data_dir": Path("here"), "server.shutdown_grace": timedelta(minutes=1)}, HOME, path
    ).settings
    assert settings.worker.queues == ("a", "b")
    assert settings.worker.abort_grace == timedelta(seconds=1.5)
    assert settings.retention.task_ttl == timedelta(days=7)
    assert settings.auth.required is False
    assert settings.server.data_dir == Path.cwd() / "here"
    assert settings.server.shutdown_grace == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("server.port", "80a", "must be a whole number from 0 to 65535, not '80a'"),
        ("server.port", "65536", "must be a whole number from 0 to 65535, not 65536"),
        ("server.port", "", "must be a whole number from 0 to 65535, not ''"),
        ("server.host", "", "must be a text that is not empty, not ''"),
        ("scylla.test_api", "maybe", "must be true or false, not 'maybe'"),
        ("scylla.edition", "2025", 'must be one of "2024", "2026", not \'2025\''),
        ("scylla.anonymous", "some", 'must be one of "", "off", "read", "all", not \'some\''),
        ("worker.queues", ",", "must be a list of one or more names of queues, not []"),
        ("worker.concurrency", "0", "must be a whole number from 1 to 10000, not 0"),
        ("outbound.max_response_bytes", "0", "must be a whole number of at least 1, not 0"),
        (
            "worker.abort_grace",
            "soon",
            "must be a duration: seconds, or a text such as 90s, 15m, 1h30m or 7d, not 'soon'",
        ),
        (
            "worker.lease_ttl",
            "0s",
            "must be a duration above zero: seconds, or a text such as 90s, 15m, 1h30m or 7d, not '0s'",
        ),
        ("server.data_dir", " ", "must be the path of a folder, not ' '"),
        (
            "server.public_url",
            "tasks.example.org",
            "must be empty or a URL such as https://tasks.example.org, not 'tasks.example.org'",
        ),
        (
            "server.database",
            "mysql://bob:hunter2@db/x",
            "must be empty or postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///PATH",
        ),
        (
            "worker.heartbeat_interval",
            "1e999",
            "must be a duration above zero: seconds, or a text such as 90s, 15m, 1h30m or 7d, not '1e999'",
        ),
        ("server.port", "9" * 400, "must be a whole number from 0 to 65535"),
    ],
)
def test_refuses_a_wrong_value_by_name_and_says_what_is_right(name: str, text: str, problem: str) -> None:
    variable = SETTINGS[name].variable
    with pytest.raises(SettingError) as refused:
        load({}, HOME | {variable: text})
    error = refused.value
    assert (error.name, error.source) == (name, f"environment {variable}")
    assert problem in error.problem
    assert str(error) == f"{name}: {error.problem} (environment {variable})"
    assert isinstance(error, Invalid)
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("port = '80'", "must be a whole number"),
        ("name = 1", "no such setting"),
        ("port = true", "must be a whole number"),
        ("port = 80.5", "must be a whole number"),
        ("host = 1", "must be a text"),
        ("shutdown_grace = true", "must be a duration"),
        ("shutdown_grace = [1]", "must be a duration"),
        ("data_dir = 1", "must be the path of a folder"),
    ],
)
def test_a_file_has_types_and_they_must_be_right(config: Callable[[str], Path], line: str, problem: str) -> None:
    path = config(f"\n[server]\n{line}\n")
    with pytest.raises(SettingError) as refused:
        load({}, HOME, path)
    assert refused.value.source == f"file {path}:3"
    assert problem in refused.value.problem


def test_a_refused_database_is_not_repeated() -> None:
    with pytest.raises(SettingError) as refused:
        load({"server.database": "postgres:bob:hunter2@db"}, HOME)
    assert "hunter2" not in str(refused.value)


def test_a_wrong_value_is_refused_even_where_a_higher_layer_has_a_right_one() -> None:
    with pytest.raises(SettingError, match="TASKWARD_SERVER__PORT"):
        load({"server.port": 80}, HOME | {"TASKWARD_SERVER__PORT": "x"})


@pytest.mark.parametrize(
    ("given", "name", "hint"),
    [
        ("[server]\nprot = 1", "server.prot", "did you mean server.port?"),
        ("[sever]\nport = 1", "sever.port", "did you mean server.port?"),
        ("port = 1", "port", "did you mean server.port?"),
        ("[worker]\nport = 1", "worker.port", "did you mean server.port?"),
        ("[worker]\nlease = 1", "worker.lease", "did you mean worker.lease_ttl?"),
        ("[zzz]\nqqq = 1", "zzz.qqq", "`taskward settings show` lists them"),
        ("[zzz]", "zzz", "`taskward settings show` lists them"),
        ("[server.tls]\ncert = 1", "server.tls", "no such setting"),
    ],
)
def test_refuses_an_unknown_setting_of_the_file(
    config: Callable[[str], Path], given: str, name: str, hint: str
) -> None:
    with pytest.raises(SettingError) as refused:
        load({}, HOME, config(given))
    assert refused.value.name == name
    assert refused.value.problem.startswith("no such setting")
    assert hint in refused.value.problem


def test_refuses_an_unknown_variable_and_an_unknown_flag() -> None:
    with pytest.raises(SettingError, match=r"server\.prot: no such setting; did you mean TASKWARD_SERVER__PORT\?"):
        load({}, HOME | {"TASKWARD_SERVER__PROT": "1"})
    with pytest.raises(SettingError, match=r"sever\.port: .*did you mean server\.port\? \(flag\)"):
        load({"sever.port": 1}, HOME)


def test_leaves_variables_of_others_alone() -> None:
    orchestrator = {
        "TASKWARD_PORT": "tcp://10.0.0.1:80",
        "TASKWARD_SERVER_SERVICE_HOST": "10.0.0.1",
        "TASKWARD__X": "1",
    }
    assert load({}, HOME | orchestrator | {"TASKWARD_TOKEN": "t", "NOT_TASKWARD_A__B": "1"}) == load({}, HOME)


def test_refuses_a_file_that_cannot_be_used(tmp_path: Path, config: Callable[[str], Path]) -> None:
    with pytest.raises(SettingError, match=r"config: .*taskward\.toml cannot be read: No such file .* \(flag\)"):
        load({}, HOME, Path("taskward.toml"))
    with pytest.raises(SettingError, match=r"\(environment TASKWARD_CONFIG\)"):
        load({}, HOME | {"TASKWARD_CONFIG": str(tmp_path)})
    with pytest.raises(SettingError, match=r"not a TOML file: .*line 2, column"):
        load({}, HOME, config("[server]\nport = \n"))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingError, match="not a TOML file"):
        load({}, HOME, binary)


def test_a_lease_outlives_the_heartbeat() -> None:
    with pytest.raises(SettingError, match=r"worker\.lease_ttl: must be longer than .* which is 1m, .*\(default\)"):
        load({"worker.heartbeat_interval": "60s"}, HOME)


def test_rows_show_no_password() -> None:
    loaded = load({"server.database": "postgresql://bob:hunter2@db/x"}, HOME)
    assert loaded.settings.server.database == "postgresql://bob:hunter2@db/x"
    assert row(loaded, "server.database") == ("postgresql://bob:****@db/x", "flag")


@given(st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda it: it - it % timedelta(milliseconds=1)))
def test_a_shown_duration_reads_back(duration: timedelta) -> None:
    setting = SETTINGS["retention.task_ttl"]
    assert setting.check(setting.show(duration)) == duration


@pytest.mark.parametrize(
    ("duration", "shown"), [(5400, "1h30m"), (604_800, "7d"), (0, "0s"), (0.25, "250ms"), (61.5, "1m1s500ms")]
)
def test_shows_durations_as_people_write_them(duration: float, shown: str) -> None:
    assert row(load({"retention.task_ttl": duration}, HOME), "retention.task_ttl")[0] == shown


def test_what_rows_show_may_be_written_in_the_environment() -> None:
    loaded = load({"worker.queues": ["a", "b"], "outbound.allow_private": True}, HOME)
    environ = {SETTINGS[row.name].variable: row.value for row in loaded.rows()}
    assert load({}, environ).settings == loaded.settings


def test_every_setting_is_described_in_one_sentence() -> None:
    for row in load({}, HOME).rows():
        assert row.description, row.name
        assert row.description[0].isupper(), row.name
        assert not row.description.endswith("."), row.name
        assert SETTINGS[row.name].expects, row.name


def test_the_data_folder_follows_the_platform() -> None:
    assert default_data_dir({"XDG_DATA_HOME": "/data", "HOME": "/home/bob"}) == Path("/data/taskward")
    assert default_data_dir({"XDG_DATA_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/share/taskward")


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKWARD_SERVER__PORT", "1234")
    assert load().settings.server.port == 1234


def test_a_process_without_a_home_keeps_its_data_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert default_data_dir({}) == Path.cwd() / ".taskward"


CLUSTER = '{"id": 1, "name": "a", "schedulers": ["10.0.0.1:8002"]}'


def test_clusters_are_tables_in_a_file_and_json_in_the_environment(config: Callable[[str], Path]) -> None:
    path = config('[[cache.clusters]]\nid = 1\nname = "a"\nschedulers = ["10.0.0.1:8002"]\n')
    from_file = load({}, HOME, path)
    from_environment = load({}, HOME | {"TASKWARD_CACHE__CLUSTERS": f"[{CLUSTER}]"})
    assert from_file.settings.cache == from_environment.settings.cache
    [cluster] = from_file.settings.cache.clusters
    assert (cluster.id, cluster.name, cluster.schedulers, cluster.tls) == (1, "a", ("10.0.0.1:8002",), None)
    shown, _ = row(from_file, "cache.clusters")
    assert load({"cache.clusters": shown}, HOME).settings.cache == from_file.settings.cache


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nope", "must be a list of tables"),
        ('[{"id": 0, "name": "a", "schedulers": ["x:1"]}]', "must be a list of tables"),
        ('[{"id": 1, "name": "a", "schedulers": ["x"]}]', "must be a list of tables"),
        ('[{"id": 1, "name": "a", "schedulers": []}]', "must be a list of tables"),
        (f"[{CLUSTER}, {CLUSTER}]", "has two clusters with the id 1"),
    ],
)
def test_clusters_that_make_no_sense_are_refused(text: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem):
        load({}, HOME | {"TASKWARD_CACHE__CLUSTERS": text})


@pytest.mark.parametrize(
    ("flags", "name", "problem"),
    [
        ({"peer.low_percent": 80}, "peer.low_percent", "must be below peer.high_percent, which is 80"),
        ({"peer.cached": "("}, "peer.cached", "is not a regular expression"),
        ({"peer.schedulers": "somewhere"}, "peer.schedulers", "a list of addresses, each host:port"),
        ({"peer.mirrors": "docker.io"}, "peer.mirrors", "NAME=URL"),
    ],
)
def test_refuses_what_no_peer_could_do(flags: dict[str, object], name: str, problem: str) -> None:
    with pytest.raises(SettingError, match=re.escape(problem)) as refused:
        load(flags, HOME)
    assert refused.value.name == name
