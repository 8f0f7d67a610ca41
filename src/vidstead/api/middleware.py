"""What happens around every request, as plain ASGI: its id, its line in the log, its metrics, its failures."""

import asyncio
import re
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vidstead.api import metrics
from vidstead.api.errors import InvalidParameters, RequestTooLarge, RequestTooSlow
from vidstead.api.failures import failed, unexpected
from vidstead.kit import VidsteadError, new_id

log = structlog.get_logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
UNMATCHED = "unmatched"
QUIET_ROUTES = frozenset({"/healthz", "/readyz", "/metrics"})
# What of an address may be told: identifiers that are worth nothing without a token.
TOLD_PARAMETERS = frozenset({"asset_id", "upload_id", "playback_id", "pid", "id", "slug", "index"})
CLIENT_LEFT = 499


class RequestIds:
    """Gives each request an id: the client's ``x-request-id`` if it is a plain word, else a new one.

    The id is in the answer, in ``scope["state"]["request_id"]``, and in every log line written meanwhile.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if REQUEST_ID.fullmatch(sent) else new_id()
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, send_with_id)


class Observed:
    """Writes a line and counts each request when its answer has ended. Addresses appear only as templates."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        began = time.perf_counter()
        try:
            await self.app(scope, receive, answer.send)
        finally:
            self._note(scope, answer, time.perf_counter() - began)

    @staticmethod
    def _note(scope: Scope, answer: "_Answer", seconds: float) -> None:
        route = getattr(scope.get("route"), "path", UNMATCHED)
        status = answer.status or CLIENT_LEFT
        size = answer.body_bytes
        metrics.count(method=scope["method"], route=route, status=status, seconds=seconds, body_bytes=size)
        write = log.debug if route in QUIET_ROUTES else log.info
        write(
            "request",
            method=scope["method"],
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            bytes=size,
            **({} if answer.complete else {"cut_off": True}),
            **_told(scope.get("path_params", {})),
            **scope["state"].get("facts", {}),
        )


class Failures:
    """The last resort: what nobody handled is logged with its traceback and answered by a 500 that tells nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        try:
            await self.app(scope, receive, answer.send)
        except Exception:
            log.exception("unexpected error", method=scope["method"])
            if not answer.status:
                await unexpected()(scope, receive, answer.send)
            elif not answer.complete:
                raise  # half an answer went out: only a broken connection can tell the client


class JsonBodies:
    """Reads the whole body of a JSON request, within a bound of bytes and of time, before anything else begins.

    So no database connection ever waits for a slow client. Zero bytes in addresses are refused here too: no text
    in the database can have them.
    """

    def __init__(self, app: ASGIApp, *, limit: int = 2**20, seconds: float = 30.0) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            _refuse_zero_bytes(scope)
            body = await self._read(scope, receive)
        except VidsteadError as error:
            await failed(error)(scope, receive, send)
            return
        if body is None:
            return
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self.limit:
            raise RequestTooLarge(limit=self.limit)
        body = bytearray()
        try:
            async with asyncio.timeout(self.seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self.limit:
                        raise RequestTooLarge(limit=self.limit)
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            raise RequestTooSlow(seconds=self.seconds) from None


class _Answer:
    """Looks on while an answer goes out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.body_bytes = 0
        self.complete = False
        self._length = ""

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.status = message["status"]
            self._length = Headers(raw=list(message.get("headers", []))).get("content-length", "")
        elif kind == "http.response.body":
            self.body_bytes += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        elif kind == "http.response.pathsend":
            self.body_bytes += int(self._length) if self._length.isdecimal() else 0
            self.complete = True
        await self._send(message)


def _told(parameters: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:64] for name, value in parameters.items() if name in TOLD_PARAMETERS}


def _refuse_zero_bytes(scope: Scope) -> None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]:
        raise InvalidParameters(problem="the address holds a zero byte")
