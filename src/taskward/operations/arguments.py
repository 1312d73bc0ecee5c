"""Typed arguments: the signature of a function becomes a checked JSON object."""

import copy
import difflib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from inspect import Parameter as _Parameter
from pathlib import PurePath
from typing import Any

import msgspec

from taskward.model.errors import Invalid
from taskward.model.misfits import field_of, located


def to_json(value: Any) -> Any:
    """What stands in JSON for a value that msgspec does not know: a path becomes its text."""
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def _from_json(kind: type, value: Any) -> Any:
    if issubclass(kind, PurePath) and isinstance(value, str):
        return kind(value)
    raise TypeError(f"expected str, got {type(value).__name__}")


def _schema_of(kind: type) -> dict[str, Any]:
    if issubclass(kind, PurePath):
        return {"type": "string", "format": "path"}
    raise TypeError(f"{kind.__name__} has no JSON schema")


class Arguments:
    """The arguments of an operation: every parameter of its function after the first, which is the context.

    Raises TypeError when the signature cannot be one of an operation.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._struct = _struct_of(function)
        self._decoder = msgspec.json.Decoder(self._struct, dec_hook=_from_json)
        self.names: tuple[str, ...] = tuple(field.name for field in msgspec.structs.fields(self._struct))
        self.schema: dict[str, Any] = _schema(function, self._struct)
        self._check_defaults(function)

    def check(self, args: Mapping[str, Any]) -> bytes:
        """The arguments as a JSON object, defaults filled in. Raises Invalid, which names the argument."""
        try:
            encoded = msgspec.json.encode(args, enc_hook=to_json)
        except (TypeError, ValueError):
            raise self._unencodable(args) from None
        try:
            checked = self._decoder.decode(encoded)
        except msgspec.ValidationError as error:
            raise self._rejection(str(error)) from None
        return msgspec.json.encode(checked, enc_hook=to_json)

    def bind(self, encoded: bytes | msgspec.Raw) -> dict[str, Any]:
        """Typed values by name, from what `check` made. Raises Invalid when they do not fit the function any more."""
        try:
            return msgspec.structs.asdict(self._decoder.decode(encoded))
        except msgspec.ValidationError as error:
            raise self._rejection(str(error)) from None

    def _check_defaults(self, function: Callable[..., Any]) -> None:
        for parameter in _parameters(function):
            if parameter.default is _Parameter.empty:
                continue
            field = next(field for field in msgspec.structs.fields(self._struct) if field.name == parameter.name)
            try:
                encoded = msgspec.json.encode(parameter.default, enc_hook=to_json)
                msgspec.json.decode(encoded, type=field.type, dec_hook=_from_json)
            except (TypeError, ValueError, msgspec.ValidationError) as error:
                raise TypeError(
                    f"{function.__qualname__}: the default of `{parameter.name}` does not fit its type: {error}"
                ) from None

    def _unencodable(self, args: Mapping[str, Any]) -> Invalid:
        for name, value in args.items():
            try:
                msgspec.json.encode(value, enc_hook=to_json)
            except (TypeError, ValueError) as error:
                return Invalid(_pointer([str(name)]), f"cannot be written as JSON: {error}")
        return Invalid("/args", "must be an object whose names are texts")

    def _rejection(self, message: str) -> Invalid:
        problem, path = located(message)
        if (name := field_of(problem)) is not None:
            missing = problem.startswith("Object missing")
            path = [*path, name]
            if missing:
                problem = "is missing; it is required"
            else:
                problem = "is not known; " + _suggestion(name, self._known(path[:-1]))
        elif problem.startswith("Invalid enum value") and (allowed := self._node(path).get("enum")):
            problem = f"{problem[0].lower()}{problem[1:]}, must be one of {', '.join(map(str, allowed))}"
        else:
            problem = problem[:1].lower() + problem[1:]
        return Invalid(_pointer(path), problem.replace("`", ""))

    def _known(self, path: list[str]) -> list[str]:
        return list(self._node(path).get("properties", {}))

    def _node(self, path: list[str]) -> dict[str, Any]:
        """The schema of a place inside the arguments; empty where it cannot be told."""
        node = self.schema
        for step in path:
            below = node.get("properties", {}).get(step) or node.get("items") or node.get("additionalProperties")
            if not isinstance(below, dict):
                return {}
            node = below
            if (reference := node.get("$ref")) is not None:
                node = self.schema["$defs"][reference.rsplit("/", 1)[1]]
        return node


def _struct_of(function: Callable[..., Any]) -> type[msgspec.Struct]:
    fields: list[tuple[str, type, Any]] = []
    hints = _hints(function)
    for parameter in _parameters(function):
        kind = hints.get(parameter.name, Any)
        fields.append((parameter.name, kind, _default(parameter)))
    return msgspec.defstruct(f"{function.__name__}_args", fields, kw_only=True, forbid_unknown_fields=True)


def _parameters(function: Callable[..., Any]) -> list[_Parameter]:
    name = function.__qualname__
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in {_Parameter.POSITIONAL_ONLY, _Parameter.POSITIONAL_OR_KEYWORD}:
        raise TypeError(f"{name}: the first parameter must be the context, as in `def {function.__name__}(ctx, ...)`")
    for parameter in parameters[1:]:
        if parameter.kind in {_Parameter.VAR_POSITIONAL, _Parameter.VAR_KEYWORD}:
            raise TypeError(f"{name}: `{parameter}` has no fixed name; take a list or a dict instead")
        if parameter.kind is _Parameter.POSITIONAL_ONLY:
            raise TypeError(f"{name}: `{parameter.name}` is positional only, arguments are given by name")
    return parameters[1:]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of the arguments alone: that of the context may exist for type checkers only."""
    names = {parameter.name for parameter in _parameters(function)}
    wanted = {name: hint for name, hint in function.__annotations__.items() if name in names}
    holder = types.SimpleNamespace(__annotations__=wanted)
    try:
        return typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}), include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{function.__qualname__}: the types of its arguments must exist at run time: {error}"
        ) from None


def _default(parameter: _Parameter) -> Any:
    if parameter.default is _Parameter.empty:
        return msgspec.NODEFAULT
    if parameter.default is None or isinstance(parameter.default, (str, int, float, bool, tuple, frozenset)):
        return parameter.default
    # Each run gets its own copy of a default that could be changed.
    return msgspec.field(default_factory=lambda: copy.deepcopy(parameter.default))


def _schema(function: Callable[..., Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    try:
        _, components = msgspec.json.schema_components([struct], schema_hook=_schema_of, ref_template="#/$defs/{name}")
    except TypeError as error:
        raise TypeError(f"{function.__qualname__}: an argument has a type without a JSON form: {error}") from None
    schema: dict[str, Any] = components.pop(struct.__name__)
    del schema["title"]
    if components:
        schema["$defs"] = components
    return schema


def _pointer(path: list[str]) -> str:
    return "".join(f"/{step}" for step in ["args", *(step.replace("~", "~0").replace("/", "~1") for step in path)])


def _suggestion(name: str, known: list[str]) -> str:
    if close := difflib.get_close_matches(name, known, n=1):
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(known)}" if known else "there are no arguments"
