"""Filling spans: from a job to stored cells.

A hot span makes the cell that a viewer waits for; its look-ahead comes in a job of its own, which takes no slot from
anybody who waits. A bulk span decodes once for all of its rows. Leases are claimed a column ahead of what the encoder
gives, not for the whole span, so that a viewer's wish for a later cell can overtake the bulk; what comes out for a cell
that was never ours is dropped. A cell that the bulk has begun is begun again by hot work all the same, since the bulk
has every rung to make and yields the processor: whichever comes first is stored, and the viewer gets that.

Background runs of one film meet: a run ends where the next column is somebody else's, and whoever is free begins in the
middle of what is left before another run (``order_of_work``), so that a film is shared to its last columns.

Per cell: store the object (the first writer wins, everybody else adopts what is there), then record it in one short
transaction. Nothing is open in the database while a child runs.

A run that fails is repeated in the smallest pieces. A cell that fails again becomes a filler: the last picture held, or
silence, so that one damaged place doesn't stop the film.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, replace
from hashlib import sha256

import structlog

from vidstead.encoding.calm import Calm
from vidstead.encoding.errors import EncodingFailed
from vidstead.encoding.leases import Leases, leases
from vidstead.encoding.ports import EncodedCell, Encoder, Run, Urgency
from vidstead.grid import Cell, CellRef, Grid, GridNotFound, Grids, Recorded, Row, Source, Span, cell_key
from vidstead.media import SOURCE_INDEX, CopiedSpec, SourceIndex
from vidstead.storage import ObjectExists, ObjectNotFound, ObjectStore

log = logging.getLogger(__name__)
watch = structlog.get_logger(__name__)

LEASE_SECONDS = 30.0
COLUMNS_AHEAD = 1
INDEXES = 16
"""Indexes of sources that are kept in memory."""
LOOK_SECONDS = 0.5
"""How often we look whether somebody still waits for what we make."""
OTHERS_SECONDS = 0.5
"""How often we look whether others are done with cells that are theirs."""
OTHERS_PATIENCE = 2 * LEASE_SECONDS
"""How long we wait for others: a lease that is not renewed runs out before that."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a span that one run makes: rows of one kind and source, and some columns."""

    rows: tuple[Row, ...]
    first: int
    count: int

    def cells(self) -> list[CellRef]:
        """Its cells, column by column."""
        return [ref for column in range(self.first, self.first + self.count) for ref in self.column(column)]

    def column(self, index: int) -> list[CellRef]:
        """The cells of one of its columns."""
        return [CellRef(row_id=row.id, index=index) for row in self.rows]


