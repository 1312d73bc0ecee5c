"""From what a request shows to a `Principal`."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from msgspec import Struct
from uuid_utils.compat import uuid7

from taskward.auth.guesses import Guesses
from taskward.auth.principal import Principal
from taskward.auth.secrets import csrf_token, hash_password, hash_secret, is_password, is_session, new_session
from taskward.model.errors import Expired, Forbidden, Suspended, TaskwardError, Unauthenticated, Unavailable
from taskward.ports import Clock, Credential, Registry

K = TypeVar("K")
V = TypeVar("V")

_log = structlog.get_logger(__name__)

_LOOKUP_TTL = timedelta(seconds=1)
"""How long another process may still accept what was revoked here."""
_PROOF_TTL = timedelta(minutes=5)
_TOUCH_EVERY = timedelta(minutes=1)
_CACHED = 10_000
_OF_TOKEN = "token:"  # noqa: S105 - a prefix of names
_SCRYPTS_AT_ONCE = 2
_SCRYPTS_WAITING = 32


class Presented(Struct, frozen=True):
    """What a request shows of its sender; what it does not show is empty."""

    authorization: str = ""
    """The `Authorization` header: `Bearer T` or `Token T`, T a token or a session's secret, or `Basic B`."""
    client: str = ""
    api_key: str = ""
    session: str = ""
    """The session cookie."""
    csrf: str = ""
    """What pages send beside the cookie; must go with it unless the method is safe."""
    is_safe: bool = True
    """GET, HEAD or OPTIONS: changes nothing."""


class Session(Struct, frozen=True):
    """A new session: `secret` goes into the cookie, `csrf` is what its pages send beside it."""

    secret: str
    csrf: str
    lifetime: timedelta
    principal: Principal


