"""One run: from what is ordered to stored cells.

Leases are claimed a column ahead of what the encoder gives, not for the whole run; what comes out for a cell that was
never ours is dropped. Per cell: store the object (the first writer wins, everybody else adopts what is there), then
record it in one short transaction. Nothing is open in the database while a child runs.

A run that fails is repeated in the smallest pieces. A cell that fails again becomes a filler: the last picture held, or
silence, so that one damaged place doesn't stop the film.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from hashlib import sha256
from typing import Protocol

import structlog

from vidstead.encoding.calm import Calm
from vidstead.encoding.errors import EncodingFailed
from vidstead.encoding.leases import Leases
from vidstead.encoding.pieces import Piece, source_of
from vidstead.encoding.ports import EncodedCell, Encoder, Run, Urgency
from vidstead.grid import Cell, CellRef, Grid, GridNotFound, Grids, Recorded, Row, Source, cell_key
from vidstead.media import SOURCE_INDEX, CopiedSpec, SourceIndex
from vidstead.storage import ObjectExists, ObjectNotFound, ObjectStore

log = logging.getLogger(__name__)
watch = structlog.get_logger(__name__)

COLUMNS_AHEAD = 1
INDEXES = 16
"""Indexes of sources that are kept in memory."""


class Follower(Protocol):
    """Somebody for whom a run is made, and who may go along with it."""

    async def comes_to(self, column: int) -> bool:
        """Whether he will want a column, of which nothing is made yet."""
        ...

    def stored(self, column: int) -> None:
        """All cells of a column are stored."""
        ...


class CellMaker:
    """Makes the cells of pieces, and stores them."""

    def __init__(self, grids: Grids, store: ObjectStore, encoder: Encoder, *, worker: str) -> None:
        """``worker``: who made a cell, for its record."""
        self._grids = grids
        self._store = store
        self._encoder = encoder
        self._worker = worker
        self._indexes: OrderedDict[str, SourceIndex] = OrderedDict()
        self._calm = Calm()

    async def missing(self, grid: Grid, piece: Piece) -> set[CellRef]:
        """The cells of a piece that are not stored now."""
        now = await self._grids.load(grid.environment_id, grid.id)
        done = {row.id: row.done for row in now.all_rows}
        return {ref for ref in piece.cells() if ref.index not in done[ref.row_id]}

    async def make(
        self, grid: Grid, piece: Piece, ours: Leases, *, urgency: Urgency, follower: Follower | None = None
    ) -> None:
        """One run; where it fails, the cells of its first column of ours, each alone, and fillers where that fails.

        What is behind that column is left for another run. With a ``follower`` the run ends before the first column to
        which he does not come.
        """
        try:
            await self._run(grid, piece, ours, urgency, follower)
        except EncodingFailed as error:
            log.warning("run failed: grid %s, %s", grid.id, error.message)
            missing = await self.missing(grid, piece)
            for column in sorted({ref.index for ref in missing}):
                claimed = await ours.claim(ref for ref in piece.column(column) if ref in missing)
                for row in piece.rows:
                    if CellRef(row_id=row.id, index=column) in claimed:
                        await self._make_one(grid, Piece(rows=(row,), first=column, count=1), ours, urgency)
                if claimed:
                    return

    async def _make_one(self, grid: Grid, single: Piece, ours: Leases, urgency: Urgency) -> None:
        row, index = single.rows[0], single.first
        try:
            await self._run(grid, single, ours, urgency, None)
        except EncodingFailed as error:
            log.error("cell failed for good: grid %s, row %s, segment %d: %s", grid.id, row.name, index, error.message)
            before = await self._stored(grid, row, index - 1)
            data = await self._encoder.filler(source_of(grid, single), grid.timeline, row, index, before)
            made = EncodedCell(row=row, index=index, data=data, encode_ms=0)
            await self._keep(grid, made, ours, filler=True)

    async def _run(self, grid: Grid, piece: Piece, ours: Leases, urgency: Urgency, follower: Follower | None) -> None:
        source = source_of(grid, piece)
        order = Run(
            source=source,
            index=await self._index(source),
            timeline=grid.timeline,
            rows=piece.rows,
            first=piece.first,
            count=piece.count,
            urgency=urgency,
            late=piece.late,
        )
        names = [row.name for row in piece.rows]
        watch.debug("run begins", rows=names, first=piece.first, count=piece.count, hot=urgency < Urgency.BULK)
        course = _Course(piece, ours, follower)
        async with aclosing(self._cells(order)) as cells:
            async for made in cells:
                watch.debug("cell made", row=made.row.name, index=made.index, hot=urgency < Urgency.BULK)
                if made.index >= course.end:
                    continue
                await course.approach(made.index)
                if ours.begun(CellRef(row_id=made.row.id, index=made.index)):
                    await self._keep(grid, made, ours)
                if course.over(made):
                    return

    async def _cells(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """The cells of a run; those that are copied in the background come when no viewer waits for others."""
        yields = order.urgency is Urgency.BULK and isinstance(order.rows[0].spec, CopiedSpec)
        left = len(order.rows) - len(order.late)
        async with aclosing(self._encoder.run(order)) as cells:
            with ExitStack() as awaited:
                if order.urgency is Urgency.AWAITED:
                    awaited.enter_context(self._calm.disturbed())
                async for made in cells:
                    if yields:
                        await self._calm.wait()
                    yield made
                    left -= made.index == order.first
                    if left == 0:
                        awaited.close()

    async def _keep(self, grid: Grid, made: EncodedCell, ours: Leases, *, filler: bool = False) -> None:
        """Store and record a cell. Raises ``GridNotFound`` when the grid died meanwhile; then nothing is left."""
        key = cell_key(grid.environment_id, grid.id, made.row.slug, made.index)
        data = await asyncio.to_thread(self._put, key, made.data)
        cell = Cell(
            row_id=made.row.id,
            index=made.index,
            size=len(data),
            sha256=sha256(data).hexdigest(),
            encode_ms=made.encode_ms,
            worker=self._worker,
            filler=filler,
        )
        recorded = await self._grids.record(grid.environment_id, grid.id, cell)
        ours.done(CellRef(row_id=made.row.id, index=made.index))
        if recorded is Recorded.GRID_GONE:
            await asyncio.to_thread(self._store.delete, key)
            raise GridNotFound(grid_id=grid.id)

    def _put(self, key: str, data: bytes) -> bytes:
        """Store a cell; what is stored in the end, by whomever."""
        try:
            self._store.put(key, data, if_absent=True)
        except ObjectExists:
            return self._store.read(key)
        return data

    async def _stored(self, grid: Grid, row: Row, index: int) -> bytes | None:
        """The bytes of a cell, if it is there."""
        key = cell_key(grid.environment_id, grid.id, row.slug, index)
        try:
            return await asyncio.to_thread(self._store.read, key) if index >= 0 else None
        except ObjectNotFound:
            return None

    async def _index(self, source: Source) -> SourceIndex:
        """The index of a source; it never changes."""
        if source.index_key not in self._indexes:
            stored = await asyncio.to_thread(self._store.read, source.index_key)
            self._indexes[source.index_key] = SOURCE_INDEX.validate_json(stored)
            while len(self._indexes) > INDEXES:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(source.index_key)
        return self._indexes[source.index_key]


class _Course:
    """How far a run goes: to its end, to the next column that is somebody else's, or as far as its follower does."""

    def __init__(self, piece: Piece, ours: Leases, follower: Follower | None) -> None:
        self._piece = piece
        self._ours = ours
        self._follower = follower
        self._claimed = piece.first
        self._given: dict[int, int] = {}
        self.end = piece.first + piece.count
        """The column before which the run ends."""

    async def approach(self, column: int) -> None:
        """A cell of ``column`` is made: lease what comes next, or learn that the run ends before that."""
        while self._claimed < min(column + COLUMNS_AHEAD, self.end - 1):
            following = self._claimed + 1
            coming = self._follower is None or await self._follower.comes_to(following)
            if coming and await self._ours.claim(self._piece.column(following)):
                self._claimed = following
            else:
                self.end = following

    def over(self, made: EncodedCell) -> bool:
        """A cell has been dealt with; whether the run is to be ended now, though its encoder would go on."""
        given = self._given[made.index] = self._given.get(made.index, 0) + 1
        if given == len(self._piece.rows) and self._follower is not None:
            self._follower.stored(made.index)
        cut_short = self.end < self._piece.first + self._piece.count
        cells = len(self._piece.rows) * (self.end - self._piece.first) - len(self._piece.late)
        return cut_short and sum(self._given.values()) == cells