class SpanFiller:
    """Fills spans."""

    def __init__(
        self, grids: Grids, store: ObjectStore, encoder: Encoder, *, worker: str, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        """``worker``: who made a cell, for its record. ``lease_seconds``: how long a dead worker holds its cells."""
        self._grids = grids
        self._store = store
        self._encoder = encoder
        self._worker = worker
        self._lease_seconds = lease_seconds
        self._indexes: OrderedDict[str, SourceIndex] = OrderedDict()
        self._calm = Calm()

    async def fill(self, span: Span) -> None:
        """Make every missing cell of a span that nobody else makes; harmless when repeated.

        Of a hot span only the first column is made, for which a viewer waits; once that is stored, by whomever, the
        look-ahead is asked for. One that no viewer waits for any more is dropped, and so is work on a grid that died.
        Raises what the store and the database raise.
        """
        if span.hot and not await self._wanted(span):
            return
        try:
            grid = await self._grids.load(span.environment_id, span.grid_id)
            async with leases(self._grids, grid, self._lease_seconds, hot=span.hot) as ours:
                if not span.hot:
                    for piece in pieces(grid, span):
                        await self._fill(grid, piece, ours, patience=OTHERS_PATIENCE)
                elif await self._while_wanted(
                    span, self._fill_hot(grid, replace(span, count=1), ours, Urgency.AWAITED)
                ):
                    await self._grids.look_ahead(span)
        except GridNotFound:
            log.info("grid %s is gone: its span is dropped", span.grid_id)

    async def look_ahead(self, span: Span) -> None:
        """Make what is free of a hot span that nobody waits for yet, but somebody will soon."""
        try:
            grid = await self._grids.load(span.environment_id, span.grid_id)
            async with leases(self._grids, grid, self._lease_seconds, hot=True) as ours:
                await self._fill_hot(grid, span, ours, Urgency.AHEAD)
        except GridNotFound:
            log.info("grid %s is gone: nobody looks ahead in it", span.grid_id)

    async def help(self, span: Span) -> None:
        """Make what nobody works on yet of a span that others fill; what they hold is left to them."""
        try:
            grid = await self._grids.load(span.environment_id, span.grid_id)
            async with leases(self._grids, grid, self._lease_seconds, hot=False) as ours:
                for piece in pieces(grid, span):
                    await self._fill(grid, piece, ours, patience=0)
        except GridNotFound:
            log.info("grid %s is gone: nobody needs help with it", span.grid_id)

    async def _while_wanted(self, span: Span, work: Coroutine[None, None, bool]) -> bool:
        """What ``work`` comes to; ``False`` when all viewers have left before, and it is given up."""
        working = asyncio.create_task(work, name=f"hot span of {span.grid_id}")
        try:
            while not working.done():
                await asyncio.wait({working}, timeout=LOOK_SECONDS)
                if not working.done() and not await self._wanted(span):
                    return False
            return working.result()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _wanted(self, span: Span) -> bool:
        refs = [CellRef(row_id=row_id, index=span.first) for row_id in span.row_ids]
        return any([await self._grids.wanted(span.environment_id, ref) for ref in refs])

    async def _fill_hot(self, grid: Grid, span: Span, ours: Leases, urgency: Urgency) -> bool:
        """Fill what is free of a span, leased as a whole before: no run begins a cell that other hot work makes.

        It waits for nobody: what others of its kind make comes to the viewer from them, and where they died the
        viewer's want is renewed until its lease has run out. Whether all of it is stored now.
        """
        found = pieces(grid, span)
        for piece in found:
            while held := await ours.claim(await self._missing(grid, piece)):
                start = min(ref.index for ref in held)
                await self._make(grid, _cut(piece, set(held), start), ours, urgency=urgency)
        return not any([await self._missing(grid, piece) for piece in found])

    async def _fill(self, grid: Grid, piece: Piece, ours: Leases, *, patience: float) -> None:
        """Fill one piece: what is free at once, and what others had leased once they are done or gone.

        ``patience``: seconds to wait for others. Helpers have none, since somebody else waits already.
        """
        waited = 0.0
        while True:
            missing = await self._missing(grid, piece)
            start = await self._claimed(piece, missing, ours)
            if start is not None:
                await self._make(grid, _cut(piece, missing, start), ours, urgency=Urgency.BULK)
            elif not missing or waited >= patience:
                return
            else:
                await asyncio.sleep(OTHERS_SECONDS)
                waited += OTHERS_SECONDS

    async def _missing(self, grid: Grid, piece: Piece) -> set[CellRef]:
        now = await self._grids.load(grid.environment_id, grid.id)
        done = {row.id: row.done for row in now.all_rows}
        return {ref for ref in piece.cells() if ref.index not in done[ref.row_id]}

    async def _claimed(self, piece: Piece, missing: set[CellRef], ours: Leases) -> int | None:
        """The column to begin with, of which we hold a cell now."""
        taken = {ref.index for ref in await ours.others(missing)}
        for column in order_of_work({ref.index for ref in missing}, taken):
            if await ours.claim(ref for ref in piece.column(column) if ref in missing):
                return column
        return None

    async def _make(self, grid: Grid, piece: Piece, ours: Leases, *, urgency: Urgency) -> None:
        """One run; where it fails, the cells of its first column of ours, each alone, and fillers where that fails.

        What is behind that column is left for another run.
        """
        try:
            await self._run(grid, piece, ours, urgency=urgency)
        except EncodingFailed as error:
            log.warning("run failed: grid %s, %s", grid.id, error.message)
            missing = await self._missing(grid, piece)
            for column in sorted({ref.index for ref in missing}):
                claimed = await ours.claim(ref for ref in piece.column(column) if ref in missing)
                for row in piece.rows:
                    if CellRef(row_id=row.id, index=column) in claimed:
                        single = Piece(rows=(row,), first=column, count=1)
                        await self._make_one(grid, single, ours, urgency=urgency)
                if claimed:
                    return

    async def _make_one(self, grid: Grid, single: Piece, ours: Leases, *, urgency: Urgency) -> None:
        row, index = single.rows[0], single.first
        try:
            await self._run(grid, single, ours, urgency=urgency)
        except EncodingFailed as error:
            log.error("cell failed for good: grid %s, row %s, segment %d: %s", grid.id, row.name, index, error.message)
            before = await self._stored(grid, row, index - 1)
            data = await self._encoder.filler(_source_of(grid, single), grid.timeline, row, index, before)
            made = EncodedCell(row=row, index=index, data=data, encode_ms=0)
            await self._keep(grid, made, ours, filler=True)

    async def _run(self, grid: Grid, piece: Piece, ours: Leases, *, urgency: Urgency) -> None:
        source = _source_of(grid, piece)
        order = Run(
            source=source,
            index=await self._index(source),
            timeline=grid.timeline,
            rows=piece.rows,
            first=piece.first,
            count=piece.count,
            urgency=urgency,
        )
        claimed, end = piece.first, piece.first + piece.count
        left = len(piece.rows) * piece.count
        names = [row.name for row in piece.rows]
        watch.debug("run begins", rows=names, first=piece.first, count=piece.count, hot=urgency < Urgency.BULK)
        async with aclosing(self._cells(order)) as cells:
            async for made in cells:
                watch.debug("cell made", row=made.row.name, index=made.index, hot=urgency < Urgency.BULK)
                if made.index >= end:
                    continue
                while claimed < min(made.index + COLUMNS_AHEAD, end - 1):
                    claimed += 1
                    if not await ours.claim(piece.column(claimed)):
                        left -= len(piece.rows) * (end - claimed)
                        end = claimed
                if ours.begun(CellRef(row_id=made.row.id, index=made.index)):
                    await self._keep(grid, made, ours)
                left -= 1
                if left == 0 and end < piece.first + piece.count:
                    return

    async def _cells(self, order: Run) -> AsyncGenerator[EncodedCell]:
        """The cells of a run; those that are copied in the background come when no viewer waits for others."""
        yields = order.urgency is Urgency.BULK and isinstance(order.rows[0].spec, CopiedSpec)
        awaited = self._calm.disturbed() if order.urgency is Urgency.AWAITED else nullcontext()
        with awaited:
            async with aclosing(self._encoder.run(order)) as cells:
                async for made in cells:
                    if yields:
                        await self._calm.wait()
                    yield made

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


def pieces(grid: Grid, span: Span) -> list[Piece]:
    """A span as runs: rows of one source and kind together."""
    rows = [row for row in grid.all_rows if row.id in span.row_ids]
    count = min(span.count, grid.timeline.cells - span.first)
    if count < 1:
        return []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.source_id, row.spec.kind), []).append(row)
    return [Piece(rows=tuple(group), first=span.first, count=count) for group in groups.values()]


