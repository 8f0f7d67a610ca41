"""From a playback id and an address to bytes.

What is immutable is kept in memory, bounded: the grid behind a playback id, its playlists, the records of cells. Who
may see what, and whether an asset is still there, is asked again after ``FRESH_SECONDS``.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from math import inf
from typing import TypeVar

from vidstead.assets import Assets, Playback
from vidstead.delivery.errors import (
    InvalidClip,
    InvalidSegment,
    NotAllowed,
    NotReadyYet,
    PlaybackFailed,
    RowNotFound,
    SegmentNotReady,
)
from vidstead.delivery.present import present
from vidstead.delivery.times import WHOLE, Frames, Times
from vidstead.grid import Cell, CellRef, Clips, Grid, Grids, Row, Waiting, cell_key
from vidstead.media import track_kind
from vidstead.packaging import AudioTrack, Presentation, VideoTrack, manifest, media_playlist, multivariant_playlist
from vidstead.storage import LocalFiles, ObjectStore

FRESH_SECONDS = 1.0
PREPARING_SECONDS = 0.05
"""The same while an asset is prepared; its viewers share one look."""
FILLING_SECONDS = 10.0
"""How old a view of a grid may be that is not covered yet: which rows are offered changes, and average bit rates."""
KEPT_PLAYBACKS = 4096
KEPT_GRIDS = 512
KEPT_CELLS = 65536
RETRY_SECONDS = 1

Left = Callable[[], Awaitable[None]]
"""Returns when a viewer has gone."""
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Document:
    """A playlist, manifest or init segment: whole, small, in memory."""

    body: bytes
    etag: str
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stored cell, and where its bytes are."""

    key: str
    size: int
    etag: str
    media_type: str


