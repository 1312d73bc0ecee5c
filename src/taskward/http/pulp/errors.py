"""What Pulp answers when it does not do what was asked: statuses, and bodies of four shapes."""

from typing import Any

from taskward.model.errors import Conflict, Forbidden, Invalid, NotFound, TaskwardError, Unauthenticated, Unavailable


class Refused(Exception):
    """An answer that is not a success.

    `field` names the parameter or member at fault; "" means the request as a whole, and None that Pulp says the
    messages without a name. `code` is the word the Galaxy hub adds.
    """

    def __init__(self, status: int, code: str, messages: list[str], field: str | None = "") -> None:
        super().__init__(messages)
        self.status = status
        self.code = code
        self.messages = messages
        self.field = field

    @property
    def body(self) -> Any:
        """As Pulp writes it."""
        if self.field is None:
            return self.messages
        return {self.field: self.messages} if self.field else {"detail": self.messages[0]}


def bad(field: str | None, *messages: str) -> Refused:
    """A parameter or member that is wrong; `field` None for Pulp's bare list of messages."""
    return Refused(400, "invalid", list(messages), field)


def no_such(noun: str) -> Refused:
    """Nothing with that id, or nothing the caller may see."""
    return Refused(404, "not_found", [f"No {noun} matches the given query."])


NOT_FOUND = Refused(404, "not_found", ["Not found."])
FORBIDDEN = Refused(403, "permission_denied", ["You do not have permission to perform this action."])


def no_method(method: str) -> Refused:
    """The address does not answer to that method."""
    return Refused(405, "method_not_allowed", [f'Method "{method}" not allowed.'])


def translated(error: TaskwardError, noun: str = "Task") -> Refused:  # noqa: PLR0911 - one for each kind of error
    """Our error in Pulp's words; `noun` is what the request was about."""
    match error:
        case Unauthenticated():
            return Refused(401, "not_authenticated", ["Authentication credentials were not provided."])
        case Forbidden():
            return FORBIDDEN
        case NotFound():
            return no_such(noun)
        case Conflict():
            return Refused(409, "conflict", [str(error)])
        case Invalid():
            return bad(error.field.rpartition("/")[2] or "non_field_errors", error.problem)
        case Unavailable():
            return Refused(503, "service_unavailable", ["Service temporarily unavailable, try again later."])
        case _:
            return Refused(error.status, "error", [str(error)])