class Authenticator:
    """Checks credentials against the registry, with expiry and revocation.

    What was found is remembered for a second, and verified passwords for minutes (under a keyed hash of user, password
    and what is stored, so that a changed password is another entry): Basic costs no scrypt per request.
    """

    def __init__(self, registry: Registry, clock: Clock, guesses: Guesses | None = None) -> None:
        self._registry = registry
        self._clock = clock
        self._guesses = guesses or Guesses()
        self._found: OrderedDict[tuple[str, str], tuple[datetime, Credential]] = OrderedDict()
        self._proofs: OrderedDict[bytes, datetime] = OrderedDict()
        self._proof_key = secrets.token_bytes(32)
        self._touched: OrderedDict[UUID, datetime] = OrderedDict()
        self._touching: set[asyncio.Task[None]] = set()
        self._scrypts = asyncio.Semaphore(_SCRYPTS_AT_ONCE)
        self._scrypts_waiting = 0
        # Compared when there is no such user, so that the time of the answer does not tell.
        self._nobody = ""

    async def authenticate(self, presented: Presented) -> Principal:
        """Raises Unauthenticated (none, unknown, expired, revoked) and Forbidden (session without its CSRF token)."""
        if presented.authorization:
            return await self._by_header(presented.authorization)
        if presented.api_key or presented.client:
            return await self.api_key(presented.client, presented.api_key)
        if presented.session:
            return await self._by_session(presented)
        raise Unauthenticated(
            "no credential: send `Authorization: Bearer TOKEN`, Basic, `client` and `api-key`, or log in"
        )

    async def bearer(self, token: str) -> Principal:
        """The owner of a token. Raises Unauthenticated."""
        credential = await self._by_hash("token", hash_secret(token))
        if credential is None:
            raise Unauthenticated("no such token; it may have been revoked")
        return self._accept(credential)

    async def api_key(self, client: str, key: str) -> Principal:
        """A client, by its name and key. Raises Unauthenticated."""
        if not client or not key:
            missing = "api-key" if client else "client"
            raise Unauthenticated(f"the headers `client` and `api-key` go together; `{missing}` is missing")
        credential = await self._by_name("key", client)
        if credential is None or not hmac.compare_digest(credential.secret_hash, hash_secret(key)):
            raise Unauthenticated("no such client and api-key")
        return self._accept(credential)

    async def password(self, user: str, password: str) -> Principal:
        """A user. Raises Unauthenticated; Unavailable when too many passwords are being checked."""
        credential = await self._by_name("user", user)
        now = self._clock.now()
        stored = credential.secret_hash if credential else await self._nobodys_hash()
        proof = self._proof(user, password, stored)
        if credential and self._proofs.get(proof, now) > now:
            return self._accept(credential)
        self._guesses.check(user, now)
        matches = await self._verify(password, stored)
        if credential is None or not matches:
            self._guesses.wrong(user, now)
            raise Unauthenticated("no such user and password")
        self._guesses.right(user)
        _remember(self._proofs, proof, now + _PROOF_TTL)
        return self._accept(credential)

    async def log_in(self, user: str, password: str, lifetime: timedelta) -> Session:
        """Starts a session of a user. Raises as `password`."""
        return await self._start_session(await self.password(user, password), user, lifetime)

    async def log_in_by_token(self, token: str, lifetime: timedelta) -> Session:
        """Starts a session of a token, which ends with it. Raises as `bearer`."""
        principal = await self.bearer(token)
        credential = await self._by_hash("token", hash_secret(token))
        if credential is not None and credential.expires_at is not None:
            lifetime = min(lifetime, credential.expires_at - self._clock.now())
        return await self._start_session(principal, session_owner("token", principal.name), lifetime)

    async def _start_session(self, principal: Principal, owner: str, lifetime: timedelta) -> Session:
        now = self._clock.now()
        for old in await self._registry.credentials("session"):
            if old.expires_at and old.expires_at <= now:
                await self._registry.revoke(old.id, now)
        secret = new_session()
        identity = uuid7()
        await self._registry.add_credential(
            Credential(
                id=identity,
                kind="session",
                name=str(identity),
                secret_hash=hash_secret(secret),
                owner=owner,
                created_at=now,
                expires_at=now + lifetime,
            )
        )
        return Session(secret, csrf_token(secret), lifetime, principal)

    async def log_out(self, secret: str) -> None:
        """Ends the session; an unknown one has ended already."""
        credential = await self._registry.credential("session", secret_hash=hash_secret(secret))
        if credential is not None:
            await self._registry.revoke(credential.id, self._clock.now())
        self.forget()

    def forget(self) -> None:
        """Looks everything up anew from now on: something was revoked or changed."""
        self._found.clear()
        self._proofs.clear()

    async def close(self) -> None:
        """Waits for notes of use that are being written."""
        await asyncio.gather(*self._touching, return_exceptions=True)

    async def _by_header(self, header: str) -> Principal:
        scheme, _, value = header.partition(" ")
        value = value.strip()
        match scheme.lower():
            case "bearer" | "token" if is_session(value):
                # No browser sends it by itself, as it does a cookie: it needs no second proof.
                return await self._by_session(Presented(session=value))
            case "bearer" | "token" if value:
                return await self.bearer(value)
            case "basic":
                user, password = basic_credential(value)
                return await self.password(user, password)
            case _:
                raise Unauthenticated(
                    "the Authorization header is not one of `Bearer TOKEN`, `Token TOKEN` and `Basic BASE64`"
                )

    async def _by_session(self, presented: Presented) -> Principal:
        credential = await self._by_hash("session", hash_secret(presented.session))
        owner = await self._owner(credential.owner) if credential else None
        if credential is None or owner is None:
            raise Unauthenticated("the session has ended; log in again")
        self._check_validity(credential)
        self._check_validity(owner)
        if not presented.is_safe and not hmac.compare_digest(
            presented.csrf.encode(), csrf_token(presented.session).encode()
        ):
            raise Forbidden("a change within a session needs its token in the header X-CSRF-Token")
        # The scopes are the owner's of now, so that a changed role needs no new login.
        return Principal(owner.name, "session", owner.client, frozenset(owner.scopes))

    async def _owner(self, owner: str) -> Credential | None:
        if owner.startswith(_OF_TOKEN):
            return await self._by_name("token", owner.removeprefix(_OF_TOKEN))
        return await self._by_name("user", owner)

    async def _by_hash(self, kind: str, secret_hash: str) -> Credential | None:
        return self._recall(kind, secret_hash) or self._note(
            kind, secret_hash, await self._registry.credential(kind, secret_hash=secret_hash)
        )

    async def _by_name(self, kind: str, name: str) -> Credential | None:
        return self._recall(kind, name) or self._note(kind, name, await self._registry.credential(kind, name=name))

    def _recall(self, kind: str, key: str) -> Credential | None:
        until, credential = self._found.get((kind, key), (None, None))
        return credential if until and self._clock.now() < until else None

    def _note(self, kind: str, key: str, credential: Credential | None) -> Credential | None:
        if credential is not None:
            _remember(self._found, (kind, key), (self._clock.now() + _LOOKUP_TTL, credential))
        return credential

    def _accept(self, credential: Credential) -> Principal:
        self._check_validity(credential)
        self._touch(credential)
        return Principal(credential.name, credential.kind, credential.client, frozenset(credential.scopes))

    def _check_validity(self, credential: Credential) -> None:
        if credential.expires_at and credential.expires_at <= self._clock.now():
            raise Expired(f"the {credential.kind} {credential.name} has expired")
        if credential.suspended_at is not None:
            raise Suspended(f"the {credential.kind} {credential.name} is switched off")

    def _touch(self, credential: Credential) -> None:
        now = self._clock.now()
        if now - self._touched.get(credential.id, credential.used_at or credential.created_at) < _TOUCH_EVERY:
            return
        _remember(self._touched, credential.id, now)
        task = asyncio.create_task(self._write_touch(credential.id, now))
        self._touching.add(task)
        task.add_done_callback(self._touching.discard)

    async def _write_touch(self, credential_id: UUID, now: datetime) -> None:
        try:
            await self._registry.touch(credential_id, now)
        except TaskwardError:
            _log.warning("the use of a credential was not noted", exc_info=True)

    def _proof(self, user: str, password: str, stored: str) -> bytes:
        return hmac.new(self._proof_key, f"{user}\0{password}\0{stored}".encode(), hashlib.sha256).digest()

    async def _nobodys_hash(self) -> str:
        if not self._nobody:
            self._nobody = await asyncio.to_thread(hash_password, secrets.token_urlsafe())
        return self._nobody

    async def _verify(self, password: str, stored: str) -> bool:
        if self._scrypts_waiting >= _SCRYPTS_WAITING:
            raise Unavailable("too many passwords are being checked at once; try again in a moment")
        self._scrypts_waiting += 1
        try:
            async with self._scrypts:
                return await asyncio.to_thread(is_password, password, stored)
        finally:
            self._scrypts_waiting -= 1


def session_owner(kind: str, name: str) -> str:
    """How a session names the user or token that it is of. Names of users have no colon."""
    return _OF_TOKEN + name if kind == "token" else name


def basic_credential(value: str) -> tuple[str, str]:
    """User and password of what follows `Basic `. Raises Unauthenticated."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        colon = user = password = ""
    if not colon:
        raise Unauthenticated("the Basic credential is not the base64 of `user:password`")
    return user, password


def _remember(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    if len(cache) > _CACHED:
        cache.popitem(last=False)
