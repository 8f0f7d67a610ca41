"""Clips as assets: cut out of an asset that is ready, and ready themselves at once.

Nothing is probed and nothing is copied: the clip's grid shares the cells that lie wholly inside, and what is left at
its ends is made like any other cell. So the clip lives on when the asset that it was cut from is deleted.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.assets import (
    Asset,
    AssetNotFound,
    Assets,
    ClipOutOfRange,
    ClipSourceNotFound,
    ClipSourceNotReady,
    NewAsset,
    Published,
)
from vidstead.encoding import defer_clip_fill
from vidstead.grid import Clips, Grid, GridNotFound, Grids
from vidstead.ingest.publishing import expect_start
from vidstead.jobs import Jobs
from vidstead.kit import new_id
from vidstead.media import clip_frames


class Clipping:
    """Makes clips of assets."""

    def __init__(
        self,
        jobs: Jobs,
        grids: Grids,
        clips: Clips,
        assets: Assets,
        *,
        encode_speed: Callable[[], float | None],
    ) -> None:
        """``encode_speed``: that of the workers' best machine, by which delivery chooses what players begin with."""
        self._jobs = jobs
        self._grids = grids
        self._clips = clips
        self._assets = assets
        self._encode_speed = encode_speed

    async def create(
        self,
        connection: AsyncConnection,
        environment_id: str,
        new_asset: NewAsset,
        source_asset_id: str,
        start: float | None,
        end: float | None,
    ) -> Asset:
        """The clip of an asset from ``start`` to ``end``, in seconds, each taken to the nearest frame.

        ``None`` is the asset's own start or end. Raises ``ClipSourceNotFound``, ``ClipSourceNotReady`` and
        ``ClipOutOfRange``.
        """
        source, grid_id = await self._source(connection, environment_id, source_asset_id)
        try:
            grid = await self._grids.read(connection, environment_id, grid_id)
            first, behind = _frames(grid, start, end)
            clip = await self._clips.cut(connection, environment_id, grid_id, first, behind)
        except GridNotFound:  # the asset was deleted a moment ago
            raise ClipSourceNotFound(asset_id=source_asset_id) from None
        asset = await self._assets.create(
            connection, environment_id, new_asset, ingest_type="on_demand_clip", source_asset_id=source.id
        )
        await self._assets.publish(connection, environment_id, asset.id, _published(source, clip), [clip.id])
        await self._assets.follow(connection, environment_id, asset.id)
        if asset.fill == "eager" and not clip.covered:
            await self._fill(connection, clip)
        return await self._assets.get(connection, environment_id, asset.id)

    async def _fill(self, connection: AsyncConnection, clip: Grid) -> None:
        """Have what is missing made, at first what players begin with."""
        film = await self._grids.read(connection, clip.environment_id, clip.film_id or clip.id)
        await defer_clip_fill(connection, self._jobs, film, clip)
        await expect_start(connection, self._grids, clip, self._encode_speed())

    async def _source(
        self, connection: AsyncConnection, environment_id: str, source_asset_id: str
    ) -> tuple[Asset, str]:
        try:
            source = await self._assets.get(connection, environment_id, source_asset_id)
        except AssetNotFound:
            raise ClipSourceNotFound(asset_id=source_asset_id) from None
        grid_id = await self._assets.grid_of(connection, environment_id, source)
        if grid_id is None:
            raise ClipSourceNotReady(asset_id=source_asset_id, state=source.status)
        return source, grid_id


def _frames(grid: Grid, start: float | None, end: float | None) -> tuple[int, int]:
    try:
        return clip_frames(grid.timeline, start or 0.0, end)
    except (ValueError, OverflowError):
        raise ClipOutOfRange(
            start="the start" if start is None else f"{start:g} s",
            end="the end" if end is None else f"{end:g} s",
            duration=f"{float(grid.timeline.duration):g}",
        ) from None


def _published(source: Asset, clip: Grid) -> Published:
    """What the clip says of itself: as its source, but for lengths."""
    seconds = float(clip.timeline.duration)
    return Published(
        duration=seconds,
        tracks=tuple(_track(track, seconds) for track in source.tracks),
        resolution_tier=source.resolution_tier or "audio-only",
        max_stored_frame_rate=source.max_stored_frame_rate,
        aspect_ratio=source.aspect_ratio,
    )


def _track(track: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
    return {**track, "id": new_id(), **({"duration": seconds} if "duration" in track else {})}
