"""Identity: whatever a request shows of its sender becomes one `Principal` with scopes."""

from taskward.auth.authenticator import Authenticator, Presented, Session, session_owner
from taskward.auth.first_start import ADMIN_TOKEN_FILE, ensure_admin_token
from taskward.auth.guesses import Guesses
from taskward.auth.principal import HOUSE, NARROW_SCOPES, ROLES, SCOPES, Principal, checked_scopes
from taskward.auth.secrets import (
    csrf_token,
    hash_password,
    hash_secret,
    is_password,
    new_api_key,
    new_session,
    new_token,
)

__all__ = [
    "ADMIN_TOKEN_FILE",
    "HOUSE",
    "NARROW_SCOPES",
    "ROLES",
    "SCOPES",
    "Authenticator",
    "Guesses",
    "Presented",
    "Principal",
    "Session",
    "checked_scopes",
    "csrf_token",
    "ensure_admin_token",
    "hash_password",
    "hash_secret",
    "is_password",
    "new_api_key",
    "new_session",
    "new_token",
    "session_owner",
]
