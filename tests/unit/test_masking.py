import json
import string
import time
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from taskward.model.masking import MASK, is_secret_name, mask_headers, mask_secret, mask_text, mask_value

SECRET_NAMES = [
    "password",
    "passwd",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "x-api-key",
    "X-Api-Key",
    "x-auth-key",
    "HTTP_X_AUTH_KEY",
    "authorization",
    "Proxy-Authorization",
    "cookie",
    "Set-Cookie",
    "private_key",
    "privateKey",
    "access_key",
    "AWSSecretAccessKey",
    "credentials",
    "clientSecret",
    "dbpassword",
    "db.password",
    "accessToken",
    "refresh_tokens",
    "passwordHash",
    "PASSWORD2",
    "secret_access_key_id",
]
HARMLESS_NAMES = [
    "author",
    "tokenizer",
    "secretary",
    "token_type",
    "token_url",
    "cookie_policy",
    "password_expires_at",
    "access",
    "key",
    "monkey",
    "name",
    "content_id",
    "authors",
    "pass",
    "compass",
    "2",
    "_",
]
SCHEMES = ["api-key", "apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "hmac", "negotiate", "ntlm", "token"]

# Characters that end a value in no form of text.
word_secrets = st.text(string.ascii_letters + string.digits + "!@$%^*_+/.~-", min_size=1, max_size=60).filter(
    lambda secret: secret.lower() not in {"null", "none", "true", "false"} and not secret.startswith(MASK)
)
plain_words = st.text("abcdefghij 0123456789,.()é漢", max_size=30)
plain_names = st.sampled_from(["folder", "user", "limit", "content_id", "é", "x y", ""])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | plain_words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_names, inner, max_size=4),
    max_leaves=12,
)


def assert_hidden(secret: str, shown: str) -> None:
    """Of the secret, `shown` may have the last four characters of a long one and not one of a short one."""
    assert shown.startswith(MASK)
    assert shown == MASK or (shown == MASK + secret[-4:] and len(secret) >= 12)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_recognises_the_name_of_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_leaves_other_names_alone(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("", "****"),
        ("abc", "****"),
        ("12345678901", "****"),
        ("123456789012", "****9012"),
        ("****9012", "****9012"),
        ("****90123", "****"),
        ("*" * 32 + "3e2d", "****3e2d"),
    ],
)
def test_shows_the_last_four_characters_of_a_long_secret(secret: str, shown: str) -> None:
    assert mask_secret(secret) == shown


def test_masks_nested_values_by_name() -> None:
    value = {
        "url": "https://bob:hunter2@example.org/x?token=abcdefghijklmnop&page=2",
        "api_key": "0123456789abcdef",
        "retries": 3,
        "credentials": {"user": "bob", "pin": 123456789012, "extra": ["abcdefghijklmnop", None, True]},
        "steps": [{"headers": {"Authorization": "Bearer 0123456789abcdef"}}, ("x", {"secret": 1.5})],
        "max_tokens": 4096,
        "token": None,
        "password": "",
        "token_type": "bearer",
    }
    assert mask_value(value) == {
        "url": "https://bob:****@example.org/x?token=****mnop&page=2",
        "api_key": "****cdef",
        "retries": 3,
        "credentials": {"user": "****", "pin": "****9012", "extra": ["****mnop", None, True]},
        "steps": [{"headers": {"Authorization": "Bearer ****cdef"}}, ("x", {"secret": "****"})],
        "max_tokens": 4096,
        "token": None,
        "password": "",
        "token_type": "bearer",
    }


def test_the_given_value_is_not_changed() -> None:
    value = {"a": [{"password": "hunter2"}]}
    mask_value(value)
    assert value == {"a": [{"password": "hunter2"}]}


@pytest.mark.parametrize("name", ["list", "password"])
def test_a_value_nested_too_deeply_is_masked_and_not_a_crash(name: str) -> None:
    value: Any = "abcdefghijklmnop"
    for _ in range(900):
        value = {name: [value]}
    assert "abcdefghijklmnop" not in repr(mask_value(value))


