"""Secrets and what is stored of them.

Random secrets carry 256 bits, so their sha256 is as hard to turn back as they are to guess. Passwords are chosen by
people and go through scrypt; its parameters stand in the stored text, so they can be raised without a migration.
"""

import base64
import hashlib
import hmac
import secrets

from taskward.model.masking import API_KEY_PREFIX, SESSION_PREFIX, TOKEN_PREFIX

_SCRYPT_N = 2**15
_SCRYPT_R = 8
_SCRYPT_P = 1
_KEY_BYTES = 32


def new_token() -> str:
    """A personal access token, `tw_...`."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def new_api_key() -> str:
    """The secret of a client, `twk_...`."""
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def new_session() -> str:
    """The secret of a session cookie."""
    return SESSION_PREFIX + secrets.token_urlsafe(32)


def is_session(secret: str) -> bool:
    """Whether it looks like the secret of a session, and not of another credential."""
    return secret.startswith(SESSION_PREFIX)


def hash_secret(secret: str) -> str:
    """Of a random secret: sha256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(session: str) -> str:
    """What a page must send in `X-CSRF-Token` beside its session cookie: only who can read the session can know it."""
    return hmac.new(session.encode(), b"taskward csrf", hashlib.sha256).hexdigest()


def hash_password(password: str) -> str:
    """`scrypt$n=...,r=...,p=...$salt$hash`. Takes some 0.1 s and 32 MiB: not for an event loop."""
    salt = secrets.token_bytes(16)
    key = _scrypt(password, salt, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P)
    return f"scrypt$n={_SCRYPT_N},r={_SCRYPT_R},p={_SCRYPT_P}${_encoded(salt)}${_encoded(key)}"


def is_password(password: str, stored: str) -> bool:
    """Whether `stored` was made from the password; as slow as `hash_password`. A text of another kind never matches."""
    try:
        scheme, parameters, salt, key = stored.split("$")
        cost = {name: int(value) for name, value in (part.split("=") for part in parameters.split(","))}
        expected = base64.b64decode(key, validate=True)
        given = _scrypt(password, base64.b64decode(salt, validate=True), cost["n"], cost["r"], cost["p"])
    except (ValueError, KeyError):
        return False
    return scheme == "scrypt" and hmac.compare_digest(given, expected)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # OpenSSL refuses to use more memory than it is told; it needs 128 * n * r bytes and a little more.
    limit_bytes = 128 * r * (n + p + 2)
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=limit_bytes, dklen=_KEY_BYTES)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
