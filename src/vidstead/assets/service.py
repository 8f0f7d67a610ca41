"""What can be done with assets, and how a playback id becomes something to serve.

Methods that take a connection are part of the caller's transaction (a JSON request is one); events are written in it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead import events
from vidstead.assets import repository
from vidstead.assets.errors import AssetNotFound, NothingDecoded, PlaybackIdNotFound
from vidstead.assets.model import Asset, AssetPage, Fill, NewAsset, Playback, PlaybackId, Published
from vidstead.db import Database
from vidstead.grid import Coverage, Grids
from vidstead.kit import Cursor, new_id, offset_of


class Assets:
    """The assets of every environment."""

    def __init__(self, database: Database, grids: Grids, *, default_fill: Fill) -> None:
        """``default_fill``: whether cells are made at once, where a client does not say."""
        self._database = database
        self._grids = grids
        self._default_fill = default_fill

    async def create(
        self,
        connection: AsyncConnection,
        environment_id: str,
        new: NewAsset,
        *,
        ingest_type: str,
        upload_id: str | None = None,
        source_url: str | None = None,
        source_asset_id: str | None = None,
    ) -> Asset:
        """Create an asset that is preparing, with a playback id for each policy."""
        asset_id = new_id()
        asset = await repository.insert(
            connection,
            environment_id=environment_id,
            asset_id=asset_id,
            new=new,
            fill=new.fill or self._default_fill,
            ingest_type=ingest_type,
            upload_id=upload_id,
            source_url=source_url,
            source_asset_id=source_asset_id,
        )
        made = [
            await repository.insert_playback_id(connection, environment_id, asset_id, new_id(), policy)
            for policy in new.playback_policies
        ]
        asset = replace(asset, playback_ids=tuple(sorted(made, key=lambda playback: playback.id)))
        await self._happened(connection, asset, "created")
        return asset

    async def get(self, connection: AsyncConnection, environment_id: str, asset_id: str) -> Asset:
        """One asset. Raises ``AssetNotFound``, also for a deleted one."""
        asset = await repository.select(connection, environment_id, asset_id)
        if asset is None:
            raise AssetNotFound(asset_id=asset_id)
        return asset

    async def list(
        self,
        connection: AsyncConnection,
        environment_id: str,
        *,
        limit: int = 25,
        page: int | None = None,
        cursor: str | None = None,
        upload_id: str | None = None,
    ) -> AssetPage:
        """Up to ``limit`` (1-100) assets, the newest first: after a cursor, or the page of that number (from 1)."""
        after = Cursor.decode(cursor) if cursor else None
        offset = offset_of(limit=limit, page=page) if page and not cursor else 0
        found = await repository.select_page(
            connection, environment_id, limit=limit + 1, offset=offset, after=after, upload_id=upload_id
        )
        shown = found[:limit]
        last = Cursor(created_at=shown[-1].created_at, id=shown[-1].id) if len(found) > limit else None
        return AssetPage(assets=shown, next_cursor=last.encode() if last else None)

    async def publish(
        self,
        connection: AsyncConnection,
        environment_id: str,
        asset_id: str,
        published: Published,
        grid_ids: Sequence[str],
    ) -> Asset:
        """Make an asset ready, as pieces of grids. Raises ``AssetNotFound`` if it was deleted or decided meanwhile."""
        if not await repository.publish(connection, environment_id, asset_id, published):
            raise AssetNotFound(asset_id=asset_id)
        for position, grid_id in enumerate(grid_ids):
            await repository.insert_piece(connection, environment_id, asset_id, position, grid_id)
        asset = await self.get(connection, environment_id, asset_id)
        await self._happened(connection, asset, "ready")
        return asset

    async def fail(
        self, connection: AsyncConnection, environment_id: str, asset_id: str, error_type: str, messages: Sequence[str]
    ) -> None:
        """Mark an asset errored, with a stable code and sentences; nothing if it is already, or is deleted."""
        if await repository.fail(connection, environment_id, asset_id, error_type, [*messages]):
            asset = await self.get(connection, environment_id, asset_id)
            await self._happened(connection, asset, "errored")

    async def follow_grid(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> None:
        """Bring the progress of every asset of a grid, and of its clips, up to the cells that are stored."""
        grid_ids = [grid_id, *await self._grids.clips_of(connection, environment_id, grid_id)]
        for asset_id in await repository.filling(connection, environment_id, grid_ids):
            await self.follow(connection, environment_id, asset_id)

    async def follow(self, connection: AsyncConnection, environment_id: str, asset_id: str) -> None:
        """Bring the progress of an asset up to the cells that are stored."""
        coverage = Coverage(cells=0, stored=0, fillers=0)
        for grid_id in await repository.grid_ids(connection, environment_id, asset_id):
            coverage += await self._grids.coverage(connection, environment_id, grid_id)
        await self._progress(connection, environment_id, asset_id, coverage)

    async def grid_of(self, connection: AsyncConnection, environment_id: str, asset: Asset) -> str | None:
        """The grid that an asset is; ``None`` where it is not ready."""
        grid_ids = await repository.grid_ids(connection, environment_id, asset.id)
        return grid_ids[0] if asset.status == "ready" and grid_ids else None

    async def _progress(
        self, connection: AsyncConnection, environment_id: str, asset_id: str, coverage: Coverage
    ) -> None:
        covered = coverage.stored >= coverage.cells > 0
        percent = 100.0 * coverage.stored / coverage.cells if coverage.cells else 0.0
        if not await repository.set_progress(connection, environment_id, asset_id, percent, covered) or not covered:
            return
        if coverage.fillers == coverage.cells:
            error = NothingDecoded()
            await self.fail(connection, environment_id, asset_id, error.code, [error.message])
            return
        await self._happened(connection, await self.get(connection, environment_id, asset_id), "covered")

    async def delete(self, connection: AsyncConnection, environment_id: str, asset_id: str) -> None:
        """Delete an asset; its grids die with their last piece. Raises ``AssetNotFound``."""
        if not await repository.lock(connection, environment_id, asset_id):
            raise AssetNotFound(asset_id=asset_id)
        asset = await self.get(connection, environment_id, asset_id)
        grid_ids = await repository.grid_ids(connection, environment_id, asset_id)
        await repository.delete(connection, environment_id, asset_id)
        for grid_id in sorted(grid_ids):
            await self._grids.disuse(connection, environment_id, grid_id)
        await self._happened(connection, asset, "deleted")

    async def add_playback_id(
        self, connection: AsyncConnection, environment_id: str, asset_id: str, policy: str
    ) -> PlaybackId:
        """A new playback id of an asset. Raises ``AssetNotFound``."""
        if not await repository.lock(connection, environment_id, asset_id):
            raise AssetNotFound(asset_id=asset_id)
        return await repository.insert_playback_id(connection, environment_id, asset_id, new_id(), policy)

    async def get_playback_id(
        self, connection: AsyncConnection, environment_id: str, asset_id: str, playback_id: str
    ) -> PlaybackId:
        """A playback id of an asset. Raises ``PlaybackIdNotFound``."""
        found, owner = await self.lookup_playback_id(connection, environment_id, playback_id)
        if owner != asset_id:
            raise PlaybackIdNotFound(playback_id=playback_id)
        return found

    async def lookup_playback_id(
        self, connection: AsyncConnection, environment_id: str, playback_id: str
    ) -> tuple[PlaybackId, str]:
        """A playback id and the id of its asset. Raises ``PlaybackIdNotFound``."""
        found = await repository.select_playback_id(connection, environment_id, playback_id)
        if found is None:
            raise PlaybackIdNotFound(playback_id=playback_id)
        return found

    async def delete_playback_id(
        self, connection: AsyncConnection, environment_id: str, asset_id: str, playback_id: str
    ) -> None:
        """Remove a playback id: from then on it plays nothing. Raises ``PlaybackIdNotFound``."""
        if not await repository.delete_playback_id(connection, environment_id, asset_id, playback_id):
            raise PlaybackIdNotFound(playback_id=playback_id)

    async def playback(self, playback_id: str) -> Playback:
        """What a playback id of any environment stands for. Raises ``PlaybackIdNotFound``."""
        async with self._database.crossing() as connection:
            found = await repository.find_playback(connection, playback_id)
        if found is None:
            raise PlaybackIdNotFound(playback_id=playback_id)
        environment_id, asset_id, policy = found
        async with self._database.begin(environment_id) as connection:
            asset = await repository.select(connection, environment_id, asset_id)
            grid_ids = await repository.grid_ids(connection, environment_id, asset_id)
        if asset is None:
            raise PlaybackIdNotFound(playback_id=playback_id)
        return Playback(
            id=playback_id,
            environment_id=environment_id,
            asset_id=asset_id,
            policy=policy,
            status=asset.status,
            grid_ids=grid_ids,
        )

    async def _happened(self, connection: AsyncConnection, asset: Asset, what: str) -> None:
        await events.append(
            connection,
            environment_id=asset.environment_id,
            type=f"video.asset.{what}",
            subject_type="asset",
            subject_id=asset.id,
            data={"status": asset.status, "playback_ids": [playback.id for playback in asset.playback_ids]},
        )
