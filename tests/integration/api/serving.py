"""The application on a real port, for clients that know only addresses; on both servers that the product supports."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import httpx
import uvicorn
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from starlette.types import ASGIApp

ServerName = Literal["granian", "uvicorn"]
SERVERS: tuple[ServerName, ...] = ("granian", "uvicorn")
START_SECONDS = 20
STOP_SECONDS = 10


@asynccontextmanager
async def served(app: ASGIApp, server: ServerName = "granian") -> AsyncIterator[str]:
    """Serve ``app`` on a free port of this machine; gives its address."""
    async with (on_granian if server == "granian" else on_uvicorn)(app) as address:
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient() as client:
            while not await answers(client, address):  # noqa: ASYNC110  another's door can only be tried
                await asyncio.sleep(0.01)
        yield address


async def answers(client: httpx.AsyncClient, address: str) -> bool:
    """Whether there is already somebody at an address."""
    try:
        return (await client.get(f"{address}/healthz")).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def on_uvicorn(app: ASGIApp) -> AsyncIterator[str]:
    """The alternative server."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield address_of(listening)
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, STOP_SECONDS)
        listening.close()


@asynccontextmanager
async def on_granian(app: ASGIApp) -> AsyncIterator[str]:
    """The default server. It shares ports, so that a socket which never listens keeps a free one for it."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(("127.0.0.1", 0))
        port = int(kept.getsockname()[1])
        server = Granian(app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False)
        task = asyncio.create_task(server.serve())
        try:
            yield address_of(kept)
        finally:
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(task, STOP_SECONDS)


def address_of(bound: socket.socket) -> str:
    """The address of a socket on this machine."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"
