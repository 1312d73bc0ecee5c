"""Secrets shown as their last four characters, wherever they stand: in values, headers, URLs and lines of text.

A name decides what is a secret (`password`, `x-api-key`, `clientSecret`, ...), not the look of a value; the exceptions
are what no name announces: the password in a URL, a bearer token, a private key block and what Taskward itself issues.
Where a text leaves in doubt how far a secret goes, more is hidden rather than less.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

MASK = "****"
TOKEN_PREFIX = "tw_"  # noqa: S105 - it begins every token of ours and is no secret itself
API_KEY_PREFIX = "twk_"
SESSION_PREFIX = "tws_"

_SHOWN = 4
# In anything shorter, the last four characters would be too much of the secret.
_SHORTEST_SHOWN = 12
# What is nested deeper is masked whole: values come from outside, and the stack is finite.
_MAX_DEPTH = 200

_SECRET_NAMES = (
    "accesskey",
    "apikey",
    "authkey",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "encryptionkey",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "signingkey",
    "token",
)
# `token_type` and `password_policy` speak of a secret and hold none.
_HARMLESS_ENDINGS = re.compile(
    "at|count|endpoint|expires|expiry|length|limit|name|path|policy|required|ttl|type|uri|urls?"
)
# In the query of a URL alone: there, a signature is all that its bearer needs.
_SECRET_PARAMETERS = ("sig", "signature")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SCHEME = re.compile(
    r"(?:Bearer|Basic|Token|Api-?Key|Digest|HMAC|Negotiate|NTLM|AWS4-HMAC-SHA256)[ \t]+", re.IGNORECASE
)


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether what goes by this name is a secret; letter case and separators make no difference."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or _HARMLESS_ENDINGS.fullmatch(words[-1]):
        return False
    # The name of a secret may be followed by other words (`access_key_id`) and be glued to one (`dbpassword`).
    beginnings = ("".join(words[: end + 1]).removesuffix("s") for end in range(len(words)))
    return any(beginning.endswith(_SECRET_NAMES) for beginning in beginnings)


def mask_secret(secret: str) -> str:
    """`****` and the last four characters; `****` alone when the secret is shorter than twelve characters."""
    if secret.startswith(MASK) and len(secret) <= len(MASK) + _SHOWN:
        return secret  # masked already
    return MASK + secret[-_SHOWN:] if len(secret) >= _SHORTEST_SHOWN else MASK


def mask_value(value: Any) -> Any:
    """A copy of a JSON-like value, of the same shape, without its secrets.

    Under the name of a secret every text and number is masked, however deep; all other texts go through `mask_text`.
    True, false, null and the empty text are never secrets, nor is a number of tokens (`max_tokens`).
    """
    return _mask_tree(value, _mask_plain, depth=0)


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request or an answer, under the same names; a scheme (`Bearer`, `Basic`, ...) stays readable."""
    return {
        name: _mask_credentials(value) if is_secret_name(name) else mask_text(value) for name, value in headers.items()
    }


def mask_texts(value: Any, secrets: Sequence[str]) -> Any:
    """A copy of a JSON-like value in which these secrets are masked wherever a text holds one."""
    match value:
        case str():
            for secret in secrets:
                value = value.replace(secret, mask_secret(secret))
        case dict():
            return {name: mask_texts(item, secrets) for name, item in value.items()}
        case list():
            return [mask_texts(item, secrets) for item in value]
    return value


def mask_text(text: str) -> str:
    """Free text, or a URL, without the secrets that it names or that are known by their form."""
    lowered = text.lower()
    for mark, pattern, mask in _FORMS:
        if mark in lowered:
            text = pattern.sub(mask, text)
    return _mask_named(text)


def _mask_tree(value: Any, mask_leaf: Callable[[Any], Any], depth: int) -> Any:
    if isinstance(value, dict | list | tuple) and depth == _MAX_DEPTH:
        return MASK
    match value:
        case dict():
            return {name: _mask_tree(item, _mask_under(name, mask_leaf), depth + 1) for name, item in value.items()}
        case list():
            return [_mask_tree(item, mask_leaf, depth + 1) for item in value]
        case tuple():
            return tuple([_mask_tree(item, mask_leaf, depth + 1) for item in value])
        case _:
            return mask_leaf(value)


