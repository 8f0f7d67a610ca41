"""A viewer who leaves wants nothing any more: on the servers that the product runs on, with real connections."""

import asyncio
from contextlib import suppress

import httpx
import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.grids import create_grid
from tests.integration.api.serving import SERVERS, ServerName, served

from vidstead.api.failures import HANDLERS
from vidstead.assets import Assets, NewAsset, Published
from vidstead.db import Database, Listener
from vidstead.delivery import Delivery, delivery_routes
from vidstead.grid import Clips, Grids, Waiting
from vidstead.storage.testing import MemoryStore

PUBLISHED = Published(duration=20.0, tracks=(), resolution_tier="720p", max_stored_frame_rate=24.0, aspect_ratio="16:9")


async def published(database: Database, assets: Assets, grids: Grids, environment_id: str) -> str:
    """The playback id of a film without cells."""
    grid = await create_grid(database, grids, environment_id)
    async with database.begin(environment_id) as connection:
        asset = await assets.create(
            connection, environment_id, NewAsset(playback_policies=("public",)), ingest_type="on_demand_direct_upload"
        )
        await assets.publish(connection, environment_id, asset.id, PUBLISHED, [grid.id])
    return asset.playback_ids[0].id


async def wanted(database: Database, environment_id: str) -> int:
    """How many cells were ever asked for."""
    async with database.begin(environment_id) as connection:
        return int((await connection.execute(text("select count(*) from wants"))).scalar_one())


@pytest.mark.parametrize("server", SERVERS)
async def test_nobody_waits_for_a_viewer_who_left(
    server: ServerName, assets: Assets, grids: Grids, listener: Listener, database: Database, environment_id: str
) -> None:
    """The request could wait ten minutes; only the viewer's leaving can end it."""
    playback_id = await published(database, assets, grids, environment_id)
    waiting = Waiting(grids, listener)
    delivery = Delivery(assets, grids, Clips(database, grids), waiting, MemoryStore(), wait_seconds=600)

    async def healthz(_: Request) -> Response:
        return Response("ok")

    routes = [Route("/healthz", healthz), *delivery_routes(delivery)]
    async with served(Starlette(routes=routes, exception_handlers=dict(HANDLERS)), server) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            asking = asyncio.create_task(client.get(f"/{playback_id}/180p-1/1.m4s"))
            async with asyncio.timeout(30):
                while not await wanted(database, environment_id):  # noqa: ASYNC110  the database tells nobody
                    await asyncio.sleep(0.02)
            assert waiting._pending
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
        async with asyncio.timeout(30):
            while waiting._pending:  # noqa: ASYNC110  nobody is told that nobody waits
                await asyncio.sleep(0.02)
