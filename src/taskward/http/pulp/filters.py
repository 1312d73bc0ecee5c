"""Filters: what a parameter of a list means, how it is read, and how it is documented."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from taskward.http.pulp.errors import Refused, bad
from taskward.http.pulp.expression import Conjunction, Disjunction, Expression, Negation, Term, parse

R = TypeVar("R")

STRING: dict[str, Any] = {"type": "string"}
STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
INSTANTS: dict[str, Any] = {"type": "array", "items": INSTANT}

LOOKUPS = {
    "": ("matches value", INSTANT),
    "gt": ("is greater than value", INSTANT),
    "gte": ("is greater than or equal to value", INSTANT),
    "lt": ("is less than value", INSTANT),
    "lte": ("is less than or equal to value", INSTANT),
    "range": ("is between two comma separated values", INSTANTS),
    "isnull": ("has a null value", BOOLEAN),
}
"""What can be asked of an instant."""


@dataclass(frozen=True)
class Filter(Generic[R]):
    """One parameter. `read` turns its value into a condition, or None when it says nothing; raises Refused."""

    name: str
    schema: Mapping[str, Any]
    description: str
    read: Callable[[str], R | None]
    takes_empty: bool = False
    """Whether an empty value is one; otherwise it is no condition."""

    def __call__(self, value: str) -> R | None:
        """The condition."""
        return None if not value and not self.takes_empty else self.read(value)


@dataclass(frozen=True)
class Filters(Generic[R]):
    """The filters of one list, and how their conditions are put together."""

    filters: Mapping[str, Filter[R]]
    order: "Ordering"
    every: Callable[[Sequence[R]], R]
    some: Callable[[Sequence[R]], R]
    opposite: Callable[[R], R]

    def read(self, values: Mapping[str, str], ordering: str) -> tuple[R, list[tuple[str, bool]]]:
        """All the values together, and the keys of the order. Raises Refused, naming each that is wrong."""
        found: list[R] = []
        wrong: list[Refused] = []
        order: list[tuple[str, bool]] = []
        unknown = [f"Invalid Filter: '{name}'" for name in values if name not in self.filters and name != "q"]
        if unknown:
            wrong.append(bad("errors", *unknown))
        try:
            order = self.order.read(ordering)
        except Refused as refused:
            wrong.append(refused)
        for name, value in values.items():
            try:
                condition = self._expression(value) if name == "q" else self._condition(name, value)
            except Refused as refused:
                if refused.field is None and not wrong:
                    raise
                wrong.append(refused)
                continue
            if condition is not None:
                found.append(condition)
        if wrong:
            raise together([refused for refused in wrong if refused.field is not None])
        return self.every(found), order

    def _condition(self, name: str, value: str) -> R | None:
        return self.filters[name](value) if name in self.filters else None

    def _expression(self, text: str) -> R | None:
        return None if not text.strip() else self._evaluate(parse(text))

    def _evaluate(self, expression: Expression) -> R:
        match expression:
            case Term(name, value):
                return self._term(name, value)
            case Negation(operand):
                return self.opposite(self._evaluate(operand))
            case Conjunction(operands):
                return self.every([self._evaluate(operand) for operand in operands])
            case Disjunction(operands):
                return self.some([self._evaluate(operand) for operand in operands])

    def _term(self, name: str, value: str) -> R:
        if name == "q":
            raise bad("q", "You cannot use 'q' in complex filtering.")
        if name == "ordering":
            raise bad("q", "An ordering filter cannot be used in complex filtering.")
        if name not in self.filters:
            raise bad("q", f"Filter '{name}' does not exist.")
        try:
            condition = self.filters[name](value)
        except Refused as refused:
            if refused.field is None:
                raise
            # As the library that Pulp uses puts one error inside another.
            code = "invalid_choice" if "valid choice" in refused.messages[0] else "invalid"
            inner = [{"message": message, "code": code} for message in refused.messages]
            encoded = msgspec.json.format(msgspec.json.encode({refused.field: inner}), indent=0).decode()
            raise bad("q", encoded) from None
        return self.every([] if condition is None else [condition])


@dataclass(frozen=True)
class Ordering:
    """The keys that a list can be ordered by."""

    keys: tuple[str, ...]

    def read(self, value: str) -> list[tuple[str, bool]]:
        """Keys, each with whether it descends. Raises Refused."""
        wanted = []
        for part in value.split(","):
            if not part:
                continue
            key = part.removeprefix("-")
            if key not in self.keys:
                raise bad("ordering", f"Select a valid choice. {part} is not one of the available choices.")
            wanted.append((key, part.startswith("-")))
        return wanted

    @property
    def schema(self) -> dict[str, Any]:
        """As the documentation has it."""
        choices = sorted([*(f"-{key}" for key in self.keys), *self.keys])
        return {"type": "array", "items": {"type": "string", "enum": choices}}


def together(wrong: Sequence[Refused]) -> Refused:
    """Several refusals of one request as one."""
    if len(wrong) == 1:
        return wrong[0]
    return Several({refused.field or "": refused.messages for refused in wrong})


class Several(Refused):
    """More than one parameter or member is wrong."""

    def __init__(self, by_field: Mapping[str, list[str]]) -> None:
        first = next(iter(by_field))
        super().__init__(400, "invalid", by_field[first], first)
        self.by_field = by_field

    @property
    def body(self) -> Any:
        """As Pulp writes it."""
        return dict(self.by_field)