def _mask_under(name: object, mask_leaf: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """How to mask what goes by this name; inside a secret everything is one."""
    if mask_leaf is not _mask_plain or not isinstance(name, str) or not is_secret_name(name):
        return mask_leaf
    return _mask_secret_or_amount if _may_be_amount(name) else _mask_secret


def _mask_plain(value: Any) -> Any:
    return mask_text(value) if isinstance(value, str) else value


def _mask_secret(value: Any) -> Any:
    if value is None or value == "" or isinstance(value, bool):
        return value
    return _mask_credentials(str(value))


def _mask_secret_or_amount(value: Any) -> Any:
    return value if isinstance(value, int | float) else _mask_secret(value)


def _may_be_amount(name: str) -> bool:
    return name.lower().endswith("tokens")


def _mask_credentials(value: str) -> str:
    scheme = _SCHEME.match(value)
    start = scheme.end() if scheme else 0
    return value[:start] + mask_secret(value[start:])


# --- secrets known by their form -------------------------------------------------------------------------------------

_PRIVATE_KEY = re.compile(
    r"(?P<begin>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?P<end>-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_OWN_PREFIXES = (TOKEN_PREFIX, API_KEY_PREFIX, SESSION_PREFIX)
_OWN_SECRET = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_OWN_PREFIXES)})[\w.\-]{{16,}}")
_BEARER = re.compile(r"\b(?P<scheme>Bearer[ \t]+)(?P<secret>[\w.~+/\-*]+=*)", re.IGNORECASE)
# What follows the word in a sentence or in a `WWW-Authenticate` header.
_BEARER_PROSE = re.compile(
    "and|auth|authentication|authorization|credentials?|error|expected|expired|format|headers?|invalid|is|missing|not|of"
    "|or|realm=?|required|scheme|scope=?|tokens?|was|without",
    re.IGNORECASE,
)
_BASIC = re.compile(r"\b(?P<scheme>Basic[ \t]+)(?P<secret>[\w+/\-]{4,}={0,2})", re.IGNORECASE)
# A password ends at the last `@` before the path. One that holds a slash breaks its URL, yet it is hidden too, unless
# it reads as a port.
_USERINFO = re.compile(
    r"""(?P<scheme> \b [A-Za-z][A-Za-z0-9+.\-]{0,30}+ :// )
        (?P<user> [^\s/:@?\#\[\]"'<>]*+ )
        (?: : (?P<password> [^\s/?\#"'<>]+ | (?!\d{1,5}[/?\#]) [^\s"'<>@]{1,512}+ ) )?
        @""",
    re.VERBOSE,
)


def _mask_userinfo(match: re.Match[str]) -> str:
    scheme, user, password = match["scheme"], match["user"], match["password"]
    if password is not None:
        return f"{scheme}{user}:{mask_secret(password)}@"
    if user and scheme.lower().startswith("http"):
        return f"{scheme}{mask_secret(user)}@"  # in a web address, a user without a password is an access token
    return match[0]


def _mask_bearer(match: re.Match[str]) -> str:
    if _BEARER_PROSE.fullmatch(match["secret"].rstrip(".")):
        return match[0]
    return match["scheme"] + mask_secret(match["secret"])


def _mask_basic(match: re.Match[str]) -> str:
    try:
        decoded = base64.b64decode(match["secret"], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    # What decodes to `user:password` is not the word after "basic" in a sentence.
    return match["scheme"] + mask_secret(match["secret"]) if b":" in decoded else match[0]


# Each with what a text must contain, in lower case, to be worth the search.
_FORMS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    ("-----begin ", _PRIVATE_KEY, lambda match: match["begin"] + MASK + match["end"]),
    ("://", _USERINFO, _mask_userinfo),
    *((prefix, _OWN_SECRET, lambda match: mask_secret(match[0])) for prefix in _OWN_PREFIXES),
    ("bearer", _BEARER, _mask_bearer),
    ("basic", _BASIC, _mask_basic),
)


# --- secrets known by their name -------------------------------------------------------------------------------------

