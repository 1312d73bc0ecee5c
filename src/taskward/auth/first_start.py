"""The first administrator of a new installation."""

import asyncio
import os
import tempfile
from pathlib import Path

from uuid_utils.compat import uuid7

from taskward.auth.principal import SCOPES
from taskward.auth.secrets import hash_secret, new_token
from taskward.model.errors import Conflict
from taskward.ports import Clock, Credential, Registry

ADMIN_TOKEN_FILE = "admin-token"  # noqa: S105 - the name of a file
_NAME = "first-start"


async def ensure_admin_token(registry: Registry, clock: Clock, data_dir: Path) -> Path | None:
    """Writes a token with every scope to `admin-token` (mode 0600) when no valid one exists; returns where.

    None when there is one already, also when another process that starts at the same moment was faster.
    """
    now = clock.now()
    for credential in await registry.credentials("token"):
        valid = (credential.expires_at is None or credential.expires_at > now) and credential.suspended_at is None
        if valid and "admin" in credential.scopes and credential.revoked_at is None:
            return None
        if credential.name == _NAME:
            await registry.revoke(credential.id, now)
    token = new_token()
    # The file is complete before the token counts, and in its place only after: a crash leaves no known token lost.
    written = await asyncio.to_thread(_write_aside, data_dir, token)
    try:
        await registry.add_credential(
            Credential(
                id=uuid7(),
                kind="token",
                name=_NAME,
                secret_hash=hash_secret(token),
                scopes=SCOPES,
                description="Made at the first start",
                created_at=now,
            )
        )
    except Conflict:
        written.unlink()
        return None
    return written.replace(data_dir / ADMIN_TOKEN_FILE)


def _write_aside(data_dir: Path, token: str) -> Path:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, path = tempfile.mkstemp(prefix=f"{ADMIN_TOKEN_FILE}.", dir=data_dir)  # only its owner may read it
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(path)
