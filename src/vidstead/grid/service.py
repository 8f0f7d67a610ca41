"""What can be done with grids: create, load, claim and record cells, want missing ones, use and sweep.

Methods that take a connection are part of the caller's transaction; the others are short transactions of their own,
and none of them is open while a cell is made or moved.
"""

import asyncio
import enum
import time
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead import events
from vidstead.db import Database
from vidstead.grid import repository
from vidstead.grid.clips import repository as clips
from vidstead.grid.errors import GridNotFound
from vidstead.grid.keys import grid_prefix, source_prefix
from vidstead.grid.model import Cell, CellRef, Coverage, Grid, NewRow, Source, Span
from vidstead.jobs import Jobs
from vidstead.media import Timeline
from vidstead.storage import ObjectStore

HOT_TASK = "encoding.hot"
SWEEP_TASK = "grid.sweep"
EXPECTED = "expected"
WANT_SECONDS = 5.0
"""How long a want is believed without being renewed: a little more than two renewals."""


class Recorded(enum.Enum):
    """What became of a cell that a worker made."""

    STORED = "stored"
    ALREADY = "already"
    GRID_GONE = "grid_gone"


class Grids:
    """The grids of every environment."""

    def __init__(self, database: Database, jobs: Jobs, store: ObjectStore, *, look_ahead: int) -> None:
        """``look_ahead``: how many cells are made behind the one that a viewer asks for."""
        self._database = database
        self._jobs = jobs
        self._store = store
        self._look_ahead = look_ahead

    async def create(
        self,
        connection: AsyncConnection,
        *,
        environment_id: str,
        grid_id: str,
        timeline: Timeline,
        source: Source,
        rows: Sequence[NewRow],
        spares: Sequence[NewRow] = (),
    ) -> Grid:
        """Create a grid with one user and no cells."""
        await repository.insert_grid(
            connection,
            environment_id=environment_id,
            grid_id=grid_id,
            timeline=timeline,
            source=source,
            rows=rows,
            spares=spares,
        )
        return await self.read(connection, environment_id, grid_id)

    async def load(self, environment_id: str, grid_id: str) -> Grid:
        """The grid as it is now. Raises ``GridNotFound`` when it is missing or dead."""
        async with self._database.begin(environment_id) as connection:
            return await self.read(connection, environment_id, grid_id)

    async def read(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> Grid:
        """As ``load``, in the caller's transaction."""
        grid = await repository.select_grid(connection, environment_id, grid_id)
        if grid is None:
            raise GridNotFound(grid_id=grid_id)
        return grid

    async def cell(self, environment_id: str, cell: CellRef) -> Cell | None:
        """The record of a cell, ``None`` while it is missing."""
        async with self._database.begin(environment_id) as connection:
            return await repository.select_cell(connection, environment_id, cell)

    async def claim(
        self,
        environment_id: str,
        grid_id: str,
        holder: str,
        cells: Sequence[CellRef],
        *,
        seconds: float,
        hot: bool = False,
    ) -> frozenset[CellRef]:
        """Lease cells for ``seconds``: those that are missing and leased by nobody else; one's own are renewed.

        ``hot`` work, for which a viewer waits, takes leases from background work. Nothing is leased of a grid that is
        dead.
        """
        async with self._database.begin(environment_id) as connection:
            if not await repository.alive(connection, environment_id, grid_id):
                return frozenset()
            return await repository.claim(connection, environment_id, holder, cells, seconds, hot)

    async def leased(self, environment_id: str, cells: Sequence[CellRef], *, but: str) -> frozenset[CellRef]:
        """Which of ``cells`` background work of anybody ``but`` one holder has leased."""
        async with self._database.begin(environment_id) as connection:
            return await repository.leased(connection, environment_id, cells, but)

    async def release(self, environment_id: str, holder: str) -> None:
        """Give up every lease of ``holder``."""
        async with self._database.begin(environment_id) as connection:
            await repository.release(connection, environment_id, holder)

    async def record(self, environment_id: str, grid_id: str, cell: Cell) -> Recorded:
        """Record a cell whose object is stored, and tell everybody who waits for it.

        ``GRID_GONE`` means that the grid died meanwhile: the caller removes the object that it stored.
        """
        async with self._database.begin(environment_id) as connection:
            if not await repository.alive(connection, environment_id, grid_id):
                return Recorded.GRID_GONE
            if not await repository.insert_cell(connection, environment_id, cell):
                return Recorded.ALREADY
            await events.append(
                connection,
                environment_id=environment_id,
                type="grid.cell_failed" if cell.filler else "grid.cell_stored",
                subject_type="grid",
                subject_id=grid_id,
                data={"row_id": cell.row_id, "index": cell.index, "bytes": cell.size},
            )
        return Recorded.STORED

    async def want(self, environment_id: str, grid_id: str, cell: CellRef, *, holder: str = "") -> None:
        """A viewer of ``holder``, a process, waits for a cell: note it, and ask for a hot span; the newest first."""
        async with self._database.begin(environment_id) as connection:
            await repository.want(connection, environment_id, holder, cell, WANT_SECONDS)
            await self._ask(connection, environment_id, grid_id, cell, self._look_ahead)

    async def unwant(self, environment_id: str, cell: CellRef, *, holder: str) -> None:
        """The last viewer of ``holder`` has left."""
        async with self._database.begin(environment_id) as connection:
            await repository.unwant(connection, environment_id, holder, cell)

    async def expect(
        self, connection: AsyncConnection, environment_id: str, grid_id: str, cell: CellRef, *, seconds: float
    ) -> None:
        """A viewer may be expected to wait for a cell within ``seconds``: have it made as if one waited already."""
        await repository.want(connection, environment_id, EXPECTED, cell, seconds)
        await self._ask(connection, environment_id, grid_id, cell, 0)

    async def _ask(
        self, connection: AsyncConnection, environment_id: str, grid_id: str, cell: CellRef, ahead: int
    ) -> None:
        span = Span(
            environment_id=environment_id,
            grid_id=grid_id,
            row_ids=(cell.row_id,),
            first=cell.index,
            count=1 + ahead,
            hot=True,
        )
        arguments = {**asdict(span), "row_ids": list(span.row_ids)}
        once = f"hot:{cell.row_id}:{cell.index}"
        newest_first = int(time.time())
        await self._jobs.defer(connection, HOT_TASK, arguments, queue="hot", priority=newest_first, once=once)

    async def furthest_wanted(self, environment_id: str, row_ids: Sequence[int], columns: range) -> int | None:
        """The last of ``columns`` of which a viewer waits for a cell of the rows now."""
        async with self._database.begin(environment_id) as connection:
            return await repository.furthest_wanted(connection, environment_id, row_ids, columns)

    async def coverage(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> Coverage:
        """How much of a grid is stored."""
        return await repository.coverage(connection, environment_id, grid_id)

    async def has_source(self, connection: AsyncConnection, environment_id: str, source_id: str) -> bool:
        """Whether a grid, dead or alive, owns a source (and so removes it when its time comes)."""
        return await repository.has_source(connection, environment_id, source_id)

    async def use(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> None:
        """One more piece is of this grid. Raises ``GridNotFound`` when it is dead."""
        if not await repository.use(connection, environment_id, grid_id):
            raise GridNotFound(grid_id=grid_id)

    async def disuse(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> None:
        """A piece of this grid is gone; with the last one the grid dies and is swept.

        Clips that viewers keep of its film go at once: those that are watched elsewhere are made again when asked for.
        """
        film_id = await clips.film_of(connection, environment_id, grid_id)
        if film_id is None:
            return
        await clips.hold(connection, environment_id, film_id)
        await self._leave(connection, environment_id, grid_id)
        for kept in await clips.kept_ids(connection, environment_id, film_id):
            await self.let_go(connection, environment_id, kept)

    async def let_go(
        self, connection: AsyncConnection, environment_id: str, grid_id: str, *, overdue: bool = False
    ) -> None:
        """Keep a clip for viewers no longer; ``overdue``: only if its time is over. Its film is to be held."""
        if await clips.let_go(connection, environment_id, grid_id, overdue=overdue):
            await self._defer_sweep(connection, environment_id, grid_id, 0)

    async def clips_of(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> list[str]:
        """The living clips that are cut from a grid."""
        return await clips.clips_of(connection, environment_id, grid_id)

    async def _leave(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> None:
        if await repository.disuse(connection, environment_id, grid_id):
            await self._defer_sweep(connection, environment_id, grid_id, 0)

    async def sweep_later(self, environment_id: str, grid_id: str, seconds: float) -> None:
        """Have a dead grid swept again, so many seconds from now."""
        async with self._database.begin(environment_id) as connection:
            await self._defer_sweep(connection, environment_id, grid_id, seconds)

    async def _defer_sweep(
        self, connection: AsyncConnection, environment_id: str, grid_id: str, in_seconds: float
    ) -> None:
        await self._jobs.defer(
            connection,
            SWEEP_TASK,
            {"environment_id": environment_id, "grid_id": grid_id},
            queue="system",
            once=f"sweep:{grid_id}",
            in_seconds=in_seconds,
        )

    async def sweep(self, environment_id: str, grid_id: str) -> bool:
        """Remove the objects and rows of a dead grid; ``False`` while somebody still works on it.

        A worker that stored an object but has not recorded it yet holds a lease: the last removal comes after all
        leases are gone, so that nothing is left behind. The film of a clip is used until then, since what is made of a
        clip is made from its source.
        """
        async with self._database.begin(environment_id) as connection:
            if not await repository.dead(connection, environment_id, grid_id):
                return True
            idle = not await repository.busy(connection, environment_id, grid_id)
            sources = await repository.source_ids(connection, environment_id, grid_id)
        await asyncio.to_thread(self._store.delete_prefix, grid_prefix(environment_id, grid_id))
        if not idle:
            return False
        for source_id in sources:
            await asyncio.to_thread(self._store.delete_prefix, source_prefix(environment_id, source_id))
        async with self._database.begin(environment_id) as connection:
            film_id = await clips.film_of(connection, environment_id, grid_id)
            if film_id is not None and film_id != grid_id:
                await clips.hold(connection, environment_id, film_id)
            if await repository.erase(connection, environment_id, grid_id) and film_id not in (None, grid_id):
                await self._leave(connection, environment_id, str(film_id))
        return True

    async def to_sweep(self) -> list[tuple[str, str]]:
        """Dead grids that are still to be swept, as (environment, grid): for the periodic task."""
        async with self._database.crossing() as connection:
            return await repository.to_sweep(connection, 100)
