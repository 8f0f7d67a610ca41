"""The addresses of viewers: playlists, manifests, init segments and cells under a playback id."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vidstead.assets import PlaybackIdNotFound
from vidstead.delivery.answers import CORS, Answer
from vidstead.delivery.errors import DeliveryError
from vidstead.delivery.service import RETRY_SECONDS, Delivery, Document
from vidstead.grid import GridNotFound
from vidstead.kit import VidsteadError
from vidstead.storage import StorageError

PLAYLIST_CACHE = "public, max-age=5"
FOR_EVER = "public, max-age=31536000, immutable"
METHODS = ["GET", "HEAD", "OPTIONS"]
PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"range, if-none-match, if-range"),
    (b"access-control-max-age", b"86400"),
]


def delivery_routes(delivery: Delivery) -> list[BaseRoute]:
    """Everything under ``/{playback_id}``."""

    async def multivariant(request: Request) -> ASGIApp:
        return _whole(await delivery.multivariant(request.path_params["playback_id"]), PLAYLIST_CACHE)

    async def manifest(request: Request) -> ASGIApp:
        return _whole(await delivery.manifest(request.path_params["playback_id"]), PLAYLIST_CACHE)

    async def media(request: Request) -> ASGIApp:
        path = request.path_params
        return _whole(await delivery.media(path["playback_id"], path["row"]), PLAYLIST_CACHE)

    async def init(request: Request) -> ASGIApp:
        path = request.path_params
        return _whole(await delivery.init(path["playback_id"], path["row"]), FOR_EVER)

    async def segment(request: Request) -> ASGIApp:
        path = request.path_params
        found = await delivery.segment(path["playback_id"], path["row"], path["index"])

        async def read(start: int, length: int) -> bytes:
            return await delivery.read(found, start, length)

        return Answer(
            size=found.size,
            etag=found.etag,
            media_type=found.media_type,
            cache_control=FOR_EVER,
            read=read,
            path=delivery.files.path(found.key) if delivery.files else None,
        )

    return [
        Route("/{playback_id}.m3u8", Endpoint(multivariant), methods=METHODS),
        Route("/{playback_id}.mpd", Endpoint(manifest), methods=METHODS),
        Route("/{playback_id}/{row}/index.m3u8", Endpoint(media), methods=METHODS),
        Route("/{playback_id}/{row}/init.mp4", Endpoint(init), methods=METHODS),
        Route("/{playback_id}/{row}/{index:int}.m4s", Endpoint(segment), methods=METHODS),
    ]


class Endpoint:
    """One address: finds its answer, and says in JSON why there is none. Errors are never kept by a cache."""

    def __init__(self, find: Callable[[Request], Awaitable[ASGIApp]]) -> None:
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request of ``scope``."""
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        if request.method == "OPTIONS":
            return _with_headers(Response(status_code=204), [*CORS, *PREFLIGHT])
        try:
            return await self._find(request)
        except (DeliveryError, PlaybackIdNotFound, GridNotFound, StorageError) as error:
            return _refusal(error)


def _refusal(error: VidsteadError) -> Response:
    body = {"error": {"type": error.code, "messages": [error.message]}}
    headers = [(b"cache-control", b"no-store"), *CORS]
    if error.status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_SECONDS))
    return _with_headers(JSONResponse(body, error.status), headers)


def _with_headers(response: Response, headers: list[tuple[bytes, bytes]]) -> Response:
    response.raw_headers.extend(headers)
    return response


def _whole(document: Document, cache_control: str) -> Answer:
    async def read(start: int, length: int) -> bytes:
        return document.body[start : start + length]

    return Answer(
        size=len(document.body),
        etag=document.etag,
        media_type=document.media_type,
        cache_control=cache_control,
        read=read,
    )
