"""Tokens, clients and users, as administrators make and end them."""

import asyncio
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, structs
from uuid_utils.compat import uuid7

from taskward.auth import (
    ROLES,
    Authenticator,
    Principal,
    checked_scopes,
    hash_password,
    hash_secret,
    new_api_key,
    new_token,
    session_owner,
)
from taskward.model.errors import Invalid, NotFound
from taskward.ports import Clock, Credential, Registry
from taskward.service.instants import duration, utc
from taskward.wire import ClientBody, TokenBody, TokenPatch, UserBody


class NewSecret(Struct, frozen=True):
    """A new credential, and its secret, which is nowhere else."""

    credential: Credential
    secret: str


class Credentials:
    """Everything here needs the scope admin, save looking at oneself."""

    def __init__(self, registry: Registry, authenticator: Authenticator, clock: Clock) -> None:
        self._registry = registry
        self._authenticator = authenticator
        self._clock = clock

    async def all(self, principal: Principal, kind: str) -> list[Credential]:
        """Those of a kind (token, key, user) that are not revoked, by name."""
        principal.require("admin")
        active = [one for one in await self._registry.credentials(kind) if one.revoked_at is None]
        return sorted(active, key=lambda credential: credential.name)

    async def find(self, principal: Principal, kind: str, ref: str) -> Credential:
        """One by id or name. Raises NotFound."""
        for credential in await self.all(principal, kind):
            if ref in (str(credential.id), credential.name):
                return credential
        raise NotFound({"key": "client"}.get(kind, kind), ref)

    async def create_token(self, principal: Principal, body: TokenBody) -> NewSecret:
        """Raises Invalid, and Conflict when the name is taken."""
        principal.require("admin")
        if body.client and await self._registry.credential("key", name=body.client) is None:
            raise Invalid("/client", f"there is no client {body.client}")
        secret = new_token()
        return await self._add(
            Credential(
                id=uuid7(),
                kind="token",
                name=body.name,
                secret_hash=hash_secret(secret),
                scopes=checked_scopes("/scopes", body.scopes, client=body.client),
                client=body.client,
                owner=principal.name,
                description=body.description,
                created_at=self._clock.now(),
                expires_at=self._expiry(body),
            ),
            secret,
        )

    async def change_token(self, principal: Principal, ref: str, patch: TokenPatch) -> Credential:
        """Changes what the patch names. Raises NotFound, Invalid."""
        known = await self.find(principal, "token", ref)
        changes: dict[str, Any] = {}
        if patch.scopes is not UNSET:
            changes["scopes"] = checked_scopes("/scopes", patch.scopes, client=known.client)
        if patch.description is not UNSET:
            changes["description"] = patch.description
        if patch.expires_at is not UNSET:
            changes["expires_at"] = None if patch.expires_at is None else utc("/expires_at", patch.expires_at)
        if patch.suspended is not UNSET:
            changes["suspended_at"] = self._clock.now() if patch.suspended else None
        changed = structs.replace(known, **changes)
        await self._registry.change_credential(changed)
        self._authenticator.forget()
        return changed

    async def own(self, principal: Principal) -> Credential | None:
        """The user that the caller is, if it is one."""
        if principal.kind not in {"user", "session"}:
            return None
        return await self._registry.credential("user", name=principal.name)

    async def create_client(self, principal: Principal, body: ClientBody) -> NewSecret:
        """A tenant and its api-key. Raises Conflict when there is one of that name."""
        principal.require("admin")
        return await self._add_client(principal, body.name, body.description)

    async def rotate_client(self, principal: Principal, ref: str) -> NewSecret:
        """A new api-key for a tenant; the old one ends. Raises NotFound."""
        known = await self.find(principal, "key", ref)
        await self._registry.revoke(known.id, self._clock.now())
        return await self._add_client(principal, known.name, known.description)

    async def create_user(self, principal: Principal, body: UserBody) -> Credential:
        """Raises Invalid, and Conflict when the name is taken."""
        principal.require("admin")
        user = await self._user(principal, body)
        return (await self._add(user, "")).credential

    async def change_user(self, principal: Principal, ref: str, body: UserBody) -> Credential:
        """Another password or role; the sessions of the user end. Raises NotFound, Invalid."""
        known = await self.find(principal, "user", ref)
        if body.name != known.name:
            raise Invalid("/name", f"cannot change; it is {known.name}")
        user = await self._user(principal, body)
        await self._end(known)
        return (await self._add(user, "")).credential

    async def revoke(self, principal: Principal, kind: str, ref: str) -> None:
        """Ends a credential, by id or name. Raises NotFound."""
        await self._end(await self.find(principal, kind, ref))

    async def _end(self, credential: Credential) -> None:
        now = self._clock.now()
        await self._registry.revoke(credential.id, now)
        if credential.kind in ("user", "token"):
            owner = session_owner(credential.kind, credential.name)
            for session in await self._registry.credentials("session"):
                if session.owner == owner and session.revoked_at is None:
                    await self._registry.revoke(session.id, now)
        self._authenticator.forget()

    async def _add(self, credential: Credential, secret: str) -> NewSecret:
        await self._registry.add_credential(credential)
        self._authenticator.forget()
        return NewSecret(credential, secret)

    async def _add_client(self, principal: Principal, name: str, description: str) -> NewSecret:
        secret = new_api_key()
        return await self._add(
            Credential(
                id=uuid7(),
                kind="key",
                name=name,
                secret_hash=hash_secret(secret),
                scopes=("read", "write"),
                client=name,
                owner=principal.name,
                description=description,
                created_at=self._clock.now(),
            ),
            secret,
        )

    async def _user(self, principal: Principal, body: UserBody) -> Credential:
        if body.role not in ROLES:
            raise Invalid("/role", f"must be one of {', '.join(ROLES)}")
        return Credential(
            id=uuid7(),
            kind="user",
            name=body.name,
            secret_hash=await asyncio.to_thread(hash_password, body.password),
            scopes=ROLES[body.role],
            owner=principal.name,
            created_at=self._clock.now(),
        )

    def _expiry(self, body: TokenBody) -> datetime | None:
        now = self._clock.now()
        if body.expires_at is not None and body.expires_in_seconds is not None:
            raise Invalid("/expires_in_seconds", "give one of expires_at and expires_in_seconds")
        if body.expires_in_seconds is not None:
            return now + duration("/expires_in_seconds", body.expires_in_seconds)
        if body.expires_at is None:
            return None
        expires_at = utc("/expires_at", body.expires_at)
        if expires_at <= now:
            raise Invalid("/expires_at", "must be in the future")
        return expires_at
