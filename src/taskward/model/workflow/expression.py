"""Expressions: paths into JSON values, comparisons and filters, read into a tree and evaluated once.

There are no attributes, no calls but the filters of `filters.py`, no loops and no way to any object of Python: a scope
is JSON, and so is whatever comes out.

    parameters.clips[0].source        steps.probe.outputs.seconds > 3 and not parameters.draft
    parameters.files | join(",")      parameters.title | default("untitled")
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from taskward.model.workflow.filters import FILTERS, TemplateError, is_true, kind_of

LONGEST = 4_000
"""Characters of an expression."""
_DEEPEST = 30
"""Levels of brackets, `not` and filters' arguments inside one another."""
_MOST_TOKENS = 300

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number> -?\d{1,18}(?:\.\d{1,18})? (?![\w.]) )
      | (?P<text> "(?:[^"\\]|\\["\\nt])*" | '(?:[^'\\]|\\['\\nt])*' )
      | (?P<name> [A-Za-z_][A-Za-z0-9_]* )
      | (?P<sign> == | != | <= | >= | [<>|.,()\[\]] )
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t"}
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_WORDS = frozenset({"and", "or", "not", "in", *_LITERALS})
Scope = Mapping[str, Any]
"""JSON values by the names that expressions know them by."""


class Missing(TemplateError):
    """A path leads nowhere; the filter `default` makes up for it."""


class Expression(Struct, frozen=True):
    """A part of an expression."""

    def value(self, scope: Scope) -> Any:
        """What it comes to. Raises TemplateError."""
        raise NotImplementedError

    def parts(self) -> Iterator["Expression"]:
        """Those it is made of."""
        yield from ()

    @property
    def is_plain(self) -> bool:
        """Whether it is a path that is written out to its end."""
        return False

    def paths(self) -> Iterator[tuple[str | int, ...]]:
        """The paths it looks up, each as far as it can be told without a scope."""
        for part in self.parts():
            yield from part.paths()


class Literal(Expression, frozen=True):
    """A number, text, true, false, null or a list of expressions."""

    constant: Any

    def value(self, scope: Scope) -> Any:  # noqa: ARG002 - the same in every scope
        """See `Expression.value`."""
        return self.constant


class ListOf(Expression, frozen=True):
    """A list written out."""

    items: tuple[Expression, ...]

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        return [item.value(scope) for item in self.items]

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield from self.items


class Name(Expression, frozen=True):
    """Where a path begins."""

    name: str

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        if self.name not in scope:
            raise Missing(f"there is no `{self.name}` here; there are {', '.join(sorted(scope))}")
        return scope[self.name]

    @property
    def is_plain(self) -> bool:
        """See `Expression.is_plain`."""
        return True

    def paths(self) -> Iterator[tuple[str | int, ...]]:
        """See `Expression.paths`."""
        yield (self.name,)


class Member(Expression, frozen=True):
    """`of.name` or `of[key]`."""

    of: Expression
    key: Expression

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        whole, key = self.of.value(scope), self.key.value(scope)
        match whole:
            case dict() if isinstance(key, str):
                if key in whole:
                    return whole[key]
                raise Missing(f"`{self.shown}` is not there; there are {', '.join(map(str, whole)) or 'no members'}")
            case list() if isinstance(key, int) and not isinstance(key, bool):
                if -len(whole) <= key < len(whole):
                    return whole[key]
                raise Missing(f"`{self.shown}` is not there: the list has {len(whole)} items")
            case None:
                raise Missing(f"`{self.shown}` is not there: what is before it is null")
        raise TemplateError(f"`{self.shown}`: a {kind_of(whole)} has no member {key!r}")

    @property
    def shown(self) -> str:
        """As it may be written."""
        match self.of:
            case Member():
                before = self.of.shown
            case Name(name):
                before = name
            case _:
                before = "(...)"
        key = self.key.constant if isinstance(self.key, Literal) else "..."
        return f"{before}.{key}" if isinstance(key, str) and key.isidentifier() else f"{before}[{key}]"

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield self.of
        yield self.key

    @property
    def is_plain(self) -> bool:
        """See `Expression.is_plain`."""
        return isinstance(self.key, Literal) and self.of.is_plain

    def paths(self) -> Iterator[tuple[str | int, ...]]:
        """See `Expression.paths`."""
        if isinstance(self.key, Literal) and self.of.is_plain:
            [before] = self.of.paths()
            yield (*before, self.key.constant)
        else:
            yield from super().paths()


class Filtered(Expression, frozen=True):
    """`of | name(arguments)`."""

    of: Expression
    name: str
    arguments: tuple[Expression, ...]

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        arguments = [argument.value(scope) for argument in self.arguments]
        try:
            subject = self.of.value(scope)
        except Missing:
            if self.name != "default":
                raise
            subject = None
        return FILTERS[self.name].apply(subject, arguments)

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield self.of
        yield from self.arguments


class Comparison(Expression, frozen=True):
    """`left == right` and the like."""

    left: Expression
    sign: str
    right: Expression

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        left, right = self.left.value(scope), self.right.value(scope)
        return _COMPARISONS[self.sign](left, right)

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield self.left
        yield self.right


class Not(Expression, frozen=True):
    """`not of`."""

    of: Expression

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        return not is_true(self.of.value(scope))

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield self.of