class Kept(OrderedDict[Key, Value]):
    """The most recently used values, up to a number."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Key, value: Value) -> Value:
        """Remember a value; the one unused for longest makes room."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
        return value

    def recall(self, key: Key) -> Value | None:
        """A value that is remembered."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value


class Delivery:
    """Serves the viewers of one process."""

    def __init__(
        self,
        assets: Assets,
        grids: Grids,
        clips: Clips,
        waiting: Waiting,
        store: ObjectStore,
        *,
        wait_seconds: float,
        encode_speed: Callable[[], float | None] = lambda: inf,
    ) -> None:
        """Views and cells over these.

        ``wait_seconds``: how long a request waits for a missing cell, or for an asset that is being prepared, before it
        is told to come again. ``encode_speed``: that of the workers' best machine, which decides what is offered before
        it is stored.
        """
        self._assets = assets
        self._grids = grids
        self._clips = clips
        self._waiting = waiting
        self._store = store
        self._wait_seconds = wait_seconds
        self._encode_speed = encode_speed
        self._playbacks: Kept[str, tuple[float, Playback]] = Kept(KEPT_PLAYBACKS)
        self._views: Kept[str, tuple[float, Grid, Presentation]] = Kept(KEPT_GRIDS)
        self._cells: Kept[CellRef, Cell] = Kept(KEPT_CELLS)
        self.files = store if isinstance(store, LocalFiles) else None

    async def multivariant(self, playback_id: str, times: Times = WHOLE) -> Document:
        """The HLS multivariant playlist, of all or of some seconds. Raises what ``_view`` raises."""
        presentation, base = await self._asked(playback_id, times)
        return _document(multivariant_playlist(presentation, base=base), "application/vnd.apple.mpegurl")

    async def manifest(self, playback_id: str, times: Times = WHOLE) -> Document:
        """The DASH manifest, of all or of some seconds."""
        presentation, base = await self._asked(playback_id, times)
        return _document(manifest(presentation, base=base), "application/dash+xml")

    async def media(self, playback_id: str, slug: str, frames: Frames | None = None) -> Document:
        """The HLS media playlist of a row. Raises ``RowNotFound``."""
        _, presentation = await self._view(playback_id, frames)
        track = _track(presentation, slug)
        return _document(media_playlist(track, presentation), "application/vnd.apple.mpegurl")

    async def init(self, playback_id: str, slug: str, frames: Frames | None = None) -> Document:
        """The init segment of a row."""
        grid, _ = await self._view(playback_id, frames)
        row = _row(grid, slug)
        return _document(row.header.init, _media_type(row))

    async def segment(
        self, playback_id: str, slug: str, index: int, frames: Frames | None = None, *, left: Left | None = None
    ) -> Segment:
        """A cell, made now if it is missing; ``left`` returns when the viewer does not wait for it any more.

        Raises ``InvalidSegment`` where there is no such cell, ``SegmentNotReady`` when it takes too long.
        """
        grid, _ = await self._view(playback_id, frames)
        row = _row(grid, slug)
        if not 0 <= index < row.cells:
            raise InvalidSegment(index=index, row=slug)
        place = row.place(index)
        cell = await self._cell(grid, row, index, left)
        return Segment(
            key=cell_key(grid.environment_id, place.grid_id, row.slug, place.cell.index),
            size=cell.size,
            etag=f'"{cell.sha256}"',
            media_type=_media_type(row),
        )

    async def read(self, segment: Segment, start: int, length: int) -> bytes:
        """``length`` bytes of a cell from ``start``."""
        return await asyncio.to_thread(self._store.read, segment.key, start, length)

    async def _cell(self, grid: Grid, row: Row, index: int, left: Left | None) -> Cell:
        place = row.place(index)
        cell = self._cells.recall(place.cell) or await self._grids.cell(grid.environment_id, place.cell)
        if cell is None:
            await self._look_across(grid, row, index)
            environment_id, seconds = grid.environment_id, self._wait_seconds
            waiting = self._waiting.wait(environment_id, place.grid_id, place.cell, seconds=seconds)
            if not await (unless(left, waiting) if left else waiting):
                late = SegmentNotReady(index=index, row=row.slug, seconds=RETRY_SECONDS)
                late.headers["Retry-After"] = str(RETRY_SECONDS)
                raise late
            cell = await self._grids.cell(grid.environment_id, place.cell)
        if cell is None:
            raise InvalidSegment(index=index, row=row.slug)
        return self._cells.keep(place.cell, cell)

    async def _look_across(self, grid: Grid, row: Row, index: int) -> None:
        """Where a clip's own cell ends and a lent one follows, or the other way: no look-ahead sees the next one."""
        if index + 1 == row.cells or row.place(index).grid_id == row.place(index + 1).grid_id:
            return
        after = row.place(index + 1)
        if await self._grids.cell(grid.environment_id, after.cell) is None:
            await self._grids.want(grid.environment_id, after.grid_id, after.cell)

    async def _asked(self, playback_id: str, times: Times) -> tuple[Presentation, str]:
        """What is to be shown of a video, and the folder of its tracks."""
        grid, presentation = await self._view(playback_id)
        frames = times.frames(grid.timeline)
        if frames is None or frames == _frames(grid):
            return presentation, f"{playback_id}/"
        _, presentation = await self._view(playback_id, frames)
        return presentation, f"{playback_id}/{frames.folder}/"

    async def _view(self, playback_id: str, frames: Frames | None = None) -> tuple[Grid, Presentation]:
        """What a playback id shows, or a clip of it.

        Raises ``PlaybackIdNotFound``, ``NotAllowed``, ``NotReadyYet``, ``PlaybackFailed`` and ``InvalidClip``.
        """
        playback = await self._prepared(playback_id)
        if playback.policy != "public":
            raise NotAllowed
        if playback.status == "errored":
            raise PlaybackFailed
        if playback.status != "ready":
            raise NotReadyYet
        grid_id = playback.grid_ids[0]
        known = self._views.recall(grid_id)
        if known is None or (not known[1].covered and known[0] < time.monotonic()):
            grid = await self._grids.load(playback.environment_id, grid_id)
            shown = present(grid, speed=self._encode_speed())
            known = self._views.keep(grid_id, (time.monotonic() + FILLING_SECONDS, grid, shown))
        if frames is None or frames == _frames(known[1]):
            return known[1:]
        return await self._clip(known[1], frames)

    async def _clip(self, grid: Grid, frames: Frames) -> tuple[Grid, Presentation]:
        """A clip of a video by address: asked for again now and then, since that is what keeps it."""
        whole = _frames(grid)
        if not whole.first <= frames.first < frames.end <= whole.end:
            raise InvalidClip(times=f"in {frames.folder!r}")
        name = f"{grid.id}/{frames.folder}"
        known = self._views.recall(name)
        if known is None or known[0] < time.monotonic():
            clip = await self._clips.visit(grid.environment_id, grid.id, frames.first, frames.end)
            shown = present(clip, speed=self._encode_speed())
            known = self._views.keep(name, (time.monotonic() + FILLING_SECONDS, clip, shown))
        return known[1:]

    async def _prepared(self, playback_id: str) -> Playback:
        """What a playback id leads to, after a wait where it is being prepared."""
        until = time.monotonic() + self._wait_seconds
        playback = await self._playback(playback_id)
        while playback.status == "preparing" and playback.policy == "public" and time.monotonic() < until:
            await asyncio.sleep(PREPARING_SECONDS)
            playback = await self._playback(playback_id)
        return playback

    async def _playback(self, playback_id: str) -> Playback:
        known = self._playbacks.recall(playback_id)
        if known and known[0] > time.monotonic():
            return known[1]
        self._playbacks.pop(playback_id, None)
        playback = await self._assets.playback(playback_id)
        fresh = PREPARING_SECONDS if playback.status == "preparing" else FRESH_SECONDS
        self._playbacks.keep(playback_id, (time.monotonic() + fresh, playback))
        return playback


async def unless(left: Left, waiting: Coroutine[None, None, bool]) -> bool:
    """What ``waiting`` comes to; ``False`` as soon as ``left`` returns, and nobody waits then."""
    stays, leaves = asyncio.ensure_future(waiting), asyncio.ensure_future(left())
    try:
        await asyncio.wait({stays, leaves}, return_when=asyncio.FIRST_COMPLETED)
        return stays.result() if stays.done() else False
    finally:
        stays.cancel()
        leaves.cancel()
        await asyncio.gather(stays, leaves, return_exceptions=True)


def _document(body: bytes, media_type: str) -> Document:
    return Document(body=body, etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"', media_type=media_type)


def _frames(grid: Grid) -> Frames:
    return Frames(first=grid.timeline.bounds[0], end=grid.timeline.bounds[-1])


def _row(grid: Grid, slug: str) -> Row:
    for row in grid.rows:
        if row.slug == slug:
            return row
    raise RowNotFound(row=slug)


def _track(presentation: Presentation, slug: str) -> VideoTrack | AudioTrack:
    for track in (*presentation.tracks, *presentation.unlisted):
        if track.slug == slug:
            return track
    raise RowNotFound(row=slug)


def _media_type(row: Row) -> str:
    return f"{track_kind(row.spec)}/mp4"
