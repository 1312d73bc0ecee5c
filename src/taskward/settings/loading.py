"""Brings the layers of settings together and remembers where each value came from."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from taskward.model.durations import parse_duration
from taskward.model.errors import Invalid
from taskward.settings.catalogue import SETTINGS, nearest
from taskward.settings.schema import Settings, default_data_dir

_VARIABLE = re.compile(r"TASKWARD_(?P<name>[A-Za-z0-9_]*?[A-Za-z0-9]__[A-Za-z0-9_]+)")
_DEFAULT_FILE = Path("taskward.toml")


class SettingError(Invalid, ValueError):
    """A setting that does not exist or has a wrong value: its name, where it was given, what would be right."""

    def __init__(self, name: str, source: str, problem: str) -> None:
        super().__init__(name, f"{problem} ({source})")
        self.name = name
        self.source = source
        self.problem = problem


class SettingRow(Struct, frozen=True):
    """One line of `taskward settings show`; the value is a text without secrets."""

    name: str
    value: str
    source: str
    description: str


class Loaded(Struct, frozen=True):
    """The settings in force. `sources` maps each dotted name to where its value came from.

    A source is `default`, `flag`, `environment TASKWARD_SERVER__PORT` or `file taskward.toml:3`.
    """

    settings: Settings
    sources: Mapping[str, str]

    def rows(self) -> list[SettingRow]:
        """Every setting for printing, in the order of the schema."""
        return [
            SettingRow(name, setting.show(_value_of(self.settings, name)), self.sources[name], setting.description)
            for name, setting in SETTINGS.items()
        ]


class _Given(Struct, frozen=True):
    """A value as some layer gives it, and the name as that layer spells it."""

    name: str
    value: object
    source: str


def load(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    config_path: Path | str | None = None,
) -> Loaded:
    """Flags over environment over file over defaults. Raises SettingError.

    `flags` has values by dotted name (`server.port`); None means not given. `environ` is the process's own when None.
    The file is `config_path`, else what `TASKWARD_CONFIG` names, else `taskward.toml` in the working folder if there is
    one.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {name: setting.default for name, setting in SETTINGS.items()}
    values["server.data_dir"] = default_data_dir(environ)
    sources = dict.fromkeys(SETTINGS, "default")
    for layer in (_in_file(config_path, environ), _in_environment(environ), _in_flags(flags or {})):
        for given in layer:
            setting = SETTINGS.get(given.name)
            if setting is None:
                raise _unknown(given)
            try:
                values[given.name] = setting.check(given.value)
            except ValueError as error:
                raise SettingError(given.name, given.source, str(error)) from None
            sources[given.name] = given.source
    settings = _build(values)
    _check_together(settings, sources)
    return Loaded(settings, sources)


def _in_flags(flags: Mapping[str, object]) -> Iterator[_Given]:
    for name, value in flags.items():
        if value is not None:
            yield _Given(name, _from_text(name, value) if isinstance(value, str) else value, "flag")


def _in_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    # Only names with a double underscore are ours to judge: an orchestrator sets TASKWARD_PORT and the like for a
    # service that is called taskward.
    for variable, text in environ.items():
        if match := _VARIABLE.fullmatch(variable):
            name = match["name"].lower().replace("__", ".")
            yield _Given(name, _from_text(name, text), f"environment {variable}")


def _from_text(name: str, text: str) -> object:
    setting = SETTINGS.get(name)
    return setting.read_text(text) if setting else text


def _in_file(config_path: Path | str | None, environ: Mapping[str, str]) -> Iterator[_Given]:
    if config_path:
        path, source = Path(config_path).expanduser(), "flag"
    elif environ.get("TASKWARD_CONFIG"):
        path, source = Path(environ["TASKWARD_CONFIG"]).expanduser(), "environment TASKWARD_CONFIG"
    elif _DEFAULT_FILE.exists():
        path, source = _DEFAULT_FILE, "default"
    else:
        return
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise SettingError("config", source, f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise SettingError("config", f"file {path}", f"not a TOML file: {error}") from None
    for section, content in document.items():
        if not isinstance(content, dict) or section not in Settings.__struct_fields__:
            name = section if not isinstance(content, dict) else f"{section}.{next(iter(content), '')}".rstrip(".")
            raise _unknown(_Given(name, content, _place(path, text, name)))
        for key, value in content.items():
            yield _Given(f"{section}.{key}", value, _place(path, text, f"{section}.{key}"))


def _place(path: Path, text: str, name: str) -> str:
    """`file taskward.toml:3`. The line is searched for, as the parser keeps none; in doubt, the file alone."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.fullmatch(r"\s*\[\s*([\w\-.]+)\s*\]\s*(#.*)?", line):
            section = header[1] + "."
        key = re.match(r"""\s*["']?([\w\-.]+)["']?\s*=""", line)
        if key and section + key[1] == name:
            return f"file {path}:{number}"
    return f"file {path}"


def _unknown(given: _Given) -> SettingError:
    near = nearest(given.name)
    if near is None:
        return SettingError(given.name, given.source, "no such setting; `taskward settings show` lists them")
    meant = SETTINGS[near].variable if given.source.startswith("environment") else near
    return SettingError(given.name, given.source, f"no such setting; did you mean {meant}?")


def _build(values: Mapping[str, object]) -> Settings:
    sections = {}
    for section in msgspec.structs.fields(Settings):
        names = section.type.__struct_fields__
        sections[section.name] = section.type(**{name: values[f"{section.name}.{name}"] for name in names})
    return Settings(**sections)


def _check_together(settings: Settings, sources: Mapping[str, str]) -> None:
    worker = settings.worker
    if worker.lease_ttl <= worker.heartbeat_interval:
        shown = SETTINGS["worker.heartbeat_interval"].show(worker.heartbeat_interval)
        problem = f"must be longer than worker.heartbeat_interval, which is {shown}, or every lease is lost"
        raise SettingError("worker.lease_ttl", sources["worker.lease_ttl"], problem)
    ids = [cluster.id for cluster in settings.cache.clusters]
    if twice := next((each for each in ids if ids.count(each) > 1), None):
        raise SettingError("cache.clusters", sources["cache.clusters"], f"has two clusters with the id {twice}")
    peer = settings.peer
    if peer.low_percent >= peer.high_percent:
        problem = f"must be below peer.high_percent, which is {peer.high_percent}"
        raise SettingError("peer.low_percent", sources["peer.low_percent"], problem)
    for pattern in peer.cached:
        try:
            re.compile(pattern)
        except re.error as error:
            problem = f"{pattern!r} is not a regular expression: {error}"
            raise SettingError("peer.cached", sources["peer.cached"], problem) from None
    if settings.retention.registry_ttl:
        try:
            parse_duration(settings.retention.registry_ttl)
        except ValueError as error:
            raise SettingError("retention.registry_ttl", sources["retention.registry_ttl"], str(error)) from None


def _value_of(settings: Settings, name: str) -> object:
    section, _, field = name.partition(".")
    return getattr(getattr(settings, section), field)
