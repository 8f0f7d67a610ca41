"""Fetching from addresses that strangers name, without lending them our place in the network (SSRF).

A name is resolved here, every address it has is checked, and the connection goes to the address that was checked: the
request names the address, while ``Host`` and the certificate's name stay those of the URL. So a name that changes its
answer between check and use (DNS rebinding) gains nothing. Redirects are followed here, each checked like the first.
No proxy, cookie, ``.netrc`` or credential of the environment takes part, and errors name only the origin of an
address, since paths and queries may hold secrets.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

import httpx

from vidstead.kit.errors import OutboundFailed, OutboundRefused, OutboundTooLarge

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

MAX_URL_LENGTH = 8192
MAX_REDIRECTS = 5
MAX_ADDRESSES = 4  # tried in turn, of those that a name has
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}

_V6_PUBLIC = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IANA's special-purpose registries (RFC 6890 and its successors), and what tunnels into them
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # a public address in form; the inside of every Azure machine in fact
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")


class OutboundResponse:
    """The answer to a request: its headers have arrived, its body is read by ``chunks``."""

    def __init__(self, response: httpx.Response, *, host: str, limit_bytes: int, deadline: float) -> None:
        self._response = response
        self._host = host
        self._limit = limit_bytes
        self._deadline = deadline
        length = response.headers.get("content-length", "")
        self.size = int(length) if length.isascii() and length.isdigit() else None
        """Bytes that the body will have, where the server says so."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The answer's headers; their names are found in any case of letters."""
        return self._response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in pieces as they arrive, once.

        Raises ``OutboundTooLarge`` beyond the limit; ``OutboundFailed`` when the connection breaks or the time
        is over.
        """
        count = 0
        body = self._response.aiter_raw()
        while (piece := await self._next(body)) is not None:
            count += len(piece)
            if count > self._limit:
                raise OutboundTooLarge(host=self._host, limit_bytes=self._limit)
            yield piece

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        with _failures(self._host):
            async with asyncio.timeout_at(self._deadline):
                return await anext(body, None)


class Outbound:
    """A client for addresses that come from outside.

    ``allow_private`` admits private, loopback and link-local addresses (never multicast, unspecified or scoped ones).
    Limits, in seconds: ``connect_seconds`` for resolving a name and for each connection, ``read_seconds`` between two
    pieces of an answer, ``total_seconds`` for everything. ``resolve`` and ``tls`` replace the system's resolver and
    certificates.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        connect_seconds: float = 10.0,
        read_seconds: float = 30.0,
        total_seconds: float = 6 * 3600.0,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_private = allow_private
        self._connect_seconds = connect_seconds
        self._timeouts = {
            "connect": connect_seconds,
            "read": read_seconds,
            "write": read_seconds,
            "pool": connect_seconds,
        }
        self._total_seconds = total_seconds
        self._resolve = resolve or resolve_name
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    @contextlib.asynccontextmanager
    async def stream(self, url: str, *, limit_bytes: int) -> AsyncIterator[OutboundResponse]:
        """GET ``url`` and follow at most 5 redirects; the body is read inside the block.

        Raises ``OutboundRefused`` where the address, one it resolves to, or one it redirects to is not allowed;
        ``OutboundTooLarge`` where the server announces more than ``limit_bytes``; ``OutboundFailed`` where the
        server can't be reached, is too slow, or answers anything but 200.
        """
        deadline = asyncio.get_running_loop().time() + self._total_seconds
        target = _parse(url)
        async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport:
            for _ in range(MAX_REDIRECTS + 1):
                host = _origin(target)
                with _failures(host):
                    async with asyncio.timeout_at(deadline):
                        response = await self._get(transport, target)
                try:
                    if response.status_code not in REDIRECTS:
                        answer = OutboundResponse(response, host=host, limit_bytes=limit_bytes, deadline=deadline)
                        _check_answer(response, answer, host, limit_bytes)
                        yield answer
                        return
                    target = _redirect(target, response.headers.get("location", ""))
                finally:
                    await response.aclose()
            raise OutboundFailed(host=_origin(target), reason=f"more than {MAX_REDIRECTS} redirects")

    async def _get(self, transport: httpx.AsyncHTTPTransport, url: httpx.URL) -> httpx.Response:
        """The answer of the first address of the name that takes a connection."""
        addresses = await self._addresses(url)
        for address in addresses[:-1]:
            with contextlib.suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await transport.handle_async_request(self._request(url, address))
        return await transport.handle_async_request(self._request(url, addresses[-1]))

    def _request(self, url: httpx.URL, address: Address) -> httpx.Request:
        return httpx.Request(
            "GET",
            url.copy_with(host=str(address), fragment=None),
            headers={
                "Host": url.netloc.decode("ascii"),
                "User-Agent": "vidstead",
                "Accept": "*/*",
                "Accept-Encoding": "identity",
            },
            extensions={"timeout": self._timeouts, "sni_hostname": url.raw_host.decode("ascii").rstrip(".")},
        )

    async def _addresses(self, url: httpx.URL) -> list[Address]:
        """The addresses of the URL's host, each of them allowed."""
        host, origin = url.raw_host.decode("ascii"), _origin(url)
        try:
            async with asyncio.timeout(self._connect_seconds):
                found = await self._resolve(host, url.port or PORTS[url.scheme])
            addresses = [ipaddress.ip_address(address) for address in found]
        except (OSError, UnicodeError, ValueError):
            raise OutboundFailed(host=origin, reason="its name can't be resolved") from None
        if not addresses:
            raise OutboundFailed(host=origin, reason="its name has no address")
        for address in addresses:
            if not self._allowed(address):
                raise OutboundRefused(host=origin, reason="it leads to an address that is not public")
        return addresses[:MAX_ADDRESSES]

    def _allowed(self, address: Address) -> bool:
        if not self._allow_private:
            return is_public(address)
        plain = _plain(address)
        return not (plain.is_multicast or plain.is_unspecified or getattr(plain, "scope_id", None))


