"""Exceptions as the `TaskError` that a task keeps: bounded in size, without the engine's own frames, secrets masked."""

import traceback
from pathlib import Path

from taskward.model.masking import mask_text
from taskward.model.task import TaskError

_HOUSE = Path(__file__).resolve().parent.parent
_OWN_FRAMES = tuple(f"{_HOUSE / package}/" for package in ("engine", "operations"))
_LONGEST_MESSAGE = 4_000
_LONGEST_TRACEBACK = 16_000
_LONGEST_TRACEBACK_OF_STEP = 2_000


def error_of_task(error: BaseException) -> TaskError:
    """What a task keeps of the exception that ended its body."""
    return _describe(error, _LONGEST_TRACEBACK)


def error_of_step(error: BaseException) -> TaskError:
    """As `error_of_task`, shorter: a task may have very many steps."""
    return _describe(error, _LONGEST_TRACEBACK_OF_STEP)


def class_names(kind: type[BaseException]) -> tuple[str, ...]:
    """The names by which a retry policy may mean this class or one of its bases.

    `OSError` for a built-in one; both `Timeout` and `requests.exceptions.Timeout` for another.
    """
    names: dict[str, None] = {}
    for base in kind.__mro__:
        if issubclass(base, BaseException) and base is not BaseException:
            names[base.__name__] = None
            names[qualified_name(base)] = None
    return tuple(names)


def qualified_name(kind: type[BaseException]) -> str:
    """The name that means this class alone."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _describe(error: BaseException, longest_traceback: int) -> TaskError:
    try:
        message = str(error)
    except Exception as broken:  # noqa: BLE001 - a user's __str__ may raise anything
        message = f"(its message cannot be shown: {type(broken).__name__})"
    return TaskError(
        type=type(error).__name__,
        message=mask_text(_shorten_end(message, _LONGEST_MESSAGE)),
        traceback=mask_text(_format(error, longest_traceback)),
        names=class_names(type(error)),
    )


def _format(error: BaseException, longest: int) -> str:
    try:
        whole = traceback.TracebackException.from_exception(error, limit=-50)
        _drop_own_frames(whole)
        text = "".join(whole.format())
    except Exception as broken:  # noqa: BLE001 - as above
        text = f"(its traceback cannot be shown: {type(broken).__name__})"
    # The end says what happened and where, so it is what stays.
    return text if len(text) <= longest else "... (shortened)\n" + text[-longest:]


def _drop_own_frames(whole: traceback.TracebackException) -> None:
    pending, seen = [whole], {id(whole)}
    while pending:
        part = pending.pop()
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(_OWN_FRAMES)]
        for linked in (part.__cause__, part.__context__, *(part.exceptions or ())):
            if linked is not None and id(linked) not in seen:
                seen.add(id(linked))
                pending.append(linked)


def _shorten_end(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "... (shortened)"
