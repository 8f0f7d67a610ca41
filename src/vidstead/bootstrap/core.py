"""What the web process and the worker have in common."""

import os
import socket
from dataclasses import dataclass

from vidstead.assets import Assets
from vidstead.bootstrap.places import database_urls, open_store
from vidstead.db import Database, Listener
from vidstead.grid import Clips, Grids
from vidstead.ingest import AssetInputs, Uploads
from vidstead.jobs import Failed, Jobs
from vidstead.kit import Outbound
from vidstead.settings import Settings
from vidstead.storage import ObjectStore


@dataclass(frozen=True, kw_only=True)
class Core:
    """The rooms, put together; nothing is connected until it is used."""

    settings: Settings
    name: str
    database: Database
    listener: Listener
    jobs: Jobs
    store: ObjectStore
    grids: Grids
    clips: Clips
    assets: Assets
    uploads: Uploads
    inputs: AssetInputs

    async def close(self) -> None:
        """Close every connection of the process."""
        await self.listener.close()
        await self.database.close()


def assemble(settings: Settings, *, failed: Failed | None = None) -> Core:
    """Put the rooms together. ``failed`` is told of jobs that will not be tried again."""
    urls = database_urls(settings)
    name = f"{socket.gethostname()}-{os.getpid()}"
    database = Database(urls.app, pool_size=settings.database_pool)
    jobs = Jobs(urls.queue, worker_id=name, failed=failed)
    store = open_store(settings)
    grids = Grids(database, jobs, store, look_ahead=settings.look_ahead)
    assets = Assets(database, grids, default_fill=settings.fill)
    outbound = Outbound(allow_private=settings.pull_private_addresses)
    limit = settings.upload_limit_bytes
    return Core(
        settings=settings,
        name=name,
        database=database,
        listener=Listener(urls.app),
        jobs=jobs,
        store=store,
        grids=grids,
        clips=Clips(database, grids),
        assets=assets,
        uploads=Uploads(database, jobs, store, assets, limit_bytes=limit),
        inputs=AssetInputs(database, jobs, store, assets, outbound, limit_bytes=limit),
    )
