"""Copied cells wait while a viewer waits.

What is copied is made by the worker itself, which can't be niced as a child can: the cells of an hour's sound, one
after the other, took half a core from the first picture.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PATIENCE_SECONDS = 1.0
"""How long each copied cell waits at most: four times as fast as it plays, where somebody always waits for pictures."""


class Calm:
    """Whether this process makes something that a viewer waits for."""

    def __init__(self) -> None:
        self._awaited = 0
        self._calm = asyncio.Event()
        self._calm.set()

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """A viewer waits for what is made inside the block."""
        self._awaited += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._awaited -= 1
            if self._awaited == 0:
                self._calm.set()

    async def wait(self) -> None:
        """Until no viewer waits, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._calm.wait()
