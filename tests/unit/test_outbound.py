import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from httpcore2 import AnyIOBackend, ConnectTimeout

from taskward.outbound import OutboundClient, OutboundError, OutboundFailed, OutboundRefused, resolve

CERTIFICATE = Path(__file__).with_name("loopback_tls.pem")
LIMIT = 10_000


class Site:
    """An HTTP server on loopback; `pages` answer by path, `seen` has the requests as they came."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.pages: dict[str, Callable[[asyncio.StreamWriter], Awaitable[None]]] = {}
        self.server_names: list[str | None] = []
        self.port = 0
        self.url = ""
        self._connections: set[asyncio.StreamWriter] = set()

    def page(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        answer = "\r\n".join([*lines, "", ""]).encode() + body

        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(answer)

        self.pages[path] = send

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        self.page(path, status=status, location=location)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                self.seen.append(head + body.decode())
                await self.pages[head.split()[1].partition("?")[0]](writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def close_connections(self) -> None:
        for writer in self._connections:
            writer.transport.abort()


@asynccontextmanager
async def running_site(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    site.url = f"{'https' if tls else 'http'}://127.0.0.1:{site.port}"
    async with server:
        yield site
        site.close_connections()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running_site() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(allow_private=True, max_response_bytes=LIMIT) as open_client:
        yield open_client


def names(**hosts: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A name server that knows these hosts (`a_b` is `a.b`)."""

    async def lookup(host: str, port: int) -> Sequence[str]:
        try:
            return hosts[host.replace(".", "_")]
        except KeyError:
            raise OSError(-2, "Name or service not known") from None

    return lookup


