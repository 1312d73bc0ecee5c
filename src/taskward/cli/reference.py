"""How people name a task: by its id, or by its number (`12`, `#12`)."""

from uuid import UUID

from taskward.cli.session import Session


def named(task: str) -> str:
    """A task as the server wants it named."""
    return task.removeprefix("#")


async def identify(session: Session, task: str) -> UUID:
    """The id of a task, which people may have named by its number."""
    try:
        return UUID(named(task))
    except ValueError:
        return (await session.client.get(named(task))).id
