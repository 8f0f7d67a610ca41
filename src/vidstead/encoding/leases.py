"""The leases of one worker on one span: claimed just ahead of the encoder, renewed while it runs, released after."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from vidstead.grid import CellRef, Grid, Grids
from vidstead.kit import new_id


class Leases:
    """Leases on cells of ``grid``, held under a name of their own."""

    def __init__(self, grids: Grids, grid: Grid, seconds: float, *, hot: bool) -> None:
        self._grids = grids
        self._grid = grid
        self._seconds = seconds
        self._hot = hot
        self._holder = new_id()
        self._held: set[CellRef] = set()
        self._begun: set[CellRef] = set()

    async def claim(self, cells: Iterable[CellRef]) -> frozenset[CellRef]:
        """Which of ``cells`` are ours now: those that are missing and leased by nobody else."""
        asked = list(cells)
        if not asked:
            return frozenset()
        got = await self._grids.claim(
            self._grid.environment_id, self._grid.id, self._holder, asked, seconds=self._seconds, hot=self._hot
        )
        self._held |= got
        self._begun |= got
        return got

    def begun(self, cell: CellRef) -> bool:
        """Whether a cell is or was ours: one that hot work took over meanwhile is still good, if it is the first."""
        return cell in self._begun

    def holds(self, cell: CellRef) -> bool:
        """Whether a cell is ours to make."""
        return cell in self._held

    def done(self, cell: CellRef) -> None:
        """A cell is recorded: its lease ended with that."""
        self._held.discard(cell)

    async def others(self, cells: Iterable[CellRef]) -> frozenset[CellRef]:
        """Which of ``cells`` somebody else makes in the background now."""
        return await self._grids.leased(self._grid.environment_id, [*cells], but=self._holder)

    async def drop(self) -> None:
        """Give up all of them."""
        self._held.clear()
        await self._grids.release(self._grid.environment_id, self._holder)

    async def renew(self) -> None:
        """Renew them for ever; those that were lost meanwhile are not ours any more."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            held = set(self._held)
            if held:
                self._held -= held - await self.claim(held)


@asynccontextmanager
async def leases(grids: Grids, grid: Grid, seconds: float, *, hot: bool) -> AsyncIterator[Leases]:
    """Leases that are renewed inside the block, and given up on leaving it, however that happens."""
    ours = Leases(grids, grid, seconds, hot=hot)
    renewing = asyncio.create_task(ours.renew(), name=f"leases of {grid.id}")
    try:
        yield ours
    finally:
        renewing.cancel()
        with suppress(asyncio.CancelledError):
            await renewing
        await asyncio.shield(ours.drop())
