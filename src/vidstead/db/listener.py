"""Notifications of the database: one connection per process, any number of waiters.

A waiter subscribes to a channel and gets every payload that was sent after it subscribed. After a lost
connection (and when a waiter was too slow for its queue) it gets ``""`` instead: "look for yourself". So a
waiter never has to poll because of us, and never misses anything as long as it looks at what is stored when
told to.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from vidstead.db.errors import DatabaseUnavailable
from vidstead.db.quiet import QuietConnection
from vidstead.db.urls import KEEPALIVE

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 1000
HEALTH_SECONDS = 15.0
CONNECT_SECONDS = 5
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 2.0


class Listener:
    """One LISTEN connection, reconnecting by itself."""

    def __init__(self, url: str) -> None:
        """``url`` is that of ``Database`` (``postgresql+psycopg://…``) or a plain conninfo."""
        self._conninfo = make_conninfo(url.replace("postgresql+psycopg://", "postgresql://", 1), **KEEPALIVE)
        self._subscribers: dict[str, set[asyncio.Queue[str]]] = {}
        self._listening: set[str] = set()
        self._changed = asyncio.Event()
        self._settled = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, and keep listening in the background. Raises ``DatabaseUnavailable``."""
        try:
            connection = await self._connect()
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(reason=" ".join(str(error).split())) from error
        self._task = asyncio.create_task(self._run(connection), name="database listener")

    async def close(self) -> None:
        """Stop listening and close the connection."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @asynccontextmanager
    async def subscribe(self, channel: str) -> AsyncIterator[asyncio.Queue[str]]:
        """A queue of the payloads sent to a channel from now on; ``""`` means "look for yourself".

        On entry the server listens already, or the queue holds a ``""`` that says it does not at the moment.
        """
        queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_LIMIT)
        self._subscribers.setdefault(channel, set()).add(queue)
        try:
            await self._ensure_listening(channel)
            if channel not in self._listening:
                queue.put_nowait("")
            yield queue
        finally:
            self._subscribers[channel].discard(queue)

    async def _ensure_listening(self, channel: str) -> None:
        if channel in self._listening or self._task is None:
            return
        self._changed.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS), self._settled:
                await self._settled.wait_for(lambda: channel in self._listening)

    async def _run(self, first: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        connection: psycopg.AsyncConnection[tuple[object, ...]] | None = first
        delay = FIRST_RETRY_SECONDS
        while True:
            try:
                async with connection or await self._connect() as live:
                    delay = FIRST_RETRY_SECONDS
                    await self._listen(live)
            except psycopg.OperationalError as error:
                logger.warning("The listener lost the database: %s", " ".join(str(error).split()))
            finally:
                connection = None
                self._listening.clear()
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_RETRY_SECONDS)

    async def _listen(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        """Until the connection fails: hear, and begin to listen to what is newly subscribed."""
        await self._catch_up(connection)
        for channel in self._subscribers:
            self._tell(channel, "")
        while True:
            hearing = asyncio.create_task(self._hear(connection))
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait({hearing, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end(changed)
                await _end(hearing)
            await self._catch_up(connection)

    async def _catch_up(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        self._changed.clear()
        missing = [channel for channel in self._subscribers if channel not in self._listening]
        for channel in missing:
            await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
        self._listening.update(missing)
        async with self._settled:
            self._settled.notify_all()

    async def _hear(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        async for note in connection.notifies(timeout=HEALTH_SECONDS):
            self._tell(note.channel, note.payload)
        await connection.execute("select 1")

    def _tell(self, channel: str, payload: str) -> None:
        for queue in self._subscribers.get(channel, ()):
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                payload = ""
            queue.put_nowait(payload)

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        return await QuietConnection.connect(
            self._conninfo,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="vidstead listener",
        )


async def _end(task: "asyncio.Task[object]") -> None:
    """Cancel a task and take its outcome; an error that it ended with is raised here."""
    task.cancel()
    # Unlike awaiting the task and suppressing, this lets a cancellation of ourselves through.
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(outcome, Exception):
        raise outcome
