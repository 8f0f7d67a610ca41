"""URL inputs: an asset whose file we fetch ourselves, through the guarded outbound client."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.assets import Asset, Assets, NewAsset
from vidstead.db import Database
from vidstead.grid import Part, part_key, source_prefix
from vidstead.ingest.publishing import defer_publish
from vidstead.ingest.service import BATCH_BYTES, batches
from vidstead.jobs import Jobs
from vidstead.kit import Outbound, OutboundError, new_id
from vidstead.storage import ObjectStore

PULL_TASK = "ingest.pull"


class AssetInputs:
    """Assets from addresses."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        store: ObjectStore,
        assets: Assets,
        outbound: Outbound,
        *,
        limit_bytes: int,
    ) -> None:
        """``limit_bytes``: the largest file that is fetched."""
        self._database = database
        self._jobs = jobs
        self._store = store
        self._assets = assets
        self._outbound = outbound
        self._limit_bytes = limit_bytes

    async def create_from_url(
        self, connection: AsyncConnection, environment_id: str, new_asset: NewAsset, url: str
    ) -> Asset:
        """An asset that is preparing; its file is fetched by a job."""
        asset = await self._assets.create(
            connection, environment_id, new_asset, ingest_type="on_demand_url", source_url=url
        )
        await self._jobs.defer(
            connection,
            PULL_TASK,
            {"environment_id": environment_id, "asset_id": asset.id, "url": url},
            queue="pull",
            fair_to=environment_id,
        )
        return asset

    async def pull(self, environment_id: str, asset_id: str, url: str) -> None:
        """Fetch the file of an asset and have it published; an asset whose file can't be had is errored.

        A store or database that does not answer is no fault of the address: that is raised, and the job tried again.
        """
        source_id = new_id()
        try:
            part = await self._fetch(part_key(environment_id, source_id, 0), url)
        except OutboundError as error:
            async with self._database.begin(environment_id) as connection:
                await self._assets.fail(connection, environment_id, asset_id, error.code, [error.message])
            return
        try:
            async with self._database.begin(environment_id) as connection:
                asset = await self._assets.get(connection, environment_id, asset_id)
                await defer_publish(connection, self._jobs, asset, source_id, (part,))
        except BaseException:
            prefix = source_prefix(environment_id, source_id)
            await asyncio.shield(asyncio.to_thread(self._store.delete_prefix, prefix))
            raise

    async def _fetch(self, key: str, url: str) -> Part:
        async with self._outbound.stream(url, limit_bytes=self._limit_bytes) as response:
            writer = await asyncio.to_thread(self._store.writer, key)
            try:
                async for batch in batches(response.chunks(), BATCH_BYTES):
                    await asyncio.to_thread(writer.write, batch)
                stored = await asyncio.to_thread(writer.commit)
            except BaseException:
                await asyncio.shield(asyncio.to_thread(writer.abort))
                raise
        return Part(key=stored.key, size=stored.size)
