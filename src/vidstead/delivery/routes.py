"""The addresses of viewers: playlists, manifests, init segments and cells under a playback id."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from vidstead.delivery.answers import CORS, Answer
from vidstead.delivery.popular import Popular
from vidstead.delivery.service import Delivery, Document
from vidstead.delivery.times import Frames, asked_times, named_frames
from vidstead.kit import VidsteadError

PLAYLIST_CACHE = "public, max-age=5"
FOR_EVER = "public, max-age=31536000, immutable"
METHODS = ["GET", "HEAD", "OPTIONS"]
PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "range, if-none-match, if-range",
    "access-control-max-age": "86400",
}


def delivery_routes(delivery: Delivery) -> list[BaseRoute]:
    """Everything under ``/{playback_id}``."""
    popular = Popular()

    async def multivariant(request: Request) -> ASGIApp:
        times = asked_times(request.query_params)
        return _whole(await delivery.multivariant(request.path_params["playback_id"], times), PLAYLIST_CACHE)

    async def manifest(request: Request) -> ASGIApp:
        times = asked_times(request.query_params)
        return _whole(await delivery.manifest(request.path_params["playback_id"], times), PLAYLIST_CACHE)

    async def media(request: Request) -> ASGIApp:
        path = request.path_params
        return _whole(await delivery.media(path["playback_id"], path["row"], _frames(request)), PLAYLIST_CACHE)

    async def init(request: Request) -> ASGIApp:
        path = request.path_params
        return _whole(await delivery.init(path["playback_id"], path["row"], _frames(request)), FOR_EVER)

    async def segment(request: Request) -> ASGIApp:
        path = request.path_params
        found = await delivery.segment(
            path["playback_id"], path["row"], path["index"], _frames(request), left=lambda: _left(request.receive)
        )

        body = None
        if request.method == "GET":
            body = await popular.body(found.key, found.size, lambda: delivery.read(found, 0, found.size))

        async def read(start: int, length: int) -> bytes:
            return await delivery.read(found, start, length)

        return Answer(
            size=found.size,
            etag=found.etag,
            media_type=found.media_type,
            cache_control=FOR_EVER,
            read=read if body is None else _part_of(body),
            path=delivery.files.path(found.key) if delivery.files and body is None else None,
        )

    def under(folder: str) -> list[BaseRoute]:
        return [
            Route(f"{folder}/{{row}}/index.m3u8", Endpoint(media), methods=METHODS),
            Route(f"{folder}/{{row}}/init.mp4", Endpoint(init), methods=METHODS),
            Route(f"{folder}/{{row}}/{{index:int}}.m4s", Endpoint(segment), methods=METHODS),
        ]

    return [
        Route("/{playback_id}.m3u8", Endpoint(multivariant), methods=METHODS),
        Route("/{playback_id}.mpd", Endpoint(manifest), methods=METHODS),
        *under("/{playback_id}"),
        *under("/{playback_id}/{clip}"),
    ]


def _frames(request: Request) -> Frames | None:
    """The frames of a clip by address, if this is one."""
    folder = request.path_params.get("clip")
    return named_frames(folder) if folder is not None else None


class Endpoint:
    """One address: finds its answer. What is raised instead may be read by any page, too."""

    def __init__(self, find: Callable[[Request], Awaitable[ASGIApp]]) -> None:
        self._find = find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request of ``scope``."""
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={**CORS, **PREFLIGHT})
        try:
            return await self._find(request)
        except VidsteadError as error:
            error.headers.update(CORS)
            raise


async def _left(receive: Receive) -> None:
    """Until the viewer has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _whole(document: Document, cache_control: str) -> Answer:
    return Answer(
        size=len(document.body),
        etag=document.etag,
        media_type=document.media_type,
        cache_control=cache_control,
        read=_part_of(document.body),
    )


def _part_of(body: bytes) -> Callable[[int, int], Awaitable[bytes]]:
    async def read(start: int, length: int) -> bytes:
        return body if length == len(body) else body[start : start + length]

    return read
