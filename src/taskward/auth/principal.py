"""Who is asking, and what they may do."""

from collections.abc import Iterable

from msgspec import Struct

from taskward.model.errors import Forbidden, Invalid

SCOPES = ("read", "write", "admin")
"""read: look at tasks and the fleet. write: submit and steer tasks. admin: settings, pools, credentials, everything."""

NARROW_SCOPES = ("job", "cluster")
"""Of personal access tokens for Dragonfly's Open API alone: job for its jobs, cluster for its clusters."""

ROLES = {"viewer": ("read",), "operator": ("read", "write"), "admin": SCOPES}
"""What a user's role lets them do."""


class Principal(Struct, frozen=True):
    """The caller as the service knows it. `client` is the only tenant it sees; empty sees all."""

    name: str
    kind: str
    """token, key (client + api-key), user (Basic), session, or house (the process itself)."""
    client: str = ""
    scopes: frozenset[str] = frozenset()

    def require(self, scope: str) -> None:
        """Raises Forbidden when the scope is missing."""
        if scope not in self.scopes:
            held = ", ".join(each for each in SCOPES if each in self.scopes) or "none"
            raise Forbidden(f"this needs the scope {scope}; {self.name} has: {held}")

    def sees(self, client: str) -> bool:
        """Whether things of this client exist for the caller."""
        return not self.client or self.client == client


HOUSE = Principal(name="taskward", kind="house", scopes=frozenset(SCOPES))
"""The process itself, for what it does of its own accord."""


def checked_scopes(field: str, scopes: Iterable[str], *, client: str = "") -> tuple[str, ...]:
    """The scopes in their order, each once; admin brings the others.

    Raises Invalid for an unknown one, for none, and for admin beside a client: an administrator sees every client.
    """
    asked = set(scopes)
    known = (*SCOPES, *NARROW_SCOPES)
    if unknown := sorted(asked - set(known)):
        raise Invalid(field, f"{unknown[0]!r} is not a scope; the scopes are {', '.join(known)}")
    if not asked:
        raise Invalid(field, f"at least one of {', '.join(known)} is needed")
    if "admin" in asked:
        if client:
            raise Invalid(field, "what belongs to a client cannot have the scope admin; use read and write")
        asked |= set(SCOPES)
    return tuple(scope for scope in known if scope in asked)
