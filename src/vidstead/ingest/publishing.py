"""Publishing: from a stored file to an asset that can be played, before anything of it is encoded.

The job probes the index of the file (in a child process), fixes the timeline, makes the headers of all rows, and
creates the grid; then everything that viewers need to begin is there. Cells follow: at once where the asset is
``eager``, else when they are watched.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.assets import Asset, AssetNotFound, Assets
from vidstead.db import Database
from vidstead.encoding import Publisher, PublishPlan, UnreadableSource, defer_fill
from vidstead.grid import Checksums, Grid, Grids, Part, Source, first_row, offered_rows, source_prefix
from vidstead.ingest.describe import describe
from vidstead.ingest.errors import PublishingFailed
from vidstead.jobs import Jobs
from vidstead.kit import new_id
from vidstead.media import SOURCE_INDEX, SoundSpec
from vidstead.storage import ObjectStore

PUBLISH_TASK = "ingest.publish"
EXPECTED_SECONDS = 30.0
"""How long after publishing the first cells are made before everything else, though nobody waits yet."""


class Publishing:
    """Makes assets playable."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        store: ObjectStore,
        grids: Grids,
        checksums: Checksums,
        assets: Assets,
        publisher: Publisher,
        *,
        encode_speed: Callable[[], float | None],
    ) -> None:
        """``encode_speed``: that of the workers' best machine, by which delivery chooses what players begin with."""
        self._database = database
        self._jobs = jobs
        self._store = store
        self._grids = grids
        self._checksums = checksums
        self._assets = assets
        self._publisher = publisher
        self._encode_speed = encode_speed

    async def publish(self, environment_id: str, asset_id: str, source_id: str, parts: Sequence[Part]) -> None:
        """Publish an asset, or mark it errored if its file can't be; repeated harmlessly.

        Where the asset was deleted meanwhile, or its file is no media, the file is removed.
        """
        asset = await self._preparing(environment_id, asset_id)
        if asset is None:
            await self._discard(environment_id, source_id)
            return
        try:
            plan = await self._publisher.plan(environment_id, source_id, parts)
            await self._store_plan(plan)
            await self._create(asset, source_id, parts, plan)
        except UnreadableSource as error:
            async with self._database.begin(environment_id) as connection:
                await self._assets.fail(connection, environment_id, asset_id, error.code, [error.message])
            await self._discard(environment_id, source_id)
        except AssetNotFound:
            await self._discard(environment_id, source_id)

    async def _store_plan(self, plan: PublishPlan) -> None:
        """What lies beside the source; each waits for the disk, so they do it together."""
        index = SOURCE_INDEX.dump_json(plan.index)
        objects = ((plan.index_key, index), (plan.pictures_key, plan.pictures), (plan.sound_key, plan.sound))
        puts = (asyncio.to_thread(self._store.put, key, data) for key, data in objects if data is not None)
        await asyncio.gather(*puts)

    async def give_up(self, environment_id: str, asset_id: str, source_id: str | None) -> None:
        """Mark an asset errored that could not be published for reasons of ours, and remove its file."""
        error = PublishingFailed()
        async with self._database.begin(environment_id) as connection:
            await self._assets.fail(connection, environment_id, asset_id, error.code, [error.message])
        if source_id is not None:
            await self._discard(environment_id, source_id)

    async def _preparing(self, environment_id: str, asset_id: str) -> Asset | None:
        async with self._database.begin(environment_id) as connection:
            try:
                asset = await self._assets.get(connection, environment_id, asset_id)
            except AssetNotFound:
                return None
        return asset if asset.status == "preparing" else None

    async def _create(self, asset: Asset, source_id: str, parts: Sequence[Part], plan: PublishPlan) -> None:
        source = Source(id=source_id, parts=tuple(parts), facts=plan.facts, index_key=plan.index_key)
        async with self._database.begin(asset.environment_id) as connection:
            grid = await self._grids.create(
                connection,
                environment_id=asset.environment_id,
                grid_id=new_id(),
                timeline=plan.timeline,
                source=source,
                rows=plan.rows,
                spares=plan.spares,
            )
            await self._assets.publish(connection, asset.environment_id, asset.id, describe(grid), [grid.id])
            await self._fill(connection, asset, grid)
            await self._checksums.later(connection, asset.environment_id, source_id)

    async def _fill(self, connection: AsyncConnection, asset: Asset, grid: Grid) -> None:
        """Have the grid filled; the beginning of what players begin with at once, as its first viewer may come now."""
        if asset.fill != "eager":
            return
        await defer_fill(connection, self._jobs, grid)
        await expect_start(connection, self._grids, grid, self._encode_speed())

    async def _discard(self, environment_id: str, source_id: str) -> None:
        """Remove a file that no grid has taken."""
        async with self._database.begin(environment_id) as connection:
            taken = await self._grids.has_source(connection, environment_id, source_id)
        if not taken:
            await asyncio.to_thread(self._store.delete_prefix, source_prefix(environment_id, source_id))


async def expect_start(connection: AsyncConnection, grids: Grids, grid: Grid, speed: float | None) -> None:
    """Have the beginning of what players begin with made before everything else, though nobody waits for it yet.

    ``speed``: that of the workers' best machine; ``None`` while none is known.
    """
    picture = first_row(grid, offered_rows(grid, speed))
    for row in grid.rows:
        if row is picture or isinstance(row.spec, SoundSpec):
            first = row.place(0)
            await grids.expect(connection, grid.environment_id, first.grid_id, first.cell, seconds=EXPECTED_SECONDS)


async def defer_publish(
    connection: AsyncConnection, jobs: Jobs, asset: Asset, source_id: str, parts: Sequence[Part]
) -> None:
    """Have an asset published, as soon as the caller's transaction is committed."""
    await jobs.defer(
        connection,
        PUBLISH_TASK,
        {
            "environment_id": asset.environment_id,
            "asset_id": asset.id,
            "source_id": source_id,
            "parts": [asdict(part) for part in parts],
        },
        queue="hot",
        priority=PUBLISH_PRIORITY,
        fair_to=asset.environment_id,
    )


PUBLISH_PRIORITY = 2**31 - 1
"""Before every hot cell (whose priority is the Unix time): an uploader waits, and it takes a moment only."""
