"""Fetching from addresses of strangers: what is let through, what is refused, and that time and size are bounded."""

import asyncio
import contextlib
import ipaddress
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from vidstead.kit import Outbound, OutboundError, OutboundFailed, OutboundRefused, OutboundTooLarge

MEGABYTE = 2**20
BODY = bytes(range(256)) * 4096


def answer(body: bytes = b"", status: str = "200 OK", length: bool = True, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def redirect(location: str) -> bytes:
    return answer(status="302 Found", Location=location)


@dataclass
class Site:
    """A server on loopback that says what it is told to, byte for byte."""

    port: int = 0
    pages: dict[str, bytes] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    hang: set[str] = field(default_factory=set)
    """Pages after which the connection stays open, silent."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            path = request.split(b" ")[1].decode()
            missing = answer(b"no", "404 Not Found")
            writer.write(self.pages.get(path, self.pages.get(path.partition("?")[0], missing)))
            await writer.drain()
            if path in self.hang:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def url(self, path: str = "/film", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Site]:
    site = Site(pages={"/film": answer(BODY, Content_Type="video/mp4")})
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0, ssl=tls)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site
        server.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with serving() as site:
        yield site


def names(table: Mapping[str, Sequence[str]]) -> Callable[[str, int], Any]:
    """A resolver that knows ``table``; a name's answers are given one after the other, the last for ever."""
    asked: dict[str, int] = {}

    async def resolve(host: str, port: int) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(host))]
        if host not in table:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        asked[host] = asked.get(host, -1) + 1
        answers = table[host]
        return answers[min(asked[host], len(answers) - 1)].split()

    return resolve


async def fetch(outbound: Outbound, url: str, limit_bytes: int = 10 * MEGABYTE) -> bytes:
    async with outbound.stream(url, limit_bytes=limit_bytes) as response:
        return b"".join([piece async for piece in response.chunks()])


async def test_a_file_is_streamed(site: Site) -> None:
    async with Outbound(allow_private=True).stream(site.url(), limit_bytes=len(BODY)) as response:
        assert response.size == len(BODY)
        assert response.headers["content-type"] == "video/mp4"
        assert b"".join([piece async for piece in response.chunks()]) == BODY
    request = site.requests[0].decode().lower()
    assert f"host: 127.0.0.1:{site.port}" in request
    assert "accept-encoding: identity" in request
    assert "cookie" not in request
    assert "authorization" not in request


async def test_the_name_stays_in_host(site: Site) -> None:
    outbound = Outbound(allow_private=True, resolve=names({"media.example": ["127.0.0.1"]}))
    assert await fetch(outbound, site.url("/film?a=b%20c&d#part", "media.example")) == BODY
    assert f"host: media.example:{site.port}" in site.requests[0].decode().lower()
    assert site.requests[0].startswith(b"GET /film?a=b%20c&d HTTP/1.1")


async def test_chunked_bodies(site: Site) -> None:
    site.pages["/chunked"] = answer(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n", length=False, Transfer_Encoding="chunked")
    async with Outbound(allow_private=True).stream(site.url("/chunked"), limit_bytes=7) as response:
        assert response.size is None
        assert b"".join([piece async for piece in response.chunks()]) == b"abcdefg"


async def test_the_next_address_is_tried(site: Site) -> None:
    outbound = Outbound(allow_private=True, resolve=names({"media.example": ["127.0.0.2 127.0.0.1"]}))
    assert await fetch(outbound, site.url(host="media.example")) == BODY


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.0.0.1/",
        "http://0x7f000001/", "http://127.0.0.1./", "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/", "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/",
        "http://localhost/", "http://10.1.2.3/", "http://192.168.0.1/", "http://100.100.100.200/", "http://0.0.0.0/",
        "http://224.0.0.1/", "http://１２７.0.0.1/", "http://①②⑦.0.0.1/", "https://127.0.0.1/",
        "http://user:password@media.example/", "http://user@media.example/", "http://media.example@127.0.0.1/",
        "ftp://media.example/", "file:///etc/passwd", "gopher://media.example/", "//media.example/", "media.example",
        "", "http://", "http:///film", "http://media.example/a b", "http://media.example\\@127.0.0.1/",
        "http://media.example/\r\nX: y", "http://media.example:0/", "http://media.example:99999/", "http://[::1/",
        "http://media.example/" + "a" * 9000,
    ],
)  # fmt: skip
async def test_refused_addresses(url: str) -> None:
    with pytest.raises(OutboundRefused) as caught:
        await fetch(Outbound(), url)
    assert caught.value.code == "url_not_allowed"
    assert "password" not in str(caught.value.facts["host"])