@given(name=st.sampled_from(SECRET_NAMES), secret=st.text(min_size=1))
def test_never_shows_more_than_four_characters_under_a_secret_name(name: str, secret: str) -> None:
    assume(" " not in secret)  # "Bearer x" keeps its first word
    assume(not secret.startswith(MASK))
    shown = mask_value({"outer": [{name: secret}, {name: {"inner": [secret]}}]})["outer"]
    assert_hidden(secret, shown[0][name])
    assert_hidden(secret, shown[1][name]["inner"][0])


@given(plain_values)
def test_leaves_values_without_secrets_intact(value: Any) -> None:
    assert mask_value(value) == value


@given(json_values, st.sampled_from(SECRET_NAMES))
def test_keeps_the_shape_and_is_stable(value: Any, name: str) -> None:
    value = {"plain": value, name: value}
    masked = mask_value(value)
    assert shape(masked) == shape(value)
    assert mask_value(masked) == masked


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else "leaf"


def test_masks_headers() -> None:
    headers = {
        "Authorization": "Bearer 0123456789abcdef",
        "Proxy-Authorization": "0123456789abcdef",
        "X-API-Key": "short",
        "HTTP_X_AUTH_KEY": "0123456789abcdef",
        "Cookie": "session=0123456789abcdef; theme=dark",
        "Referer": "https://example.org/?access_token=0123456789abcdef",
        "Accept": "application/json",
    }
    assert mask_headers(headers) == {
        "Authorization": "Bearer ****cdef",
        "Proxy-Authorization": "****cdef",
        "X-API-Key": "****",
        "HTTP_X_AUTH_KEY": "****cdef",
        "Cookie": "****dark",
        "Referer": "https://example.org/?access_token=****cdef",
        "Accept": "application/json",
    }


@given(scheme=st.sampled_from(["Bearer ", "bearer ", "Basic ", "Token ", ""]), secret=word_secrets)
def test_a_header_keeps_its_scheme_and_nothing_else(scheme: str, secret: str) -> None:
    shown = mask_headers({"authorization": scheme + secret})["authorization"]
    assert shown.startswith(scheme)
    assert_hidden(secret, shown.removeprefix(scheme))


FORMS = (
    "{}={} end",
    "start {}: {}",
    "start {} = {}, next=1",
    '"{}": "{}", "b": 1',
    "{{'{}': '{}'}}",
    r"{{\"{}\": \"{}\"}}",
    "GET /path?a=1&{}={}&b=2 HTTP/1.1",
    "form[{}]={}",
    "run --{} {} --other",
    "run --{}={} --other",
    "[{}:{}] x",
    "{} => {}",
    "({}={})",
    "x={{{}: {}, b: 1}}",
    '{}="{}',
    "a={}={}\nb=c",
)


@pytest.mark.parametrize("form", FORMS)
@given(
    name=st.sampled_from([name for name in SECRET_NAMES if "ookie" not in name and "." not in name]),
    secret=word_secrets,
)
def test_masks_every_form_of_a_named_secret_in_text_and_nothing_else(form: str, name: str, secret: str) -> None:
    assume(not (form.startswith("run") and secret.startswith("-")))
    assume(not (name.endswith("tokens") and secret.isdecimal()))
    assume(secret.lower() not in SCHEMES)
    shown = mask_text(form.format(name, secret))
    before, after = form.format(name, "\0").split("\0")
    assert shown.startswith(before)
    assert shown.endswith(after)
    assert_hidden(secret, shown.removeprefix(before).removesuffix(after))


