"""Filling spans: from a job to stored cells.

A hot span makes the cell that a viewer waits for; then its job is over, and its run goes on for him (``ahead``). A bulk
span decodes once for all of its rows. Bulk holds the cells that it comes to next, not the whole span, so that a
viewer's wish for a later one can overtake it. A cell that the bulk has begun is begun again by hot work all the same,
since the bulk has every rung to make and yields the processor: whichever comes first is stored, and the viewer gets
that.

Background runs of one film meet: a run ends where the next column is somebody else's, and whoever is free begins in the
middle of what is left before another run (``order_of_work``), so that a film is shared to its last columns.
"""

import asyncio
import logging
from dataclasses import replace

from vidstead.encoding.ahead import LookAheads, Viewer, end
from vidstead.encoding.leases import Leases, leases
from vidstead.encoding.making import CellMaker
from vidstead.encoding.pieces import Piece, cut, order_of_work, pieces
from vidstead.encoding.ports import Encoder, Urgency
from vidstead.grid import CellRef, Grid, GridNotFound, Grids, Span
from vidstead.media import VideoSpec
from vidstead.storage import ObjectStore

log = logging.getLogger(__name__)

LEASE_SECONDS = 30.0
LOOK_SECONDS = 0.5
"""How often we look whether somebody still waits for what we make."""
OTHERS_SECONDS = 0.5
"""How often we look whether others are done with cells that are theirs."""
OTHERS_PATIENCE = 2 * LEASE_SECONDS
"""How long we wait for others: a lease that is not renewed runs out before that."""
LOOK_AHEADS = 2
HOT_COLUMNS = 15
"""How far a run for a viewer goes at most: as far as one of the background."""


class SpanFiller:
    """Fills spans."""

    def __init__(
        self,
        grids: Grids,
        store: ObjectStore,
        encoder: Encoder,
        *,
        worker: str,
        lease_seconds: float = LEASE_SECONDS,
        look_aheads: int = LOOK_AHEADS,
    ) -> None:
        """``worker``: who made a cell, for its record. ``lease_seconds``: how long a dead worker holds its cells.

        ``look_aheads``: how many runs may go on at a time when their viewers have been served.
        """
        self._grids = grids
        self._maker = CellMaker(grids, store, encoder, worker=worker)
        self._lease_seconds = lease_seconds
        self._ahead = LookAheads(look_aheads)

    async def fill(self, span: Span) -> None:
        """Make every missing cell of a span that nobody else makes; harmless when repeated.

        Of a hot span only the first column is made, for which a viewer waits; what is behind it follows when this has
        returned. One that no viewer waits for any more is dropped, and so is work on a grid that died. Raises what the
        store and the database raise.
        """
        if span.hot:
            await self._serve(span)
        else:
            await self._work(span, patience=OTHERS_PATIENCE)

    async def help(self, span: Span) -> None:
        """Make what nobody works on yet of a span that others fill; what they hold is left to them."""
        await self._work(span, patience=0)

    async def close(self) -> None:
        """End what goes on."""
        await self._ahead.close()

    async def _work(self, span: Span, *, patience: float) -> None:
        try:
            grid = await self._grids.load(span.environment_id, span.grid_id)
            async with leases(self._grids, grid, self._lease_seconds, hot=False) as ours:
                for piece in pieces(grid, span):
                    await self._fill(grid, piece, ours, patience=patience)
        except GridNotFound:
            log.info("grid %s is gone: its span is dropped", span.grid_id)

    async def _serve(self, span: Span) -> None:
        """See that a viewer gets what he waits for, unless he leaves before."""
        viewer = Viewer(self._grids, span)
        if not await viewer.waits():
            return
        run = asyncio.create_task(self._run_for(viewer, span), name=f"hot span of {span.grid_id}")
        goes_on = False
        try:
            goes_on = await self._served(viewer, run) and self._ahead.take(run, viewer)
        finally:
            if not goes_on:
                await end([run])
        if not goes_on and not run.cancelled():
            run.result()

    async def _served(self, viewer: Viewer, run: asyncio.Task[None]) -> bool:
        """Wait until a run has what its viewer waits for, or is over; ``False`` when he has left before."""
        serving = asyncio.create_task(viewer.served.wait())
        try:
            while not await _any_of({serving, run}, LOOK_SECONDS):
                if not await viewer.waits():
                    return False
            return True
        finally:
            serving.cancel()

    async def _run_for(self, viewer: Viewer, span: Span) -> None:
        """Make the first column of a hot span, and go on with the same run as far as its viewer comes along.

        It waits for nobody: what others of its kind make comes to the viewer from them, and where they died his want is
        renewed until its lease has run out.
        """
        try:
            grid = await self._grids.load(span.environment_id, span.grid_id)
            async with leases(self._grids, grid, self._lease_seconds, hot=True) as ours:
                for piece in pieces(grid, replace(span, count=HOT_COLUMNS if span.count > 1 else 1)):
                    missing = await self._maker.missing(grid, piece)
                    held = await ours.claim(ref for ref in piece.column(piece.first) if ref in missing)
                    if held:
                        if isinstance(piece.rows[0].spec, VideoSpec):
                            await self._ahead.make_way()
                        later = {ref for ref in missing if ref.index > piece.first}
                        order = cut(piece, later | held, piece.first)
                        await self._maker.make(grid, order, ours, urgency=Urgency.AWAITED, follower=viewer)
        except GridNotFound:
            log.info("grid %s is gone: its span is dropped", span.grid_id)

    async def _fill(self, grid: Grid, piece: Piece, ours: Leases, *, patience: float) -> None:
        """Fill one piece: what is free at once, and what others had leased once they are done or gone.

        ``patience``: seconds to wait for others. Helpers have none, since somebody else waits already.
        """
        waited = 0.0
        while True:
            missing = await self._maker.missing(grid, piece)
            held = await self._claimed(piece, missing, ours)
            if held:
                start = next(iter(held)).index
                wanted = {ref for ref in missing if ref.index != start} | held
                await self._maker.make(grid, cut(piece, wanted, start), ours, urgency=Urgency.BULK)
            elif not missing or waited >= patience:
                return
            else:
                await asyncio.sleep(OTHERS_SECONDS)
                waited += OTHERS_SECONDS

    async def _claimed(self, piece: Piece, missing: set[CellRef], ours: Leases) -> frozenset[CellRef]:
        """The cells that we hold now of the column to begin with; none where there is no such column."""
        taken = {ref.index for ref in await ours.others(missing)}
        for column in order_of_work({ref.index for ref in missing}, taken):
            if held := await ours.claim(ref for ref in piece.column(column) if ref in missing):
                return held
        return frozenset()


async def _any_of(tasks: set[asyncio.Task[bool] | asyncio.Task[None]], seconds: float) -> bool:
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)