@pytest.mark.parametrize(
    "addresses",
    [
        "127.0.0.1", "93.184.216.34 10.0.0.1", "10.0.0.1 93.184.216.34", "2606:4700::1 ::1", "fe80::1%eth0",
        "::ffff:8.8.8.8",
    ],
)  # fmt: skip
async def test_every_address_of_a_name_must_be_public(site: Site, addresses: str) -> None:
    outbound = Outbound(resolve=names({"media.example": [addresses]}))
    with pytest.raises(OutboundRefused, match="not public"):
        await fetch(outbound, site.url(host="media.example"))
    assert site.requests == []


@pytest.mark.parametrize(
    "url", ["http://0.0.0.0/", "http://224.0.0.1/", "http://[ff02::1]/", "http://[::]/", "http://0/"]
)
async def test_even_private_networks_have_limits(url: str) -> None:
    with pytest.raises(OutboundRefused):
        await fetch(Outbound(allow_private=True), url)


async def test_a_name_that_changes_its_answer_gains_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the first answer is public, each later one is loopback, where our server waits."""
    resolve = names({"media.example": ["93.184.216.34", "127.0.0.1"]})
    tried: list[str] = []

    async def send(_: object, request: httpx.Request) -> httpx.Response:
        tried.append(request.url.host)
        raise httpx.ConnectError("not from a test")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", send)
    with pytest.raises(OutboundFailed):
        await fetch(Outbound(resolve=resolve), site.url(host="media.example"))
    assert tried == ["93.184.216.34"]
    assert site.requests == []
    with pytest.raises(OutboundRefused):
        await fetch(Outbound(resolve=resolve), site.url(host="media.example"))


async def test_redirects_are_followed(site: Site) -> None:
    site.pages |= {"/1": redirect("/2"), "/2": redirect("3?x=1"), "/3?x=1": redirect(site.url())}
    assert await fetch(Outbound(allow_private=True), site.url("/1")) == BODY
    assert len(site.requests) == 4


@pytest.mark.parametrize("status", ["301 Moved", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_redirects_of_every_kind(site: Site, status: str) -> None:
    site.pages["/1"] = answer(status=status, Location="/film")
    assert await fetch(Outbound(allow_private=True), site.url("/1")) == BODY


async def test_five_redirects_are_the_most(site: Site) -> None:
    site.pages |= {f"/{number}": redirect(f"/{number + 1}") for number in range(1, 7)}
    site.pages["/6"] = answer(b"fine")
    assert await fetch(Outbound(allow_private=True), site.url("/1")) == b"fine"
    site.pages["/6"] = redirect("/6")
    with pytest.raises(OutboundFailed, match="redirects"):
        await fetch(Outbound(allow_private=True), site.url("/1"))


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:1/", "//localhost/", "http://[::1]/", "file:///etc/passwd",
        "http://2130706433/", "https://user:secret@media.example/", "http://inside.example/", "gopher://media.example/",
    ],
)  # fmt: skip
async def test_redirects_are_checked_like_the_first(site: Site, location: str) -> None:
    """The first address is let through although it is loopback, as a public one would be; then the real rules hold."""
    site.pages["/1"] = redirect(location)
    outbound = Outbound(
        resolve=names({"media.example": ["127.0.0.1"], "localhost": ["127.0.0.1"], "inside.example": ["10.0.0.1"]})
    )
    strict = outbound._allowed
    outbound._allowed = lambda address: not site.requests or strict(address)  # type: ignore[method-assign]
    with pytest.raises(OutboundRefused) as caught:
        await fetch(outbound, site.url("/1", "media.example"))
    assert len(site.requests) == 1
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("location", ["", "http://[", "/a b", "http://\x01"])
async def test_redirects_to_nowhere(site: Site, location: str) -> None:
    site.pages["/1"] = redirect(location)
    with pytest.raises(OutboundError):
        await fetch(Outbound(allow_private=True), site.url("/1"))


async def test_announced_sizes_are_checked_first(site: Site) -> None:
    with pytest.raises(OutboundTooLarge) as caught:
        async with Outbound(allow_private=True).stream(site.url(), limit_bytes=len(BODY) - 1):
            raise AssertionError("never entered")
    assert caught.value.status == 413


async def test_unannounced_sizes_are_counted(site: Site) -> None:
    site.pages["/long"] = answer(BODY, length=False)
    arrived = 0
    with pytest.raises(OutboundTooLarge):  # noqa: PT012
        async with Outbound(allow_private=True).stream(site.url("/long"), limit_bytes=len(BODY) - 1) as response:
            async for piece in response.chunks():
                arrived += len(piece)
    assert arrived < len(BODY)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (answer(b"", "404 Not Found"), "status 404"),
        (answer(b"", "500 Oh"), "status 500"),
        (answer(b"", "204 No Content"), "status 204"),
        (answer(b"x", "206 Partial Content"), "status 206"),
        (answer(b"x", Content_Encoding="gzip"), "compressed"),
        (answer(BODY)[:-1], "broke"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "broke"),
        (b"", "broke"),
        (b"SSH-2.0-OpenSSH\r\n", "broke"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, "broke"),
    ],
)
async def test_answers_that_are_no_file(site: Site, page: bytes, reason: str) -> None:
    site.pages["/odd"] = page
    with pytest.raises(OutboundFailed, match=reason) as caught:
        await fetch(Outbound(allow_private=True), site.url("/odd?token=secret"))
    assert "secret" not in str(caught.value)


async def test_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with pytest.raises(OutboundFailed, match="takes no connection"):
            await fetch(Outbound(allow_private=True), f"http://127.0.0.1:{held.getsockname()[1]}/")


async def test_names_that_do_not_resolve() -> None:
    outbound = Outbound(resolve=names({"empty.example": [""]}))
    for host in ("unknown.example", "empty.example"):
        with pytest.raises(OutboundFailed, match="its name"):
            await fetch(outbound, f"http://{host}/")
    with pytest.raises(OutboundError):
        await fetch(Outbound(), f"http://{'a' * 64}.example/")


@pytest.mark.parametrize("limits", [{"read_seconds": 0.2}, {"total_seconds": 0.3}])
@pytest.mark.parametrize("page", [b"", b"HTTP/1.1 200 OK\r\n", answer(BODY)[:-1]])
async def test_silence_ends(site: Site, page: bytes, limits: dict[str, float]) -> None:
    site.pages["/slow"] = page
    site.hang.add("/slow")
    with pytest.raises(OutboundFailed, match=r"time|long"):
        await fetch(Outbound(allow_private=True, **limits), site.url("/slow"))  # type: ignore[arg-type]


async def test_a_resolver_that_hangs_is_left() -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(OutboundFailed, match="resolved"):
        await fetch(Outbound(resolve=never, connect_seconds=0.1), "http://media.example/")


async def test_the_environment_has_no_say(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert await fetch(Outbound(allow_private=True), site.url()) == BODY
    assert b"uthorization" not in site.requests[0]


async def test_no_cookies_on_the_way(site: Site) -> None:
    site.pages["/1"] = answer(status="302 Found", Location="/film", Set_Cookie="a=b")
    await fetch(Outbound(allow_private=True), site.url("/1"))
    assert b"ookie" not in site.requests[1]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate of ``media.example`` that signs itself, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("cannot exist here: the openssl command makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=media.example", "-addext", "subjectAltName=DNS:media.example",
            "-keyout", folder / "key", "-out", folder / "certificate",
        ],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "certificate").read_text())
    return both


async def test_certificates_are_checked_against_the_name(certificate: Path) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    seen: list[str | None] = []
    server.sni_callback = lambda _, name, __: seen.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    resolve = names({"media.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    outbound = Outbound(allow_private=True, resolve=resolve, tls=trusting)
    async with serving(server) as site:
        assert await fetch(outbound, site.url(host="media.example", scheme="https")) == BODY
        assert seen == ["media.example"]
        with pytest.raises(OutboundFailed, match="certificate"):
            await fetch(outbound, site.url(host="other.example", scheme="https"))
        with pytest.raises(OutboundFailed, match="certificate"):
            await fetch(Outbound(allow_private=True, resolve=resolve), site.url(host="media.example", scheme="https"))
    assert len(site.requests) == 1


def test_the_toolbox_is_light() -> None:
    """The outbound client is imported when asked for, so that the command line starts at once."""
    look = "print('httpx' in sys.modules)"
    program = f"import sys, vidstead.kit; {look}; vidstead.kit.Outbound; {look}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "True"]