# `name=`, `name: `, `"name": `, `\"name\": ` (JSON in a JSON text), `form[name]=`, `--name `
_NAME = re.compile(
    r"""(?<![\w.\-])
        (?: --(?P<option> [A-Za-z][\w\-]{0,63}+ ) [ \t]{1,8} (?!-)
          | (?P<name> [\w.\-]{1,128}+ ) (?: \\{0,7}["'] | \] | %5D )? [ \t]{0,8} (?: := | => | [:=] ) [ \t]{0,8} )""",
    re.VERBOSE | re.IGNORECASE,
)
_OPENING_QUOTE = re.compile(r"""[BbRrUu]? (?P<backslashes> \\{0,7} ) (?P<quote> ["'] )""", re.VERBOSE)
_QUOTES = {quote: re.compile(rf"(?P<backslashes>\\*){quote}") for quote in "\"'"}
_BRACKET_OR_QUOTE = re.compile(r"""[\[\]{}] | (?P<backslashes> \\{0,7} ) (?P<quote> ["'] )""", re.VERBOSE)
# A value without quotes ends where white space, the end of what is around it or another name follows.
_END = re.compile(
    r"""\s
        | \\{0,7} ["'] (?= \s{0,8} (?: [,:)\]}] | \Z ) | \s )
        | [,;)\]}]{1,8}+ (?= \s | \Z )
        | [,;&] (?= \s{0,8} (?: \\{0,7}["'] )? [\w.\-]{1,128}+ (?: \\{0,7}["'] )? \s{0,8} [:=] )
        | \Z""",
    re.VERBOSE,
)
# Cookies and signatures are lists of pairs: one secret, up to the end of the line or of the quotes around it.
_WHOLE_LINE_NAMES = ("cookie", "cookies")
_WHOLE_LINE_SCHEMES = ("digest", "aws4-hmac-sha256")
_REST_OF_LINE = re.compile(
    r"""(?: = \\{0,7} "[^"\r\n]*" | [^\\"'\r\n] | \\ (?! \\{0,7}["'] ) | ' (?! [\s,:)\]}] | \Z ) )*+""", re.VERBOSE
)
_NO_SECRETS = frozenset(("", "null", "none", "true", "false"))


def _mask_named(text: str) -> str:
    parts: list[str] = []
    done = 0
    while match := _NAME.search(text, done):
        parts.append(text[done : match.end()])
        done = match.end()
        name = match["option"] or match["name"]
        in_query = match.start() > 0 and text[match.start() - 1] in "?&"
        if is_secret_name(name) or (in_query and name.lower().endswith(_SECRET_PARAMETERS)):
            masked, done = _mask_after(text, done, name)
            parts.append(masked)
    parts.append(text[done:])
    return "".join(parts)


def _mask_after(text: str, start: int, name: str) -> tuple[str, int]:
    """The text from `start` up to the end of the secret of that name, masked, and where that end is."""
    if opening := _OPENING_QUOTE.match(text, start):
        end = _end_of_quoted(text, opening)
        return opening[0] + _mask_in_text(text[opening.end() : end], name), end
    if text[start : start + 1] in {"{", "["}:
        end = _end_of_brackets(text, start)
        quote = _OPENING_QUOTE.search(text, start, end)
        return (quote[0] + MASK + quote[0] if quote else MASK), end
    scheme = _SCHEME.match(text, start)
    secret_start = scheme.end() if scheme else start
    if name.lower().endswith(_WHOLE_LINE_NAMES) or (scheme and scheme[0].rstrip().lower() in _WHOLE_LINE_SCHEMES):
        found = _REST_OF_LINE.match(text, secret_start)
        end = found.end() if found else len(text)
    else:
        found = _END.search(text, secret_start)
        end = found.start() if found else len(text)
    return text[start:secret_start] + _mask_in_text(text[secret_start:end], name), end


def _end_of_quoted(text: str, opening: re.Match[str]) -> int:
    """Where the content of the quotes ends; where the text does when they are not closed.

    In JSON inside JSON the quotes themselves come with backslashes, and those that belong to the content with more.
    """
    level = len(opening["backslashes"])
    position = opening.end()
    while closing := _QUOTES[opening["quote"]].search(text, position):
        position = closing.end()
        if level == 0 and text.startswith(opening["quote"], position):
            position += 1  # doubled, as in YAML and SQL: a part of the content
        elif len(closing["backslashes"]) % (2 * level + 2) == level:
            return position - 1 - level
    return len(text)


def _end_of_brackets(text: str, start: int) -> int:
    open_brackets = 0
    position = start
    while part := _BRACKET_OR_QUOTE.search(text, position):
        position = part.end()
        if part["quote"]:
            position = _end_of_quoted(text, part) + len(part[0])
            continue
        open_brackets += 1 if part[0] in "[{" else -1
        if open_brackets == 0:
            return position
    return len(text)


def _mask_in_text(secret: str, name: str) -> str:
    if secret.lower() in _NO_SECRETS or (_may_be_amount(name) and secret.isdecimal()):
        return secret
    masked = _mask_credentials(secret)
    # Half of an escape sequence would break the JSON around it.
    return masked if "\\" not in masked else MASK
