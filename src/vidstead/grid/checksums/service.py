"""The SHA-256 of every source, computed in the background when the film is ready long since.

Three gigabytes take six seconds of a core, and nobody waits for them: they come behind every cell, and not while the
first viewers arrive.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from vidstead.db import Database
from vidstead.grid.checksums import repository
from vidstead.grid.model import Part
from vidstead.jobs import Jobs

CHECKSUM_TASK = "grid.checksum"
PRIORITY = -1_000_000
"""Behind every cell of every film in its lane."""
QUIET_SECONDS = 60.0
"""How long after a film is ready its first viewers have the machine to themselves."""


class Summer(Protocol):
    """Reads whole sources."""

    async def sum(self, parts: Sequence[Part]) -> bytes | None:
        """The SHA-256 over some parts in their order; ``None`` where they can't be read, or not any more."""
        ...


class Checksums:
    """The checksums of the sources of every environment."""

    def __init__(self, database: Database, jobs: Jobs, summer: Summer) -> None:
        self._database = database
        self._jobs = jobs
        self._summer = summer

    async def later(self, connection: AsyncConnection, environment_id: str, source_id: str) -> None:
        """Have the checksum of a source computed, when there is nothing better to do."""
        arguments = {"environment_id": environment_id, "source_id": source_id}
        await self._jobs.defer(
            connection, CHECKSUM_TASK, arguments, queue="light", priority=PRIORITY, in_seconds=QUIET_SECONDS
        )

    async def of(self, connection: AsyncConnection, environment_id: str, source_id: str) -> bytes | None:
        """The SHA-256 over all parts of a source; ``None`` while it is not known."""
        return await repository.kept(connection, environment_id, source_id)

    async def compute(self, environment_id: str, source_id: str) -> None:
        """Compute and keep the checksum of a source; nothing happens where it has gone, or has one."""
        async with self._database.begin(environment_id) as connection:
            parts = await repository.unsummed(connection, environment_id, source_id)
        if parts is None:
            return
        found = await self._summer.sum(parts)
        if found is not None:
            async with self._database.begin(environment_id) as connection:
                await repository.keep(connection, environment_id, source_id, found)