def is_public(address: Address) -> bool:
    """Whether an address belongs to the public internet, by itself and not by what it maps or tunnels to.

    Standards: IANA's special-purpose address registries (RFC 6890). IPv6 outside 2000::/3 is never public here: that
    leaves out loopback, link-local, unique-local, multicast, IPv4-mapped, IPv4-compatible and NAT64 (RFC 6052).
    """
    if address.version == 6 and address not in _V6_PUBLIC:
        return False
    return not any(address in network for network in _NOT_PUBLIC if network.version == address.version)


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """The addresses of a host by the system's resolver, in its order. Raises ``OSError``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _plain(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _parse(url: str) -> httpx.URL:
    """An address with nothing in it that we do not understand. Raises ``OutboundRefused``."""
    if len(url) > MAX_URL_LENGTH or _FORBIDDEN.search(url):
        raise OutboundRefused(host="given", reason="it is too long or has spaces, control characters or backslashes")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise OutboundRefused(host="given", reason="it is not a valid URL") from None
    if parsed.scheme not in PORTS or not parsed.raw_host:
        raise OutboundRefused(host="given", reason="it is not of http or https")
    host = parsed.raw_host.decode("ascii")
    if parsed.userinfo:
        raise OutboundRefused(host=_origin(parsed), reason="it has a user name or password in it")
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise OutboundRefused(host=_origin(parsed), reason="it has no valid port")
    if _NUMERIC.fullmatch(host.rstrip(".").rpartition(".")[2]) and not _is_dotted_quad(host):
        raise OutboundRefused(host=_origin(parsed), reason="its IP address is written in an unusual way")
    return parsed


def _is_dotted_quad(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True


def _redirect(base: httpx.URL, location: str) -> httpx.URL:
    if not location or len(location) > MAX_URL_LENGTH or _FORBIDDEN.search(location):
        raise OutboundFailed(host=_origin(base), reason="it redirects to nowhere")
    try:
        joined = str(base.join(location))
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise OutboundFailed(host=_origin(base), reason="it redirects to nowhere") from None
    return _parse(joined)


def _origin(url: httpx.URL) -> str:
    """What of an address may be told: neither user, nor path, nor query."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _check_answer(response: httpx.Response, answer: OutboundResponse, host: str, limit_bytes: int) -> None:
    if response.status_code != 200:
        raise OutboundFailed(host=host, reason=f"it answered with status {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise OutboundFailed(host=host, reason="it compressed its answer, though asked not to")
    if answer.size is not None and answer.size > limit_bytes:
        raise OutboundTooLarge(host=host, limit_bytes=limit_bytes)


@contextlib.contextmanager
def _failures(host: str) -> Iterator[None]:
    """Turn what the network does into the room's error."""
    try:
        yield
    except TimeoutError:
        raise OutboundFailed(host=host, reason="it took too long") from None
    except httpx.HTTPError as error:
        raise OutboundFailed(host=host, reason=_reason(error)) from None


def _reason(error: httpx.HTTPError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not valid for its name"
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time"
    if isinstance(error, httpx.ConnectError):
        return "it takes no connection"
    return "the connection broke"