@pytest.fixture
def connecting(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The addresses that are tried, each with its seconds; 127.0.0.9 is a host that drops every packet."""
    connect = AnyIOBackend.connect_tcp
    tried: list[tuple[str, float]] = []

    async def connect_tcp(self: AnyIOBackend, host: str, port: int, timeout: float, *rest: Any) -> Any:
        tried.append((host, timeout))
        if host == "127.0.0.9":
            await asyncio.sleep(timeout)
            raise ConnectTimeout
        return await connect(self, host, port, timeout, *rest)

    monkeypatch.setattr(AnyIOBackend, "connect_tcp", connect_tcp)
    return tried


async def test_sends_a_request_and_returns_the_answer(site: Site, client: OutboundClient) -> None:
    site.page("/hello", b"hi", 418, X_A="1", x_b="2")
    answer = await client.request("post", f"{site.url}/hello?q=1#part", headers={"X-Mine": "m"}, content=b"body")
    assert (answer.status, answer.body, answer.headers["x-a"], answer.headers["x-b"]) == (418, b"hi", "1", "2")
    head, _, body = site.seen[0].partition("\r\n\r\n")
    assert body == "body"
    assert head.startswith("POST /hello?q=1 HTTP/1.1\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    assert (fields["host"], fields["x-mine"]) == (f"127.0.0.1:{site.port}", "m")
    assert fields["user-agent"].startswith("taskward/")


async def test_sends_json(site: Site, client: OutboundClient) -> None:
    site.page("/")
    await client.request("POST", site.url, json={"at": datetime(2026, 1, 2, tzinfo=UTC), "n": None})
    await client.request("POST", site.url, json=[], headers={"content-type": "application/x"})
    assert "Content-Type: application/json\r\n" in site.seen[0]
    assert site.seen[0].endswith('\r\n\r\n{"at":"2026-01-02T00:00:00Z","n":null}')
    assert "content-type: application/x\r\n" in site.seen[1]
    assert "application/json" not in site.seen[1]


async def test_the_user_of_a_url_becomes_a_header(site: Site, client: OutboundClient) -> None:
    site.page("/")
    url = site.url.replace("http://", "http://bob:p%40ss@")
    await client.request("GET", url)
    await client.request("GET", url, headers={"authorization": "Bearer mine"})
    assert "Authorization: Basic Ym9iOnBAc3M=\r\n" in site.seen[0]
    assert f"Host: 127.0.0.1:{site.port}\r\n" in site.seen[0]
    assert "authorization: Bearer mine\r\n" in site.seen[1]
    assert "Basic" not in site.seen[1]


async def test_keeps_no_cookies(site: Site, client: OutboundClient) -> None:
    site.page("/", set_cookie="session=1")
    await client.request("GET", site.url)
    await client.request("GET", site.url)
    assert "cookie" not in site.seen[1].lower()


async def test_goes_through_no_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_site() as proxy:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, proxy.url)
        site.page("/", b"direct")
        async with OutboundClient(allow_private=True) as client:
            assert (await client.request("GET", site.url)).body == b"direct"
        assert proxy.seen == []


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "0",
        "[::]",
        "10.1.2.3",
        "192.168.0.1",
        "[fd00::1]",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "255.255.255.255",
        "224.0.0.1",
    ],
)
async def test_refuses_addresses_however_they_are_spelled(host: str) -> None:
    async with OutboundClient() as client:
        with pytest.raises(OutboundRefused) as refused:
            await client.request("GET", f"http://{host}:9/path")
    assert refused.value.url == f"http://{host}:9/path".lower() or "not a URL" in refused.value.reason


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "[fe80::1]", "[::ffff:169.254.169.254]", "0", "100.100.100.200"]
)
async def test_allowing_private_addresses_opens_no_metadata(host: str, client: OutboundClient) -> None:
    with pytest.raises(OutboundRefused):
        await client.request("GET", f"http://{host}/")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
async def test_refuses_a_name_that_leads_to_a_refused_address(address: str) -> None:
    async with OutboundClient(resolve=names(evil_example=[address])) as client:
        with pytest.raises(OutboundRefused, match=rf"evil\.example is {address}, an? .* address"):
            await client.request("GET", "http://evil.example/")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/x", "only http:// and https://"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("gopher://127.0.0.1:70/_x", "only http:// and https://"),
        ("//example.org/x", "only http:// and https://"),
        ("example.org", "only http:// and https://"),
        ("", "only http:// and https://"),
        ("http:///x", "names no host"),
        ("http://example.org:0/", "0 is no port"),
        ("http://example.org:65536/", "65536 is no port"),
        ("http://example.org:port/", "not a URL"),
        ("http://exa\nmple.org/", "not a URL"),
        ("http://[::1", "not a URL"),
        ("http://①②⑦.0.0.1/", "not a URL"),
    ],
)
async def test_refuses_what_is_no_url_of_a_web_server(url: str, reason: str, client: OutboundClient) -> None:
    with pytest.raises(OutboundRefused, match=reason):
        await client.request("GET", url)


async def test_allows_listed_hosts_and_networks_alone(site: Site) -> None:
    site.page("/", b"ok")
    known = names(cache_internal=["127.0.0.1"], other_internal=["127.0.0.1"])
    async with OutboundClient(allow=["cache.internal"], resolve=known) as client:
        assert (await client.request("GET", f"http://cache.internal:{site.port}/")).body == b"ok"
        with pytest.raises(OutboundRefused):
            await client.request("GET", f"http://other.internal:{site.port}/")
    async with OutboundClient(allow=["127.0.0.0/8"], resolve=known) as client:
        assert (await client.request("GET", f"http://other.internal:{site.port}/")).body == b"ok"


async def test_connects_to_the_address_it_has_checked_and_asks_for_no_other(site: Site) -> None:
    site.page("/", b"ok")
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    async def changing(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    async with OutboundClient(allow_private=True, resolve=changing) as client:
        answer = await client.request("GET", f"http://rebind.invalid:{site.port}/")
        assert answer.body == b"ok"
        assert answers == [["169.254.169.254"]]
        assert f"Host: rebind.invalid:{site.port}\r\n" in site.seen[0]
        await client.request("GET", f"http://rebind.invalid:{site.port}/")  # on the open connection
        assert len(answers) == 1
        site.close_connections()
        with pytest.raises(OutboundRefused):
            await client.request("GET", f"http://again.invalid:{site.port}/")


async def test_uses_the_permitted_addresses_of_several_and_the_next_when_one_is_dead(
    site: Site, connecting: list[tuple[str, float]]
) -> None:
    site.page("/", b"ok")
    mixed = names(mixed=["10.0.0.1", "127.0.0.9", "169.254.1.1", "127.0.0.1", "::1"])
    async with OutboundClient(allow=["127.0.0.1", "127.0.0.9"], resolve=mixed) as client:
        assert (await client.request("GET", f"http://mixed:{site.port}/")).body == b"ok"
    assert [address for address, _ in connecting] == ["127.0.0.9", "127.0.0.1"]


# --- redirects --------------------------------------------------------------------------------------------------------


async def test_follows_redirects_only_when_asked(site: Site, client: OutboundClient) -> None:
    site.redirect("/a", "/b")
    site.page("/b", b"end")
    assert (await client.request("GET", f"{site.url}/a")).status == 302
    assert (await client.request("GET", f"{site.url}/a", follow_redirects=True)).body == b"end"


@pytest.mark.parametrize("hops", [5, 6])
async def test_follows_at_most_five_redirects(hops: int, site: Site, client: OutboundClient) -> None:
    for hop in range(hops):
        site.redirect(f"/{hop}", f"{hop + 1}")
    site.page(f"/{hops}", b"end")
    request = client.request("GET", f"{site.url}/0", follow_redirects=True)
    if hops == 5:
        assert (await request).body == b"end"
    else:
        with pytest.raises(OutboundFailed, match="redirected more than 5 times"):
            await request
    assert len(site.seen) == 6


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "//[::ffff:a9fe:a9fe]/",
        "http://metadata.internal/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://[::1",
    ],
)
async def test_checks_where_a_redirect_points(location: str, site: Site) -> None:
    site.redirect("/", location)
    known = names(start=["127.0.0.1"], metadata_internal=["169.254.169.254"])

    async def lookup(host: str, port: int) -> Sequence[str]:
        return await (known if host in {"start", "metadata.internal"} else resolve)(host, port)

    async with OutboundClient(allow=["start"], resolve=lookup) as client:
        with pytest.raises(OutboundRefused):
            await client.request("GET", f"http://start:{site.port}/", follow_redirects=True)
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    ("status", "method", "followed_by"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "POST", "GET"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (302, "PUT", "PUT"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ],
)
async def test_the_method_after_a_redirect(
    status: int, method: str, followed_by: str, site: Site, client: OutboundClient
) -> None:
    site.redirect("/a", "/b", status)
    site.page("/b")
    content = None if method == "HEAD" else b"data"
    await client.request(
        method, f"{site.url}/a", content=content, headers={"Content-Type": "text/x"}, follow_redirects=True
    )
    assert site.seen[1].startswith(f"{followed_by} /b ")
    assert site.seen[1].endswith("data") == (followed_by in {"POST", "PUT"})
    assert ("Content-Type: text/x" in site.seen[1]) == (followed_by == method)


async def test_secrets_do_not_follow_to_another_origin(site: Site, client: OutboundClient) -> None:
    secret = {"Authorization": "Bearer b", "X-Api-Key": "k", "Cookie": "c", "X-Mine": "m", "Host": "virtual"}
    async with running_site() as other:
        site.redirect("/a", "/b")
        site.redirect("/b", f"{other.url}/c")
        other.page("/c")
        await client.request("GET", f"{site.url}/a", headers=secret, follow_redirects=True)
        for line in ("Authorization: Bearer b", "X-Api-Key: k", "Cookie: c", "X-Mine: m", "Host: virtual"):
            assert f"{line}\r\n" in site.seen[1]
        assert "X-Mine: m\r\n" in other.seen[0]
        assert f"Host: 127.0.0.1:{other.port}\r\n" in other.seen[0]
        assert not any(word in other.seen[0] for word in ("Bearer", "X-Api-Key", "Cookie", "virtual"))


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_a_body_may_be_as_long_as_the_limit_and_no_longer(site: Site, client: OutboundClient) -> None:
    site.page("/fits", b"x" * LIMIT)
    site.page("/over", b"x" * (LIMIT + 1))
    assert len((await client.request("GET", f"{site.url}/fits")).body) == LIMIT
    with pytest.raises(OutboundFailed, match="the answer is longer than 10000 bytes"):
        await client.request("GET", f"{site.url}/over")


async def test_an_endless_body_is_cut(site: Site, client: OutboundClient) -> None:
    stopped = asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
                await writer.drain()
        finally:
            stopped.set()

    site.pages["/"] = endless
    with pytest.raises(OutboundFailed, match="longer than"):
        await client.request("GET", site.url, timeout=timedelta(seconds=30))
    await asyncio.wait_for(stopped.wait(), 10)


async def test_decompresses_within_the_limit(site: Site, client: OutboundClient) -> None:
    site.page("/fits", gzip.compress(b"x" * LIMIT), content_encoding="gzip")
    site.page("/bomb", gzip.compress(b"x" * 50_000_000), content_encoding="gzip")
    site.page("/broken", b"no gzip", content_encoding="gzip")
    assert (await client.request("GET", f"{site.url}/fits")).body == b"x" * LIMIT
    with pytest.raises(OutboundFailed, match="longer than"):
        await client.request("GET", f"{site.url}/bomb", timeout=timedelta(seconds=30))
    with pytest.raises(OutboundFailed, match="cannot be decompressed"):
        await client.request("GET", f"{site.url}/broken")


@pytest.mark.parametrize("where", ["head", "body"])
async def test_a_slow_server_is_given_up(where: str, site: Site, client: OutboundClient) -> None:
    gone = asyncio.Event()

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n" + (b"\r\n" if where == "body" else b"x-drip: "))
        try:
            while True:  # each read succeeds, the whole never does
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
        finally:
            gone.set()

    site.pages["/"] = drip
    with pytest.raises(OutboundFailed, match=r"no whole answer within 0\.2 s"):
        await client.request("GET", site.url, timeout=timedelta(seconds=0.2))
    await asyncio.wait_for(gone.wait(), 10)


async def test_the_timeout_is_for_all_redirects_together(site: Site, client: OutboundClient) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /\r\n\r\n")

    site.pages["/"] = slow
    with pytest.raises(OutboundFailed, match=r"no whole answer within 0\.5 s"):
        await client.request("GET", site.url, timeout=timedelta(seconds=0.5), follow_redirects=True)


async def test_a_slow_name_server_is_given_up() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with OutboundClient(resolve=never, connect_timeout=timedelta(seconds=0.1)) as client:
        with pytest.raises(OutboundFailed, match=r"no connection within 0\.1 s"):
            await client.request("GET", "http://slow.example/")


async def test_a_silent_address_leaves_time_for_the_next(site: Site, connecting: list[tuple[str, float]]) -> None:
    site.page("/", b"ok")
    known = names(two=["127.0.0.9", "127.0.0.1"])
    async with OutboundClient(allow_private=True, resolve=known, connect_timeout=timedelta(seconds=1)) as client:
        assert (await client.request("GET", f"http://two:{site.port}/")).body == b"ok"
    assert [address for address, _ in connecting] == ["127.0.0.9", "127.0.0.1"]
    assert connecting[0][1] == pytest.approx(0.5, abs=0.1)


# --- what fails -------------------------------------------------------------------------------------------------------


async def test_says_what_failed(site: Site, client: OutboundClient) -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def babble(writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-x\r\n\r\n")

    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc")
        writer.close()

    site.pages.update({"/hang-up": hang_up, "/babble": babble, "/cut": cut})
    with pytest.raises(OutboundFailed, match=r"the connection broke|not proper HTTP"):
        await client.request("GET", f"{site.url}/hang-up")
    with pytest.raises(OutboundFailed, match="not proper HTTP"):
        await client.request("GET", f"{site.url}/babble")
    with pytest.raises(OutboundFailed, match="not proper HTTP"):
        await client.request("GET", f"{site.url}/cut")
    with pytest.raises(OutboundFailed, match="request cannot be sent"):
        await client.request("GET", site.url, headers={"X-A": "a\r\nX-B: b"})
    with pytest.raises(OutboundFailed, match="request cannot be sent"):
        await client.request("GET", site.url, headers={"X-A": "漢"})
    with pytest.raises(OutboundFailed, match="request cannot be sent"):
        await client.request("G T", site.url)
    assert len(site.seen) == 3


async def test_says_that_nothing_listens(client: OutboundClient) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(OutboundFailed, match="cannot connect"):
        await client.request("GET", f"http://127.0.0.1:{port}/")


async def test_says_that_a_name_is_unknown() -> None:
    async with OutboundClient() as client:
        with pytest.raises(OutboundFailed, match=r"cannot be resolved: .* is no host name"):
            await client.request("GET", f"http://{'a' * 64}.example/")
    async with OutboundClient(resolve=names(none=[])) as client:
        with pytest.raises(OutboundFailed, match="cannot be resolved: Name or service not known"):
            await client.request("GET", "http://unknown.example/")
        with pytest.raises(OutboundFailed, match="has no address"):
            await client.request("GET", "http://none/")


async def test_errors_hold_no_secrets(site: Site, client: OutboundClient) -> None:
    async def hang_up(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    site.pages["/hang-up"] = hang_up
    errors: list[OutboundError] = []
    for url in (
        "http://bob:hunter2@169.254.169.254/?token=0123456789abcdef",
        "ftp://bob:hunter2@h/?token=0123456789abcdef",
        "http://bob:hunter2@h:99999/?token=0123456789abcdef",
        f"http://bob:hunter2@127.0.0.1:{site.port}/hang-up?token=0123456789abcdef",
        "http://bob:hunter2@h:token=0123456789abcdef?token=0123456789abcdef",
    ):
        with pytest.raises(OutboundError) as failed:
            await client.request("GET", url)
        errors.append(failed.value)
    for error in errors:
        assert "hunter2" not in f"{error} {error.url} {error.reason}"
        assert "0123456789abcdef" not in f"{error} {error.url} {error.reason}"
        assert "token=****cdef" in error.url
        assert "bob" in error.url


async def test_a_connection_is_used_again_after_an_answer_and_not_after_a_cut(
    site: Site, client: OutboundClient
) -> None:
    site.page("/", b"ok")
    site.page("/over", b"x" * (LIMIT * 100))
    await client.request("GET", site.url)
    with pytest.raises(OutboundFailed):
        await client.request("GET", f"{site.url}/over")
    assert (await client.request("GET", site.url)).body == b"ok"


# --- TLS --------------------------------------------------------------------------------------------------------------


async def test_tls_is_checked_against_the_name_and_not_the_address() -> None:
    asked: list[str | None] = []
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(CERTIFICATE)
    served.sni_callback = lambda connection, name, context: asked.append(name)
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE))
    known = names(secure_example_test=["127.0.0.1"], other_example_test=["127.0.0.1"])
    async with running_site(served) as site:
        site.page("/", b"safe")
        async with OutboundClient(allow_private=True, resolve=known, ssl_context=trusted) as client:
            answer = await client.request("GET", f"https://secure.example.test:{site.port}/")
            assert answer.body == b"safe"
            with pytest.raises(OutboundFailed, match=r"cannot connect: .*certificate"):
                await client.request("GET", f"https://other.example.test:{site.port}/")
        async with OutboundClient(allow_private=True, resolve=known) as client:
            with pytest.raises(OutboundFailed, match=r"cannot connect: .*certificate"):
                await client.request("GET", f"https://secure.example.test:{site.port}/")
        assert f"Host: secure.example.test:{site.port}\r\n" in site.seen[0]
    assert asked == ["secure.example.test", "other.example.test", "secure.example.test"]
