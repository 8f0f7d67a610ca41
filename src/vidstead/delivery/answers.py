"""Answers with bytes, by HTTP's rules: ETag and 304, Range and 206, HEAD, CORS (RFC 9110, sections 13 and 14).

A whole cell that is a file is handed to the server by path (``http.response.pathsend``), so its bytes never pass
through Python. Servers take whole files only that way; ranges are read and sent.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.types import Receive, Scope, Send

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "content-length, content-range, etag, retry-after, x-request-id",
    "timing-allow-origin": "*",
}
"""Every page may play what it may fetch: playback ids, not origins, are what protects."""
RAW_CORS = [(name.encode(), value.encode()) for name, value in CORS.items()]


class Answer:
    """One answer: bytes that are in memory, at a path, or read by ranges."""

    def __init__(
        self,
        *,
        size: int,
        etag: str,
        media_type: str,
        cache_control: str,
        read: Callable[[int, int], Awaitable[bytes]],
        path: Path | None = None,
    ) -> None:
        """``read(start, length)`` gives bytes of the body, ``path`` is a file that is all of it."""
        self._size = size
        self._etag = etag
        self._media_type = media_type
        self._cache_control = cache_control
        self._read = read
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request of ``scope``."""
        asked = dict(scope["headers"])
        if matches(asked.get(b"if-none-match"), self._etag):
            await self._send(send, 304, [])
            return
        span = wanted_range(asked, self._size, self._etag)
        if span is None:
            await self._send_whole(scope, send)
        elif span[0] >= span[1]:
            await self._send(send, 416, [(b"content-range", b"bytes */%d" % self._size), (b"content-length", b"0")])
        else:
            await self._send_part(scope, send, *span)

    async def _send_whole(self, scope: Scope, send: Send) -> None:
        headers = [(b"content-length", b"%d" % self._size), (b"accept-ranges", b"bytes")]
        if scope["method"] == "HEAD":
            await self._send(send, 200, headers)
        elif self._path is not None and "http.response.pathsend" in scope.get("extensions", {}):
            await self._start(send, 200, headers)
            await send({"type": "http.response.pathsend", "path": str(self._path)})
        else:
            await self._send(send, 200, headers, await self._read(0, self._size))

    async def _send_part(self, scope: Scope, send: Send, start: int, end: int) -> None:
        headers = [
            (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, self._size)),
            (b"content-length", b"%d" % (end - start)),
            (b"accept-ranges", b"bytes"),
        ]
        body = b"" if scope["method"] == "HEAD" else await self._read(start, end - start)
        await self._send(send, 206, headers, body)

    async def _send(self, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> None:
        await self._start(send, status, headers)
        await send({"type": "http.response.body", "body": body})

    async def _start(self, send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        always = [
            (b"etag", self._etag.encode()),
            (b"cache-control", self._cache_control.encode()),
            (b"content-type", self._media_type.encode()),
            *RAW_CORS,
        ]
        await send({"type": "http.response.start", "status": status, "headers": always + headers})


def matches(header: bytes | None, etag: str) -> bool:
    """Whether ``If-None-Match`` names the tag, weakly compared (RFC 9110, 13.1.2)."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.decode("latin-1").split(",")]
    return "*" in tags or etag in tags


def wanted_range(asked: dict[bytes, bytes], size: int, etag: str) -> tuple[int, int] | None:
    """The half-open range that is asked for; ``None`` for the whole, an empty one where it can't be satisfied.

    Several ranges at once, other units and a stale ``If-Range`` get the whole (RFC 9110, 14.2).
    """
    condition = asked.get(b"if-range")
    found = RANGE.fullmatch(asked.get(b"range", b"").decode("latin-1").replace(" ", ""))
    if not found or found[0] == "bytes=-" or (condition is not None and condition.decode("latin-1") != etag):
        return None
    first, last = found[1], found[2]
    if not first:
        return (max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return (int(first), min(size, int(last) + 1) if last else size)
