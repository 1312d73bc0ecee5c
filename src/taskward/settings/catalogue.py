"""The settings one by one, as the schema declares them: how each is read from text, checked and shown."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

from taskward.model.durations import parse_duration
from taskward.model.masking import mask_text
from taskward.settings.schema import Settings

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1)}


class Setting(Struct, frozen=True):
    """One setting. `kind` is its type without annotations, `expects` says in words what is right."""

    name: str
    kind: Any
    annotated: Any
    meta: Meta
    default: object

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "TASKWARD_" + self.name.replace(".", "__").upper()

    @property
    def description(self) -> str:
        """One sentence, without a full stop."""
        return self.meta.description or ""

    @property
    def expects(self) -> str:
        """What is right, as the end of "must be"."""
        extra = self.meta.extra or {}
        if "expects" in extra:
            return str(extra["expects"])
        if get_origin(self.kind) is Literal:
            return "one of " + ", ".join(f'"{choice}"' for choice in get_args(self.kind))
        if self.kind is int:
            bounds = f"of at least {self.meta.ge}" if self.meta.le is None else f"from {self.meta.ge} to {self.meta.le}"
            return f"a whole number {bounds}"
        if self.kind is timedelta:
            above = " above zero" if "above_zero" in extra else ""
            return f"a duration{above}: seconds, or a text such as 90s, 15m, 1h30m or 7d"
        text = "a text that is not empty" if self.meta.min_length else "a text"
        return {bool: "true or false", Path: "the path of a folder"}.get(self.kind, text)

    def read_text(self, text: str) -> object:
        """The value a text stands for where everything is text; what cannot be read is left for `check` to refuse."""
        if self.kind is bool:
            return _BOOLEANS.get(text.strip().lower(), text)
        if self.kind is int:
            return int(text) if re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text) else text
        if self.holds_tables:
            return _read_json(text)
        if get_origin(self.kind) is tuple:
            return [part.strip() for part in text.split(",") if part.strip()]
        return text

    def check(self, value: object) -> object:
        """The value as the settings hold it. Raises ValueError, saying what would be right."""
        try:
            if self.kind is timedelta:
                return self._check_duration(value)
            if self.kind is Path:
                return _check_path(value)
            return msgspec.convert(value, self.annotated)
        except (ValueError, TypeError):  # msgspec's ValidationError is a ValueError
            but_is = "" if self.is_secret else f", not {mask_text(repr(value))}"
            raise ValueError(f"must be {self.expects}{but_is}") from None

    def _check_duration(self, value: object) -> timedelta:
        if not isinstance(value, str | int | float | timedelta):
            raise TypeError
        duration = parse_duration(value.total_seconds() if isinstance(value, timedelta) else value)
        if not duration and "above_zero" in (self.meta.extra or {}):
            raise ValueError
        return duration

    @property
    def holds_tables(self) -> bool:
        """Whether it is a list of tables, which a text gives as JSON."""
        return get_origin(self.kind) is tuple and hasattr(get_args(self.kind)[0], "__struct_fields__")

    @property
    def is_secret(self) -> bool:
        """Whether a refusal must not repeat the value."""
        return "secret" in (self.meta.extra or {})

    def show(self, value: object) -> str:
        """The value for people, as it may be written in the environment, without secrets."""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, timedelta):
            return _show_duration(value)
        if self.holds_tables:
            return msgspec.json.encode(value).decode() if value else ""
        if isinstance(value, tuple):
            return ",".join(value)
        return mask_text(str(value))


def _read_json(text: str) -> object:
    """What cannot be read is left as the text it is; an empty text is an empty list."""
    try:
        return msgspec.json.decode(text) if text.strip() else []
    except msgspec.DecodeError:
        return text


def _check_path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise TypeError
    return Path(value).expanduser().absolute()


def _show_duration(duration: timedelta) -> str:
    parts = []
    for unit, length in _UNITS.items():
        count, duration = divmod(duration, length)
        if count:
            parts.append(f"{count}{unit}")
    if duration:
        parts.append(f"{duration / timedelta(milliseconds=1):g}ms")
    return "".join(parts) or "0s"


def _declared() -> Iterator[Setting]:
    for section in msgspec.structs.fields(Settings):
        defaults = section.type()
        for declared in msgspec.structs.fields(section.type):
            kind, meta = get_args(declared.type)
            name = f"{section.name}.{declared.name}"
            yield Setting(name, kind, declared.type, meta, getattr(defaults, declared.name))


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _declared()}


def nearest(name: str) -> str | None:
    """The setting somebody may have meant who wrote `name`."""
    same_end = [known for known in SETTINGS if known.rpartition(".")[2] == name.rpartition(".")[2]]
    near = get_close_matches(name, SETTINGS, n=1) or same_end
    return near[0] if near else None
