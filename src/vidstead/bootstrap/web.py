"""The web process: the API, the addresses of viewers and uploaders, the pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.types import ASGIApp

from vidstead.api import ApiServices, create_app
from vidstead.api.metrics import watch_encode_speed
from vidstead.api.pages import page_routes
from vidstead.bootstrap.core import assemble
from vidstead.delivery import Delivery, delivery_routes
from vidstead.encoding import BestSpeed, Speeds
from vidstead.grid import Waiting
from vidstead.ingest import Clipping, upload_routes
from vidstead.kit import configure_logging
from vidstead.settings import Settings
from vidstead.tenancy import Tenancy


def make_app(settings: Settings) -> ASGIApp:
    """The ASGI application of the web process; its lifespan opens and closes the connections."""
    configure_logging(settings.log_level)
    core = assemble(settings)
    waiting = Waiting(core.grids, core.listener)
    speed = BestSpeed(Speeds(core.database), fixed=settings.encode_speed)
    watch_encode_speed(speed.latest)
    delivery = Delivery(
        core.assets,
        core.grids,
        core.clips,
        waiting,
        core.store,
        wait_seconds=settings.cell_wait_seconds,
        encode_speed=speed.latest,
    )
    services = ApiServices(
        database=core.database,
        tenancy=Tenancy(),
        assets=core.assets,
        uploads=core.uploads,
        inputs=core.inputs,
        clipping=Clipping(core.jobs, core.grids, core.clips, core.assets, encode_speed=speed.latest),
        store_check=core.store.check,
        public_url=settings.public_url,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await core.listener.start()
        await speed.refresh()
        tasks = [
            asyncio.create_task(waiting.follow(), name="news of cells"),
            asyncio.create_task(speed.follow(), name="news of speeds"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await core.close()

    pages = page_routes(origins=[settings.public_url] if settings.public_url else [])
    routes = [*upload_routes(core.uploads), *pages, *delivery_routes(delivery)]
    return create_app(services, routes, lifespan=lifespan)