class Junction(Expression, frozen=True):
    """`a and b and c`, or with `or`; the parts are looked at in order, and no further than needed."""

    all_of: bool
    items: tuple[Expression, ...]

    def value(self, scope: Scope) -> Any:
        """See `Expression.value`."""
        for item in self.items:
            if is_true(item.value(scope)) is not self.all_of:
                return not self.all_of
        return self.all_of

    def parts(self) -> Iterator[Expression]:
        """See `Expression.parts`."""
        yield from self.items


@lru_cache(maxsize=2048)
def parse(text: str) -> Expression:
    """The expression that a text is. Raises TemplateError, saying where it cannot be read."""
    if len(text) > LONGEST:
        raise TemplateError(f"an expression has at most {LONGEST} characters")
    reader = _Reader(text)
    expression = reader.expression(0)
    if reader.kind:
        raise reader.unexpected("the end")
    return expression


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._count = 0
        self.kind = ""
        self._token = ""
        self._advance()

    def unexpected(self, wanted: str) -> TemplateError:
        """What is wrong at this place."""
        found = f"`{self._token}`" if self.kind else "the end"
        return TemplateError(
            f"{wanted} is expected at character {self._start + 1}, not {found}, in `{self._text.strip()}`"
        )

    def expression(self, depth: int) -> Expression:
        """The loosest: `or`."""
        return self._junction("or", depth)

    def _junction(self, word: str, depth: int) -> Expression:
        def one() -> Expression:
            return self._junction("and", depth) if word == "or" else self._negation(depth)

        items = [one()]
        while self._takes(word):
            items.append(one())
        return items[0] if len(items) == 1 else Junction(word == "and", tuple(items))

    def _negation(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise TemplateError(f"an expression is at most {_DEEPEST} levels deep: `{self._text.strip()}`")
        if self._takes("not"):
            return Not(self._negation(depth + 1))
        left = self._filtered(depth)
        if self._token in _COMPARISONS and self.kind != "text":
            sign = self._token
            self._advance()
            return Comparison(left, sign, self._filtered(depth))
        return left

    def _filtered(self, depth: int) -> Expression:
        subject = self._path(depth)
        while self._takes("|"):
            name = self._name("the name of a filter")
            arguments: tuple[Expression, ...] = ()
            if self._takes("("):
                arguments = self._listed(")", depth)
            if name not in FILTERS:
                raise TemplateError(f"there is no filter `{name}`; there are {', '.join(FILTERS)}")
            FILTERS[name].check_count(len(arguments))
            subject = Filtered(subject, name, arguments)
        return subject

    def _path(self, depth: int) -> Expression:
        subject = self._primary(depth)
        while True:
            if self._takes("."):
                subject = Member(subject, Literal(self._name("the name of a member")))
            elif self._takes("["):
                key = self.expression(depth + 1)
                self._must("]")
                subject = Member(subject, key)
            else:
                return subject

    def _primary(self, depth: int) -> Expression:
        kind, token = self.kind, self._token
        if kind == "number":
            self._advance()
            return Literal(float(token) if "." in token else int(token))
        if kind == "text":
            self._advance()
            return Literal(_ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), token[1:-1]))
        if kind == "name" and token in _LITERALS:
            self._advance()
            return Literal(_LITERALS[token])
        if kind == "name" and token not in _WORDS:
            self._advance()
            return Name(token)
        if self._takes("("):
            inner = self.expression(depth + 1)
            self._must(")")
            return inner
        if self._takes("["):
            return ListOf(self._listed("]", depth))
        raise self.unexpected("a value")

    def _listed(self, closing: str, depth: int) -> tuple[Expression, ...]:
        if self._takes(closing):
            return ()
        items = [self.expression(depth + 1)]
        while self._takes(","):
            items.append(self.expression(depth + 1))
        self._must(closing)
        return tuple(items)

    def _name(self, wanted: str) -> str:
        if self.kind != "name":
            raise self.unexpected(wanted)
        name = self._token
        self._advance()
        return name

    def _takes(self, token: str) -> bool:
        if self._token != token or self.kind not in {"sign", "name"}:
            return False
        self._advance()
        return True

    def _must(self, token: str) -> None:
        if not self._takes(token):
            raise self.unexpected(f"`{token}`")

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._end)
        if match is None:
            rest = self._text[self._end :].lstrip()
            self._start = len(self._text) - len(rest)
            if rest:
                raise TemplateError(
                    f"`{rest[:20]}` cannot be read, at character {self._start + 1} of `{self._text.strip()}`"
                )
            self.kind = self._token = ""
            return
        self._count += 1
        if self._count > _MOST_TOKENS:
            raise TemplateError(f"an expression has at most {_MOST_TOKENS} words and signs")
        self.kind = str(match.lastgroup)
        self._token = match[self.kind]
        self._start, self._end = match.start(self.kind), match.end()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """As JSON sees it: true is not 1."""
    return bool(isinstance(left, bool) is isinstance(right, bool) and left == right)


def _contains(whole: Any, item: Any) -> bool:
    match whole:
        case list():
            return any(_same(each, item) for each in whole)
        case dict() | str() if isinstance(item, str):
            return item in whole
    raise TemplateError(f"a {kind_of(item)} cannot be looked for in a {kind_of(whole)}")


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """The comparison of two numbers or two texts, and of nothing else."""

    def compared(left: Any, right: Any) -> bool:
        if not (_is_number(left) and _is_number(right)) and not (isinstance(left, str) and isinstance(right, str)):
            raise TemplateError(f"a {kind_of(left)} and a {kind_of(right)} have no order")
        return compare(left, right)

    return compared


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda left, right: not _same(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "in": lambda left, right: _contains(right, left),
}
