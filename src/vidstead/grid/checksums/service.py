"""The SHA-256 of every source, computed in the background when the film is ready long since.

Three gigabytes take six seconds of a core, and nobody waits for them: one thread of a worker reads, at the lowest
priority that threads have (Linux gives each its own).
"""

import asyncio
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.db import Database
from vidstead.grid.checksums import repository
from vidstead.grid.model import Part
from vidstead.jobs import Jobs
from vidstead.storage import ObjectNotFound, ObjectStore

CHECKSUM_TASK = "grid.checksum"
PRIORITY = -1_000_000
"""Behind every cell of every film in its lane."""
PIECE_BYTES = 4 << 20
LEAST_PRIORITY = 19


class Checksums:
    """The checksums of the sources of every environment."""

    def __init__(self, database: Database, jobs: Jobs, store: ObjectStore) -> None:
        self._database = database
        self._jobs = jobs
        self._store = store

    async def later(self, connection: AsyncConnection, environment_id: str, source_id: str) -> None:
        """Have the checksum of a source computed, when there is nothing better to do."""
        arguments = {"environment_id": environment_id, "source_id": source_id}
        await self._jobs.defer(connection, CHECKSUM_TASK, arguments, queue="light", priority=PRIORITY)

    async def of(self, connection: AsyncConnection, environment_id: str, source_id: str) -> bytes | None:
        """The SHA-256 over all parts of a source; ``None`` while it is not known."""
        return await repository.kept(connection, environment_id, source_id)

    async def compute(self, environment_id: str, source_id: str) -> None:
        """Compute and keep the checksum of a source; nothing happens where it has gone, or has one."""
        async with self._database.begin(environment_id) as connection:
            parts = await repository.unsummed(connection, environment_id, source_id)
        if parts is None:
            return
        over = threading.Event()
        reader = ThreadPoolExecutor(1, "checksum", initializer=_yield_to_all)
        try:
            found = await asyncio.get_running_loop().run_in_executor(reader, self._read, parts, over)
        finally:
            over.set()
            reader.shutdown(wait=False)
        if found is not None:
            async with self._database.begin(environment_id) as connection:
                await repository.keep(connection, environment_id, source_id, found)

    def _read(self, parts: Sequence[Part], over: threading.Event) -> bytes | None:
        """The checksum; ``None`` when the source was removed meanwhile, or nobody wants to know any more."""
        digest = sha256()
        for part in parts:
            for start in range(0, part.size, PIECE_BYTES):
                if over.is_set():
                    return None
                try:
                    digest.update(self._store.read(part.key, start, PIECE_BYTES))
                except ObjectNotFound:
                    return None
        return digest.digest()


def _yield_to_all() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