@given(st.text(min_size=1).filter(lambda secret: not secret.startswith(MASK)))
@example('a"b\\c' * 5)
@example("abcdefghijklmno\\")
def test_a_secret_inside_json_inside_json_is_masked_and_the_json_stays_valid(secret: str) -> None:
    assume(" " not in secret)
    inner = json.dumps({"user": "bob", "password": secret, "tokens": [secret, 1], "secrets": {"a": secret}, "n": None})
    outer = json.dumps({"message": inner, "status": 200})
    shown = json.loads(json.loads(mask_text(outer))["message"])
    if secret.lower() not in {"null", "none", "true", "false"}:
        assert shown["password"].startswith(MASK)
        assert secret.endswith(shown["password"].removeprefix(MASK)) or not (secret.isascii() and secret.isprintable())
    assert len(shown["password"]) <= 8
    assert shown == {"user": "bob", "password": shown["password"], "tokens": MASK, "secrets": MASK, "n": None}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://bob:hunter2@db/x", "postgresql://bob:****@db/x"),
        ("postgresql://bob:p@ssword@db/x", "postgresql://bob:****@db/x"),
        ("redis://:0123456789abcdef@cache:6379/0", "redis://:****cdef@cache:6379/0"),
        ("https://ghp_0123456789abcdef@example.org/x", "https://****cdef@example.org/x"),
        ("postgresql://bob@db/x", "postgresql://bob@db/x"),
        ("http://host:8080/users/@bob", "http://host:8080/users/@bob"),
        ("http://[::1]:8080/users/@bob", "http://[::1]:8080/users/@bob"),
        ("mail bob:x@example.org", "mail bob:x@example.org"),
        ("http://s/?X-Amz-Signature=0123456789abcdef&sig=1", "http://s/?X-Amz-Signature=****cdef&sig=****"),
        ("http://s/cb#access_token=0123456789abcdef", "http://s/cb#access_token=****cdef"),
        ("signature=0123456789abcdef", "signature=0123456789abcdef"),
        ("got Bearer 0123456789abcdef.x-y_z= now", "got Bearer ****y_z= now"),
        ("got Basic dXNlcjpwYXNzd29yZA==", "got Basic ****ZA=="),
        ("Basic authentication, basic auth", "Basic authentication, basic auth"),
        ("a Bearer token is required", "a Bearer token is required"),
        ('WWW-Authenticate: Bearer realm="x"', 'WWW-Authenticate: Bearer realm="x"'),
        ("used tw_0123456789abcdef_ghij today", "used ****ghij today"),
        ("used twk_0123456789abcdef_ghij today", "used ****ghij today"),
        ("session=tws_0123456789abcdef_ghij; twk_short", "session=****ghij; twk_short"),
        ("tw_short and two_0123456789abcdefghij", "tw_short and two_0123456789abcdefghij"),
        ("-H 'Cookie: a=b; c=0123456789' -v", "-H 'Cookie: ****6789' -v"),
        ('Set-Cookie: sid="x y"; Path=/; Secure\nnext', "Set-Cookie: ****cure\nnext"),
        ('Authorization: Digest username="bob", response="0123"\nnext', 'Authorization: Digest ****123"\nnext'),
        ("x-api-key: Token 0123456789abcdef", "x-api-key: Token ****cdef"),
        ("password='it''s a long secret' x", "password='****cret' x"),
        ('password="never closed, ever', 'password="****ever'),
        ("{'password': b'0123456789abcdef'}", "{'password': b'****cdef'}"),
        ("secrets=[a, b] left=[1, 2]", "secrets=**** left=[1, 2]"),
        ('{"secrets": ["a]b", {"c": "d"}], "e": 1}', '{"secrets": "****", "e": 1}'),
        ('{"token": null, "max_tokens": 5}', '{"token": null, "max_tokens": 5}'),
        ("password=", "password="),
        ("password:\nnext line", "password:\nnext line"),
        ("PWD=0123456789abcdef", "PWD=****cdef"),
        (
            "x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y",
            "x -----BEGIN RSA PRIVATE KEY-----****-----END RSA PRIVATE KEY----- y",
        ),
        ("-----BEGIN PRIVATE KEY-----\nabc cut", "-----BEGIN PRIVATE KEY-----****"),
        ("12:30:45 level=info done=3/4", "12:30:45 level=info done=3/4"),
    ],
)
def test_masks_text(text: str, shown: str) -> None:
    assert mask_text(text) == shown
    assert mask_text(shown) == shown


@given(plain_words)
def test_leaves_text_without_secrets_intact(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "a", '"', "\\", "a.", ",;", "://", "a:", "http://a:", "x://a:b/c", "tw_", "Bearer ", "--token ", "password=,",
        'password=\\"', 'password="', "password=[", "cookie=\\", "-----BEGIN PRIVATE KEY-----", "?", "basic a",
    ],
)  # fmt: skip
def test_takes_time_in_proportion_to_the_length(hostile: str) -> None:
    text = hostile * (200_000 // len(hostile))
    started = time.perf_counter()
    mask_text(text)
    assert time.perf_counter() - started < 5  # a quadratic search takes minutes
