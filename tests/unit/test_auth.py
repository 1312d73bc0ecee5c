import asyncio
import base64
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from uuid_utils.compat import uuid7

from taskward.auth import (
    ADMIN_TOKEN_FILE,
    HOUSE,
    Authenticator,
    Guesses,
    Presented,
    Principal,
    authenticator,
    checked_scopes,
    csrf_token,
    ensure_admin_token,
    hash_password,
    hash_secret,
    is_password,
    new_api_key,
    new_token,
)
from taskward.model.errors import Forbidden, Invalid, Unauthenticated, Unavailable
from taskward.notify import LocalNotifier
from taskward.ports import Credential
from taskward.store import SqliteStore

PASSWORD = "correct horse"


class HandClock:
    def __init__(self) -> None:
        self.at = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def turn(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    store = SqliteStore(":memory:", LocalNotifier())
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def authentic(store: SqliteStore, clock: HandClock) -> AsyncIterator[Authenticator]:
    authentic = Authenticator(store.registry, clock)
    yield authentic
    await authentic.close()


async def add(
    store: SqliteStore, clock: HandClock, kind: str, name: str, secret_hash: str, **members: Any
) -> Credential:
    members.setdefault("scopes", ("read",))
    credential = Credential(
        id=uuid7(), kind=kind, name=name, secret_hash=secret_hash, created_at=clock.now(), **members
    )
    await store.registry.add_credential(credential)
    return credential


def basic(user: str, password: str) -> Presented:
    return Presented(authorization="Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


class TestTokens:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "Bearer  "])
    async def test_a_token_is_its_principal(
        self, scheme: str, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        token = new_token()
        await add(store, clock, "token", "ci", hash_secret(token), scopes=("read", "write"), client="acme")
        principal = await authentic.authenticate(Presented(authorization=f"{scheme} {token}"))
        assert principal == Principal("ci", "token", "acme", frozenset({"read", "write"}))

    async def test_only_a_hash_is_stored(self) -> None:
        token = new_token()
        assert token.startswith("tw_")
        assert len(token) == 3 + 43
        assert hash_secret(token) != token
        assert len(hash_secret(token)) == 64

    async def test_an_unknown_token_is_refused(self, authentic: Authenticator) -> None:
        with pytest.raises(Unauthenticated, match="no such token"):
            await authentic.bearer(new_token())

    async def test_expiry_counts_to_the_instant(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        token = new_token()
        await add(store, clock, "token", "ci", hash_secret(token), expires_at=clock.now() + timedelta(seconds=2))
        await authentic.bearer(token)
        clock.turn(seconds=2)
        with pytest.raises(Unauthenticated, match="expired"):
            await authentic.bearer(token)

    async def test_revoking_elsewhere_counts_within_a_second(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        token = new_token()
        stored = await add(store, clock, "token", "ci", hash_secret(token))
        await authentic.bearer(token)
        await store.registry.revoke(stored.id, clock.now())
        clock.turn(seconds=1)
        with pytest.raises(Unauthenticated):
            await authentic.bearer(token)

    async def test_revoking_here_counts_at_once(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        token = new_token()
        stored = await add(store, clock, "token", "ci", hash_secret(token))
        await authentic.bearer(token)
        await store.registry.revoke(stored.id, clock.now())
        authentic.forget()
        with pytest.raises(Unauthenticated):
            await authentic.bearer(token)

    async def test_use_is_noted_once_a_minute(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        token = new_token()
        await add(store, clock, "token", "ci", hash_secret(token))
        uses = []
        for _ in range(4):
            clock.turn(seconds=31)
            await authentic.bearer(token)
            await authentic.close()
            found = await store.registry.credential("token", name="ci")
            assert found is not None
            uses.append(found.used_at)
        assert uses == [None, uses[1], uses[1], clock.now()]
        assert uses[1] == clock.now() - timedelta(seconds=62)


class TestHeaders:
    @pytest.mark.parametrize(
        ("presented", "problem"),
        [
            (Presented(), "no credential"),
            (Presented(authorization="Bearer"), "not one of"),
            (Presented(authorization="Digest x"), "not one of"),
            (Presented(authorization="Basic !!!"), "not the base64"),
            (Presented(authorization="Basic äöü"), "not the base64"),
            (Presented(authorization="Basic " + base64.b64encode(b"no-colon").decode()), "not the base64"),
            (Presented(authorization="Basic " + base64.b64encode(b"\xff:\xfe").decode()), "not the base64"),
            (Presented(client="acme"), "`api-key` is missing"),
            (Presented(api_key="twk_x"), "`client` is missing"),
            (Presented(client="acme", api_key="twk_x"), "no such client"),
            (Presented(session="tws_x"), "session has ended"),
        ],
    )
    async def test_what_does_not_let_in(self, presented: Presented, problem: str, authentic: Authenticator) -> None:
        with pytest.raises(Unauthenticated, match=problem):
            await authentic.authenticate(presented)

    async def test_a_client_and_its_key_go_together(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        keys = {name: new_api_key() for name in ("acme", "other")}
        for name, key in keys.items():
            await add(store, clock, "key", name, hash_secret(key), client=name)
        principal = await authentic.authenticate(Presented(client="acme", api_key=keys["acme"]))
        assert (principal.kind, principal.client) == ("key", "acme")
        with pytest.raises(Unauthenticated):
            await authentic.authenticate(Presented(client="acme", api_key=keys["other"]))


class TestPasswords:
    def test_stored_text_says_how_it_was_made(self) -> None:
        stored = hash_password(PASSWORD)
        assert stored.startswith("scrypt$n=32768,r=8,p=1$")
        assert is_password(PASSWORD, stored)
        assert not is_password(PASSWORD + "x", stored)
        assert hash_password(PASSWORD) != stored

    def test_older_parameters_still_match(self) -> None:
        with patch("taskward.auth.secrets._SCRYPT_N", 2**10):
            stored = hash_password(PASSWORD)
        assert is_password(PASSWORD, stored)

    @pytest.mark.parametrize(
        "stored", ["", "sha256$x", "scrypt$n=x$a$b", "scrypt$r=1$a$b", "scrypt$n=3,r=8,p=1$YQ==$YQ=="]
    )
    def test_a_text_of_another_kind_never_matches(self, stored: str) -> None:
        assert not is_password(PASSWORD, stored)

    async def test_basic_costs_one_scrypt_for_many_requests(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD), scopes=("read", "write"))
        with patch.object(authenticator, "is_password", wraps=is_password) as scrypt:
            for _ in range(3):
                principal = await authentic.authenticate(basic("ann", PASSWORD))
                assert (principal.name, principal.kind) == ("ann", "user")
                assert principal.scopes == frozenset({"read", "write"})
                clock.turn(minutes=1)
        assert scrypt.call_count == 1

    async def test_a_remembered_password_is_only_that_password(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD))
        await authentic.password("ann", PASSWORD)
        with pytest.raises(Unauthenticated):
            await authentic.password("ann", PASSWORD + " ")

    async def test_a_password_changed_elsewhere_ends_the_remembered_one(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        known = await add(store, clock, "user", "ann", hash_password(PASSWORD))
        await authentic.password("ann", PASSWORD)
        await store.registry.revoke(known.id, clock.now())
        await add(store, clock, "user", "ann", hash_password("another one"))
        clock.turn(seconds=6)
        with pytest.raises(Unauthenticated):
            await authentic.password("ann", PASSWORD)

    async def test_an_unknown_user_costs_as_much_as_a_known_one(self, authentic: Authenticator) -> None:
        with patch.object(authenticator, "is_password", wraps=is_password) as scrypt, pytest.raises(Unauthenticated):
            await authentic.password("nobody", PASSWORD)
        assert scrypt.call_count == 1

    async def test_guessing_closes_the_name_for_a_while(self, store: SqliteStore, clock: HandClock) -> None:
        authentic = Authenticator(store.registry, clock, Guesses(free=3, longest=timedelta(seconds=15)))
        await add(store, clock, "user", "ann", hash_password(PASSWORD))
        with patch.object(authenticator, "is_password", wraps=is_password) as scrypt:
            for _ in range(5):
                with pytest.raises(Unauthenticated):
                    await authentic.password("ann", "wrong")
            with pytest.raises(Unauthenticated, match=r"too many wrong passwords .* 1 s"):
                await authentic.password("ann", PASSWORD)
            assert scrypt.call_count == 3
            clock.turn(seconds=1)
            await authentic.password("ann", PASSWORD)

    def test_a_name_is_never_closed_for_long(self, clock: HandClock) -> None:
        guesses = Guesses(free=1, longest=timedelta(seconds=15))
        for _ in range(100):
            guesses.wrong("ann", clock.now())
        clock.turn(seconds=15)
        guesses.check("ann", clock.now())

    async def test_too_many_at_once_are_refused(self, authentic: Authenticator) -> None:
        attempts = [asyncio.create_task(authentic.password(f"user{number}", "x")) for number in range(60)]
        errors = [type(error) for error in await asyncio.gather(*attempts, return_exceptions=True)]
        assert set(errors) == {Unauthenticated, Unavailable}


class TestSessions:
    async def test_a_session_acts_for_its_user(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD), scopes=("read",))
        session = await authentic.log_in("ann", PASSWORD, timedelta(hours=1))
        principal = await authentic.authenticate(Presented(session=session.secret))
        assert (principal.name, principal.kind, principal.scopes) == ("ann", "session", frozenset({"read"}))

    @pytest.mark.parametrize("csrf", ["", "wrong", "ümläut"])
    async def test_a_change_needs_the_csrf_token(
        self, csrf: str, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD))
        session = await authentic.log_in("ann", PASSWORD, timedelta(hours=1))
        with pytest.raises(Forbidden, match="X-CSRF-Token"):
            await authentic.authenticate(Presented(session=session.secret, csrf=csrf, is_safe=False))
        assert session.csrf == csrf_token(session.secret)
        await authentic.authenticate(Presented(session=session.secret, csrf=session.csrf, is_safe=False))

    @pytest.mark.parametrize("scheme", ["Bearer", "Token"])
    async def test_in_a_header_it_needs_no_csrf_token(
        self, scheme: str, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD), scopes=("write",))
        session = await authentic.log_in("ann", PASSWORD, timedelta(hours=1))
        shown = Presented(authorization=f"{scheme} {session.secret}", is_safe=False)
        assert (await authentic.authenticate(shown)).scopes == frozenset({"write"})
        await authentic.log_out(session.secret)
        with pytest.raises(Unauthenticated, match="session has ended"):
            await authentic.authenticate(shown)

    async def test_a_session_ends_by_time_logout_and_its_user(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        user = await add(store, clock, "user", "ann", hash_password(PASSWORD))
        expired, left, orphan = [await authentic.log_in("ann", PASSWORD, timedelta(hours=1)) for _ in range(3)]
        await authentic.log_out(left.secret)
        with pytest.raises(Unauthenticated):
            await authentic.authenticate(Presented(session=left.secret))
        await authentic.authenticate(Presented(session=orphan.secret))
        await store.registry.revoke(user.id, clock.now())
        authentic.forget()
        with pytest.raises(Unauthenticated):
            await authentic.authenticate(Presented(session=orphan.secret))
        await add(store, clock, "user", "ann", hash_password(PASSWORD))
        clock.turn(hours=1)
        with pytest.raises(Unauthenticated, match="expired"):
            await authentic.authenticate(Presented(session=expired.secret))

    async def test_a_login_clears_expired_sessions_away(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator
    ) -> None:
        await add(store, clock, "user", "ann", hash_password(PASSWORD))
        for _ in range(3):
            await authentic.log_in("ann", PASSWORD, timedelta(hours=1))
            clock.turn(hours=2)
        assert len([one for one in await store.registry.credentials("session") if one.revoked_at is None]) == 1


class TestFirstStart:
    async def test_the_first_start_writes_a_token_for_its_owner_alone(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator, tmp_path: Path
    ) -> None:
        written = await ensure_admin_token(store.registry, clock, tmp_path / "data")
        assert written == tmp_path / "data" / ADMIN_TOKEN_FILE
        assert stat.S_IMODE(written.stat().st_mode) == 0o600
        principal = await authentic.bearer(written.read_text().strip())
        assert principal.scopes == HOUSE.scopes
        assert [path.name for path in written.parent.iterdir()] == [ADMIN_TOKEN_FILE]

    async def test_a_later_start_writes_none(self, store: SqliteStore, clock: HandClock, tmp_path: Path) -> None:
        await ensure_admin_token(store.registry, clock, tmp_path)
        before = (tmp_path / ADMIN_TOKEN_FILE).read_text()
        assert await ensure_admin_token(store.registry, clock, tmp_path) is None
        assert (tmp_path / ADMIN_TOKEN_FILE).read_text() == before

    async def test_of_starts_at_once_one_writes(self, store: SqliteStore, clock: HandClock, tmp_path: Path) -> None:
        written = await asyncio.gather(*(ensure_admin_token(store.registry, clock, tmp_path) for _ in range(3)))
        assert sum(path is not None for path in written) == 1

    async def test_an_expired_one_is_replaced(
        self, store: SqliteStore, clock: HandClock, authentic: Authenticator, tmp_path: Path
    ) -> None:
        old = new_token()
        await add(store, clock, "token", "first-start", hash_secret(old), scopes=("admin",), expires_at=clock.now())
        written = await ensure_admin_token(store.registry, clock, tmp_path)
        assert written is not None
        assert (await authentic.bearer(written.read_text().strip())).scopes == HOUSE.scopes


class TestScopes:
    def test_admin_brings_the_others(self) -> None:
        assert checked_scopes("/scopes", ["admin"]) == ("read", "write", "admin")
        assert checked_scopes("/scopes", ["write", "read", "write"]) == ("read", "write")

    @pytest.mark.parametrize(
        ("scopes", "client", "problem"),
        [([], "", "at least one"), (["root"], "", "'root' is not a scope"), (["admin"], "acme", "belongs to a client")],
    )
    def test_what_is_no_set_of_scopes(self, scopes: list[str], client: str, problem: str) -> None:
        with pytest.raises(Invalid, match=problem):
            checked_scopes("/scopes", scopes, client=client)

    def test_a_missing_scope_is_named(self) -> None:
        with pytest.raises(Forbidden, match="needs the scope write; ci has: read"):
            Principal("ci", "token", scopes=frozenset({"read"})).require("write")

    def test_a_client_sees_itself_alone(self) -> None:
        assert HOUSE.sees("acme")
        assert Principal("a", "key", "acme").sees("acme")
        assert not Principal("a", "key", "acme").sees("")
