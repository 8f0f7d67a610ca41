"""Looking ahead: the run that made the cell a viewer waited for goes on with those that he will want next.

It has the decoder where it has to be, which another run would first have to bring there from the last key picture. Once
the awaited cell is stored its job is over and its slot is free; the run yields to everything that is awaited
(``Urgency.AHEAD``), and goes along with its viewer: to as many cells beyond the last one that he was seen to wait for
as are made ahead. One that nobody waits for ends when something else is awaited here.
"""

import asyncio
import logging
from collections.abc import Sequence

from vidstead.grid import Grids, Span
from vidstead.kit import VidsteadError

log = logging.getLogger(__name__)


class Viewer:
    """Who waits for the first column of a hot span, and comes to what is behind it."""

    def __init__(self, grids: Grids, span: Span) -> None:
        self._grids = grids
        self._span = span
        self._look_ahead = span.count - 1
        self._seen = self._last = span.first
        self.served = asyncio.Event()
        """The column that he waits for is stored."""

    async def waits(self) -> bool:
        """Whether he waits for the first column now."""
        return await self._furthest(range(self._span.first, self._span.first + 1)) is not None

    async def follows(self) -> bool:
        """Whether he waits for something that is not stored yet, and comes soon."""
        return await self._furthest(range(self._last + 1, self._seen + self._look_ahead + 1)) is not None

    async def comes_to(self, column: int) -> bool:
        """Whether he is, or was seen, near enough for ``column`` to be made for him."""
        furthest = await self._furthest(range(self._seen + 1, column))
        self._seen = furthest or self._seen
        return column <= self._seen + self._look_ahead

    def stored(self, column: int) -> None:
        """See ``making.Follower``."""
        self._last = column
        self.served.set()

    async def _furthest(self, columns: range) -> int | None:
        if not columns:
            return None
        return await self._grids.furthest_wanted(self._span.environment_id, self._span.row_ids, columns)


class LookAheads:
    """The runs of this worker that go on after their jobs."""

    def __init__(self, most: int) -> None:
        """``most``: how many may go on at a time; whatever finds no place ends."""
        self._most = most
        self._going: dict[asyncio.Task[None], Viewer] = {}

    def take(self, run: asyncio.Task[None], viewer: Viewer) -> bool:
        """Let ``run`` go on, if there is a place for it."""
        if run.done() or len(self._going) >= self._most:
            return False
        self._going[run] = viewer
        run.add_done_callback(self._over)
        return True

    def _over(self, run: asyncio.Task[None]) -> None:
        del self._going[run]
        if not run.cancelled() and (error := run.exception()) is not None:
            reason = error.message if isinstance(error, VidsteadError) else repr(error)
            log.warning("a look-ahead ended early: %s", reason)

    async def make_way(self) -> None:
        """Something is awaited: end what nobody waits for."""
        await end([run for run, viewer in list(self._going.items()) if not await viewer.follows()])

    async def close(self) -> None:
        """End all of them."""
        await end(list(self._going))


async def end(runs: Sequence[asyncio.Task[None]]) -> None:
    """End runs, and wait until nothing is left of them; what they end with is theirs to tell."""
    for run in runs:
        run.cancel()
    await asyncio.gather(*runs, return_exceptions=True)
