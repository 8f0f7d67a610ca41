"""Reading the log: a named cursor, moved by one process at a time, over everything that ever commits.

Events are read in the order (transaction, id) and only below the oldest transaction that still runs. A transaction
that commits late, with a number below events that are long readable, therefore holds the cursor back instead of
being skipped; that also means that one open transaction delays every follower.

The cursor is leased. Its holder hands a batch to ``handle``, then moves it: a process that dies in between has its
batch handled again by the next one. Handlers are idempotent. A handler that raises gets the same batch again, after
growing pauses, for ever: an event is never skipped, and the log says which one is stuck.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence

from vidstead.db import Database, DatabaseError, Listener
from vidstead.events import repository
from vidstead.events.log import CHANNEL
from vidstead.events.model import Event
from vidstead.events.repository import Position
from vidstead.kit import new_id

logger = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
LOOK_SECONDS = 2.0
# After news of what can't be read yet, because an older transaction still runs: most end within milliseconds.
LOOKS_SECONDS = (0.03, 0.1, 0.3, 1.0)
BATCH = 200
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

Handle = Callable[[Sequence[Event]], Awaitable[None]]


class Follower:
    """One reader of the log, in one process. Any number of processes may run one of the same name."""

    def __init__(
        self, name: str, database: Database, listener: Listener, handle: Handle, *, gather_seconds: float = 0.0
    ) -> None:
        """``name`` of the cursor; ``handle`` gets up to 200 events in order and opens its own transactions.

        ``gather_seconds``: how long to wait after news for more of it, where ``handle`` has less work with many events
        at once than with each alone.
        """
        self.name = name
        self._database = database
        self._listener = listener
        self._handle = handle
        self._gather_seconds = gather_seconds
        self._holder = new_id()
        self._position: Position | None = None
        self._renew_at = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Follow until ``stop`` is set: at once when something was written, and every 2 s in any case."""
        pause = FIRST_PAUSE_SECONDS
        looks = iter(LOOKS_SECONDS)
        async with self._listener.subscribe(CHANNEL) as news:
            while not stop.is_set():
                try:
                    handled = await self._advance()
                except Exception as error:
                    self._tell(error)
                    self._position = None
                    await _first_of(stop, None, pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                pause = FIRST_PAUSE_SECONDS
                if handled < BATCH:
                    wakes = news if self._position else None
                    if await _first_of(stop, wakes, next(looks, LOOK_SECONDS)):
                        looks = iter(LOOKS_SECONDS)
                        await _first_of(stop, None, self._gather_seconds)
        await self._release()

    async def _advance(self) -> int:
        """Handle the next batch; how many events it had."""
        position = await self._hold()
        if position is None:
            return 0
        async with self._database.crossing() as connection:
            events = await repository.after(connection, position, BATCH)
        if not events:
            return 0
        renewing = asyncio.create_task(self._keep(), name=f"lease of the cursor {self.name}")
        try:
            await self._handle(events)
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        await self._move(Position(xid=events[-1].xid, event_id=events[-1].id))
        return len(events)

    async def _hold(self) -> Position | None:
        """The cursor's position while it is ours; asked of the database only when the lease has to be renewed."""
        now = asyncio.get_running_loop().time()
        if self._position is None or now >= self._renew_at:
            async with self._database.crossing() as connection:
                self._position = await repository.hold(
                    connection, name=self.name, holder=self._holder, seconds=LEASE_SECONDS
                )
            self._renew_at = now + RENEW_SECONDS
        return self._position

    async def _keep(self) -> None:
        """Renew the lease while a batch is handled; a failure shows when the cursor is moved."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            with contextlib.suppress(DatabaseError):
                async with self._database.crossing() as connection:
                    await repository.hold(connection, name=self.name, holder=self._holder, seconds=LEASE_SECONDS)

    async def _move(self, position: Position) -> None:
        async with self._database.crossing() as connection:
            ours = await repository.move(
                connection, name=self.name, holder=self._holder, position=position, seconds=LEASE_SECONDS
            )
        self._position = position if ours else None
        self._renew_at = asyncio.get_running_loop().time() + RENEW_SECONDS

    async def _release(self) -> None:
        with contextlib.suppress(DatabaseError):
            async with self._database.crossing() as connection:
                await repository.release(connection, name=self.name, holder=self._holder)

    def _tell(self, error: Exception) -> None:
        after = self._position and (self._position.xid, self._position.event_id)
        logger.error(
            "The follower %s is stuck after %s: %s: %s",
            self.name,
            after,
            type(error).__name__,
            error,
            exc_info=not isinstance(error, DatabaseError),
            extra={"follower": self.name},
        )


async def _first_of(stop: asyncio.Event, news: "asyncio.Queue[str] | None", seconds: float) -> bool:
    """Wait for the stop, for news if that is to count, or for the time to pass; whether there was news."""
    waits: list[asyncio.Task[bool]] = [asyncio.create_task(_set(stop))]
    if news is not None:
        waits.append(asyncio.create_task(_drained(news)))
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        ends = await asyncio.gather(*waits, return_exceptions=True)
    return True in ends


async def _set(stop: asyncio.Event) -> bool:
    await stop.wait()
    return False


async def _drained(news: "asyncio.Queue[str]") -> bool:
    await news.get()
    while not news.empty():
        news.get_nowait()
    return True