def _cut(piece: Piece, wanted: set[CellRef], start: int) -> Piece:
    """What one run makes of a piece: from ``start`` on, as far as the same rows are wanted, so that nothing else is."""
    rows = _rows_wanted(piece, wanted, start)
    end = start + 1
    while end < piece.first + piece.count and _rows_wanted(piece, wanted, end) == rows:
        end += 1
    return Piece(rows=rows, first=start, count=end - start)


def _rows_wanted(piece: Piece, wanted: set[CellRef], index: int) -> tuple[Row, ...]:
    return tuple(row for row in piece.rows if CellRef(row_id=row.id, index=index) in wanted)


def _source_of(grid: Grid, piece: Piece) -> Source:
    return next(source for source in grid.sources if source.id == piece.rows[0].source_id)


def order_of_work(missing: set[int], taken: set[int]) -> list[int]:
    """The columns with which a run may begin, the best first.

    ``missing`` are the columns that lack cells, ``taken`` those of them in which others are at work. A stretch that no
    run comes to is begun at its beginning; where one is on its way, the best place is half-way, so that both come to
    the end of their halves together, in the longest such stretch first. Last come columns that are partly taken.
    """
    alone, met = [], []
    for stretch in stretches(missing - taken):
        if stretch[0] - 1 in taken:
            met.append(stretch)
        else:
            alone.append(stretch[0])
    halves = [stretch[(len(stretch) - 1) // 2] for stretch in sorted(met, key=len, reverse=True)]
    begun = [*alone, *halves]
    return [*begun, *sorted(missing.difference(begun))]


def stretches(columns: set[int]) -> list[list[int]]:
    """Columns as runs of neighbours, in their order."""
    found: list[list[int]] = []
    for column in sorted(columns):
        if not found or found[-1][-1] != column - 1:
            found.append([])
        found[-1].append(column)
    return found
