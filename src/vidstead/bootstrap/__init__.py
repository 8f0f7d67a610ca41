"""The composition root: the only place that picks adapters, and hands the settings' values to the rooms.

Two processes are put together here from the same rooms. The web process answers HTTP and never touches media; the
worker makes cells and never answers HTTP. This door is light: the command line and the supervisor come through it
without loading what only web or worker need.
"""

import asyncio
from typing import TYPE_CHECKING

from vidstead.bootstrap.places import (
    database_urls,
    embedded_postgres,
    ffmpeg_path,
    load_settings,
    migrate,
    open_store,
    schema_versions,
)
from vidstead.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = [
    "database_urls",
    "embedded_postgres",
    "encode_speed",
    "fences",
    "ffmpeg_path",
    "load_settings",
    "migrate",
    "open_store",
    "run_worker",
    "schema_versions",
    "web_app",
]


def web_app() -> "ASGIApp":
    """The web process as the ASGI factory that granian or uvicorn calls."""
    from vidstead.bootstrap.web import make_app

    return make_app(load_settings())


async def run_worker(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """The worker process: until ``stop``, SIGTERM or SIGINT; work that is under way then goes back to the queue."""
    from vidstead.bootstrap.worker import run

    await run(settings, stop)


def fences() -> dict[str, str | None]:
    """The fences around children that read media which this machine's kernel knows; ``None`` for one that it lacks."""
    from vidstead.encoding.adapters.children import confine

    return confine.fences()


def encode_speed(settings: Settings) -> tuple[float, str] | None:
    """The best speed of the living workers and whose it is; ``None``: none is known. Raises ``DatabaseUnavailable``."""
    from vidstead.db import Database
    from vidstead.encoding import Speeds

    async def ask() -> tuple[float, str] | None:
        database = Database(database_urls(settings).app)
        try:
            return await Speeds(database).best()
        finally:
            await database.close()

    return asyncio.run(ask())
