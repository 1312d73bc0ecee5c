"""Who may call: ScyllaDB knows no credentials, so its clients have none to show."""

from taskward.http.access import ANYONE, Access
from taskward.http.anonymous import READER, AnonymousAccess, is_local
from taskward.settings import Settings


def scylla_access(access: Access, settings: Settings) -> AnonymousAccess:
    """As the settings say. By default anybody is let in to everything, for programs of this machine alone."""
    match settings.scylla.anonymous:
        case "all":
            return AnonymousAccess(access, ANYONE, only_this_machine=False)
        case "read":
            return AnonymousAccess(access, READER, only_this_machine=False)
        case "":
            return AnonymousAccess(access, ANYONE if is_local(settings) else None, only_this_machine=True)
        case _:
            return AnonymousAccess(access, None, only_this_machine=False)
