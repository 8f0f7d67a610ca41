"""The real pages over an API of a few dictionaries, so that every state of a page can be put on the screen."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from vidstead.api.pages import page_routes

TOKEN = "test-token-0123456789"
Json = dict[str, Any]
Answer = Callable[[Request], Awaitable[Response]]


@dataclass
class Backend:
    """What the pages' server knows and was told. Tests change it while it runs."""

    assets: list[Json] = field(default_factory=list)
    uploads: dict[str, Json] = field(default_factory=dict)
    received: dict[str, bytes] = field(default_factory=dict)
    created: list[Json] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    playlists: dict[str, int] = field(default_factory=dict)
    """Statuses of playlists that are not 200, by playback id."""
    streams: dict[str, Path] = field(default_factory=dict)
    """Folders with a ``master.m3u8``, by playback id."""
    not_yet: dict[str, int] = field(default_factory=dict)
    """How often a segment is still to be encoded when it is asked for, by name."""
    fail: int | None = None
    """Status that every call of the API gets."""
    refuse_bytes: int | None = None
    """Status that every upload of bytes gets."""
    hold_assets: threading.Event | None = None
    """The list of assets is not answered before this is set."""
    openapi: Json = field(default_factory=dict)
    playlist_requests: int = 0


def asset(identifier: str, **more: Any) -> Json:
    """An asset as the API shows it: ready, covered, public."""
    return {
        "id": identifier,
        "created_at": str(int(time.time()) - 60),
        "status": "ready",
        "progress": {"progress": 100, "state": "completed"},
        "duration": 61.0,
        "playback_ids": [{"id": f"p{identifier}", "policy": "public"}],
        "tracks": [{"type": "video", "max_width": 1280, "max_height": 720}, {"type": "audio"}],
        "meta": {"title": f"Film {identifier}"},
    } | more


def refusal(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"type": code, "messages": [message]}}, status)


class Api:
    """The addresses that the pages call."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def routes(self) -> list[BaseRoute]:
        return [
            *page_routes(),
            Route("/openapi.json", self.openapi),
            Route("/video/v1/assets", self.guarded(self.assets)),
            Route("/video/v1/assets/{id}", self.guarded(self.asset)),
            Route("/video/v1/assets/{id}", self.guarded(self.delete_asset), methods=["DELETE"]),
            Route("/video/v1/uploads", self.guarded(self.create_upload), methods=["POST"]),
            Route("/video/v1/uploads/{id}", self.guarded(self.upload)),
            Route("/video/v1/uploads/{id}/cancel", self.guarded(self.cancel), methods=["PUT"]),
            Route("/uploads/{id}/s3cret", self.put, methods=["PUT"]),
            Route("/{id}.m3u8", self.playlist),
            Route("/{id}/{name}", self.media),
        ]

    def guarded(self, answer: Answer) -> Answer:
        """Asks for the token first, and fails where the test wants a failure."""

        async def endpoint(request: Request) -> Response:
            if self.backend.fail is not None:
                return refusal(self.backend.fail, "test", "The test says no.")
            if request.headers.get("authorization") != f"Bearer {TOKEN}":
                return refusal(401, "unauthorized", "Sign in with an access token.")
            return await answer(request)

        return endpoint

    async def assets(self, request: Request) -> Response:
        if self.backend.hold_assets is not None:
            await asyncio.to_thread(self.backend.hold_assets.wait, 20)
        return JSONResponse({"data": self.backend.assets[: int(request.query_params["limit"])]})

    async def asset(self, request: Request) -> Response:
        found = self._find(request)
        return JSONResponse({"data": found}) if found else refusal(404, "not_found", "There is no such asset.")

    async def delete_asset(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return refusal(404, "not_found", "There is no such asset.")
        self.backend.assets.remove(found)
        self.backend.deleted.append(found["id"])
        return Response(status_code=204)

    def _find(self, request: Request) -> Json | None:
        wanted = request.path_params["id"]
        return next((each for each in self.backend.assets if each["id"] == wanted), None)

    async def create_upload(self, request: Request) -> Response:
        self.backend.created.append(await request.json())
        identifier = f"u{len(self.backend.created)}"
        upload = {"id": identifier, "status": "waiting", "url": f"/uploads/{identifier}/s3cret"}
        self.backend.uploads[identifier] = upload
        return JSONResponse({"data": upload}, 201)

    async def upload(self, request: Request) -> Response:
        return JSONResponse({"data": self.backend.uploads[request.path_params["id"]]})

    async def cancel(self, request: Request) -> Response:
        self.backend.cancelled.append(request.path_params["id"])
        return await self.upload(request)

    async def put(self, request: Request) -> Response:
        if self.backend.refuse_bytes is not None:
            return refusal(self.backend.refuse_bytes, "test", "The disk is full.")
        identifier = request.path_params["id"]
        try:
            self.backend.received[identifier] = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        self.backend.uploads[identifier] |= {"status": "asset_created", "asset_id": f"a{identifier}", "url": None}
        title = self.backend.created[int(identifier[1:]) - 1]["new_asset_settings"]["meta"]["title"]
        self.backend.assets.insert(0, asset(f"a{identifier}", meta={"title": title}))
        return Response(status_code=200)

    async def playlist(self, request: Request) -> Response:
        self.backend.playlist_requests += 1
        identifier = request.path_params["id"]
        status = self.backend.playlists.get(identifier, 200 if identifier in self.backend.streams else 404)
        if status != 200:
            return refusal(status, "playback_failed" if status == 410 else "test", "Not now.")
        text = (self.backend.streams[identifier] / "master.m3u8").read_text()
        body = text.replace('URI="', f'URI="/{identifier}/').replace("\nmedia_", f"\n/{identifier}/media_")
        return Response(body, media_type="application/vnd.apple.mpegurl")

    async def media(self, request: Request) -> Response:
        name = request.path_params["name"]
        if self.backend.not_yet.get(name, 0) > 0:
            self.backend.not_yet[name] -= 1
            return Response(status_code=503, headers={"Retry-After": "1", "Cache-Control": "no-store"})
        return FileResponse(self.backend.streams[request.path_params["id"]] / request.path_params["name"])

    async def openapi(self, _: Request) -> Response:
        return JSONResponse(self.backend.openapi)


@contextmanager
def running(backend: Backend) -> Iterator[str]:
    """Serve the pages over ``backend`` on a free port; yields the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=Api(backend).routes()), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="pages")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        listener.close()


def wait_until(page: Page, holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what the backend was told, while the page goes on."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come"
        page.wait_for_timeout(50)
