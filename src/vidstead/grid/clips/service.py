"""Making clips and letting them go.

A clip of the same frames of the same film is one grid, whoever asks for it: assets that are clips (each is one use),
and viewers who give times in an address (together they are one use, for some hours after the last of them). A clip of a
clip is a clip of the film. All of it happens under a lock on the film's row, so that two who ask at once get one grid,
and nobody uses what another is just letting go.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.db import Database
from vidstead.grid import repository
from vidstead.grid.clips import repository as clips
from vidstead.grid.clips.plan import clip_rows, clip_timeline
from vidstead.grid.errors import GridNotFound, TooManyClips
from vidstead.grid.model import Grid
from vidstead.grid.service import Grids
from vidstead.kit import new_id
from vidstead.media import plan_cut

KEPT_SECONDS = 6 * 3600.0
"""How long a clip is kept for viewers who asked for it by address, after the last time they did."""
RENEW_SECONDS = 600.0
"""How much of that may be over before another viewer makes it the whole again: so most requests write nothing."""
QUIET_SECONDS = 1200.0
"""How long nobody must have asked for a clip that makes room for another one."""
MOST_KEPT = 200
"""Clips of one film that viewers may have by address at the same time."""


class Clips:
    """The clips of every environment."""

    def __init__(self, database: Database, grids: Grids) -> None:
        self._database = database
        self._grids = grids

    async def cut(self, connection: AsyncConnection, environment_id: str, grid_id: str, first: int, end: int) -> Grid:
        """The clip of the frames ``first`` to before ``end`` of a film, or of a clip's film; the caller is one use.

        Frames are numbered as in the film. Raises ``GridNotFound``, and ``ValueError`` for frames that are not there.
        """
        film_id = await self._hold(connection, environment_id, grid_id)
        found = await clips.find(connection, environment_id, film_id, first, end)
        if found is None:
            return await self._create(connection, environment_id, film_id, first, end)
        await self._grids.use(connection, environment_id, found[0])
        return await self._grids.read(connection, environment_id, found[0])

    async def visit(self, environment_id: str, grid_id: str, first: int, end: int) -> Grid:
        """The clip of some frames for viewers who ask by address: made if it is not there, and kept for some hours.

        Raises what ``cut`` raises, and ``TooManyClips``.
        """
        async with self._database.begin(environment_id) as connection:
            film_id = await clips.film_of(connection, environment_id, grid_id)
            if film_id is None:
                raise GridNotFound(grid_id=grid_id)
            lasting = KEPT_SECONDS - RENEW_SECONDS
            found = await clips.find(connection, environment_id, film_id, first, end, lasting)
            if found is None or not found[2]:
                film_id = await self._hold(connection, environment_id, grid_id)
                return await self._kept(connection, environment_id, film_id, first, end)
            return await self._grids.read(connection, environment_id, found[0])

    async def _kept(self, connection: AsyncConnection, environment_id: str, film_id: str, first: int, end: int) -> Grid:
        found = await clips.find(connection, environment_id, film_id, first, end)
        if found is None or not found[1]:
            await self._make_room(connection, environment_id, film_id)
        if found is not None:
            await clips.keep(connection, environment_id, found[0], KEPT_SECONDS)
            return await self._grids.read(connection, environment_id, found[0])
        grid = await self._create(connection, environment_id, film_id, first, end)
        await clips.keep(connection, environment_id, grid.id, KEPT_SECONDS, new=True)
        return grid

    async def _make_room(self, connection: AsyncConnection, environment_id: str, film_id: str) -> None:
        if await clips.kept(connection, environment_id, film_id) < MOST_KEPT:
            return
        stale = await clips.stalest(connection, environment_id, film_id, KEPT_SECONDS - QUIET_SECONDS)
        if stale is None:
            raise TooManyClips(most=MOST_KEPT)
        await self._grids.let_go(connection, environment_id, stale)

    async def _create(
        self, connection: AsyncConnection, environment_id: str, film_id: str, first: int, end: int
    ) -> Grid:
        film = await self._grids.read(connection, environment_id, film_id)
        cut = plan_cut(film.timeline, first, end)
        await self._grids.use(connection, environment_id, film_id)
        clip_id = new_id()
        await repository.insert_timeline(connection, environment_id, clip_id, clip_timeline(film, cut), film_id)
        for lender, row in clip_rows(film, cut):
            await repository.insert_row(connection, environment_id, clip_id, lender.source_id, row)
        return await self._grids.read(connection, environment_id, clip_id)

    async def _hold(self, connection: AsyncConnection, environment_id: str, grid_id: str) -> str:
        film_id = await clips.film_of(connection, environment_id, grid_id)
        if film_id is None or not await clips.hold(connection, environment_id, film_id):
            raise GridNotFound(grid_id=grid_id)
        return film_id

    async def expire(self) -> None:
        """Let go of the clips, of every environment, that no viewer has asked for in some hours."""
        async with self._database.crossing() as connection:
            over = await clips.to_let_go(connection, 100)
        for environment_id, grid_id in over:
            async with self._database.begin(environment_id) as connection:
                film_id = await clips.film_of(connection, environment_id, grid_id)
                if film_id is not None:
                    await clips.hold(connection, environment_id, film_id)
                    await self._grids.let_go(connection, environment_id, grid_id, overdue=True)
