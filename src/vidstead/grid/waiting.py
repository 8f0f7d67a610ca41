"""Waiting for cells that are missing.

However many requests of a process wait for a cell, it is wanted once: one task per cell writes the want, renews it
while anybody waits, and ends when the last one leaves. No database connection is held meanwhile: the news of stored
cells comes over the process's one listening connection. Each renewal also looks whether the cell is there, so that
news lost with a connection delays nobody for more than ``RENEW_SECONDS``.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from vidstead.db import DatabaseError, Listener
from vidstead.grid.model import CellRef
from vidstead.grid.service import Grids
from vidstead.kit import new_id

CHANNEL = "cells"
RENEW_SECONDS = 2.0


@dataclass
class _Pending:
    """A cell that somebody waits for."""

    stored: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiters: int = 0
    task: asyncio.Task[None] | None = None


class Waiting:
    """The missing cells that requests of this process wait for."""

    def __init__(self, grids: Grids, listener: Listener) -> None:
        self._grids = grids
        self._listener = listener
        self._pending: dict[CellRef, _Pending] = {}
        self._holder = new_id()
        self._leaving: set[asyncio.Task[None]] = set()

    async def wait(self, environment_id: str, grid_id: str, cell: CellRef, *, seconds: float) -> bool:
        """Have a cell made and wait until it is stored; ``False`` when ``seconds`` were not enough."""
        pending = self._pending.setdefault(cell, _Pending())
        pending.waiters += 1
        if pending.task is None:
            pending.task = asyncio.create_task(self._pursue(environment_id, grid_id, cell, pending))
        stored = asyncio.create_task(pending.stored.wait())
        hung_up = False
        try:
            done, _ = await asyncio.wait({stored, pending.task}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if pending.task in done:
                pending.task.result()
            return pending.stored.is_set()
        except asyncio.CancelledError:
            hung_up = True
            raise
        finally:
            stored.cancel()
            pending.waiters -= 1
            if pending.waiters == 0:
                pending.task.cancel()
                self._pending.pop(cell, None)
                if hung_up and not pending.stored.is_set():
                    self._leave(environment_id, cell)

    def _leave(self, environment_id: str, cell: CellRef) -> None:
        """Say at once that nobody waits here any more; who was only told to come again is still believed to wait."""
        leaving = asyncio.create_task(self._unwant(environment_id, cell), name="a viewer has left")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _unwant(self, environment_id: str, cell: CellRef) -> None:
        with suppress(DatabaseError):  # the want runs out by itself
            if cell not in self._pending:
                await self._grids.unwant(environment_id, cell, holder=self._holder)

    async def follow(self) -> None:
        """Pass on the news of stored cells, until cancelled; one task of the process runs this."""
        async with self._listener.subscribe(CHANNEL) as news:
            while True:
                payload = await news.get()
                for pending in self._concerned(payload):
                    pending.news.set()

    def _concerned(self, payload: str) -> list[_Pending]:
        if not payload:
            return list(self._pending.values())
        row_id, _, index = payload.partition(":")
        pending = self._pending.get(CellRef(row_id=int(row_id), index=int(index)))
        return [pending] if pending else []

    async def _pursue(self, environment_id: str, grid_id: str, cell: CellRef, pending: _Pending) -> None:
        while await self._grids.cell(environment_id, cell) is None:
            await self._grids.want(environment_id, grid_id, cell, holder=self._holder)
            try:
                await asyncio.wait_for(pending.news.wait(), RENEW_SECONDS)
            except TimeoutError:
                continue
            pending.news.clear()
        pending.stored.set()
