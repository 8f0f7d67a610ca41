"""The composition root: the only place that picks adapters, and hands the settings' values to the rooms.

Two processes are put together here from the same rooms. The web process answers HTTP and never touches media; the
worker makes cells and never answers HTTP. What both need is ``Core``.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.types import ASGIApp

from vidstead import encoding, grid, ingest
from vidstead.api import ApiServices, configure_logging, create_app, page_routes
from vidstead.assets import Assets, Progress
from vidstead.db import Database, Listener, RoleUrls
from vidstead.db.adapters.embedded import EmbeddedPostgres
from vidstead.delivery import Delivery, delivery_routes
from vidstead.encoding import Publisher, SpanFiller
from vidstead.events import Follower
from vidstead.grid import Grids, Waiting
from vidstead.ingest import AssetInputs, Publishing, Uploads, upload_routes
from vidstead.jobs import Jobs
from vidstead.kit.outbound import Outbound
from vidstead.settings import Settings
from vidstead.storage import ObjectStore
from vidstead.storage.adapters.local import LocalStore
from vidstead.tenancy import Tenancy

PR_SET_PDEATHSIG = 1
SYSTEM_SLOTS = 4


def load_settings() -> Settings:
    """The settings of this process, from the environment. Raises ``InvalidSetting`` with the sentence for the user."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "VIDSTEAD_" + "_".join(str(place) for place in first["loc"]).upper()
        raise InvalidSetting(name=name, reason=first["msg"]) from None


def embedded_postgres(settings: Settings) -> EmbeddedPostgres:
    """The embedded database of a data folder; not started."""
    return EmbeddedPostgres(settings.data_dir / "postgres")


def database_urls(settings: Settings) -> RoleUrls:
    """The addresses of the database: the one that is set, else the embedded one."""
    if settings.database_url is not None:
        return RoleUrls.derive(settings.database_url.get_secret_value())
    return RoleUrls.derive(embedded_postgres(settings).url)


def open_store(settings: Settings) -> ObjectStore:
    """The object store that is set, else plain files in the data folder."""
    address = settings.storage_url
    if address is None:
        return LocalStore(settings.data_dir / "objects")
    parts = urlsplit(address)
    if parts.scheme == "file":
        return LocalStore(Path(parts.path))
    from vidstead.storage.adapters.obstore import BucketStore

    return BucketStore.open(
        address,
        endpoint=settings.storage_endpoint,
        access_key=settings.storage_access_key.get_secret_value() if settings.storage_access_key else None,
        secret_key=settings.storage_secret_key.get_secret_value() if settings.storage_secret_key else None,
        region=settings.storage_region,
    )


@dataclass(frozen=True, kw_only=True)
class Core:
    """What web and worker have in common."""

    settings: Settings
    database: Database
    listener: Listener
    jobs: Jobs
    store: ObjectStore
    grids: Grids
    assets: Assets
    uploads: Uploads
    inputs: AssetInputs


def assemble(settings: Settings, worker_id: str) -> Core:
    """Put the rooms together; nothing is connected yet."""
    urls = database_urls(settings)
    database = Database(urls.app, pool_size=settings.database_pool)
    jobs = Jobs(urls.queue, worker_id=worker_id)
    store = open_store(settings)
    grids = Grids(database, jobs, store, look_ahead=settings.look_ahead)
    assets = Assets(database, grids, default_fill=settings.fill)
    limit = settings.upload_limit_bytes
    outbound = Outbound(allow_private=settings.pull_private_addresses)
    return Core(
        settings=settings,
        database=database,
        listener=Listener(urls.app),
        jobs=jobs,
        store=store,
        grids=grids,
        assets=assets,
        uploads=Uploads(database, jobs, store, assets, limit_bytes=limit),
        inputs=AssetInputs(database, jobs, store, assets, outbound, limit_bytes=limit),
    )


def worker_id() -> str:
    """A name for this process: machine and process number."""
    return f"{socket.gethostname()}-{os.getpid()}"


def web_app() -> ASGIApp:
    """The web process, as the ASGI factory that granian or uvicorn calls."""
    settings = load_settings()
    _end_with_parent()
    configure_logging(settings.log_level)
    core = assemble(settings, worker_id())
    waiting = Waiting(core.grids, core.listener)
    delivery = Delivery(core.assets, core.grids, waiting, core.store, wait_seconds=settings.cell_wait_seconds)
    services = ApiServices(
        database=core.database,
        tenancy=Tenancy(core.database),
        assets=core.assets,
        uploads=core.uploads,
        inputs=core.inputs,
        store_check=core.store.check,
        public_url=settings.public_url,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await core.listener.start()
        following = asyncio.create_task(waiting.follow())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            await core.listener.close()
            await core.database.close()

    routes = [*upload_routes(core.uploads), *page_routes(), *delivery_routes(delivery)]
    return create_app(services, routes, lifespan=lifespan)


async def run_worker(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """The worker process: until ``stop``, SIGTERM or SIGINT; work that is under way then goes back to the queue."""
    stop = stop or _stop_on_signals()
    core = assemble(settings, worker_id())
    adapters = _encoding_adapters(core)
    publisher = Publisher(adapters.prober, adapters.encoder, segment_seconds=settings.segment_seconds)
    publishing = Publishing(core.database, core.jobs, core.store, core.grids, core.assets, publisher)
    filler = SpanFiller(core.database, core.grids, core.store, adapters.encoder, worker=worker_id())
    grid.register(core.jobs, core.grids)
    encoding.register(core.jobs, filler)
    ingest.register(core.jobs, publishing, core.inputs, core.uploads)
    progress = Progress(core.database, core.assets)
    await core.listener.start()
    follower = Follower(progress.name, core.database, core.listener, progress.handle)
    following = asyncio.create_task(follower.run(stop))
    slots = {"hot": settings.hot_slots, "bulk": settings.bulk_slots, "system": SYSTEM_SLOTS}
    try:
        await core.jobs.run(slots, stop)
    finally:
        stop.set()
        await following
        await core.listener.close()
        await core.database.close()
