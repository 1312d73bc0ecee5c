"""Images as their registries describe them, by the distribution protocol: manifests, indexes, and tokens.

Every request goes through the guarded client, those to where a registry sends for tokens included.
"""

import base64
import hashlib
import platform as machine
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Meta, Struct, field

from taskward.modules.cache.findings import Blob, Image
from taskward.modules.cache.wanted import RegistryLogin
from taskward.outbound import OutboundClient, OutboundResponse

_MANIFEST_URL = re.compile(
    r"(?P<base>https?://[^/?#\s]+/v2/(?P<repository>[^?#\s]+))/manifests/(?P<reference>[^/?#\s]+)"
)
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ACCEPT = ", ".join((*_INDEXES, *_MANIFESTS))
_DEEPEST_INDEX = 3
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class RegistryError(Exception):
    """A registry did not describe the image; the message says why, for people."""


class _Descriptor(Struct, frozen=True):
    digest: str
    size: Annotated[int, Meta(ge=0)] = 0
    platform: dict[str, Any] = field(default_factory=dict)


class _Manifest(Struct, frozen=True, rename={"media_type": "mediaType"}):
    media_type: str = ""
    config: _Descriptor | None = None
    layers: list[_Descriptor] = field(default_factory=list)
    manifests: list[_Descriptor] = field(default_factory=list)


def default_platform() -> str:
    """The platform of this machine, as `linux/amd64`."""
    architecture = machine.machine().lower()
    return f"{machine.system().lower()}/{_ARCHITECTURES.get(architecture, architecture)}"


def check_manifest_url(url: str) -> None:
    """Raises ValueError for what is not the URL of an image's manifest."""
    _parts(url)


class ImageRegistry:
    """One registry, as one caller sees it."""

    def __init__(self, client: OutboundClient, login: RegistryLogin) -> None:
        self._client = client
        self._login = login
        self._authorization = next(
            (value for name, value in login.headers.items() if name.lower() == "authorization"), ""
        )

    @property
    def headers(self) -> Mapping[str, str]:
        """What its blobs are fetched with, once an image was described."""
        sent = {name: value for name, value in self._login.headers.items() if name.lower() != "authorization"}
        return {**sent, "Authorization": self._authorization} if self._authorization else sent

    async def describe(self, url: str) -> Image:
        """The image of a manifest's URL, for the login's platform.

        Raises ValueError for another URL, RegistryError, OutboundError.
        """
        found = _parts(url)
        wanted = self._login.platform or default_platform()
        reference = found["reference"]
        for _ in range(_DEEPEST_INDEX):
            body = await self._fetch(f"{found['base']}/manifests/{reference}")
            digest = _checked_digest(body, reference)
            manifest = _decoded(body)
            if not manifest.manifests:
                return Image(url, wanted, digest, _blobs(found["base"], manifest))
            reference = _of_platform(manifest.manifests, wanted).digest
        raise RegistryError("its index leads to indexes that lead to no image")

    async def _fetch(self, url: str) -> bytes:
        answer = await self._get(url)
        if answer.status == 401 and not self._authorization:
            self._authorization = await self._introduce(answer.headers.get("www-authenticate", ""))
            answer = await self._get(url)
        if answer.status != 200:
            raise RegistryError(f"the registry answers {answer.status} to {url}{_said(answer.body)}")
        return answer.body

    async def _get(self, url: str) -> OutboundResponse:
        return await self._client.request(
            "GET", url, headers={"Accept": _ACCEPT, **self.headers}, follow_redirects=True
        )

    async def _introduce(self, challenge: str) -> str:
        """The Authorization that a registry asks for."""
        scheme, _, rest = challenge.partition(" ")
        basic = ""
        if self._login.username or self._login.password:
            pair = f"{self._login.username}:{self._login.password}".encode()
            basic = f"Basic {base64.b64encode(pair).decode()}"
        if scheme.lower() == "basic":
            if not basic:
                raise RegistryError("the registry wants a user and password")
            return basic
        asked = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            raise RegistryError("the registry refuses, and says no way to be let in that is known here")
        query = urlencode([(name, asked[name]) for name in ("service", "scope") if name in asked])
        realm = asked["realm"] + ("&" if urlsplit(asked["realm"]).query else "?") + query
        answer = await self._client.request("GET", realm, headers={"Authorization": basic} if basic else {})
        if answer.status != 200:
            shown = "what was shown" if basic else "nobody: show a user and password"
            raise RegistryError(f"{asked['realm']} answers {answer.status} and gives no token to {shown}")
        try:
            given = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            given = {}
        token = given.get("token") or given.get("access_token")
        if not isinstance(token, str):
            raise RegistryError(f"{asked['realm']} gives no token")
        return f"Bearer {token}"


def _parts(url: str) -> re.Match[str]:
    found = _MANIFEST_URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "url must be that of a manifest, such as https://registry.example.org/v2/team/app/manifests/1.0"
        )
    return found


def _decoded(body: bytes) -> _Manifest:
    try:
        return msgspec.json.decode(body, type=_Manifest)
    except msgspec.DecodeError as error:
        raise RegistryError(f"the registry's answer is no manifest: {error}") from None


def _checked_digest(body: bytes, reference: str) -> str:
    """The digest of a manifest, which a reference by digest must be. Raises RegistryError."""
    algorithm, _, _ = reference.partition(":")
    if not _DIGEST.fullmatch(reference):
        return f"sha256:{hashlib.sha256(body).hexdigest()}"
    digest = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
    if digest != reference:
        raise RegistryError(f"the manifest {reference} has another digest: {digest}")
    return digest


def _of_platform(manifests: list[_Descriptor], wanted: str) -> _Descriptor:
    offered = []
    for descriptor in manifests:
        parts = [descriptor.platform.get(name) or "" for name in ("os", "architecture", "variant")]
        full = "/".join(str(part) for part in parts if part)
        if wanted in (full, "/".join(map(str, parts[:2]))):
            return descriptor
        offered.append(full or "unknown")
    raise RegistryError(f"the image is not there for {wanted}, only for {', '.join(dict.fromkeys(offered))}")


def _blobs(base: str, manifest: _Manifest) -> list[Blob]:
    """The configuration and the layers, each once."""
    descriptors = [*([manifest.config] if manifest.config else []), *manifest.layers]
    if not descriptors:
        raise RegistryError("the manifest names no blobs")
    wrong = next((each.digest for each in descriptors if not _DIGEST.fullmatch(each.digest)), None)
    if wrong is not None:
        raise RegistryError(f"the manifest names a blob by {wrong!r}, which is no digest")
    by_digest = {each.digest: each for each in descriptors}
    return [Blob(f"{base}/blobs/{digest}", digest, each.size) for digest, each in by_digest.items()]


def _said(body: bytes) -> str:
    """The registry's own words, if it has any."""
    try:
        errors = msgspec.json.decode(body)["errors"]
        return ": " + "; ".join(f"{error.get('code')} {error.get('message', '')}".strip() for error in errors[:3])
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return ""
